//! Runs cases against a testee and says what came of it.

mod exit;
mod honesty;
mod known;
mod play;
mod runner;
mod select;
mod stage;

pub use exit::ExitKind;
pub use honesty::{Honesty, Subject};
pub use known::{Known, Stale};
pub use runner::{CaseResult, Ending, Options, Progress, RunReport, run};
pub use select::{SelectError, select};
pub use stage::{Pace, Stage};
