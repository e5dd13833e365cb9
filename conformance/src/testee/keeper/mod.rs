//! The keeper: a process between runner and testee that outlives neither.
//!
//! It is the child subreaper of everything the testee forks, daemons included. It holds the read end
//! of a pipe whose write end only the runner has: when that closes, however the runner ended, the
//! keeper kills every descendant until none is left, and ends.

mod link;
mod log;
mod message;
mod serve;

pub(super) use link::KeeperLink;
pub(super) use log::tail;
pub use serve::{KeeperArgs, serve};
