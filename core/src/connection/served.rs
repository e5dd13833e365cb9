//! One connection: what it is, and what the loop and the handles do with it.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use mio::Token;

use super::callbacks::OnConnection;
use super::extras::Extras;
use super::outbox::Outbox;
use super::runtime::Runtime;
use super::{Callbacks, Connection, ConnectionError, Status, guard};
use crate::protocol::Protocol;
use crate::reactor::{Source, Timer};
use crate::tally::Call;
use crate::transport::{Address, Stream};
use crate::worker::ConnectionRow;

/// Where a connection is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// This side opens it.
    Connecting,
    Open,
    /// Flushing the last words; nothing is read.
    Closing,
    /// On its way to the successor; nothing is read or written here.
    Handing,
    /// The last words are said; the peer's own are awaited.
    Parting,
    /// Our side is shut; reading and discarding until the peer's end comes.
    Lingering,
    Closed,
}

/// The reply that a protocol with one reply to each message owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    None,
    Owed,
    /// It has begun and more of it follows.
    Begun,
    /// All of it is encoded; a file that belongs to it is still being sent.
    Flushing,
}

/// One connection, shared by the loop and the handles.
pub(super) struct Served<P: Protocol> {
    pub(super) id: u64,
    pub(super) peer: RefCell<Address>,
    pub(super) max_send_buffer: Cell<usize>,
    pub(super) runtime: Rc<Runtime<P>>,
    pub(super) me: Weak<Self>,
    pub(super) token: Cell<Token>,
    pub(super) stream: RefCell<Option<Stream>>,
    pub(super) codec: RefCell<P>,
    /// Read and not consumed.
    pub(super) inbox: RefCell<Vec<u8>>,
    pub(super) outbox: RefCell<Outbox>,
    pub(super) extras: RefCell<Option<Box<Extras<P>>>>,
    pub(super) bytes_read: Cell<u64>,
    pub(super) bytes_written: Cell<u64>,
    /// The deadline of the present phase.
    pub(super) timer: Cell<Option<Timer>>,
    /// When the peer was last heard, or last took something that it had waited for: milliseconds of the loop.
    pub(super) active: Cell<u32>,
    /// When the head that is coming in began; for a connection that is new, when it came.
    pub(super) began: Cell<u32>,
    /// How many messages the application says it is working on.
    pub(super) works: Cell<u32>,
    pub(super) phase: Cell<Phase>,
    pub(super) reply: Cell<Reply>,
    /// Octets behind the message that is being worked on.
    pub(super) behind: Cell<usize>,
    /// The application asked not to be given more.
    pub(super) paused: Cell<bool>,
    /// A callback for a message is running.
    pub(super) delivering: Cell<bool>,
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
    /// It was not taken by the successor and is served to its end here.
    pub(super) stays: Cell<bool>,
    /// It is to be closed at the next end of a message.
    pub(super) departs: Cell<bool>,
    /// Our side was ended by [`Connection::end`]: `on_close` waits for the peer's end.
    pub(super) ended: Cell<bool>,
    /// `on_close` was called.
    pub(super) told_close: Cell<bool>,
}

