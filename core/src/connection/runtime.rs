//! A service in a worker: its callbacks, its connections, and how they drain.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use mio::net::{TcpStream, UnixStream};

use super::Callbacks;
use super::dial::Dialer;
use super::handoff::{Hand, Handoff};
use super::served::{Phase, Served};
use crate::protocol::{Limits, Protocol, Setting};
use crate::reactor::{Reactor, Source, Timer};
use crate::tally::Call;
use crate::transport::{Address, Stream, TlsStream};
use crate::worker::ConnectionRow;

/// Bounds of a service that its connections start with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) input: Limits,
    pub(crate) max_send_buffer: usize,
    /// How many connections a worker serves at once.
    pub(crate) max_connections: usize,
    /// How long a closing connection may take to flush, and for the peer's goodbye.
    pub(crate) close_timeout: Duration,
    /// How long a half-closed connection is read before it is closed (I5).
    pub(crate) linger: Duration,
    /// How long a TLS handshake may take.
    pub(crate) handshake: Duration,
    /// How long a head or an opening handshake may take.
    pub(crate) header: Option<Duration>,
    /// How long a message may stand still that has begun.
    pub(crate) body: Option<Duration>,
    /// How long a peer may say nothing.
    pub(crate) idle: Option<Duration>,
    /// Whether connections may go to a successor.
    pub(crate) handoff: bool,
}

impl Default for Limit {
    fn default() -> Self {
        Self {
            input: Limits::default(),
            max_send_buffer: 1024 * 1024,
            max_connections: usize::MAX,
            close_timeout: Duration::from_secs(10),
            linger: Duration::from_secs(1),
            handshake: Duration::from_secs(10),
            header: None,
            body: None,
            idle: None,
            handoff: false,
        }
    }
}

/// A connection that was accepted.
#[derive(Debug)]
pub(crate) enum Arrival {
    Tcp(TcpStream, Address),
    Unix(UnixStream, Address),
}

impl Arrival {
    /// A connection that another process has accepted.
    ///
    /// # Errors
    /// Where the socket is not connected any more.
    pub(crate) fn of(socket: OwnedFd, unix: bool) -> io::Result<Self> {
        if unix {
            let stream = UnixStream::from_std(socket.into());
            let peer = stream.peer_addr()?.into();
            return Ok(Self::Unix(stream, peer));
        }
        let stream = TcpStream::from_std(socket.into());
        let peer = stream.peer_addr()?.into();
        Ok(Self::Tcp(stream, peer))
    }
}

/// A service in a worker, or the connections that one client opens: callbacks and connections.
pub(crate) struct Runtime<P: Protocol> {
    pub(super) me: Weak<Self>,
    pub(crate) reactor: Rc<Reactor>,
    pub(crate) callbacks: Callbacks<P>,
    pub(crate) codec: P,
    pub(crate) limit: Limit,
    tls: Option<Arc<rustls::ServerConfig>>,
    /// What opens the connections, if this side does.
    pub(super) dialer: OnceCell<Weak<Dialer<P>>>,
    /// Those that the application knows.
    connections: RefCell<HashMap<u64, Rc<Served<P>>>>,
    /// Those that are over for the application, and not yet for the kernels.
    lingering: RefCell<HashMap<u64, Rc<Served<P>>>>,
    draining: Cell<bool>,
    /// Draining, and idle connections are not waited for any more.
    grace_over: Cell<bool>,
    /// Called when the last connection of a draining service is gone.
    emptied: RefCell<Option<Box<dyn FnOnce()>>>,
    /// The time between two looks at deadlines, and what looks.
    pub(super) looking: Cell<Option<(Duration, Timer)>>,
    pub(super) handoff: Handoff,
    /// Called when there is room for connections again.
    pub(super) room: RefCell<Option<Rc<dyn Fn()>>>,
}

