//! Accepting: one connection wakes one worker, and a worker that leaves takes what it was woken for.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::rc::{Rc, Weak};
use std::time::Duration;

use mio::Token;
use mio::net::{TcpListener, TcpStream};

use crate::reactor::{Reactor, Source, Timer};
use crate::sys::exclusive;

/// Connections taken before the siblings get their chance.
const PER_TURN: usize = 8;

/// How long to leave a listener alone when there are no descriptors left.
const OUT_OF_DESCRIPTORS: Duration = Duration::from_millis(100);

/// Begins to serve an accepted connection.
pub(crate) type Adopt = Box<dyn Fn(TcpStream, SocketAddr) -> io::Result<()>>;

/// A listener that a worker polls.
pub(super) struct Acceptor {
    me: Weak<Self>,
    reactor: Rc<Reactor>,
    listener: RefCell<Option<TcpListener>>,
    token: Token,
    watched: Cell<bool>,
    adopt: Adopt,
}

impl Acceptor {
    /// Polls `listener` from now on.
    pub(super) fn start(reactor: &Rc<Reactor>, listener: TcpListener, adopt: Adopt) -> io::Result<Rc<Self>> {
        let token = reactor.reserve();
        let acceptor = Rc::new_cyclic(|me| Self {
            me: me.clone(),
            reactor: Rc::clone(reactor),
            listener: RefCell::new(Some(listener)),
            token,
            watched: Cell::new(false),
            adopt,
        });
        acceptor.watch()?;
        reactor.adopt(token, Rc::clone(&acceptor) as Rc<dyn Source>);
        Ok(acceptor)
    }

    /// Leaves the listener: stops polling, then takes everything that is queued. An arrival may have
    /// woken this worker alone; left in the queue, it would wait for the next arrival to wake a
    /// sibling.
    pub(super) fn leave(&self) {
        self.unwatch();
        self.reactor.forget(self.token);
        while self.accept_one() {}
        self.listener.borrow_mut().take();
    }

    fn watch(&self) -> io::Result<()> {
        if let Some(listener) = &*self.listener.borrow() {
            exclusive::watch(self.reactor.registry(), listener.as_fd(), self.token)?;
            self.watched.set(true);
        }
        Ok(())
    }

    fn unwatch(&self) {
        if !self.watched.replace(false) {
            return;
        }
        if let Some(listener) = &*self.listener.borrow()
            && let Err(error) = exclusive::unwatch(self.reactor.registry(), listener.as_fd())
        {
            tracing::error!(%error, "cannot stop watching the listener");
        }
    }

    /// Exclusive waiters are woken from the head of a queue that does not turn: the worker that
    /// was woken last would be woken next, and get all connections of a quiet time. Watching anew puts
    /// this worker behind its siblings. Nothing is missed: adding reports what is queued by then.
    fn go_to_the_end(&self) {
        if self.watched.get() {
            self.unwatch();
            if let Err(error) = self.watch() {
                tracing::error!(%error, "cannot watch the listener again");
                self.rest();
            }
        }
    }

    /// Accepts a connection; false where none is left or none can be taken.
    fn accept_one(&self) -> bool {
        let accepted = self.listener.borrow().as_ref().map(TcpListener::accept);
        match accepted {
            None => false,
            Some(Ok((stream, peer))) => {
                if let Err(error) = (self.adopt)(stream, peer) {
                    tracing::error!(%error, %peer, "cannot serve an accepted connection");
                }
                true
            }
            Some(Err(error)) => match error.kind() {
                io::ErrorKind::WouldBlock => false,
                // The peer gave up while it was queued.
                io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted => true,
                _ => {
                    tracing::warn!(%error, "cannot accept; trying again in {OUT_OF_DESCRIPTORS:?}");
                    self.rest();
                    false
                }
            },
        }
    }

    /// Out of descriptors or memory: level-triggered readiness would spin, so look away for a while.
    fn rest(&self) {
        self.unwatch();
        let me = self.me.clone();
        Timer::after(OUT_OF_DESCRIPTORS, move || {
            if let Some(Err(error)) = me.upgrade().map(|acceptor| acceptor.watch()) {
                tracing::error!(%error, "cannot watch the listener again");
            }
        });
    }
}

impl Source for Acceptor {
    fn ready(self: Rc<Self>, _: bool, _: bool) {
        let mut accepted = 0;
        while accepted < PER_TURN && self.accept_one() {
            accepted += 1;
        }
        if accepted > 0 {
            self.go_to_the_end();
        }
    }
}
