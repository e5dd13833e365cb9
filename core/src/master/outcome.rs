//! How a reload or an upgrade went, for whoever asked for it.

use std::fmt;

use super::state::WorkerId;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It exited with this status.
    Code(i32),
    /// A signal of this number killed it.
    Signal(i32),
}

impl Ending {
    /// As wait(2) gives it: the exit code in the second octet, or the signal's number (WORKER-5).
    pub(crate) fn raw(self) -> i32 {
        match self {
            Self::Code(code) => code << 8,
            Self::Signal(number) => number,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exited with status {code}"),
            Self::Signal(number) => write!(f, "was killed by signal {number}"),
        }
    }
}

/// Why a new generation did not come up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A successor ended before it was ready.
    Ended { worker: WorkerId, slot: usize, ending: Ending },
    /// A successor was not ready in time.
    Late { worker: WorkerId, slot: usize },
}

/// Why a new master did not take over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeirFailure {
    /// It ended.
    Ended(Ending),
    /// It was not ready in time.
    Late,
}

impl fmt::Display for HeirFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(ending) => write!(f, "the new master {ending}"),
            Self::Late => write!(f, "the new master was not ready in time"),
        }
    }
}

/// What became of a request to reload or to upgrade (I7). Every request gets exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The new generation serves and the old one is gone.
    Committed { generation: u64 },
    /// The new generation failed before it served; the old one was not touched.
    RolledBack { failure: Failure },
    /// A newer request came before this one was committed; that one decides.
    Superseded,
    /// The server is stopping.
    Stopping,
    /// A new master serves, and nothing is left of the old one.
    Upgraded,
    /// The new master failed; the old one is in charge.
    NotUpgraded(HeirFailure),
    /// A reload or an upgrade is under way; upgrades are not queued.
    Busy,
}
