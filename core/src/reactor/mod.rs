//! The loop of a worker: sources, timers in deadline order, and output that leaves once per turn.

mod clock;
mod run;
mod slots;
mod timer;

pub(crate) use clock::{now, wall};
pub(crate) use run::{Reactor, Source};
pub use timer::Timer;
