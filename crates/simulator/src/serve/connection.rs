//! Connections that can be broken off from within a request.
//!
//! HTTP servers take care to answer; this one must be able not to. Each connection shares a switch with the requests on
//! it: once thrown, every further write fails, the server gives the connection up, and it is closed or reset.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// How a connection ends before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// As if the server had closed it.
    Closed = 1,
    /// With a TCP reset.
    Reset = 2,
}

/// A listener whose connections have the switch.
#[derive(Debug)]
pub(super) struct Connections(pub(super) TcpListener);

impl Listener for Connections {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Answers are written whole; waiting for more to send only delays them. Failing to say so costs time alone.
        let _ = stream.set_nodelay(true);
        (Connection { stream, ending: Arc::default() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// What a request knows of its connection.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) peer: SocketAddr,
    ending: Arc<AtomicU8>,
}

impl Line {
    /// Breaks the connection off: nothing more is written to it.
    pub(super) fn end(&self, ending: Ending) {
        self.ending.store(ending as u8, Ordering::Release);
    }
}

impl Connected<IncomingStream<'_, Connections>> for Line {
    fn connect_info(stream: IncomingStream<'_, Connections>) -> Self {
        Self { peer: *stream.remote_addr(), ending: Arc::clone(&stream.io().ending) }
    }
}

/// A connection with its switch.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    ending: Arc<AtomicU8>,
}

impl Connection {
    fn check(&self) -> io::Result<()> {
        if self.ending.load(Ordering::Acquire) == 0 { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.ending.load(Ordering::Acquire) == Ending::Reset as u8 {
            // Dropped with zero linger, a socket sends a reset. Should it fail, the caller sees a plain close.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.ending.load(Ordering::Acquire) == Ending::Reset as u8 {
            // An orderly end would go out before the reset.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
