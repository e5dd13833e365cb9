//! What the state machine is told and what it orders.

use std::time::Duration;

use crate::master::outcome::{Ending, Failure, HeirFailure, Outcome};

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
    /// Somebody wants this master replaced by the program that is on disk now.
    Upgrade(CallerId),
    /// The new master's workers are ready.
    HeirReady,
    /// The new master's worker accepts in the place of this slot.
    HeirServes(usize),
    /// The new master needs nothing of this one any more.
    HeirSettled,
    /// The new master is gone.
    HeirGone(Ending),
    /// The master before this one has given up its place.
    Inherited,
    /// The master before this one is gone.
    PredecessorGone,
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
    /// A reload has come: its application is told, before it drains or because it stays.
    Reload(WorkerId),
    /// A reload begins.
    Reloading,
    /// Start the new master.
    StartHeir,
    KillHeir {
        because: &'static str,
    },
    /// Give up the command socket, the pid file and the place to the new master.
    Abdicate,
    /// Take them back: it is gone.
    Reclaim,
    /// Tell the master before this one that all are ready.
    TellReady,
    /// It has given up its place: take it.
    TakeOver,
    /// Tell it that this slot's worker accepts.
    TellServes(usize),
    /// Tell it that nothing of it is needed any more.
    TellSettled,
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
    Respawn { slot: usize, delay: Duration, ending: Ending, failures: u32 },
    Upgrading,
    Abdicated,
    UpgradeFailed(HeirFailure),
    Running,
    Stopping { graceful: bool },
}