impl<P: Protocol> Runtime<P> {
    pub(crate) fn new(
        reactor: Rc<Reactor>,
        callbacks: Callbacks<P>,
        codec: P,
        limit: Limit,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> Rc<Self> {
        let runtime = Rc::new_cyclic(|me| Self {
            me: me.clone(),
            reactor,
            callbacks,
            codec,
            limit,
            tls,
            dialer: OnceCell::new(),
            connections: RefCell::default(),
            lingering: RefCell::default(),
            draining: Cell::new(false),
            grace_over: Cell::new(false),
            emptied: RefCell::new(None),
            looking: Cell::new(None),
            handoff: Handoff::default(),
            room: RefCell::new(None),
        });
        let handshake = runtime.tls.as_ref().map(|_| limit.handshake);
        let shortest = [handshake, limit.header, limit.body, limit.idle].into_iter().flatten().min();
        runtime.keep_deadlines(shortest);
        runtime
    }

    /// Begins to serve an accepted connection.
    ///
    /// # Errors
    /// Where the loop cannot watch the socket; the connection is dropped then.
    pub(crate) fn adopt(self: &Rc<Self>, arrival: Arrival) -> io::Result<()> {
        let (mut stream, peer) = match (arrival, &self.tls) {
            (Arrival::Tcp(socket, peer), Some(tls)) => {
                let session = TlsStream::accept(socket, tls).map_err(io::Error::other)?;
                (Stream::Tls(Box::new(session)), peer)
            }
            (Arrival::Tcp(socket, peer), None) => (Stream::Tcp(socket), peer),
            (Arrival::Unix(socket, peer), _) => (Stream::Unix(socket), peer),
        };
        let token = self.reactor.reserve();
        if let Err(error) = stream.register(self.reactor.registry(), token) {
            self.reactor.forget(token);
            return Err(error);
        }
        let served = Served::new(self, token, Some(stream), peer, Phase::Open);
        self.hold(&served);
        self.reactor.adopt(token, Rc::clone(&served) as Rc<dyn Source>);
        served.call(Call::Connect, |callbacks| callbacks.connect.clone());
        // One that a worker takes from the queue as it leaves: the successor may have it.
        served.offer();
        Ok(())
    }

    pub(super) fn hold(&self, served: &Rc<Served<P>>) {
        self.connections.borrow_mut().insert(served.id, Rc::clone(served));
        self.reactor.tally().connected();
    }

    /// Whether no further connection may be accepted for now.
    pub(crate) fn is_full(&self) -> bool {
        self.limit.max_connections <= self.connections.borrow().len()
    }

    /// What to call when there is room again.
    pub(crate) fn on_room(&self, call: Rc<dyn Fn()>) {
        *self.room.borrow_mut() = Some(call);
    }

    /// Drains: replies announce the close from now on, idle connections are closed after `grace`, and
    /// what is left after `within` is cut. Calls `emptied` when no connection is left.
    pub(crate) fn drain(
        self: &Rc<Self>,
        grace: Duration,
        within: Duration,
        hand: Option<Hand>,
        emptied: impl FnOnce() + 'static,
    ) {
        self.draining.set(true);
        *self.emptied.borrow_mut() = Some(Box::new(emptied));
        self.set_hand(hand);
        let runtime = Rc::clone(self);
        let retire = move || {
            runtime.grace_over.set(true);
            let held = runtime.snapshot();
            held.iter().for_each(|served| served.retire());
            let idle = held.iter().filter(|served| !served.is_open()).count();
            if 0 < idle {
                tracing::info!(connections = idle, "grace period over: idle connections are closed");
            }
        };
        if grace.is_zero() {
            retire();
        } else {
            Timer::own_after(grace, retire);
        }
        if P::CLOSES_IN_WORDS {
            self.spread_closes(grace);
        }
        let runtime = Rc::clone(self);
        Timer::own_after(within, move || {
            let late = runtime.snapshot();
            if !late.is_empty() {
                tracing::warn!(connections = late.len(), "drain timeout: connections are cut");
            }
            let lingering: Vec<_> = runtime.lingering.borrow().values().cloned().collect();
            late.iter().chain(&lingering).for_each(|served| served.destroy());
        });
        self.check_emptied();
    }

    /// Closes what can be told so one by one over the grace period.
    fn spread_closes(&self, grace: Duration) {
        let held = self.snapshot();
        for (ordinal, served) in held.iter().enumerate() {
            let (served, share) = (Rc::downgrade(served), (ordinal + 1) as f64 / (held.len() + 1) as f64);
            Timer::own_after(grace.mul_f64(share), move || {
                served.upgrade().into_iter().for_each(|served| served.depart());
            });
        }
    }

    /// The connections as `connections` shows them, for the service of that name (CONNS-1).
    pub(crate) fn rows(&self, service: &str) -> Vec<ConnectionRow> {
        self.snapshot().iter().map(|served| served.row(service)).collect()
    }

    pub(super) fn find(&self, id: u64) -> Option<Rc<Served<P>>> {
        self.connections.borrow().get(&id).cloned()
    }

    /// The connections that the application knows, oldest first.
    pub(super) fn snapshot(&self) -> Vec<Rc<Served<P>>> {
        let mut held: Vec<_> = self.connections.borrow().values().cloned().collect();
        held.sort_unstable_by_key(|served| served.id);
        held
    }

    /// The application has been told that a connection is over.
    pub(super) fn dismiss(&self, id: u64) {
        let was_full = self.is_full();
        let gone = self.connections.borrow_mut().remove(&id);
        if let Some(gone) = gone {
            self.lingering.borrow_mut().insert(id, gone);
        }
        let room = self.room.borrow().clone();
        if was_full {
            room.into_iter().for_each(|room| room());
        }
    }

    /// Lets go of a connection that is closed.
    pub(super) fn forget(&self, id: u64) {
        let gone = self.lingering.borrow_mut().remove(&id);
        let empty = self.connections.borrow().is_empty() && self.lingering.borrow().is_empty();
        if empty && let Some(dialer) = self.dialer.get().and_then(Weak::upgrade) {
            dialer.rest();
        }
        self.check_emptied();
        drop(gone);
    }

    /// Whether idle connections are closed as soon as they are idle.
    pub(super) fn waits_no_more(&self) -> bool {
        self.grace_over.get()
    }

    fn check_emptied(&self) {
        if self.draining.get() && self.connections.borrow().is_empty() && self.lingering.borrow().is_empty() {
            let emptied = self.emptied.borrow_mut().take();
            emptied.into_iter().for_each(|emptied| emptied());
        }
    }

    pub(super) fn setting<R>(&self, announce: bool, use_setting: impl FnOnce(&Setting<'_>) -> R) -> R {
        let draining = self.draining.get() && announce;
        self.reactor.with_date(|date| use_setting(&Setting { draining, date }))
    }
}
