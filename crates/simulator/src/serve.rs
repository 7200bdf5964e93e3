//! The simulator on a real socket.

use std::{future::Future, io, sync::Arc};

use tokio::net::TcpListener;

use crate::Simulator;

/// Serves until `stop` resolves.
pub async fn serve(
    listener: TcpListener,
    simulator: Arc<Simulator>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let _ = (listener, simulator);
    stop.await;
    Ok(())
}
