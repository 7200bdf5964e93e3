//! A proxy before an engine, as there is one before most engines in the field: it may turn requests away by itself.

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::Arc,
};

/// What is known of a request before it is passed on.
#[derive(Debug)]
pub struct Asked<'a> {
    /// Its path and query.
    pub path: &'a str,
    /// Bytes of its body, as they were sent.
    pub body_bytes: usize,
}

/// A running proxy, until the process ends.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
}

impl Proxy {
    /// Passes requests on to the engine at `url`, which must be plain HTTP, but for those that `judge` has a status for.
    pub fn start(url: &str, judge: impl Fn(&Asked<'_>) -> Option<u16> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let engine = url.trim_start_matches("http://").to_owned();
        let judge = Arc::new(judge);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (engine, judge) = (engine.clone(), Arc::clone(&judge));
                // A side that breaks off is what a test may want to see from the other side.
                std::thread::spawn(move || drop(serve(client, &engine, &*judge)));
            }
        });
        Self { address }
    }

    /// Its address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// One request a connection, which both sides are told.
fn serve(mut client: TcpStream, engine: &str, judge: &impl Fn(&Asked<'_>) -> Option<u16>) -> io::Result<()> {
    let Some((request, head)) = read(&mut client)? else { return Ok(()) };
    let text = String::from_utf8_lossy(&request[..head]);
    let asked = Asked { path: text.split(' ').nth(1).unwrap_or_default(), body_bytes: request.len() - head };
    if let Some(status) = judge(&asked) {
        let answer =
            format!("HTTP/1.1 {status} By the proxy\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        client.write_all(answer.as_bytes())?;
        return client.shutdown(Shutdown::Write);
    }
    let mut engine = TcpStream::connect(engine)?;
    engine.write_all(closing(&text).as_bytes())?;
    engine.write_all(&request[head..])?;
    let mut answer = Vec::new();
    engine.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").map_or(answer.len(), |end| end + 4);
    // OpenSearch closes the connection as it was told, and does not say so to the client.
    client.write_all(closing(&String::from_utf8_lossy(&answer[..end])).as_bytes())?;
    client.write_all(&answer[end..])?;
    client.shutdown(Shutdown::Write)
}

/// A head that says that the connection is closed after it.
fn closing(head: &str) -> String {
    head.replacen("\r\n", "\r\nconnection: close\r\n", 1)
}

/// A request and the length of its head; `None` when the client has gone.
fn read(client: &mut TcpStream) -> io::Result<Option<(Vec<u8>, usize)>> {
    let (mut request, mut length) = (Vec::new(), None);
    let mut chunk = vec![0; 64 << 10];
    loop {
        if let Some((head, body)) = length
            && request.len() >= head + body
        {
            return Ok(Some((request, head)));
        }
        match client.read(&mut chunk)? {
            0 => return Ok(None),
            count => request.extend_from_slice(&chunk[..count]),
        }
        if length.is_none() {
            length = lengths(&request);
        }
    }
}

/// The lengths of head and body, once the head is there.
fn lengths(request: &[u8]) -> Option<(usize, usize)> {
    let end = request.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
    let body = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    Some((end, body.unwrap_or(0)))
}
