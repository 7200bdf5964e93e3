import java.io.File;
import java.security.KeyStore;
import java.util.Base64;

/** Prints the private key of a PKCS #12 file as PEM, which keytool cannot. Arguments: file, alias, password. */
public final class PrintKey {
    public static void main(String[] arguments) throws Exception {
        char[] password = arguments[2].toCharArray();
        byte[] key = KeyStore.getInstance(new File(arguments[0]), password).getKey(arguments[1], password).getEncoded();
        String text = Base64.getMimeEncoder(64, "\n".getBytes()).encodeToString(key);
        System.out.println("-----BEGIN PRIVATE KEY-----\n" + text + "\n-----END PRIVATE KEY-----");
    }
}
