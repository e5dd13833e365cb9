//! The scoreboard: what each worker counts, and what its loop is doing right now, in memory that the
//! master reads without asking (STATUS-3). So `status` answers at once, also about a worker that is
//! stuck in application code.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nix::sys::memfd::{MFdFlags, memfd_create};

use crate::sys::shared::Shared;

/// What of the application is being called, for whoever asks why a worker is busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Connect,
    Message,
    Close,
    Error,
    BufferFull,
    BufferDrain,
    /// Something that the protocol has to tell: a handshake, a ping.
    Notice,
    Timer,
    WorkerStart,
    WorkerStop,
    WorkerReload,
}

/// What a loop is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    /// It waits for the kernel: idle.
    Waiting,
    /// It works, and is in no callback.
    Turning,
    Calling(Call),
}

/// Words of a seat: two cache lines, because the kernel's prefetcher fetches them in pairs.
const SEAT: usize = 16;

/// Places of the words within a seat.
const CONNECTIONS: usize = 0;
const REQUESTS: usize = 1;
const SEND_FAILURES: usize = 2;
const TIMERS: usize = 3;
const TURNED_AT: usize = 4;
const DOING: usize = 5;

/// The calls by their number on the board, less two.
const CALLS: [Call; 11] = [
    Call::Connect,
    Call::Message,
    Call::Close,
    Call::Error,
    Call::BufferFull,
    Call::BufferDrain,
    Call::Notice,
    Call::Timer,
    Call::WorkerStart,
    Call::WorkerStop,
    Call::WorkerReload,
];

impl Call {
    /// The callback's name in this library; a timer's job has none.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Connect => "on_connect",
            Self::Message => "on_message",
            Self::Close => "on_close",
            Self::Error => "on_error",
            Self::BufferFull => "on_buffer_full",
            Self::BufferDrain => "on_buffer_drain",
            Self::Notice => "a protocol's callback",
            Self::Timer => "a timer",
            Self::WorkerStart => "on_worker_start",
            Self::WorkerStop => "on_worker_stop",
            Self::WorkerReload => "on_worker_reload",
        }
    }
}

impl Doing {
    fn number(self) -> u64 {
        match self {
            Self::Waiting => 0,
            Self::Turning => 1,
            Self::Calling(call) => 2 + call as u64,
        }
    }

    fn of_number(number: u64) -> Self {
        let call = number.checked_sub(2).and_then(|index| CALLS.get(usize::try_from(index).ok()?));
        match call {
            Some(call) => Self::Calling(*call),
            None if number == 0 => Self::Waiting,
            None => Self::Turning,
        }
    }
}

/// The master's end: seats for workers.
#[derive(Debug)]
pub(crate) struct Board {
    memory: OwnedFd,
    shared: Shared,
    free: Vec<usize>,
}

/// What a worker's seat says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) connections: u64,
    pub(crate) requests: u64,
    pub(crate) send_failures: u64,
    pub(crate) timers: u64,
    /// When its loop last turned, on the clock of [`uptime`](crate::reactor::uptime).
    pub(crate) turned_at: Duration,
    pub(crate) doing: Doing,
}

impl Board {
    /// A board for so many workers at a time.
    pub(crate) fn new(seats: usize) -> io::Result<Self> {
        let memory = memfd_create("workers", MFdFlags::MFD_CLOEXEC)?;
        let words = seats.max(1) * SEAT;
        nix::unistd::ftruncate(&memory, (words * size_of::<u64>()) as i64)?;
        let shared = Shared::map(memory.as_fd(), words)?;
        Ok(Self { memory, shared, free: (0..seats).rev().collect() })
    }

    /// What a worker needs to find its seat.
    pub(crate) fn memory(&self) -> BorrowedFd<'_> {
        self.memory.as_fd()
    }

    /// A seat for a new worker, wiped.
    pub(crate) fn seat(&mut self) -> Option<usize> {
        let seat = self.free.pop()?;
        self.words(seat).iter().for_each(|word| word.store(0, Ordering::Relaxed));
        Some(seat)
    }

    /// Takes back the seat of a worker that is gone.
    pub(crate) fn vacate(&mut self, seat: usize) {
        self.free.push(seat);
    }

    pub(crate) fn read(&self, seat: usize) -> Reading {
        let word = |place: usize| self.words(seat)[place].load(Ordering::Relaxed);
        Reading {
            connections: word(CONNECTIONS),
            requests: word(REQUESTS),
            send_failures: word(SEND_FAILURES),
            timers: word(TIMERS),
            turned_at: Duration::from_millis(word(TURNED_AT)),
            doing: Doing::of_number(word(DOING)),
        }
    }

    fn words(&self, seat: usize) -> &[AtomicU64] {
        &self.shared.words()[seat * SEAT..(seat + 1) * SEAT]
    }
}

