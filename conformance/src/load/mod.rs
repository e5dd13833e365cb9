//! Load on a server while it reloads, and the fate of every request.

mod answer;
mod connection;
mod control;
mod driver;
mod fate;
mod identity;
mod ledger;
mod plan;
mod population;
mod random;
mod receipt;
mod report;
mod request;
mod schedule;
mod tally;
mod watch;

pub use control::Control;
pub use driver::{DriveError, Loss, Record, drive};
pub use fate::{End, Fate, Weight};
pub use ledger::{Imbalance, Ledger};
pub use plan::LoadPlan;
pub use population::{Method, Population};
pub use receipt::Releases;
