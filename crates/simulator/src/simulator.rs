//! The feed server without its socket.

use std::sync::Arc;

use bytes::Bytes;

use crate::{Delivery, SimulatedRequest, SimulatedResponse, SimulatorClock, SimulatorOptions};

/// The server: synchronous, and pure but for its own rows and its budget.
pub struct Simulator {
    options: SimulatorOptions,
    clock: Arc<dyn SimulatorClock>,
}

impl Simulator {
    /// A server that stands ready.
    pub fn new(options: SimulatorOptions, clock: Arc<dyn SimulatorClock>) -> Self {
        Self { options, clock }
    }

    /// Answers one request.
    pub fn respond(&self, request: &SimulatedRequest) -> SimulatedResponse {
        let _ = (request, &self.options, self.clock.now());
        SimulatedResponse {
            status: 501,
            headers: Vec::new(),
            body: Bytes::new(),
            delay: std::time::Duration::ZERO,
            delivery: Delivery::Complete,
        }
    }
}
