//! Runs cases against a testee and says what came of it.

mod baseline;
mod blame;
mod exit;
mod filter;
mod hall;
mod honesty;
mod judge;
mod knock;
mod known;
mod outcome;
mod play;
mod profile;
mod runner;
mod select;
mod slicing;
mod stage;
mod talk;

pub use baseline::{BaselineChange, baseline};
pub use exit::ExitKind;
pub use filter::{Filter, FilterError, TAGS};
pub use honesty::{Honesty, Subject};
pub use known::{Known, Stale};
pub use outcome::{Audience, CaseResult, Ending, Progress, RunReport};
pub use profile::Profile;
pub use runner::{Options, run};
pub use select::{SelectError, select};
pub use stage::{Pace, Stage};
