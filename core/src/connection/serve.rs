//! A connection at work: read, split, deliver, send, and the ways it ends.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::{self, Read};
use std::net::{Shutdown, SocketAddr};
use std::rc::{Rc, Weak};
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Interest, Token};

use super::outbox::Outbox;
use super::{Callbacks, Connection, SendError, Sent, guard};
use crate::protocol::{Encode, Farewell, Limits, Malformed, Next, Protocol, Setting, Split};
use crate::reactor::{Reactor, Source, Timer};

/// Unsent octets from which a send does not wait for the end of the turn.
const WRITE_NOW: usize = 64 * 1024;

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

/// Where a connection is on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
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
    runtime: Rc<Runtime<P>>,
    me: Weak<Self>,
    token: Token,
    stream: RefCell<Option<TcpStream>>,
    codec: RefCell<P>,
    /// Read and not consumed.
    inbox: RefCell<Vec<u8>>,
    outbox: RefCell<Outbox>,
    phase: Cell<Phase>,
    /// The application asked not to be given more.
    paused: Cell<bool>,
    /// A message was delivered and its one reply is owed.
    owes_reply: Cell<bool>,
    /// A callback for a message is running.
    delivering: Cell<bool>,
    /// Octets behind the message that is being worked on.
    behind: Cell<usize>,
    /// The inbox may hold a whole package.
    backlog: Cell<bool>,
    /// The kernel may hold octets for us.
    unread: Cell<bool>,
    /// The kernel reported the peer's end; it is to be read after the data.
    hangup: Cell<bool>,
    /// The peer's end was read.
    peer_done: Cell<bool>,
    /// The kernel took no more; it will report when it does.
    blocked: Cell<bool>,
    /// The kernel took no more since the outbox was last empty.
    deferred: Cell<bool>,
    dirty: Cell<bool>,
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
        let served = Rc::new_cyclic(|me| Served {
            id,
            peer,
            max_send_buffer: Cell::new(self.limit.max_send_buffer),
            runtime: Rc::clone(self),
            me: me.clone(),
            token,
            stream: RefCell::new(Some(stream)),
            codec: RefCell::new(self.codec.clone()),
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
        });
        self.connections.borrow_mut().insert(id, Rc::clone(&served));
        self.reactor.adopt(token, Rc::clone(&served) as Rc<dyn Source>);
        if let Some(connect) = &self.callbacks.connect {
            if !guard(|| connect(&served.handle())) {
                served.destroy();
            }
        }
        Ok(())
    }

    /// Drains: replies announce the close from now on, idle connections are closed after `grace`, and
    /// what is left after `within` is cut. Calls `emptied` when no connection is left.
    pub(crate) fn drain(self: &Rc<Self>, grace: Duration, within: Duration, emptied: impl FnOnce() + 'static) {
        self.draining.set(true);
        *self.emptied.borrow_mut() = Some(Box::new(emptied));
        let runtime = Rc::clone(self);
        let retire = move || {
            runtime.grace_over.set(true);
            runtime.snapshot().iter().for_each(|served| served.retire());
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

    fn check_emptied(&self) {
        if self.draining.get() && self.connections.borrow().is_empty() {
            let emptied = self.emptied.borrow_mut().take();
            emptied.into_iter().for_each(|emptied| emptied());
        }
    }

    fn setting<R>(&self, behind: usize, use_setting: impl FnOnce(&Setting<'_>) -> R) -> R {
        // What the peer has pipelined is answered; the last reply announces the close.
        let draining = self.draining.get() && behind == 0;
        self.reactor.with_date(|date| use_setting(&Setting { draining, date }))
    }
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
    fn handle(&self) -> Connection<P> {
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

    // Reading and delivering.

    /// Delivers what is buffered, then reads and delivers more, as far as the application takes it.
    fn pump(&self) {
        match self.phase.get() {
            Phase::Open => {}
            Phase::Lingering => return self.discard(),
            Phase::Closing | Phase::Closed => return,
        }
        if self.delivering.get() {
            return;
        }
        if self.backlog.get() && self.takes_more() {
            let inbox = self.inbox.take();
            let consumed = self.deliver(&inbox);
            self.keep(inbox, consumed);
        }
        if self.unread.get() && self.takes_more() {
            self.read();
        }
        self.settle();
    }

    /// Whether the next message may be delivered now.
    fn takes_more(&self) -> bool {
        self.is_open()
            && !self.paused.get()
            && !self.owes_reply.get()
            // A peer that asks and does not read gets no further before it reads.
            && !(P::ONE_REPLY_EACH && self.unsent() >= self.max_send_buffer.get())
    }

    fn read(&self) {
        let reactor = &self.runtime.reactor;
        let mut chunk = reactor.take_chunk();
        let result = match &mut *self.stream.borrow_mut() {
            Some(stream) => stream.read(&mut chunk),
            None => Ok(0),
        };
        match result {
            Ok(0) => {
                self.unread.set(false);
                self.peer_done.set(true);
            }
            Ok(length) => {
                // A short read means that the kernel has no more, unless the peer's end is behind it.
                let more = length == chunk.len() || self.hangup.get();
                self.unread.set(more);
                if self.inbox.borrow().is_empty() {
                    let consumed = self.deliver(&chunk[..length]);
                    let rest = &chunk[consumed..length];
                    if !rest.is_empty() && self.is_open() {
                        *self.inbox.borrow_mut() = rest.to_vec();
                    }
                } else {
                    let mut inbox = self.inbox.take();
                    inbox.extend_from_slice(&chunk[..length]);
                    let consumed = self.deliver(&inbox);
                    self.keep(inbox, consumed);
                }
                if more {
                    reactor.call_again(self.token);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.unread.set(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => reactor.call_again(self.token),
            Err(_) => self.destroy(),
        }
        reactor.return_chunk(chunk);
    }

    /// Puts back what was not consumed.
    fn keep(&self, mut inbox: Vec<u8>, consumed: usize) {
        if consumed < inbox.len() && self.is_open() {
            inbox.drain(..consumed);
            *self.inbox.borrow_mut() = inbox;
        }
    }

    /// Delivers the whole packages at the start of `input`; how many octets they took.
    fn deliver(&self, input: &[u8]) -> usize {
        let mut consumed = 0;
        self.backlog.set(false);
        while self.is_open() && consumed < input.len() {
            if !self.takes_more() {
                self.backlog.set(true);
                break;
            }
            let rest = &input[consumed..];
            match self.split(rest) {
                Ok(Split::Need) => break,
                Ok(Split::Package(length)) => {
                    consumed += length;
                    self.behind.set(input.len() - consumed);
                    self.deliver_one(&rest[..length]);
                }
                Err(malformed) => {
                    tracing::debug!(conn = self.id, peer = %self.peer, %malformed, "peer broke the protocol");
                    self.bid_farewell(Farewell::Malformed(malformed));
                    break;
                }
            }
        }
        self.behind.set(input.len() - consumed);
        consumed
    }

    fn split(&self, input: &[u8]) -> Result<Split, Malformed> {
        let mut outbox = self.outbox.borrow_mut();
        let before = outbox.len();
        let out = outbox.tail(|| self.runtime.reactor.spare_buffer());
        let split = self.codec.borrow_mut().split(input, &self.runtime.limit.input, out);
        let spoke = outbox.len() > before;
        drop(outbox);
        if spoke {
            self.mark_dirty();
        }
        split
    }

    fn deliver_one(&self, package: &[u8]) {
        let message = self.codec.borrow_mut().decode(package);
        self.owes_reply.set(P::ONE_REPLY_EACH);
        let Some(on_message) = &self.runtime.callbacks.message else { return };
        let handle = self.handle();
        self.delivering.set(true);
        let fine = guard(|| on_message(&handle, message));
        self.delivering.set(false);
        if !fine {
            tracing::error!(conn = self.id, peer = %self.peer, "on_message panicked: its connection is closed");
            if self.owes_reply.get() { self.bid_farewell(Farewell::Failed) } else { self.destroy() }
        }
    }

    // Sending.

    pub(super) fn send<T>(&self, message: T) -> Sent
    where
        P: Encode<T>,
    {
        if !self.is_open() || (P::ONE_REPLY_EACH && !self.owes_reply.get()) {
            return Sent::Refused;
        }
        let limit = self.max_send_buffer.get();
        if !P::ONE_REPLY_EACH && self.unsent() >= limit {
            self.tell_error(SendError::BufferFull);
            return Sent::Refused;
        }
        let next = self.runtime.setting(self.behind.get(), |setting| {
            let mut outbox = self.outbox.borrow_mut();
            let out = outbox.tail(|| self.runtime.reactor.spare_buffer());
            self.codec.borrow_mut().encode(message, setting, out)
        });
        self.owes_reply.set(false);
        self.mark_dirty();
        if self.unsent() >= WRITE_NOW {
            self.write();
        }
        if self.phase.get() == Phase::Closed {
            return Sent::Refused;
        }
        if self.unsent() >= limit {
            self.call(&self.runtime.callbacks.buffer_full);
        }
        if next == Next::Close {
            self.begin_close();
        }
        if P::ONE_REPLY_EACH && !self.delivering.get() {
            // The reply came later, from a timer: go on with what was pipelined behind it.
            self.runtime.reactor.call_again(self.token);
        }
        if self.blocked.get() { Sent::Queued } else { Sent::Sent }
    }

    fn mark_dirty(&self) {
        if !self.dirty.replace(true) {
            self.runtime.reactor.mark_dirty(self.handle().served);
        }
    }

    /// Writes what is unsent, and does what waited for it to be out.
    fn write(&self) {
        if self.blocked.get() || self.phase.get() == Phase::Closed {
            return;
        }
        let result = match &*self.stream.borrow() {
            Some(stream) => self.outbox.borrow_mut().write_to(stream),
            None => return,
        };
        match result {
            Ok(false) => {
                self.blocked.set(true);
                self.deferred.set(true);
                if self.phase.get() == Phase::Closing {
                    self.give_up_after(self.runtime.limit.close_timeout, Phase::Closing);
                }
            }
            Ok(true) => self.written(),
            Err(_) => {
                self.tell_error(SendError::PeerClosed);
                self.destroy();
            }
        }
    }

    fn written(&self) {
        let buffer = self.outbox.borrow_mut().take_buffer();
        self.runtime.reactor.recycle(buffer);
        // BUF-6: a write that had to wait for the kernel has emptied the buffer.
        if self.deferred.replace(false) {
            self.call(&self.runtime.callbacks.buffer_drain);
        }
        match self.phase.get() {
            Phase::Closing if self.unsent() == 0 => self.shut(),
            Phase::Open => {
                if self.backlog.get() || self.unread.get() {
                    self.runtime.reactor.call_again(self.token);
                }
                self.settle();
            }
            _ => {}
        }
    }

    // Ending.

    /// Closes what has nothing left to do: the peer is done, or the worker drains and waits no more.
    fn settle(&self) {
        if !self.is_open() || self.delivering.get() || self.owes_reply.get() || self.backlog.get() || self.unread.get() {
            return;
        }
        if self.unsent() > 0 || self.paused.get() {
            return;
        }
        if self.peer_done.get() {
            self.destroy();
        } else if self.runtime.grace_over.get() && self.inbox.borrow().is_empty() {
            self.begin_close();
        }
    }

    /// Closes the connection if it is idle, after a look at what the kernel still holds (I3).
    fn retire(&self) {
        self.unread.set(true);
        self.pump();
    }

    fn bid_farewell(&self, why: Farewell) {
        self.runtime.setting(0, |setting| {
            let mut outbox = self.outbox.borrow_mut();
            let out = outbox.tail(|| self.runtime.reactor.spare_buffer());
            self.codec.borrow_mut().farewell(why, setting, out);
        });
        self.begin_close();
    }

    pub(super) fn begin_close(&self) {
        if !self.is_open() {
            return;
        }
        self.phase.set(Phase::Closing);
        self.inbox.take();
        self.mark_dirty();
        if self.blocked.get() {
            self.give_up_after(self.runtime.limit.close_timeout, Phase::Closing);
        }
    }

    /// Ends our side and waits for the peer's, so that what the peer still sends does not turn the
    /// close into a reset that destroys what it has not read (I5, KF-6).
    fn shut(&self) {
        if self.peer_done.get() {
            return self.destroy();
        }
        let shut = self.stream.borrow().as_ref().map_or(Ok(()), |stream| stream.shutdown(Shutdown::Write));
        if shut.is_err() {
            return self.destroy();
        }
        self.phase.set(Phase::Lingering);
        self.give_up_after(self.runtime.limit.linger, Phase::Lingering);
        self.discard();
    }

    fn discard(&self) {
        let reactor = &self.runtime.reactor;
        let mut chunk = reactor.take_chunk();
        // Bounded, so that a peer that pours does not hold the loop.
        let mut over = None;
        for _ in 0..4 {
            let result = self.stream.borrow_mut().as_mut().map_or(Ok(0), |stream| stream.read(&mut chunk));
            match result {
                Ok(0) => over = Some(true),
                Ok(_) => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => over = Some(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => over = Some(true),
            }
            break;
        }
        reactor.return_chunk(chunk);
        match over {
            Some(true) => self.destroy(),
            Some(false) => {}
            None => reactor.call_again(self.token),
        }
    }

    fn give_up_after(&self, patience: Duration, phase: Phase) {
        let me = self.me.clone();
        Timer::after(patience, move || {
            if let Some(served) = me.upgrade().filter(|served| served.phase.get() == phase) {
                served.destroy();
            }
        });
    }

    pub(super) fn destroy(&self) {
        if self.phase.replace(Phase::Closed) == Phase::Closed {
            return;
        }
        self.runtime.reactor.forget(self.token);
        // Dropping the socket closes it and takes it out of epoll: no other process holds it.
        self.stream.borrow_mut().take();
        self.inbox.take();
        self.outbox.take();
        self.call(&self.runtime.callbacks.close);
        let gone = self.runtime.connections.borrow_mut().remove(&self.id);
        self.runtime.check_emptied();
        drop(gone);
    }

    fn tell_error(&self, error: SendError) {
        if let Some(on_error) = &self.runtime.callbacks.error {
            let handle = self.handle();
            if !guard(|| on_error(&handle, error)) {
                self.destroy();
            }
        }
    }

    fn call(&self, callback: &Option<Box<dyn Fn(&Connection<P>)>>) {
        if let Some(callback) = callback {
            let handle = self.handle();
            if !guard(|| callback(&handle)) {
                tracing::error!(conn = self.id, peer = %self.peer, "a callback panicked: its connection is closed");
                self.destroy();
            }
        }
    }
}
