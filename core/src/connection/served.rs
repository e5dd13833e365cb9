//! One connection: what it is, and what the loop and the handles do with it.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::{Rc, Weak};

use mio::Token;
use mio::net::TcpStream;

use super::callbacks::OnConnection;
use super::outbox::Outbox;
use super::runtime::Runtime;
use super::{Connection, SendError, guard};
use crate::protocol::Protocol;
use crate::reactor::Source;
use crate::tally::Call;

/// Where a connection is on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// Flushing; nothing is read.
    Closing,
    /// Our side is shut; reading and discarding until the peer's end comes.
    Lingering,
    Closed,
}

/// One connection, shared by the loop and the handles.
pub(super) struct Served<P: Protocol> {
    pub(super) id: u64,
    pub(super) peer: SocketAddr,
    pub(super) max_send_buffer: Cell<usize>,
    pub(super) runtime: Rc<Runtime<P>>,
    pub(super) me: Weak<Self>,
    pub(super) token: Token,
    pub(super) stream: RefCell<Option<TcpStream>>,
    pub(super) codec: RefCell<P>,
    /// Read and not consumed.
    pub(super) inbox: RefCell<Vec<u8>>,
    pub(super) outbox: RefCell<Outbox>,
    pub(super) phase: Cell<Phase>,
    /// The application asked not to be given more.
    pub(super) paused: Cell<bool>,
    /// A message was delivered and its one reply is owed.
    pub(super) owes_reply: Cell<bool>,
    /// A callback for a message is running.
    pub(super) delivering: Cell<bool>,
    /// Octets behind the message that is being worked on.
    pub(super) behind: Cell<usize>,
    /// The inbox may hold a whole package.
    pub(super) backlog: Cell<bool>,
    /// The kernel may hold octets for us.
    pub(super) unread: Cell<bool>,
    /// The kernel reported the peer's end; it is to be read after the data.
    pub(super) hangup: Cell<bool>,
    /// The peer's end was read.
    pub(super) peer_done: Cell<bool>,
    /// The kernel took no more; it will report when it does.
    pub(super) blocked: Cell<bool>,
    /// The kernel took no more since the outbox was last empty.
    pub(super) deferred: Cell<bool>,
    pub(super) dirty: Cell<bool>,
}

impl<P: Protocol> Source for Served<P> {
    fn ready(self: Rc<Self>, readable: bool, writable: bool) {
        if writable && self.blocked.replace(false) {
            self.write();
        }
        if readable {
            self.unread.set(true);
            self.pump();
        }
    }

    fn hangup(&self) {
        self.hangup.set(true);
    }

    fn flush(self: Rc<Self>) {
        self.dirty.set(false);
        self.write();
    }
}

impl<P: Protocol> Served<P> {
    /// A connection that has said nothing yet.
    pub(super) fn new(
        runtime: &Rc<Runtime<P>>,
        id: u64,
        token: Token,
        stream: TcpStream,
        peer: SocketAddr,
    ) -> Rc<Self> {
        Rc::new_cyclic(|me| Served {
            id,
            peer,
            max_send_buffer: Cell::new(runtime.limit.max_send_buffer),
            runtime: Rc::clone(runtime),
            me: me.clone(),
            token,
            stream: RefCell::new(Some(stream)),
            codec: RefCell::new(runtime.codec.clone()),
            inbox: RefCell::default(),
            outbox: RefCell::default(),
            phase: Cell::new(Phase::Open),
            paused: Cell::new(false),
            owes_reply: Cell::new(false),
            delivering: Cell::new(false),
            behind: Cell::new(0),
            backlog: Cell::new(false),
            unread: Cell::new(false),
            hangup: Cell::new(false),
            peer_done: Cell::new(false),
            blocked: Cell::new(false),
            deferred: Cell::new(false),
            dirty: Cell::new(false),
        })
    }

    pub(super) fn handle(&self) -> Connection<P> {
        Connection { served: self.me.upgrade().expect("a served connection is held by whoever calls it") }
    }

    pub(super) fn is_open(&self) -> bool {
        self.phase.get() == Phase::Open
    }

    pub(super) fn unsent(&self) -> usize {
        self.outbox.borrow().len()
    }

    pub(super) fn pause(&self, paused: bool) {
        if self.paused.replace(paused) && !paused {
            self.runtime.reactor.call_again(self.token);
        }
    }

    pub(super) fn tell_error(&self, error: SendError) {
        self.runtime.reactor.tally().send_failed();
        if let Some(on_error) = &self.runtime.callbacks.error {
            let handle = self.handle();
            if !self.calls(Call::Error, || on_error(&handle, error)) {
                self.destroy();
            }
        }
    }

    /// Runs application code; false if it panicked.
    pub(super) fn calls(&self, call: Call, run: impl FnOnce()) -> bool {
        self.runtime.reactor.tally().during(call, || guard(run))
    }

    pub(super) fn call(&self, call: Call, callback: &Option<OnConnection<P>>) {
        if let Some(callback) = callback {
            let handle = self.handle();
            if !self.calls(call, || callback(&handle)) {
                tracing::error!(conn = self.id, peer = %self.peer, "a callback panicked: its connection is closed");
                self.destroy();
            }
        }
    }
}
