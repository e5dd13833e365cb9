//! Poll, dispatch, timers, flush: one turn of the loop, and the next.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Registry, Token, Waker};

use super::clock;
use super::slots::Slots;
use super::timer::{Job, Owner, Timers};
use crate::connection::Outgoing;
use crate::offload::Offloaded;
use crate::protocol::http::DateLine;
use crate::tally::{Call, Tally};
use crate::worker::ConnectionRow;

/// Octets read from a socket at a time (PIPE-1).
const READ_CHUNK: usize = 87_380;

/// The token of what other threads wake the loop with. No source gets it.
const WAKER: Token = Token(usize::MAX);

/// Something that the loop serves.
pub(crate) trait Source {
    /// The kernel reported it, or it asked to be called again.
    fn ready(self: Rc<Self>, readable: bool, writable: bool);

    /// The kernel reported the peer's end; [`ready`](Self::ready) follows.
    fn hangup(&self) {}

    /// The turn ends: send what was gathered.
    fn flush(self: Rc<Self>) {}
}

/// The loop. One per worker, reached by [`Reactor::current`] from its callbacks.
pub(crate) struct Reactor {
    poll: RefCell<Poll>,
    registry: Registry,
    sources: RefCell<Slots<dyn Source>>,
    timers: RefCell<Timers>,
    /// Sources with output to send when the turn ends.
    dirty: RefCell<Vec<Rc<dyn Source>>>,
    /// Sources that may have more to read: edge-triggered readiness is not repeated by the kernel.
    again: RefCell<VecDeque<Token>>,
    /// The buffer that all connections read through; taken while in use.
    chunk: Cell<Option<Box<[u8]>>>,
    /// Emptied output buffers, for the next connection that needs one.
    spare: RefCell<Vec<Vec<u8>>>,
    date: RefCell<DateLine>,
    stopped: Cell<bool>,
    tally: Tally,
    /// When the present turn began, and when the loop did.
    turned: Cell<Instant>,
    born: Instant,
    last_id: Cell<u64>,
    last_client: Cell<u64>,
    /// What lives as long as the worker.
    kept: RefCell<Vec<Rc<dyn Any>>>,
    /// Clients with connections.
    clients: RefCell<BTreeMap<u64, Rc<dyn Outgoing>>>,
    /// Sources whose output was cut short so that others get their turn.
    write_again: RefCell<Vec<Token>>,
    pub(crate) offloaded: Offloaded,
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<Reactor>>> = const { RefCell::new(None) };
}

