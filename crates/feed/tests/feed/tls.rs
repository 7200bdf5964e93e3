//! Certificates accepted and refused, client certificates, and the minimum version, in real handshakes.

use feed::{ErrorKind, HttpOptions, HttpTransport, MinimumTlsVersion};
use rustls::version::{TLS12, TLS13};

use crate::support::certificates::{Authority, Files, Flaw};
use crate::support::server::{Reply, Server};
use crate::support::{ask, local};

/// Options that trust this authority.
fn trusting(files: &Files, authorities: &str) -> HttpOptions {
    HttpOptions { ca_file: Some(files.write("ca.pem", authorities)), ..local() }
}

#[tokio::test]
async fn trusts_the_authorities_of_the_ca_file() {
    let (files, ours, other) = (Files::new(), Authority::new("ours"), Authority::new("other"));
    let bundle = format!("# first\n{}\ntext in between\n{}", other.pem(), ours.pem());
    let server = Server::secure(ours.server(Flaw::None).serve(&[&TLS13, &TLS12], None), [Reply::page()]);
    ask(&server.url(), &trusting(&files, &bundle)).await.unwrap();
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn refuses_every_other_certificate_and_says_why() {
    let (files, ours, other) = (Files::new(), Authority::new("ours"), Authority::new("other"));
    let same_name = Authority::new("ours");
    let options = trusting(&files, &ours.pem());
    let table = [
        (other.server(Flaw::None), "an authority that is not trusted here", "as the CA file"),
        // As happens when a test authority is made anew under its old name.
        (same_name.server(Flaw::None), "an authority of the same name", "as the CA file"),
        (ours.server(Flaw::Expired), "the certificate has expired", "this machine's clock"),
        (ours.server(Flaw::NotYetValid), "the certificate is not valid yet", "this machine's clock"),
        (
            ours.server(Flaw::OtherName),
            "the certificate is for another name",
            "a host name that stands in the certificate",
        ),
    ];
    for (certificate, detail, hint) in table {
        let server = Server::secure(certificate.serve(&[&TLS13, &TLS12], None), [Reply::page()]);
        let error = ask(&server.url(), &options).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Tls, false), "{error}");
        assert!(error.detail().contains(detail) && error.hint().contains(hint), "{error}\n{}", error.hint());
        assert!(server.requests().is_empty(), "the key must not be sent");
    }
    // Without the CA file the platform alone decides.
    let server = Server::secure(ours.server(Flaw::None).serve(&[&TLS13], None), [Reply::page()]);
    assert_eq!(ask(&server.url(), &local()).await.unwrap_err().kind(), ErrorKind::Tls);
}

#[tokio::test]
async fn shows_the_client_certificate_that_is_asked_for() {
    let (files, servers, clients, strangers) =
        (Files::new(), Authority::new("servers"), Authority::new("clients"), Authority::new("strangers"));
    let trusting = trusting(&files, &servers.pem());
    let with = |name: &str, authority: &Authority| {
        let client = authority.client();
        HttpOptions {
            client_certificate_file: Some(files.write(&format!("{name}.crt"), &client.certificate_pem())),
            client_key_file: Some(files.write(&format!("{name}.key"), &client.key_pem())),
            ..trusting.clone()
        }
    };
    for version in [&TLS12, &TLS13] {
        let config = servers.server(Flaw::None).serve(&[version], Some(&clients));
        let serve = || Server::secure(config.clone(), [Reply::page()]);
        let known = serve();
        ask(&known.url(), &with("known", &clients)).await.unwrap();
        for (server, options) in [(serve(), trusting.clone()), (serve(), with("stranger", &strangers))] {
            let error = ask(&server.url(), &options).await.unwrap_err();
            assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Tls, false), "{version:?}: {error}");
            assert!(
                error.detail().contains("refused the client certificate, or the lack of one"),
                "{version:?}: {error}"
            );
            assert!(error.hint().contains("give the client certificate"), "{}", error.hint());
        }
    }
}

#[tokio::test]
async fn holds_to_the_minimum_version() {
    let (files, ours) = (Files::new(), Authority::new("ours"));
    let lenient = trusting(&files, &ours.pem());
    let strict = HttpOptions { minimum_tls_version: MinimumTlsVersion::Tls13, ..lenient.clone() };
    let serve = |version| Server::secure(ours.server(Flaw::None).serve(&[version], None), [Reply::page()]);
    for (options, version) in [(&lenient, &TLS12), (&lenient, &TLS13), (&strict, &TLS13)] {
        ask(&serve(version).url(), options).await.unwrap();
    }
    let error = ask(&serve(&TLS12).url(), &strict).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Tls, false), "{error}");
    assert!(error.hint().contains("minimum TLS version"), "{error}\n{}", error.hint());
}

