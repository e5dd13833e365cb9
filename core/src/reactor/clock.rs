//! The only reader of the clocks; everything else is told the time.

use std::time::{Instant, SystemTime};

/// The monotonic time of now.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The wall-clock time of now, for dates that a person or a protocol sees.
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}
