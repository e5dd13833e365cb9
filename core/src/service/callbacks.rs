//! What a service calls for its connections. Workers only.

use std::rc::Rc;

use super::Service;
use crate::connection::{Connection, ConnectionError};
use crate::protocol::Protocol;

impl<P: Protocol> Service<P> {
    /// Called for each accepted connection, before anything is read (CONN-3).
    #[must_use]
    pub fn on_connect(mut self, callback: impl Fn(&Connection<P>) + 'static) -> Self {
        self.callbacks.connect = Some(Rc::new(callback));
        self
    }

    /// Called for each message. A callback that panics costs its connection and nothing else (SF-13).
    #[must_use]
    pub fn on_message(mut self, callback: impl for<'a> Fn(&Connection<P>, P::Message<'a>) + 'static) -> Self {
        self.callbacks.message = Some(Rc::new(callback));
        self
    }

    /// Called once for each connection when it is closed, whoever closed it (CONN-5).
    #[must_use]
    pub fn on_close(mut self, callback: impl Fn(&Connection<P>) + 'static) -> Self {
        self.callbacks.close = Some(Rc::new(callback));
        self
    }

    /// Called when a message could not be sent (CONN-40).
    #[must_use]
    pub fn on_error(mut self, callback: impl Fn(&Connection<P>, ConnectionError) + 'static) -> Self {
        self.callbacks.error = Some(Rc::new(callback));
        self
    }

    /// Called from within a send that leaves the send buffer full (BUF-5).
    #[must_use]
    pub fn on_buffer_full(mut self, callback: impl Fn(&Connection<P>) + 'static) -> Self {
        self.callbacks.buffer_full = Some(Rc::new(callback));
        self
    }

    /// Called when a send buffer that had to wait for the peer is empty again (BUF-6).
    #[must_use]
    pub fn on_buffer_drain(mut self, callback: impl Fn(&Connection<P>) + 'static) -> Self {
        self.callbacks.buffer_drain = Some(Rc::new(callback));
        self
    }
}
