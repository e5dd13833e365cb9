//! A service: an address in a protocol, and what it becomes in a worker.

use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use super::{Settings, Staff, Transport};
use crate::connection::{Arrival, Callbacks, Connections, Limit, Runtime};
use crate::error::Error;
use crate::protocol::{Frame, Http, Protocol, Raw, Text};
use crate::reactor::Reactor;
use crate::transport::{Endpoint, Tls};
use crate::worker::{Acceptor, Handover, Listener, Serving};

/// A listener with its worker processes: what Workerman calls a `Worker`.
///
/// Declared alike in the master and in each worker, because `main` runs in all of them; callbacks run
/// in workers only.
pub struct Service<P: Protocol> {
    pub(super) settings: Settings,
    pub(super) limit: Limit,
    pub(super) tls: Option<Tls>,
    pub(super) codec: P,
    connections: Connections<P>,
    pub(super) callbacks: Callbacks<P>,
    pub(super) staff: Staff,
}

impl Service<Raw> {
    /// A service without a protocol: bytes as they come (PIPE-6).
    pub fn tcp(address: impl Into<String>) -> Self {
        Self::new(address, Raw)
    }
}

impl Service<Text> {
    /// A service of newline-framed text at `address`, such as `127.0.0.1:5678` or `unix:/run/app.sock`; port 0
    /// takes a free one.
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
    /// An HTTP/1.1 service at `address`, such as `127.0.0.1:8080`; port 0 takes a free one. Heads and bodies may
    /// take 60 s, connections be idle for 75 s, unless set otherwise.
    pub fn http(address: impl Into<String>) -> Self {
        let mut service = Self::new(address, Http::default());
        service.limit.header = Some(Duration::from_secs(60));
        service.limit.body = Some(Duration::from_secs(60));
        service.limit.idle = Some(Duration::from_secs(75));
        // Nothing of the application's belongs to a connection between two requests.
        service.limit.handoff = true;
        service
    }
}

impl<P: Protocol> Service<P> {
    /// A service at `address` in any protocol; each connection starts with a clone of `protocol`. `address` is
    /// `host:port`, `[ipv6]:port`, or `unix:path`.
    pub fn new(address: impl Into<String>, protocol: P) -> Self {
        Self {
            settings: Settings::new(address.into(), P::NAME),
            limit: Limit::default(),
            tls: None,
            connections: Connections::new(),
            codec: protocol,
            callbacks: Callbacks::default(),
            staff: Staff::default(),
        }
    }

    pub(crate) fn transport(mut self, transport: Transport) -> Self {
        self.settings.transport = transport;
        self
    }

    pub(super) fn map_codec(mut self, change: impl FnOnce(P) -> P) -> Self {
        self.codec = change(self.codec);
        self
    }

    pub(crate) fn codec(&self) -> &P {
        &self.codec
    }

    /// The connections of this service, for timers and other services of the same worker. To be taken before the
    /// service is given to a [`Server`](crate::Server).
    pub fn connections(&self) -> Connections<P> {
        self.connections.clone()
    }
}

impl<P: Protocol> std::fmt::Debug for Service<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A service of any kind and protocol: what a [`Server`](crate::Server) holds a list of. Made from each kind by `into`.
pub struct AnyService(pub(crate) Box<dyn Declaration>);

impl<P: Protocol> From<Service<P>> for AnyService {
    fn from(service: Service<P>) -> Self {
        Self(Box::new(service))
    }
}

impl std::fmt::Debug for AnyService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("AnyService").field(self.0.settings()).finish()
    }
}

/// What a server needs of a service, whatever its kind and protocol.
pub(crate) trait Declaration {
    fn settings(&self) -> &Settings;

    /// What the service calls for its worker processes.
    fn staff(&mut self) -> &mut Staff;

    /// Checks what can be checked before anything is opened.
    fn check(&self) -> Result<(), Error>;

    /// Turns it into what a worker runs.
    ///
    /// # Errors
    /// Where the certificate or the key cannot be used.
    fn into_serving(self: Box<Self>, reactor: &Rc<Reactor>) -> Result<Serving, Error>;
}

impl<P: Protocol> Declaration for Service<P> {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn staff(&mut self) -> &mut Staff {
        &mut self.staff
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

    fn into_serving(self: Box<Self>, reactor: &Rc<Reactor>) -> Result<Serving, Error> {
        let service = *self;
        let misuse = |what: String| Error::Misuse { service: service.settings.name.clone(), what };
        let tls = match &service.tls {
            None => None,
            Some(tls) => Some(tls.load().map_err(|error| misuse(error.to_string()))?),
        };
        let runtime = Runtime::new(Rc::clone(reactor), service.callbacks, service.codec, service.limit, tls);
        service.connections.bind(&runtime);
        let unix = matches!(Endpoint::parse(&service.settings.address), Endpoint::Unix(_));
        let handing = Rc::clone(&runtime);
        let (draining, listing, name) =
            (Rc::clone(&runtime), Rc::clone(&runtime), service.settings.name.clone());
        Ok(Serving {
            staff: service.staff,
            open: Box::new(move |fd| {
                let listener = if unix { Listener::unix(fd) } else { Listener::tcp(fd) };
                Acceptor::start(&runtime, listener)
            }),
            drain: Box::new(move |grace, within, hand, emptied| draining.drain(grace, within, hand, emptied)),
            handover: Rc::new(Handing { runtime: handing, unix }),
            connections: Box::new(move || listing.rows(&name)),
        })
    }
}

/// The connections of a service that go to a successor, or come from the worker before.
struct Handing<P: Protocol> {
    runtime: Rc<Runtime<P>>,
    unix: bool,
}

impl<P: Protocol> Handover for Handing<P> {
    fn adopt(&self, socket: OwnedFd) -> io::Result<()> {
        self.runtime.adopt(Arrival::of(socket, self.unix)?)
    }

    fn handed(&self, number: u64) {
        self.runtime.handed(number);
    }

    fn kept(&self, number: u64) {
        self.runtime.kept(number);
    }
}
