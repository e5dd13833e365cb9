//! What a service bounds: sizes and times of its connections.

use std::time::Duration;

use super::Service;
use crate::protocol::Protocol;

impl<P: Protocol> Service<P> {
    /// Bytes of the largest message, its framing included. Default 10 MiB (PIPE-4).
    #[must_use]
    pub fn max_package(mut self, bytes: usize) -> Self {
        self.limit.input.max_package = bytes;
        self
    }

    /// Bytes of the largest head of a message. Default 16 KiB (HTTP-10).
    #[must_use]
    pub fn max_header(mut self, bytes: usize) -> Self {
        self.limit.input.max_header = bytes;
        self
    }

    /// Bytes of unsent output at which a connection's send buffer is full. Default 1 MiB (BUF-3).
    #[must_use]
    pub fn max_send_buffer(mut self, bytes: usize) -> Self {
        self.limit.max_send_buffer = bytes;
        self
    }

    /// How long a closing connection may take to send what it owes. Default 10 s (SF-36).
    #[must_use]
    pub fn close_timeout(mut self, patience: Duration) -> Self {
        self.limit.close_timeout = patience;
        self
    }
}
