//! Connections that a worker opens (CLIENT-1 to CLIENT-7).

use std::cell::{Cell, RefCell};
use std::fmt;
use std::net::SocketAddr;
use std::rc::{Rc, Weak};
use std::time::Duration;

use super::callbacks::OnConnection;
use super::dial::Dialer;
use super::runtime::Runtime;
use super::{Callbacks, Connection, ConnectionError, Limit, Sent};
use crate::error::Error;
use crate::protocol::{Encode, Frame, Protocol, Raw, Text};
use crate::reactor::Reactor;
use crate::transport::{Endpoint, Trust};

/// A connection to be opened: an address, a protocol, callbacks. Nothing happens before
/// [`connect`](Self::connect) (CLIENT-1).
///
/// Workers only, from any callback. Mirrors Workerman's `AsyncTcpConnection`.
///
/// ```no_run
/// use std::time::Duration;
/// use workerspec_core::{Client, Server, Service};
///
/// let relay = Service::text("127.0.0.1:5678").on_worker_start(|_| {
///     let upstream = Client::text("upstream.example:7000")
///         .on_message(|conn, line| println!("{}: {line:?}", conn.peer_address()))
///         .on_close(|conn| conn.reconnect(Duration::from_secs(1)));
///     upstream.connect().map(|link| {
///         link.send("hello"); // waits until the connection is there
///     })
/// });
/// # let _ = Server::new().service(relay);
/// ```
pub struct Client<P: Protocol> {
    address: String,
    codec: P,
    callbacks: Callbacks<P>,
    limit: Limit,
    connect_timeout: Duration,
    bind: Option<SocketAddr>,
    trust: Option<Trust>,
    established: Option<OnConnection<P>>,
}

impl Client<Raw> {
    /// To `address` without a protocol: bytes as they come.
    pub fn tcp(address: impl Into<String>) -> Self {
        Self::new(address, Raw)
    }
}

impl Client<Text> {
    /// To a service of newline-framed text.
    pub fn text(address: impl Into<String>) -> Self {
        Self::new(address, Text::default())
    }
}

impl Client<Frame> {
    /// To a service of length-prefixed frames.
    pub fn frame(address: impl Into<String>) -> Self {
        Self::new(address, Frame)
    }
}

impl<P: Protocol> Client<P> {
    /// To `address`, `host:port` or `unix:path`, in any protocol.
    pub fn new(address: impl Into<String>, protocol: P) -> Self {
        Self {
            address: address.into(),
            codec: protocol,
            callbacks: Callbacks::default(),
            limit: Limit::default(),
            connect_timeout: Duration::from_secs(10),
            bind: None,
            trust: None,
            established: None,
        }
    }

    /// How long it may take until the connection is there, looking up the name and the TLS handshake not counted. Default 10 s.
    #[must_use]
    pub fn connect_timeout(mut self, patience: Duration) -> Self {
        self.connect_timeout = patience;
        self
    }

    /// The address to connect from; port 0 takes any. Default: the kernel chooses.
    #[must_use]
    pub fn bind(mut self, from: SocketAddr) -> Self {
        self.bind = Some(from);
        self
    }

    /// Speaks TLS below the protocol; the name in the address must be in the server's certificate.
    #[must_use]
    pub fn tls(mut self, trust: Trust) -> Self {
        self.trust = Some(trust);
        self
    }

    /// As [`Service::max_package`](crate::Service::max_package).
    #[must_use]
    pub fn max_package(mut self, bytes: usize) -> Self {
        self.limit.input.max_package = bytes;
        self
    }

    /// As [`Service::max_send_buffer`](crate::Service::max_send_buffer).
    #[must_use]
    pub fn max_send_buffer(mut self, bytes: usize) -> Self {
        self.limit.max_send_buffer = bytes;
        self
    }

    /// As [`Service::idle_timeout`](crate::Service::idle_timeout).
    #[must_use]
    pub fn idle_timeout(mut self, patience: Duration) -> Self {
        self.limit.idle = Some(patience);
        self
    }

    /// Called when the connection is there, before the protocol says its first words (CLIENT-2).
    #[must_use]
    pub fn on_connect(mut self, callback: impl Fn(&Connection<P>) + 'static) -> Self {
        self.callbacks.connect = Some(Rc::new(callback));
        self
    }

