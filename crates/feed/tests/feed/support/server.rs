//! A small HTTP server on a real socket, with or without TLS, that answers from a script and can misbehave.
//!
//! One connection is one request: the answer says `connection: close`. Every request is kept as it came.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What the server does with one request.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    bytes: Vec<u8>,
    then: Then,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Then {
    Close,
    /// Keeps the connection open and says nothing more until the server is dropped.
    Stall,
}

impl Reply {
    /// A whole answer.
    pub(crate) fn new(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut bytes = format!("HTTP/1.1 {status} Whatever\r\nconnection: close\r\n").into_bytes();
        for (name, value) in headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
        bytes.extend_from_slice(body);
        Self { bytes, then: Then::Close }
    }

    pub(crate) fn json(body: impl AsRef<[u8]>) -> Self {
        Self::new(200, &[("content-type", "application/json")], body)
    }

    /// An empty page.
    pub(crate) fn page() -> Self {
        Self::json(r#"{"data":[],"has_more":false,"first_id":null,"last_id":null}"#)
    }

    /// These bytes and nothing else.
    pub(crate) fn raw(bytes: impl AsRef<[u8]>) -> Self {
        Self { bytes: bytes.as_ref().to_vec(), then: Then::Close }
    }

    /// Only so many bytes of the answer, and then the end of the connection.
    pub(crate) fn cut(mut self, length: usize) -> Self {
        self.bytes.truncate(length);
        self
    }

    /// All but so many bytes of the answer, and then the end of the connection.
    pub(crate) fn cut_end(mut self, length: usize) -> Self {
        self.bytes.truncate(self.bytes.len().saturating_sub(length));
        self
    }

    /// Says nothing more, but keeps the connection open.
    pub(crate) fn stall(mut self) -> Self {
        self.then = Then::Stall;
        self
    }
}

/// The server. It ends with the test.
pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    is_secure: bool,
    _stalled: Sender<()>,
}

impl Server {
    pub(crate) fn plain(script: impl IntoIterator<Item = Reply>) -> Self {
        Self::start(None, script.into_iter().collect())
    }

    pub(crate) fn secure(config: Arc<ServerConfig>, script: impl IntoIterator<Item = Reply>) -> Self {
        Self::start(Some(config), script.into_iter().collect())
    }

    fn start(config: Option<Arc<ServerConfig>>, script: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (stalled, until) = channel();
        let is_secure = config.is_some();
        let noted = Arc::clone(&requests);
        thread::spawn(move || serve(&listener, config.as_ref(), script, &noted, &until));
        Self { address, requests, is_secure, _stalled: stalled }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}", if self.is_secure { "https" } else { "http" }, self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests so far, head only, as they came.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(
    listener: &TcpListener,
    config: Option<&Arc<ServerConfig>>,
    script: Vec<Reply>,
    requests: &Mutex<Vec<String>>,
    until: &Receiver<()>,
) {
    for reply in script {
        let Ok((stream, _)) = listener.accept() else { return };
        // A client that hangs up, or refuses our certificate, is what some tests are about.
        let _ = match config {
            None => converse(stream, &reply, requests, until),
            Some(config) => {
                let connection = ServerConnection::new(Arc::clone(config)).unwrap();
                let mut secure = StreamOwned::new(connection, stream);
                let outcome = converse(&mut secure, &reply, requests, until);
                secure.conn.send_close_notify();
                let _ = secure.flush();
                // What the client still sends is read, so that closing does not destroy an alert on its way to it.
                if outcome.is_err() {
                    let _ = secure.conn.write_tls(&mut secure.sock);
                    let _ = io::copy(&mut secure.sock, &mut io::sink());
                }
                outcome
            }
        };
    }
}

fn converse(
    mut stream: impl Read + Write,
    reply: &Reply,
    requests: &Mutex<Vec<String>>,
    until: &Receiver<()>,
) -> io::Result<()> {
    let head = read_head(&mut stream)?;
    requests.lock().unwrap().push(head);
    stream.write_all(&reply.bytes)?;
    stream.flush()?;
    if reply.then == Then::Stall {
        let _ = until.recv();
    }
    Ok(())
}

/// Reads up to the empty line.
pub(crate) fn read_head(stream: &mut impl Read) -> io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// A proxy: takes one connection, does what `work` says with it, and gives what that returns.
pub(crate) fn proxy<T: Send + 'static>(
    work: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (SocketAddr, thread::JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let handle = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        work(stream)
    });
    (address, handle)
}

/// Passes bytes on in both directions until either side ends.
pub(crate) fn join(client: &TcpStream, server: &TcpStream) {
    let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let up = thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(std::net::Shutdown::Write);
    });
    let (mut from_server, mut to_client) = (server, client);
    let _ = io::copy(&mut from_server, &mut to_client);
    let _ = to_client.shutdown(std::net::Shutdown::Both);
    let _ = up.join();
}
