//! The only reader of the clocks; everything else is told the time.

use std::time::{Duration, Instant, SystemTime};

use nix::time::{ClockId, clock_gettime};

/// The monotonic time of now.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The wall-clock time of now, for dates that a person or a protocol sees.
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// The monotonic time of now as every process of this machine counts it: since its start.
pub(crate) fn uptime() -> Duration {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map(Duration::from).unwrap_or_default()
}