/// The worker's end: its own seat, which it alone writes. So counting is a plain load and store.
pub(crate) struct Tally {
    shared: Shared,
    seat: usize,
    /// Calls the hook when that many requests were counted.
    limit: Cell<u64>,
    reached: RefCell<Option<Box<dyn FnOnce()>>>,
}

impl Tally {
    /// The seat of that number on the board that the master handed over.
    ///
    /// # Errors
    /// Where it cannot be mapped.
    pub(crate) fn at(memory: BorrowedFd<'_>, seat: usize) -> io::Result<Self> {
        let shared = Shared::map(memory, (seat + 1) * SEAT)?;
        Ok(Self { shared, seat, limit: Cell::new(u64::MAX), reached: RefCell::default() })
    }

    /// Calls `hook` once, when `limit` requests were counted.
    pub(crate) fn when_requests_reach(&self, limit: u64, hook: impl FnOnce() + 'static) {
        self.limit.set(limit);
        *self.reached.borrow_mut() = Some(Box::new(hook));
    }

    /// A connection began, incoming or outgoing.
    pub(crate) fn connected(&self) {
        self.add(CONNECTIONS, 1);
    }

    /// A connection ended.
    pub(crate) fn disconnected(&self) {
        self.add(CONNECTIONS, u64::MAX);
    }

    /// A message was found: whole and not yet decoded (PIPE-7).
    pub(crate) fn requested(&self) {
        if self.add(REQUESTS, 1) >= self.limit.get() {
            self.limit.set(u64::MAX);
            let hook = self.reached.borrow_mut().take();
            hook.into_iter().for_each(|hook| hook());
        }
    }

    /// A message was not sent (BUF-4, BUF-8, BUF-9).
    pub(crate) fn send_failed(&self) {
        self.add(SEND_FAILURES, 1);
    }

    /// The loop goes to wait, with so many timers pending.
    pub(crate) fn waits(&self, timers: usize) {
        self.put(TIMERS, timers as u64);
        self.put(DOING, Doing::Waiting.number());
    }

    /// The loop turns: `now` is the time since the machine started.
    pub(crate) fn turns(&self, now: Duration) {
        self.put(TURNED_AT, u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
        self.put(DOING, Doing::Turning.number());
    }

    /// Calls the application, and notes what.
    pub(crate) fn during<R>(&self, call: Call, run: impl FnOnce() -> R) -> R {
        // A callback may be called from within another: a send that fills the buffer.
        let before = self.word(DOING).load(Ordering::Relaxed);
        self.put(DOING, Doing::Calling(call).number());
        let result = run();
        self.put(DOING, before);
        result
    }

    fn add(&self, place: usize, amount: u64) -> u64 {
        let word = self.word(place);
        let sum = word.load(Ordering::Relaxed).wrapping_add(amount);
        word.store(sum, Ordering::Relaxed);
        sum
    }

    fn put(&self, place: usize, value: u64) {
        self.word(place).store(value, Ordering::Relaxed);
    }

    fn word(&self, place: usize) -> &AtomicU64 {
        &self.shared.words()[self.seat * SEAT + place]
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    #[test]
    fn what_a_worker_writes_the_master_reads() {
        let mut board = Board::new(2).expect("a memfd");
        let (first, second) = (board.seat().expect("a seat"), board.seat().expect("a seat"));
        assert_eq!(board.seat(), None);
        let tally = Tally::at(board.memory(), second).expect("the same memory");
        tally.connected();
        tally.connected();
        tally.disconnected();
        tally.requested();
        tally.send_failed();
        tally.waits(7);
        tally.turns(Duration::from_millis(1234));
        let inside = tally.during(Call::Message, || tally.during(Call::Close, || board.read(second).doing));
        assert_eq!(inside, Doing::Calling(Call::Close));
        let expected = Reading {
            connections: 1,
            requests: 1,
            send_failures: 1,
            timers: 7,
            turned_at: Duration::from_millis(1234),
            doing: Doing::Turning,
        };
        assert_eq!(board.read(second), expected);
        let untouched = board.read(first);
        assert_eq!((untouched.connections, untouched.doing), (0, Doing::Waiting));
        board.vacate(second);
        assert_eq!(board.seat(), Some(second));
        assert_eq!(board.read(second).requests, 0);
    }

    #[test]
    fn the_hook_is_called_once_when_the_limit_is_reached() {
        let mut board = Board::new(1).expect("a memfd");
        let seat = board.seat().expect("a seat");
        let tally = Tally::at(board.memory(), seat).expect("the same memory");
        let calls = Rc::new(Cell::new(0));
        let counted = Rc::clone(&calls);
        tally.when_requests_reach(3, move || counted.set(counted.get() + 1));
        let after: Vec<u32> = (0..5)
            .map(|_| {
                tally.requested();
                calls.get()
            })
            .collect();
        assert_eq!(after, [0, 0, 1, 1, 1]);
    }

    #[test]
    fn every_call_survives_the_board() {
        for call in CALLS {
            assert_eq!(Doing::of_number(Doing::Calling(call).number()), Doing::Calling(call));
        }
    }
}
