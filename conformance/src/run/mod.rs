//! Runs cases against a testee and says what came of it.

mod exit;
mod honesty;
mod judge;
mod knock;
mod known;
mod outcome;
mod play;
mod runner;
mod select;
mod stage;
mod talk;

pub use exit::ExitKind;
pub use honesty::{Honesty, Subject};
pub use known::{Known, Stale};
pub use outcome::{CaseResult, Ending, Progress, RunReport};
pub use runner::{Options, run};
pub use select::{SelectError, select};
pub use stage::{Pace, Stage};