    /// Called for each message.
    #[must_use]
    pub fn on_message(mut self, callback: impl for<'a> Fn(&Connection<P>, P::Message<'a>) + 'static) -> Self {
        self.callbacks.message = Some(Rc::new(callback));
        self
    }

    /// Called once for each connection when it is closed or could not be made.
    #[must_use]
    pub fn on_close(mut self, callback: impl Fn(&Connection<P>) + 'static) -> Self {
        self.callbacks.close = Some(Rc::new(callback));
        self
    }

    /// Called when it cannot be made, before `on_close` (CLIENT-3), and when a message could not be sent.
    #[must_use]
    pub fn on_error(mut self, callback: impl Fn(&Connection<P>, ConnectionError) + 'static) -> Self {
        self.callbacks.error = Some(Rc::new(callback));
        self
    }

    /// As [`Service::on_buffer_full`](crate::Service::on_buffer_full).
    #[must_use]
    pub fn on_buffer_full(mut self, callback: impl Fn(&Connection<P>) + 'static) -> Self {
        self.callbacks.buffer_full = Some(Rc::new(callback));
        self
    }

    /// As [`Service::on_buffer_drain`](crate::Service::on_buffer_drain).
    #[must_use]
    pub fn on_buffer_drain(mut self, callback: impl Fn(&Connection<P>) + 'static) -> Self {
        self.callbacks.buffer_drain = Some(Rc::new(callback));
        self
    }

    /// Called after the protocol's first words, besides the application's callbacks.
    pub(super) fn once_established(mut self, call: impl Fn(&Connection<P>) + 'static) -> Self {
        self.established = Some(Rc::new(call));
        self
    }

    pub(super) fn map_codec(mut self, change: impl FnOnce(P) -> P) -> Self {
        self.codec = change(self.codec);
        self
    }

    /// Begins to connect and returns at once. What goes wrong on the way comes to `on_error` and `on_close`.
    ///
    /// # Errors
    /// [`Error::Misuse`] where the files of [`tls`](Self::tls) cannot be used.
    ///
    /// # Panics
    /// Outside a worker's callbacks.
    pub fn connect(self) -> Result<Link<P>, Error> {
        let endpoint = Endpoint::parse(&self.address);
        let misuse = |what: String| Error::Misuse { service: self.address.clone(), what };
        let tls = match &self.trust {
            None => None,
            Some(trust) => Some(trust.load().map_err(|error| misuse(error.to_string()))?),
        };
        let runtime = Runtime::new(Reactor::current(), self.callbacks, self.codec, self.limit, None);
        let dialer = Rc::new_cyclic(|me| Dialer {
            me: me.clone(),
            runtime,
            endpoint,
            connect_timeout: self.connect_timeout,
            bind: self.bind,
            tls,
            established: self.established,
            number: Reactor::current().next_client(),
            current: RefCell::new(None),
            again: Cell::new(None),
        });
        let weak = Rc::downgrade(&dialer);
        let first = dialer.runtime.dialer.set(weak).is_ok();
        debug_assert!(first, "the runtime was made here");
        dialer.open();
        Ok(Link { dialer })
    }
}

impl<P: Protocol> fmt::Debug for Client<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What a [`Client`] has opened, and opens again after [`Connection::reconnect`]: always the present connection.
/// Dropping it changes nothing.
pub struct Link<P: Protocol> {
    dialer: Rc<Dialer<P>>,
}

impl<P: Protocol> Link<P> {
    /// The present connection, or the last one.
    pub fn connection(&self) -> Connection<P> {
        self.dialer.current.borrow().clone().expect("connecting makes the first one")
    }

    /// Sends on the present connection.
    pub fn send<T>(&self, message: T) -> Sent
    where
        P: Encode<T>,
    {
        self.connection().send(message)
    }

    /// Closes for good: the connection, and what would open it again.
    pub fn close(&self) {
        self.dialer.cancel();
        self.connection().close();
    }
}

impl<P: Protocol> Clone for Link<P> {
    fn clone(&self) -> Self {
        Self { dialer: Rc::clone(&self.dialer) }
    }
}

impl<P: Protocol> fmt::Debug for Link<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("connection", &self.connection()).finish()
    }
}

/// Reconnecting, for connections that a [`Client`] opened; without effect for others.
impl<P: Protocol> Connection<P> {
    /// Connects again after `delay`, with the same callbacks: `on_connect` gets the new connection. Takes the place
    /// of an attempt that is due already (CLIENT-5). Without effect while a connection is there or under way.
    pub fn reconnect(&self, delay: Duration) {
        if let Some(dialer) = self.dialer() {
            dialer.open_after(delay);
        }
    }

    /// Drops an attempt that is due (CLIENT-5).
    pub fn cancel_reconnect(&self) {
        if let Some(dialer) = self.dialer() {
            dialer.cancel();
        }
    }

    fn dialer(&self) -> Option<Rc<Dialer<P>>> {
        self.served.runtime.dialer.get().and_then(Weak::upgrade)
    }
}
