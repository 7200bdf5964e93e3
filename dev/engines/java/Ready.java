import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * Waits until an engine can be worked with, then prints its address.
 *
 * <p>An open port is not enough: both engines answer {@code GET /} before their shards have recovered, and the security plugin answers
 * 503 while it reads its own index. Ready means: yellow health, and a template can be stored.
 *
 * <p>Arguments: pid of the engine, the file in which it writes its ports, http or https, CA file, user, password.
 */
public final class Ready {
    private static final Duration LIMIT = Duration.ofMinutes(3);
    private static final Duration PAUSE = Duration.ofMillis(100);

    public static void main(String[] arguments) throws Exception {
        ProcessHandle engine = ProcessHandle.of(Long.parseLong(arguments[0])).orElseThrow(() -> new IllegalStateException("it has ended"));
        Path ports = Path.of(arguments[1]);
        boolean secure = arguments[2].equals("https");
        Instant end = Instant.now().plus(LIMIT);
        String last = "it never opened a port";
        while (Instant.now().isBefore(end)) {
            if (!engine.isAlive()) {
                exit("it ended by itself");
            }
            List<String> addresses = Files.exists(ports) ? Files.readAllLines(ports) : List.of();
            if (!addresses.isEmpty()) {
                Http client = new Http(
                    arguments[2] + "://" + addresses.get(0),
                    secure ? Http.trusting(Path.of(arguments[3])) : null,
                    secure ? Http.basic(arguments[4], arguments[5]) : null);
                last = whatIsMissing(client);
                if (last == null) {
                    System.out.println(client.url());
                    return;
                }
            }
            Thread.sleep(PAUSE.toMillis());
        }
        exit("not ready after " + LIMIT.toSeconds() + " s: " + last);
    }

    private static void exit(String reason) {
        System.err.println(reason);
        System.exit(1);
    }

    /** Null when nothing is. */
    private static String whatIsMissing(Http client) {
        try {
            Http.Answer health = client.send("GET", "/_cluster/health?wait_for_status=yellow&timeout=5s", null);
            if (health.status() != 200) {
                return "health: " + health;
            }
            String template = "/_index_template/claudetrail-ready";
            Http.Answer stored = client.send("PUT", template, "{\"index_patterns\": [\"claudetrail-ready\"]}");
            return stored.status() == 200 && client.send("DELETE", template, null).status() == 200 ? null : "template: " + stored;
        } catch (IOException reason) {
            return reason.toString();
        }
    }
}
