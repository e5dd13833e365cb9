//! What the driver and those who reload meanwhile tell each other.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Shared between the driver's thread and the others. The driver looks at it once per turn of its loop.
#[derive(Debug)]
pub struct Control {
    start: Instant,
    aim: AtomicUsize,
    window: AtomicBool,
    window_closed_micros: AtomicU64,
    stop: AtomicBool,
    abort: AtomicBool,
    answered: AtomicU64,
    lost: AtomicU64,
    in_flight: AtomicU64,
    newest: AtomicUsize,
}

impl Control {
    /// The run starts now.
    pub fn new() -> Control {
        Control {
            start: Instant::now(),
            aim: AtomicUsize::new(0),
            window: AtomicBool::new(false),
            window_closed_micros: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            abort: AtomicBool::new(false),
            answered: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            newest: AtomicUsize::new(0),
        }
    }

    /// Time since the start of the run; every moment of a report counts from there.
    pub fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// The moment of the run at which `instant` was.
    pub fn moment(&self, instant: Instant) -> Duration {
        instant.saturating_duration_since(self.start)
    }

    /// The instant of this moment.
    pub(crate) fn instant(&self, moment: Duration) -> Instant {
        self.start + moment
    }

    /// The release with this index is asked for from now on.
    pub fn aim(&self, release: usize) {
        self.aim.store(release, Relaxed);
    }

    pub(crate) fn aimed(&self) -> usize {
        self.aim.load(Relaxed)
    }

    /// A reload begins: latencies count as inside from now on.
    pub fn open_window(&self) {
        self.window.store(true, Relaxed);
    }

    /// The reload is over.
    pub fn close_window(&self) {
        let micros = u64::try_from(self.now().as_micros()).unwrap_or(u64::MAX);
        self.window_closed_micros.store(micros, Relaxed);
        self.window.store(false, Relaxed);
    }

    /// Whether the first reload has begun.
    pub(crate) fn has_begun(&self) -> bool {
        self.window.load(Relaxed) || 0 < self.window_closed_micros.load(Relaxed)
    }

    /// Whether a reload is under way, and when the last one was over.
    pub(crate) fn window(&self) -> (bool, Duration) {
        (self.window.load(Relaxed), Duration::from_micros(self.window_closed_micros.load(Relaxed)))
    }

    /// No new requests; the driver ends when those under way have their fates.
    pub fn stop(&self) {
        self.stop.store(true, Relaxed);
    }

    pub(crate) fn stops(&self) -> bool {
        self.stop.load(Relaxed)
    }

    /// End at once, because the user wants so.
    pub fn abort(&self) {
        self.abort.store(true, Relaxed);
    }

    /// Whether the run was aborted.
    pub fn aborts(&self) -> bool {
        self.abort.load(Relaxed)
    }

    pub(crate) fn publish(&self, answered: u64, lost: u64, in_flight: u64, newest: usize) {
        self.newest.store(newest, Relaxed);
        self.answered.store(answered, Relaxed);
        self.lost.store(lost, Relaxed);
        self.in_flight.store(in_flight, Relaxed);
    }

    /// Index of the newest release that has answered.
    pub(crate) fn newest_release(&self) -> usize {
        self.newest.load(Relaxed)
    }

    /// Requests answered and lost so far, and connections open.
    pub fn progress(&self) -> (u64, u64, u64) {
        (self.answered.load(Relaxed), self.lost.load(Relaxed), self.in_flight.load(Relaxed))
    }
}

impl Default for Control {
    fn default() -> Control {
        Control::new()
    }
}
