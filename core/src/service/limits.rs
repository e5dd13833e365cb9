//! What a service bounds: sizes and times of its connections.

use std::time::Duration;

use super::Service;
use crate::protocol::Protocol;
use crate::transport::Tls;

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

    /// How long the peer's end is awaited after this side has ended. Default 1 s (CONN-31); 0 closes at once.
    #[must_use]
    pub fn linger_timeout(mut self, patience: Duration) -> Self {
        self.limit.linger = patience;
        self
    }

    /// How many connections each worker serves at once; more wait in the queue, or go to another worker. Default:
    /// as many as there are descriptors.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.limit.max_connections = connections.max(1);
        self
    }

    /// Whether a reload hands connections that are between two messages over to the next worker, so that the peer
    /// notices nothing. `on_close` is called here and `on_connect` there. For services that keep nothing of a connection in
    /// the worker; what else is sent to one in the moment that it goes over is refused. A connection that has something of
    /// its own (a context, callbacks, a limit or timeout that was set for it) stays, and so do connections under TLS: they
    /// are closed after the grace period, announced where the protocol can. Default: yes for HTTP, else no.
    #[must_use]
    pub fn handoff(mut self, hands_over: bool) -> Self {
        self.limit.handoff = hands_over;
        self
    }

    /// How long a TLS handshake may take. Default 10 s (SF-42).
    #[must_use]
    pub fn handshake_timeout(mut self, patience: Duration) -> Self {
        self.limit.handshake = patience;
        self
    }

    /// How long a head may take, from its first byte to its end; for websocket the opening handshake, from the start of
    /// the connection. Default 60 s; no other protocol here has heads (SF-42).
    #[must_use]
    pub fn header_timeout(mut self, patience: Duration) -> Self {
        self.limit.header = Some(patience);
        self
    }

    /// How long a message that has begun may stand still between two reads. Default 60 s for HTTP, else for ever
    /// (SF-42).
    #[must_use]
    pub fn body_timeout(mut self, patience: Duration) -> Self {
        self.limit.body = Some(patience);
        self
    }

    /// How long a peer may say nothing before its connection is closed (HEART-2); for HTTP, also how long it may
    /// take nothing of a response. Found late by an eighth at most, and by a second at most. Default 75 s for
    /// HTTP, else for ever (CONN-7).
    #[must_use]
    pub fn idle_timeout(mut self, patience: Duration) -> Self {
        self.limit.idle = Some(patience);
        self
    }

    /// Speaks TLS below the protocol (TLS-1): `http` becomes https, `websocket` wss. Not over Unix sockets.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }
}