impl<P: Protocol> Source for Served<P> {
    fn ready(self: Rc<Self>, readable: bool, writable: bool) {
        if self.phase.get() == Phase::Connecting {
            return self.connect_progress();
        }
        if writable && self.blocked.replace(false) {
            self.write();
        }
        if readable {
            self.unread.set(true);
            self.pump();
            // A session may have waited for the peer before it could take more.
            let exact = self.stream.borrow().as_ref().is_none_or(Stream::short_read_is_all);
            if !exact && self.blocked.replace(false) {
                self.write();
            }
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
        token: Token,
        stream: Option<Stream>,
        peer: Address,
        phase: Phase,
    ) -> Rc<Self> {
        let now = runtime.reactor.millis();
        Rc::new_cyclic(|me| Served {
            id: runtime.reactor.next_id(),
            peer: RefCell::new(peer),
            max_send_buffer: Cell::new(runtime.limit.max_send_buffer),
            runtime: Rc::clone(runtime),
            me: me.clone(),
            token: Cell::new(token),
            stream: RefCell::new(stream),
            codec: RefCell::new(runtime.codec.clone()),
            inbox: RefCell::default(),
            outbox: RefCell::default(),
            extras: RefCell::default(),
            bytes_read: Cell::new(0),
            bytes_written: Cell::new(0),
            timer: Cell::new(None),
            active: Cell::new(now),
            began: Cell::new(now),
            works: Cell::new(0),
            phase: Cell::new(phase),
            reply: Cell::new(Reply::None),
            behind: Cell::new(0),
            paused: Cell::new(false),
            delivering: Cell::new(false),
            backlog: Cell::new(false),
            unread: Cell::new(false),
            hangup: Cell::new(false),
            peer_done: Cell::new(false),
            blocked: Cell::new(false),
            deferred: Cell::new(false),
            dirty: Cell::new(false),
            stays: Cell::new(false),
            departs: Cell::new(false),
            ended: Cell::new(false),
            told_close: Cell::new(false),
        })
    }

    pub(super) fn handle(&self) -> Connection<P> {
        Connection { served: self.me.upgrade().expect("a served connection is held by whoever calls it") }
    }

    pub(super) fn is_open(&self) -> bool {
        self.phase.get() == Phase::Open
    }

    pub(super) fn status(&self) -> Status {
        match self.phase.get() {
            Phase::Connecting => Status::Connecting,
            Phase::Open | Phase::Handing => Status::Established,
            Phase::Closed => Status::Closed,
            _ if self.told_close.get() => Status::Closed,
            _ if self.ended.get() => Status::Ending,
            _ => Status::Closing,
        }
    }

    /// Octets that were accepted for sending and that the kernel has not taken.
    pub(super) fn unsent(&self) -> usize {
        let held = self.codec.try_borrow().map_or(0, |codec| codec.held());
        self.outbox.borrow().len() + held
    }

    pub(super) fn row(&self, service: &str) -> ConnectionRow {
        let peer = self.peer.borrow();
        let stream = self.stream.borrow();
        let local = stream.as_ref().and_then(|stream| stream.local_address().ok());
        ConnectionRow {
            pid: std::process::id(),
            worker: service.to_owned(),
            cid: self.id,
            transport: stream.as_ref().map_or("tcp", Stream::kind).to_owned(),
            protocol: P::NAME.to_owned(),
            ipv4: peer.ip().is_some_and(|ip| ip.is_ipv4()),
            ipv6: peer.ip().is_some_and(|ip| ip.is_ipv6()),
            recv_q: self.inbox.borrow().len() as u64,
            send_q: self.unsent() as u64,
            bytes_read: self.bytes_read.get(),
            bytes_written: self.bytes_written.get(),
            status: self.status().name().to_owned(),
            local: local.map(|address| address.to_string()).unwrap_or_default(),
            remote: peer.to_string(),
        }
    }

    pub(super) fn pause(&self) {
        self.paused.set(true);
    }

    /// CONN-20: reads once and delivers what had come, at once.
    pub(super) fn resume(&self) {
        if !self.paused.replace(false) {
            return;
        }
        self.unread.set(true);
        if self.delivering.get() {
            self.runtime.reactor.call_again(self.token.get());
        } else {
            self.pump();
        }
    }

    /// Sets the deadline of the present phase, in place of the one before.
    pub(super) fn arm(&self, patience: Duration, late: impl FnOnce(&Self) + 'static) {
        self.disarm();
        let me = self.me.clone();
        self.timer.set(Some(Timer::own_after(patience, move || {
            if let Some(served) = me.upgrade() {
                served.timer.set(None);
                late(&served);
            }
        })));
    }

    pub(super) fn disarm(&self) {
        self.timer.take().into_iter().for_each(|timer| {
            timer.cancel();
        });
    }

    pub(super) fn tell_error(&self, error: ConnectionError) {
        if !matches!(error, ConnectionError::ConnectFailed(_)) {
            self.runtime.reactor.tally().send_failed();
        }
        let Some(on_error) = self.callback(|callbacks| callbacks.error.clone()) else { return };
        let handle = self.handle();
        if !self.calls(Call::Error, || on_error(&handle, error)) {
            self.destroy();
        }
    }

    /// Runs application code; false if it panicked.
    pub(super) fn calls(&self, call: Call, run: impl FnOnce()) -> bool {
        let fine = self.runtime.reactor.tally().during(call, || guard(run));
        if !fine {
            tracing::error!(conn = self.id, peer = %self.peer.borrow(), ?call, "a callback panicked: its connection is closed");
        }
        fine
    }

    pub(super) fn call(&self, call: Call, pick: impl Fn(&Callbacks<P>) -> Option<OnConnection<P>>) {
        let Some(callback) = self.callback(pick) else { return };
        let handle = self.handle();
        if !self.calls(call, || callback(&handle)) {
            self.destroy();
        }
    }
}
