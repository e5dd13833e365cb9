//! What a program declares: an address, a protocol, a count, callbacks.

use std::fmt::Display;
use std::rc::Rc;
use std::time::Duration;

use crate::connection::{Callbacks, Connection, Limit, Runtime, SendError};
use crate::error::Error;
use crate::protocol::{Frame, Http, Limits, Protocol, Text};
use crate::reactor::Reactor;
use crate::worker::{OnStart, OnStop, Serving, Worker};

/// A listener with its worker processes: what Workerman calls a `Worker`.
///
/// Declared alike in the master and in each worker, because `main` runs in all of them; callbacks run
/// in workers only.
pub struct Service<P: Protocol> {
    settings: Settings,
    limit: Limit,
    codec: P,
    callbacks: Callbacks<P>,
    start: Option<OnStart>,
    stop: Option<OnStop>,
}

/// The part of a service that the master needs.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) count: usize,
    pub(crate) reuse_port: bool,
}

/// What `on_worker_start` may return: nothing, or a result whose error keeps the worker from becoming ready.
pub trait StartResult {
    /// The reason for not starting, if there is one.
    fn into_result(self) -> Result<(), String>;
}

impl StartResult for () {
    fn into_result(self) -> Result<(), String> {
        Ok(())
    }
}

impl<E: Display> StartResult for Result<(), E> {
    fn into_result(self) -> Result<(), String> {
        self.map_err(|error| error.to_string())
    }
}

impl Service<Text> {
    /// A service of newline-framed text at `address`, such as `127.0.0.1:5678`; port 0 takes a free one.
    pub fn text(address: impl Into<String>) -> Self {
        Self::new(address, Text::default())
    }
}

impl Service<Frame> {
    /// A service of length-prefixed frames at `address`; port 0 takes a free one.
    pub fn frame(address: impl Into<String>) -> Self {
        Self::new(address, Frame)
    }
}

impl Service<Http> {
    /// An HTTP/1.1 service at `address`, such as `127.0.0.1:8080`; port 0 takes a free one.
    pub fn http(address: impl Into<String>) -> Self {
        Self::new(address, Http::default())
    }
}

impl<P: Protocol> Service<P> {
    /// A service at `address` in any protocol; each connection starts with a clone of `protocol`.
    pub fn new(address: impl Into<String>, protocol: P) -> Self {
        Self {
            settings: Settings {
                name: P::NAME.to_owned(),
                address: address.into(),
                count: 1,
                reuse_port: false,
            },
            limit: Limit {
                input: Limits::default(),
                max_send_buffer: 1024 * 1024,
                close_timeout: Duration::from_secs(10),
                linger: Duration::from_secs(2),
            },
            codec: protocol,
            callbacks: Callbacks::default(),
            start: None,
            stop: None,
        }
    }

    /// The name in logs and reports. Default: the protocol's.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = name.into();
        self
    }

    /// How many worker processes serve it. Default 1; 0 counts as 1 (MASTER-11).
    #[must_use]
    pub fn count(mut self, workers: usize) -> Self {
        self.settings.count = workers.max(1);
        self
    }

    /// Gives each slot a listening socket of its own (`SO_REUSEPORT`), so that the kernel spreads the
    /// connections. The sockets stay with the master: what is queued for a dying worker waits for its
    /// successor (SF-2). Default: one socket, shared.
    #[must_use]
    pub fn reuse_port(mut self, own_sockets: bool) -> Self {
        self.settings.reuse_port = own_sockets;
        self
    }

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

    /// Called for each accepted connection, before anything is read (CONN-3).
    #[must_use]
    pub fn on_connect(mut self, callback: impl Fn(&Connection<P>) + 'static) -> Self {
        self.callbacks.connect = Some(Box::new(callback));
        self
    }

    /// Called for each message. A callback that panics costs its connection and nothing else (SF-13).
    #[must_use]
    pub fn on_message(mut self, callback: impl for<'a> Fn(&Connection<P>, P::Message<'a>) + 'static) -> Self {
        self.callbacks.message = Some(Box::new(callback));
        self
    }

    /// Called once for each connection when it is closed, whoever closed it (CONN-5).
    #[must_use]
    pub fn on_close(mut self, callback: impl Fn(&Connection<P>) + 'static) -> Self {
        self.callbacks.close = Some(Box::new(callback));
        self
    }

    /// Called when a message could not be sent (CONN-40).
    #[must_use]
    pub fn on_error(mut self, callback: impl Fn(&Connection<P>, SendError) + 'static) -> Self {
        self.callbacks.error = Some(Box::new(callback));
        self
    }

    /// Called from within a send that leaves the send buffer full (BUF-5).
    #[must_use]
    pub fn on_buffer_full(mut self, callback: impl Fn(&Connection<P>) + 'static) -> Self {
        self.callbacks.buffer_full = Some(Box::new(callback));
        self
    }

    /// Called when a send buffer that had to wait for the peer is empty again (BUF-6).
    #[must_use]
    pub fn on_buffer_drain(mut self, callback: impl Fn(&Connection<P>) + 'static) -> Self {
        self.callbacks.buffer_drain = Some(Box::new(callback));
        self
    }

    /// Called in each worker before it accepts anything. The worker is ready when it returns; one that
    /// returns an error or panics makes a reload roll back (SF-5).
    #[must_use]
    pub fn on_worker_start<R: StartResult>(mut self, callback: impl Fn(&Worker) -> R + 'static) -> Self {
        self.start = Some(Box::new(move |worker| callback(worker).into_result()));
        self
    }

    /// Called in each worker that leaves in order, after its last connection is closed.
    #[must_use]
    pub fn on_worker_stop(mut self, callback: impl Fn(&Worker) + 'static) -> Self {
        self.stop = Some(Box::new(callback));
        self
    }
}

impl<P: Protocol> std::fmt::Debug for Service<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A service whose protocol is forgotten: what a server holds a list of.
pub(crate) trait AnyService {
    fn settings(&self) -> &Settings;

    /// Checks what can be checked before anything is opened.
    fn check(&self) -> Result<(), Error>;

    /// Turns it into what a worker runs.
    fn into_serving(self: Box<Self>, reactor: &Rc<Reactor>) -> Serving;
}

impl<P: Protocol> AnyService for Service<P> {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn check(&self) -> Result<(), Error> {
        if P::ONE_REPLY_EACH && self.callbacks.message.is_none() {
            return Err(Error::Misuse {
                service: self.settings.name.clone(),
                what: "no on_message: its clients would wait for ever; set one".to_owned(),
            });
        }
        Ok(())
    }

    fn into_serving(self: Box<Self>, reactor: &Rc<Reactor>) -> Serving {
        let service = *self;
        let runtime = Runtime::new(Rc::clone(reactor), service.callbacks, service.codec, service.limit);
        let draining = Rc::clone(&runtime);
        Serving {
            start: service.start,
            stop: service.stop,
            adopt: Box::new(move |stream, peer| runtime.adopt(stream, peer)),
            drain: Box::new(move |grace, within, emptied| draining.drain(grace, within, emptied)),
        }
    }
}
