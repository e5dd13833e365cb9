//! Accepting: one connection wakes one worker, and a worker that leaves takes what it was woken for.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::{Rc, Weak};
use std::time::Duration;

use mio::Token;
use mio::net::{TcpListener, UnixListener};

use super::Door;
use crate::connection::{Arrival, Runtime};
use crate::protocol::Protocol;
use crate::reactor::{Reactor, Source, Timer};
use crate::sys::exclusive;

/// Connections taken before the siblings get their chance.
const PER_TURN: usize = 8;

/// How long to leave a listener alone when there are no descriptors left.
const OUT_OF_DESCRIPTORS: Duration = Duration::from_millis(100);

/// A listening socket as a worker gets it.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// The listener behind an inherited descriptor of a TCP socket.
    pub(crate) fn tcp(fd: OwnedFd) -> Self {
        Self::Tcp(TcpListener::from_std(fd.into()))
    }

    /// The listener behind an inherited descriptor of a Unix socket.
    pub(crate) fn unix(fd: OwnedFd) -> Self {
        Self::Unix(UnixListener::from_std(fd.into()))
    }

    fn accept(&self) -> io::Result<Arrival> {
        match self {
            Self::Tcp(listener) => listener.accept().map(|(stream, peer)| Arrival::Tcp(stream, peer.into())),
            Self::Unix(listener) => {
                listener.accept().map(|(stream, peer)| Arrival::Unix(stream, peer.into()))
            }
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(listener) => listener.as_fd(),
            Self::Unix(listener) => listener.as_fd(),
        }
    }
}

/// A listener that a worker polls for a service.
pub(crate) struct Acceptor<P: Protocol> {
    me: Weak<Self>,
    reactor: Rc<Reactor>,
    listener: RefCell<Option<Listener>>,
    token: Token,
    watched: Cell<bool>,
    /// A warning about missing descriptors was logged, and no connection accepted since.
    warned: Cell<bool>,
    runtime: Rc<Runtime<P>>,
}

impl<P: Protocol> Acceptor<P> {
    /// Polls `listener` from now on.
    ///
    /// # Errors
    /// What epoll said.
    pub(crate) fn start(runtime: &Rc<Runtime<P>>, listener: Listener) -> io::Result<Rc<dyn Door>> {
        let reactor = &runtime.reactor;
        let token = reactor.reserve();
        let acceptor = Rc::new_cyclic(|me| Self {
            me: me.clone(),
            reactor: Rc::clone(reactor),
            listener: RefCell::new(Some(listener)),
            token,
            watched: Cell::new(false),
            warned: Cell::new(false),
            runtime: Rc::clone(runtime),
        });
        acceptor.watch()?;
        reactor.adopt(token, Rc::clone(&acceptor) as Rc<dyn Source>);
        let room = acceptor.me.clone();
        runtime.on_room(Rc::new(move || {
            room.upgrade().into_iter().for_each(|acceptor| acceptor.resume());
        }));
        Ok(acceptor)
    }

    fn watch(&self) -> io::Result<()> {
        if self.watched.get() {
            return Ok(());
        }
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

    /// Looks at the listener again after it was left alone.
    fn resume(&self) {
        if let Err(error) = self.watch() {
            tracing::error!(%error, "cannot watch the listener again");
            self.rest();
        }
    }

    /// Exclusive waiters are woken from the head of a queue that does not turn: the worker that
    /// was woken last would be woken next, and get all connections of a quiet time. Watching anew puts
    /// this worker behind its siblings. Nothing is missed: adding reports what is queued by then.
    fn go_to_the_end(&self) {
        if self.watched.get() {
            self.unwatch();
            self.resume();
        }
    }

    /// Accepts a connection; false where none is left or none can be taken.
    fn accept_one(&self) -> bool {
        let accepted = self.listener.borrow().as_ref().map(Listener::accept);
        match accepted {
            None => false,
            Some(Ok(arrival)) => {
                self.warned.set(false);
                if let Err(error) = self.runtime.adopt(arrival) {
                    tracing::error!(%error, "cannot serve an accepted connection");
                }
                true
            }
            Some(Err(error)) => match error.kind() {
                io::ErrorKind::WouldBlock => false,
                // The peer gave up while it was queued.
                io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted => true,
                _ => {
                    if !self.warned.replace(true) {
                        tracing::warn!(%error, "cannot accept; trying again every {OUT_OF_DESCRIPTORS:?}");
                    }
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
        Timer::own_after(OUT_OF_DESCRIPTORS, move || {
            me.upgrade().into_iter().for_each(|acceptor| acceptor.resume());
        });
    }
}

impl<P: Protocol> Door for Acceptor<P> {
    /// Leaves the listener: stops polling, then takes everything that is queued. An arrival may have
    /// woken this worker alone; left in the queue, it would wait for the next arrival to wake a
    /// sibling.
    fn leave(&self) {
        self.unwatch();
        self.reactor.forget(self.token);
        while self.accept_one() {}
        self.listener.borrow_mut().take();
    }
}

impl<P: Protocol> Source for Acceptor<P> {
    fn ready(self: Rc<Self>, _: bool, _: bool) {
        let mut accepted = 0;
        while accepted < PER_TURN && !self.runtime.is_full() && self.accept_one() {
            accepted += 1;
        }
        if self.runtime.is_full() {
            // The siblings, or the queue, take what comes until a connection ends.
            self.unwatch();
        } else if 0 < accepted {
            self.go_to_the_end();
        }
    }
}
