//! How a reload went, for whoever asked for it.

use std::fmt;

use super::state::WorkerId;

/// How a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It exited with this status.
    Code(i32),
    /// A signal of this number killed it.
    Signal(i32),
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

/// What became of a request to reload (I7). Every request gets exactly one.
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
}
