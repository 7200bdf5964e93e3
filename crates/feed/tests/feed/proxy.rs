//! Requests through proxies, and proxies that do not let them through.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use feed::{ErrorKind, HttpOptions, ProxyChoice};
use rustls::version::TLS13;

use crate::support::certificates::{Authority, Files, Flaw};
use crate::support::server::{Reply, Server, join, proxy, read_head};
use crate::support::{CLOSED, KEY, ask, local};

const PASSWORD: &str = "hunter2";

/// Options that send everything through this proxy.
fn through(url: String) -> HttpOptions {
    HttpOptions { proxy: ProxyChoice::Url(url), ..local() }
}

/// Fails if the proxy's password is anywhere in what a person sees.
fn is_clean(error: &feed::Error) -> bool {
    !format!("{error} {error:?} {}", error.hint()).contains(PASSWORD)
}

#[tokio::test]
async fn plain_http_goes_through_with_the_password_in_its_header() {
    let proxy = Server::plain([Reply::page()]);
    let url = format!("http://user:{PASSWORD}@{}", proxy.address());
    ask("http://api.example", &through(url)).await.unwrap();
    let seen = &proxy.requests()[0];
    assert!(seen.starts_with("GET http://api.example/v1/compliance/activities HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("proxy-authorization: Basic dXNlcjpodW50ZXIy\r\n"), "{seen}");
}

#[tokio::test]
async fn https_goes_through_a_tunnel_that_never_sees_the_key() {
    let (files, authority) = (Files::new(), Authority::new("ours"));
    let server = Server::secure(authority.server(Flaw::None).serve(&[&TLS13], None), [Reply::page()]);
    let target = server.address();
    let (address, seen) = proxy(move |mut client| {
        let head = read_head(&mut client).unwrap();
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
        join(&client, &TcpStream::connect(target).unwrap());
        head
    });
    let options = HttpOptions {
        ca_file: Some(files.write("ca.pem", &authority.pem())),
        ..through(format!("http://user:{PASSWORD}@{address}"))
    };
    ask(&server.url(), &options).await.unwrap();
    drop(server);
    let head = seen.join().unwrap();
    assert!(head.starts_with(&format!("CONNECT {target} HTTP/1.1\r\n")), "{head}");
    assert!(head.contains("Basic dXNlcjpodW50ZXIy") && !head.contains(KEY), "{head}");
}

#[tokio::test]
async fn socks_goes_through_with_user_and_password() {
    let server = Server::plain([Reply::page()]);
    let target = server.address();
    let (address, seen) = proxy(move |mut client| {
        let mut greeting = [0; 3];
        client.read_exact(&mut greeting).unwrap();
        client.write_all(&[5, 2]).unwrap(); // user name and password, please
        let mut login = [0; 2 + 4 + 1 + PASSWORD.len()];
        client.read_exact(&mut login).unwrap();
        client.write_all(&[1, 0]).unwrap(); // accepted
        let mut connect = [0; 5];
        client.read_exact(&mut connect).unwrap();
        let mut name = vec![0; usize::from(connect[4]) + 2];
        client.read_exact(&mut name).unwrap();
        client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap(); // connected
        join(&client, &TcpStream::connect(target).unwrap());
        (login, String::from_utf8_lossy(&name[..name.len() - 2]).into_owned())
    });
    let options = through(format!("socks5h://user:{PASSWORD}@{address}"));
    ask("http://api.example", &options).await.unwrap();
    drop(server);
    let (login, name) = seen.join().unwrap();
    assert_eq!(&login[2..6], b"user");
    assert_eq!(&login[7..], PASSWORD.as_bytes());
    assert_eq!(name, "api.example", "the proxy looks the name up");
}

#[tokio::test]
async fn tells_a_proxy_that_wants_a_password() {
    let (address, _seen) = proxy(|mut client| {
        let _ = read_head(&mut client);
        let _ = client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
    });
    let error =
        ask("https://api.example", &through(format!("http://user:{PASSWORD}@{address}"))).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Proxy, false), "{error}");
    assert!(error.detail().contains("asks for a user name and password") && is_clean(&error), "{error}");
    assert!(error.detail().contains(&address.to_string()), "it names the proxy: {error}");
    assert!(error.hint().contains("USER:PASSWORD@HOST"), "{}", error.hint());
    // The same without a tunnel is an answer with status 407.
    let server = Server::plain([Reply::new(407, &[("content-type", "text/html")], "<html>log in</html>")]);
    let error = ask("http://api.example", &through(server.url())).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status(), error.is_retryable()),
        (ErrorKind::Proxy, Some(407), false),
        "{error}"
    );
}