impl Reactor {
    /// A loop, made current for this thread.
    pub(crate) fn start(tally: Tally) -> io::Result<Rc<Self>> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        let reactor = Rc::new(Self {
            poll: RefCell::new(poll),
            registry,
            sources: RefCell::new(Slots::new()),
            timers: RefCell::default(),
            dirty: RefCell::default(),
            again: RefCell::default(),
            chunk: Cell::new(Some(vec![0; READ_CHUNK].into_boxed_slice())),
            spare: RefCell::default(),
            date: RefCell::default(),
            stopped: Cell::new(false),
            tally,
            turned: Cell::new(clock::now()),
            born: clock::now(),
            last_id: Cell::new(0),
            last_client: Cell::new(0),
            kept: RefCell::default(),
            clients: RefCell::default(),
            write_again: RefCell::default(),
            offloaded: Offloaded::new(waker),
        });
        CURRENT.set(Some(Rc::clone(&reactor)));
        Ok(reactor)
    }

    /// The loop of this thread.
    pub(crate) fn current() -> Rc<Self> {
        CURRENT.with_borrow(|current| current.clone()).expect("timers and connections exist in workers only")
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// A token for a source to register under, then to [`adopt`](Self::adopt).
    pub(crate) fn reserve(&self) -> Token {
        self.sources.borrow_mut().reserve()
    }

    pub(crate) fn adopt(&self, token: Token, source: Rc<dyn Source>) {
        self.sources.borrow_mut().fill(token, source);
    }

    pub(crate) fn forget(&self, token: Token) {
        self.sources.borrow_mut().remove(token);
    }

    /// Flushes `source` when the turn ends.
    pub(crate) fn mark_dirty(&self, source: Rc<dyn Source>) {
        self.dirty.borrow_mut().push(source);
    }

    /// Calls the source as readable in the next turn.
    pub(crate) fn call_again(&self, token: Token) {
        self.again.borrow_mut().push_back(token);
    }

    /// Calls the source as writable in the next turn.
    pub(crate) fn write_again(&self, token: Token) {
        self.write_again.borrow_mut().push(token);
    }

    /// The time of the present turn, in milliseconds of this loop. Wraps after 49 days: compare differences.
    pub(crate) fn millis(&self) -> u32 {
        self.turned.get().duration_since(self.born).as_millis() as u32
    }

    /// The next number of a connection (CONN-1).
    pub(crate) fn next_id(&self) -> u64 {
        self.last_id.set(self.last_id.get() + 1);
        self.last_id.get()
    }

    pub(crate) fn next_client(&self) -> u64 {
        self.last_client.set(self.last_client.get() + 1);
        self.last_client.get()
    }

    /// Keeps something as long as the worker lives.
    pub(crate) fn keep(&self, thing: Rc<dyn Any>) {
        self.kept.borrow_mut().push(thing);
    }

    pub(crate) fn hold_client(&self, number: u64, client: Rc<dyn Outgoing>) {
        self.clients.borrow_mut().insert(number, client);
    }

    pub(crate) fn release_client(&self, number: u64) {
        let gone = self.clients.borrow_mut().remove(&number);
        drop(gone);
    }

    /// The connections of clients as `connections` shows them.
    pub(crate) fn client_rows(&self) -> Vec<ConnectionRow> {
        self.clients.borrow().values().flat_map(|client| client.rows()).collect()
    }

    /// Closes what clients have open, and calls `done` when nothing of it is left (SF-4).
    pub(crate) fn leave_clients(&self, within: Duration, done: impl FnOnce() + 'static) {
        let clients: Vec<_> = self.clients.borrow().values().cloned().collect();
        let left = Rc::new(Cell::new(clients.len() + 1));
        let done = Rc::new(Cell::new(Some(Box::new(done) as Box<dyn FnOnce()>)));
        let one_less = move || {
            left.set(left.get() - 1);
            if left.get() == 0 {
                done.take().into_iter().for_each(|done| done());
            }
        };
        for client in clients {
            client.leave(within, Box::new(one_less.clone()));
        }
        one_less();
    }

    /// Lends the read buffer.
    pub(crate) fn take_chunk(&self) -> Box<[u8]> {
        self.chunk.take().unwrap_or_else(|| vec![0; READ_CHUNK].into_boxed_slice())
    }

    pub(crate) fn return_chunk(&self, chunk: Box<[u8]>) {
        self.chunk.set(Some(chunk));
    }

    pub(crate) fn spare_buffer(&self) -> Vec<u8> {
        self.spare.borrow_mut().pop().unwrap_or_default()
    }

    /// Takes back a buffer; a large one goes to the allocator.
    pub(crate) fn recycle(&self, mut buffer: Vec<u8>) {
        let mut spare = self.spare.borrow_mut();
        if spare.len() < 64 && buffer.capacity() <= 16 * 1024 {
            buffer.clear();
            spare.push(buffer);
        }
    }

    /// Calls `use_date` with the date of now as HTTP writes it.
    pub(crate) fn with_date<R>(&self, use_date: impl FnOnce(&str) -> R) -> R {
        use_date(self.date.borrow_mut().at(clock::wall()))
    }

    pub(super) fn add_timer(&self, delay: Duration, owner: Owner, job: Job) -> u64 {
        self.timers.borrow_mut().add(clock::now() + delay, owner, job)
    }

    pub(super) fn cancel_all_timers(&self) {
        self.timers.borrow_mut().clear();
    }

    pub(super) fn cancel_timer(&self, number: u64) -> bool {
        self.timers.borrow_mut().cancel(number)
    }

    /// Ends [`run`](Self::run) after the present turn.
    pub(crate) fn stop(&self) {
        self.stopped.set(true);
    }

    /// Turns until [`stop`](Self::stop).
    pub(crate) fn run(&self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        while !self.stopped.get() {
            self.turn(&mut events)?;
        }
        Ok(())
    }

    fn turn(&self, events: &mut Events) -> io::Result<()> {
        let patience = self.patience();
        self.tally.waits(self.timers.borrow().count());
        match self.poll.borrow_mut().poll(events, patience) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => events.clear(),
            other => other?,
        }
        self.turned.set(clock::now());
        self.tally.turns(clock::uptime());
        for event in events.iter() {
            if event.token() == WAKER {
                self.offloaded.finish();
                continue;
            }
            let readable = event.is_readable() || event.is_read_closed() || event.is_error();
            let writable = event.is_writable() || event.is_write_closed() || event.is_error();
            if event.is_read_closed() || event.is_error() {
                let source = self.sources.borrow().get(event.token());
                source.iter().for_each(|source| source.hangup());
            }
            self.call(event.token(), readable, writable);
        }
        let waiting = self.again.borrow().len();
        for _ in 0..waiting {
            let next = self.again.borrow_mut().pop_front();
            if let Some(token) = next {
                self.call(token, true, false);
            }
        }
        let unfinished = std::mem::take(&mut *self.write_again.borrow_mut());
        for token in unfinished {
            self.call(token, false, true);
        }
        self.run_timers();
        self.flush();
        Ok(())
    }

    fn call(&self, token: Token, readable: bool, writable: bool) {
        let source = self.sources.borrow().get(token);
        if let Some(source) = source {
            source.ready(readable, writable);
        }
    }

    /// How long to wait in the kernel. Rounded up to whole milliseconds by mio, so a timer is never early.
    fn patience(&self) -> Option<Duration> {
        let waiting = !self.again.borrow().is_empty()
            || !self.dirty.borrow().is_empty()
            || !self.write_again.borrow().is_empty();
        if waiting {
            return Some(Duration::ZERO);
        }
        let deadline = self.timers.borrow().next_deadline()?;
        Some(deadline.saturating_duration_since(clock::now()))
    }

    /// Runs the jobs that were due when the turn began; those they add wait for the next turn, so
    /// that a chain of them can't starve the sockets (TIMER-5).
    fn run_timers(&self) {
        let now = clock::now();
        let mut budget = 10_000;
        loop {
            let due = self.timers.borrow_mut().due(now);
            let Some((_, job)) = due else { return };
            let run = AssertUnwindSafe(|| match job {
                Job::Once(job) => job.take().into_iter().for_each(|job| job()),
                Job::Every(_, job) => job(),
            });
            if self.tally.during(Call::Timer, || catch_unwind(run)).is_err() {
                tracing::error!("a timer's job panicked");
            }
            budget -= 1;
            if budget == 0 {
                return;
            }
        }
    }

    fn flush(&self) {
        loop {
            let dirty = std::mem::take(&mut *self.dirty.borrow_mut());
            if dirty.is_empty() {
                return;
            }
            for source in dirty {
                source.flush();
            }
        }
    }
}
