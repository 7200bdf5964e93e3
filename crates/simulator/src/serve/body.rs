//! Bodies that come in pieces, slowly, or not to their end.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::Frame;
use tokio::sync::mpsc;

/// Pieces of a slow body.
const SLOW_PIECES: u32 = 20;

/// A body fed from elsewhere; an error in the channel breaks the connection off.
#[derive(Debug)]
pub(super) struct ChannelBody {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
}

impl ChannelBody {
    /// A body and what feeds it; a few pieces wait in between.
    pub(super) fn new() -> (mpsc::Sender<io::Result<Bytes>>, Self) {
        let (sender, pieces) = mpsc::channel(4);
        (sender, Self { pieces })
    }

    /// A body that breaks off after these bytes.
    pub(super) fn truncated(arriving: Bytes) -> Self {
        let (sender, body) = Self::new();
        tokio::spawn(async move {
            // A caller that has gone away needs no more.
            let _ = sender.send(Ok(arriving)).await;
            // Time for the bytes to leave: an error drops what is still in the buffer.
            tokio::time::sleep(Duration::from_millis(50)).await;
            let _ = sender.send(Err(io::ErrorKind::UnexpectedEof.into())).await;
        });
        body
    }

    /// A body whose last piece comes after this long.
    pub(super) fn slow(mut whole: Bytes, duration: Duration) -> Self {
        let (sender, body) = Self::new();
        let piece_length = whole.len().div_ceil(SLOW_PIECES as usize).max(1);
        tokio::spawn(async move {
            while !whole.is_empty() {
                let piece = whole.split_to(piece_length.min(whole.len()));
                if sender.send(Ok(piece)).await.is_err() {
                    return;
                }
                tokio::time::sleep(duration / SLOW_PIECES).await;
            }
        });
        body
    }
}

impl http_body::Body for ChannelBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.pieces.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
