//! A service in a worker: its callbacks, its connections, and how they drain.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use mio::Interest;
use mio::net::TcpStream;

use super::Callbacks;
use super::served::Served;
use crate::protocol::{Limits, Protocol, Setting};
use crate::reactor::{Reactor, Source, Timer};
use crate::tally::Call;

/// Bounds of a service that its connections start with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) input: Limits,
    pub(crate) max_send_buffer: usize,
    /// How long a closing connection may take to flush.
    pub(crate) close_timeout: Duration,
    /// How long a half-closed connection is read before it is closed (I5).
    pub(crate) linger: Duration,
}

/// A service in a worker: its callbacks and its connections.
pub(crate) struct Runtime<P: Protocol> {
    pub(crate) reactor: Rc<Reactor>,
    pub(crate) callbacks: Callbacks<P>,
    pub(crate) codec: P,
    pub(crate) limit: Limit,
    connections: RefCell<HashMap<u64, Rc<Served<P>>>>,
    last_id: Cell<u64>,
    draining: Cell<bool>,
    /// Draining, and idle connections are not waited for any more.
    grace_over: Cell<bool>,
    /// Called when the last connection of a draining service is gone.
    emptied: RefCell<Option<Box<dyn FnOnce()>>>,
}

impl<P: Protocol> Runtime<P> {
    pub(crate) fn new(reactor: Rc<Reactor>, callbacks: Callbacks<P>, codec: P, limit: Limit) -> Rc<Self> {
        Rc::new(Self {
            reactor,
            callbacks,
            codec,
            limit,
            connections: RefCell::default(),
            last_id: Cell::new(0),
            draining: Cell::new(false),
            grace_over: Cell::new(false),
            emptied: RefCell::new(None),
        })
    }

    /// Begins to serve an accepted connection.
    ///
    /// # Errors
    /// Where the loop cannot watch the socket; the connection is dropped then.
    pub(crate) fn adopt(self: &Rc<Self>, mut stream: TcpStream, peer: SocketAddr) -> io::Result<()> {
        let token = self.reactor.reserve();
        let interest = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = self.reactor.registry().register(&mut stream, token, interest) {
            self.reactor.forget(token);
            return Err(error);
        }
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        let served = Served::new(self, id, token, stream, peer);
        self.connections.borrow_mut().insert(id, Rc::clone(&served));
        self.reactor.tally().connected();
        self.reactor.adopt(token, Rc::clone(&served) as Rc<dyn Source>);
        if let Some(connect) = &self.callbacks.connect
            && !served.calls(Call::Connect, || connect(&served.handle()))
        {
            served.destroy();
        }
        Ok(())
    }

    /// Drains: replies announce the close from now on, idle connections are closed after `grace`, and
    /// what is left after `within` is cut. Calls `emptied` when no connection is left.
    pub(crate) fn drain(
        self: &Rc<Self>,
        grace: Duration,
        within: Duration,
        emptied: impl FnOnce() + 'static,
    ) {
        self.draining.set(true);
        *self.emptied.borrow_mut() = Some(Box::new(emptied));
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
            Timer::after(grace, retire);
        }
        let runtime = Rc::clone(self);
        Timer::after(within, move || {
            let late = runtime.snapshot();
            if !late.is_empty() {
                tracing::warn!(connections = late.len(), "drain timeout: connections are cut");
            }
            late.iter().for_each(|served| served.destroy());
        });
        self.check_emptied();
    }

    fn snapshot(&self) -> Vec<Rc<Served<P>>> {
        self.connections.borrow().values().cloned().collect()
    }

    /// Lets go of a connection that is closed.
    pub(super) fn forget(&self, id: u64) {
        let gone = self.connections.borrow_mut().remove(&id);
        self.check_emptied();
        drop(gone);
    }

    /// Whether idle connections are closed as soon as they are idle.
    pub(super) fn waits_no_more(&self) -> bool {
        self.grace_over.get()
    }

    fn check_emptied(&self) {
        if self.draining.get() && self.connections.borrow().is_empty() {
            let emptied = self.emptied.borrow_mut().take();
            emptied.into_iter().for_each(|emptied| emptied());
        }
    }

    pub(super) fn setting<R>(&self, behind: usize, use_setting: impl FnOnce(&Setting<'_>) -> R) -> R {
        // What the peer has pipelined is answered; the last reply announces the close.
        let draining = self.draining.get() && behind == 0;
        self.reactor.with_date(|date| use_setting(&Setting { draining, date }))
    }
}
