//! What the state machine is told and what it orders.

use std::time::Duration;

use crate::master::outcome::{Ending, Failure, Outcome};

/// A worker process over all its life. Never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct WorkerId(pub(crate) u64);

/// Whoever waits for the outcome of a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CallerId(pub(crate) u64);

/// Deadlines of a server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    /// How long a worker may take to become ready.
    pub(crate) boot: Duration,
    /// How long a draining worker keeps connections that say nothing.
    pub(crate) grace: Duration,
    /// How long a draining worker may take.
    pub(crate) drain: Duration,
    /// How long a stopping worker may take.
    pub(crate) stop: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// The worker's `on_worker_start` has returned.
    Ready(WorkerId),
    /// The worker polls its listener.
    Accepting(WorkerId),
    /// The worker wants a successor.
    Recycle(WorkerId),
    /// The worker is gone.
    Ended(WorkerId, Ending),
    /// Somebody wants a reload; a signal has nobody who waits.
    Reload(Option<CallerId>),
    Stop {
        graceful: bool,
    },
    /// Time has passed.
    Tick,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Spawn {
        worker: WorkerId,
        slot: usize,
        generation: u64,
    },
    Accept(WorkerId),
    Drain {
        worker: WorkerId,
        grace: Duration,
        within: Duration,
    },
    Kill {
        worker: WorkerId,
        because: &'static str,
    },
    CloseListeners,
    Progress(Progress),
    Answer(CallerId, Outcome),
    /// All is done; the process ends. `Err` if the first generation did not come up.
    Finish(Result<(), Failure>),
}

/// What an operator sees of a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    Booting { generation: u64, workers: usize },
    Ready { ready: usize, of: usize },
    Committed { generation: u64 },
    Replaced { slot: usize },
    RolledBack { generation: u64, failure: Failure },
    Respawn { slot: usize, delay: Duration, ending: Ending },
    Running,
    Stopping { graceful: bool },
}
