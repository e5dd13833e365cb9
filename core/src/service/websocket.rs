//! What a websocket service has besides what all services have.

use std::time::Duration;

use super::Service;
use crate::connection::Connection;
use crate::protocol::WebSocket;
use crate::protocol::http::Request;
use crate::protocol::websocket::{Close, Handshake, Ping, Pong};

impl Service<WebSocket> {
    /// A websocket service at `address`, such as `127.0.0.1:2346`; port 0 takes a free one. Under
    /// [`tls`](Self::tls) it is wss. The opening handshake may take 60 s, unless set otherwise by
    /// [`header_timeout`](Self::header_timeout).
    ///
    /// ```
    /// use workerspec_core::Service;
    /// use workerspec_core::protocol::websocket::Message;
    ///
    /// let echo = Service::websocket("127.0.0.1:2346").deflate(true).on_message(|conn, message| {
    ///     conn.send(message); // text as text, binary as binary
    /// });
    /// # let _ = echo;
    /// # let _ = Message::Text(String::new());
    /// ```
    pub fn websocket(address: impl Into<String>) -> Self {
        Self::new(address, WebSocket::new()).header_timeout(Duration::from_secs(60))
    }

    /// As [`WebSocket::deflate`].
    #[must_use]
    pub fn deflate(self, accepts: bool) -> Self {
        self.map_codec(|codec| codec.deflate(accepts))
    }

    /// As [`WebSocket::subprotocols`].
    #[must_use]
    pub fn subprotocols<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        self.map_codec(|codec| codec.subprotocols(names))
    }

    /// As [`WebSocket::on_websocket_connect`].
    #[must_use]
    pub fn on_websocket_connect(
        self,
        callback: impl Fn(&Connection<WebSocket>, &mut Handshake<'_>) + 'static,
    ) -> Self {
        self.map_codec(|codec| codec.on_websocket_connect(callback))
    }

    /// As [`WebSocket::on_websocket_connected`].
    #[must_use]
    pub fn on_websocket_connected(
        self,
        callback: impl Fn(&Connection<WebSocket>, &Request<'_>) + 'static,
    ) -> Self {
        self.map_codec(|codec| codec.on_websocket_connected(callback))
    }

    /// As [`WebSocket::on_websocket_ping`].
    #[must_use]
    pub fn on_websocket_ping(self, callback: impl Fn(&Connection<WebSocket>, Ping) + 'static) -> Self {
        self.map_codec(|codec| codec.on_websocket_ping(callback))
    }

    /// As [`WebSocket::on_websocket_pong`].
    #[must_use]
    pub fn on_websocket_pong(self, callback: impl Fn(&Connection<WebSocket>, Pong) + 'static) -> Self {
        self.map_codec(|codec| codec.on_websocket_pong(callback))
    }

    /// As [`WebSocket::on_websocket_close`].
    #[must_use]
    pub fn on_websocket_close(self, callback: impl Fn(&Connection<WebSocket>, Close) + 'static) -> Self {
        self.map_codec(|codec| codec.on_websocket_close(callback))
    }
}