#[tokio::test]
async fn tells_a_proxy_that_refuses_the_tunnel() {
    let (address, _seen) = proxy(|mut client| {
        let _ = read_head(&mut client);
        let _ = client
            .write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\n\r\n<html>blocked</html>");
    });
    let error = ask("https://api.example", &through(format!("http://{address}"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Proxy, "{error}");
    assert!(error.detail().contains("unsuccessful"), "{error}");
}

#[tokio::test]
async fn tells_a_socks_proxy_that_refuses() {
    let (address, _seen) = proxy(|mut client| {
        let _ = client.read_exact(&mut [0; 3]);
        let _ = client.write_all(&[5, 0xFF]); // none of these ways to log in
        let _ = std::io::copy(&mut client, &mut std::io::sink());
    });
    let error = ask("https://api.example", &through(format!("socks5h://{address}"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Proxy, "{error}");
    assert!(error.detail().contains(&address.to_string()), "{error}");
}

#[tokio::test]
async fn tells_a_proxy_that_cannot_be_reached() {
    let at = |scheme: &str| format!("{scheme}://user:{PASSWORD}@{CLOSED}");
    let unknown = format!("http://user:{PASSWORD}@no-such-proxy.invalid:3128");
    for (target, proxy) in [
        ("https://api.example", at("http")),
        ("http://api.example", at("http")),
        ("https://api.example", at("https")),
        ("https://api.example", at("socks5h")),
        ("http://api.example", at("socks4a")),
        ("https://api.example", unknown.clone()),
        ("http://api.example", unknown),
    ] {
        let error = ask(target, &through(proxy.clone())).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Proxy, true), "{target}: {error}");
        assert!(is_clean(&error), "{error}");
        let host = if proxy.contains("no-such") { "no-such-proxy.invalid:3128" } else { CLOSED };
        assert!(error.detail().contains(host), "it names the proxy: {error}");
    }
}

/// The environment can only be set for another process: this test runs itself again with a proxy in its environment.
#[tokio::test]
async fn follows_the_environment() {
    const CHILD: &str = "FEED_TEST_TARGET";
    if let Ok(target) = std::env::var(CHILD) {
        let options = HttpOptions { proxy: ProxyChoice::FromEnvironment, ..local() };
        match ask(&target, &options).await {
            Ok(_) => println!("page"),
            Err(error) => println!("{}", error.detail()),
        }
        return;
    }
    let run = |proxy: &str, no_proxy: &str, target: &str| {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "proxy::follows_the_environment", "--nocapture"])
            .env(CHILD, target)
            .envs([
                ("HTTP_PROXY", proxy),
                ("HTTPS_PROXY", proxy),
                ("http_proxy", proxy),
                ("https_proxy", proxy),
            ])
            .envs([("NO_PROXY", no_proxy), ("no_proxy", no_proxy)])
            .env_remove("REQUEST_METHOD")
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let proxy = Server::plain([Reply::page()]);
    let shown = run(&proxy.url(), "", "http://api.example");
    assert!(shown.contains("page"), "{shown}");
    assert!(proxy.requests()[0].starts_with("GET http://api.example/"), "{:?}", proxy.requests());
    // Excepted hosts are asked directly.
    let server = Server::plain([Reply::page()]);
    let shown = run("http://127.0.0.1:9", "127.0.0.1", &server.url());
    assert!(shown.contains("page"), "{shown}");
    // A proxy that cannot be reached is named, its password is not.
    let shown = run(&format!("http://user:{PASSWORD}@{CLOSED}"), "", "https://api.example");
    assert!(shown.contains(&format!("the proxy http://{CLOSED}")) && !shown.contains(PASSWORD), "{shown}");
}