#[tokio::test]
async fn tells_a_server_that_does_not_speak_tls() {
    let (address, _handle) = crate::support::server::proxy(|mut stream| {
        use std::io::{Read, Write};
        let _ = stream.read(&mut [0; 16]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let error = ask(&format!("https://{address}"), &local()).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Tls, false), "{error}");
    assert!(
        error.detail().contains("the answer is not TLS") && error.hint().contains("scheme of base_url"),
        "{error}"
    );
}

#[tokio::test]
async fn tells_a_handshake_that_breaks_off() {
    let (address, _handle) = crate::support::server::proxy(|mut stream| {
        use std::io::Read;
        // All of the greeting, so that closing is an end and not a reset.
        let mut record = [0; 5];
        stream.read_exact(&mut record).unwrap();
        let mut greeting = vec![0; usize::from(u16::from_be_bytes([record[3], record[4]]))];
        stream.read_exact(&mut greeting).unwrap();
    });
    let error = ask(&format!("https://{address}"), &local()).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Tls, true), "{error}");
    assert!(error.detail().contains("closed the connection during the TLS handshake"), "{error}");
}

#[test]
fn says_what_is_wrong_with_a_file_before_the_first_connection() {
    let (files, authority) = (Files::new(), Authority::new("ours"));
    let (one, other) = (authority.client(), authority.client());
    let certificate = files.write("client.crt", &one.certificate_pem());
    let key = files.write("client.key", &one.key_pem());
    let wrong_key = files.write("other.key", &other.key_pem());
    let encrypted = files.write(
        "encrypted.key",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    let empty = files.write("empty.pem", "");
    let text = files.write("text.pem", "not a certificate\n");
    let broken = files.write("broken.pem", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n");
    let no_certificate =
        files.write("null.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let ca = |path: &std::path::Path| HttpOptions { ca_file: Some(path.to_owned()), ..local() };
    let client = |certificate: &std::path::Path, key: &std::path::Path| HttpOptions {
        client_certificate_file: Some(certificate.to_owned()),
        client_key_file: Some(key.to_owned()),
        ..local()
    };
    let table = [
        (ca(&empty), "empty.pem holds no certificate"),
        (ca(&text), "text.pem holds no certificate"),
        (ca(&key), "client.key holds no certificate"),
        (ca(&broken), "broken.pem is not valid PEM"),
        (ca(&no_certificate), "certificate 1 of the CA file"),
        (ca(files.path()), "cannot be read"),
        (client(&empty, &key), "empty.pem holds no certificate"),
        (client(&certificate, &text), "text.pem holds no usable private key"),
        (client(&certificate, &certificate), "client.crt holds no usable private key"),
        (client(&certificate, &encrypted), "encrypted.key is encrypted"),
        (client(&certificate, &wrong_key), "does not fit the client certificate"),
        (client(&no_certificate, &key), "does not fit the client certificate"),
    ];
    for (options, detail) in table {
        let error = HttpTransport::new(&options).expect_err(detail);
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.detail().contains(detail), "{detail}: {error}");
        assert!(!error.hint().is_empty() && !format!("{error:?}").contains("PRIVATE KEY-----"));
    }
    HttpTransport::new(&client(&certificate, &key)).unwrap();
}

/// A bare container has no authorities at all. The environment can only be set for another process, so this test runs
/// itself again.
#[tokio::test]
async fn starts_on_a_system_without_authorities() {
    const CHILD: &str = "FEED_TEST_BARE";
    if let Ok(targets) = std::env::var(CHILD) {
        let (plain, secure) = targets.split_once(' ').unwrap();
        ask(plain, &local()).await.unwrap();
        let error = ask(secure, &local()).await.unwrap_err();
        println!("{:?}: {} / {}", error.kind(), error.detail(), error.hint());
        return;
    }
    let (files, ours) = (Files::new(), Authority::new("ours"));
    let plain = Server::plain([Reply::page()]);
    let secure = Server::secure(ours.server(Flaw::None).serve(&[&TLS13], None), [Reply::page()]);
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tls::starts_on_a_system_without_authorities", "--nocapture"])
        .env(CHILD, format!("{} {}", plain.url(), secure.url()))
        .env("SSL_CERT_FILE", files.write("none.pem", ""))
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{shown}{}", String::from_utf8_lossy(&output.stderr));
    assert!(shown.contains("Tls: ") && shown.contains("ca-certificates"), "{shown}");
}
