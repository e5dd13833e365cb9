//! What the state machine shows of itself, for `status`.

use std::time::Instant;

use super::{Stage, State, WorkerId};

/// What the server as a whole is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Starting,
    Running,
    /// A slot is in a crash loop, or its worker should have been replaced and could not be.
    Degraded,
    Reloading,
    Upgrading,
    Stopping,
}

/// What a slot is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlotView {
    /// Deaths in a row.
    pub(crate) failures: u32,
    /// When another worker is started.
    pub(crate) retry_at: Option<Instant>,
    /// Whether a worker serves.
    pub(crate) served: bool,
}

/// So many quick deaths in a row are a crash loop.
pub(crate) const CRASH_LOOP: u32 = 3;

impl State {
    pub(crate) fn phase(&self) -> Phase {
        match self.phase {
            _ if !self.started => Phase::Starting,
            super::Phase::Stop => Phase::Stopping,
            super::Phase::Boot | super::Phase::Await | super::Phase::Switch => Phase::Reloading,
            super::Phase::Upgrade(_) | super::Phase::Abdicated => Phase::Upgrading,
            super::Phase::Run if (0..self.slots.len()).any(|slot| self.is_degraded(slot)) => Phase::Degraded,
            super::Phase::Run => Phase::Running,
        }
    }

    fn is_degraded(&self, slot: usize) -> bool {
        let view = self.slot(slot);
        !view.served || view.retry_at.is_some()
    }

    pub(crate) fn slot(&self, slot: usize) -> SlotView {
        let it = &self.slots[slot];
        let serving = it.serving.and_then(|worker| self.workers.get(&worker));
        let served = serving.is_some_and(|record| matches!(record.stage, Stage::Accepting(_)));
        SlotView { failures: it.failures, retry_at: it.respawn_at, served }
    }

    /// The worker that has taken over the slot of one that leaves.
    pub(crate) fn successor_of(&self, worker: WorkerId) -> Option<WorkerId> {
        let slot = self.workers.get(&worker)?.slot;
        let successor = self.slots[slot].serving.filter(|successor| *successor != worker)?;
        let accepts = matches!(self.workers.get(&successor)?.stage, Stage::Accepting(_));
        accepts.then_some(successor)
    }

    /// What a worker is doing, in a word.
    pub(crate) fn stage(&self, worker: WorkerId) -> &'static str {
        match self.workers.get(&worker).map(|record| record.stage) {
            Some(Stage::Booting(_)) => "booting",
            Some(Stage::Ready) => "ready",
            Some(Stage::Accepting(_)) => "serving",
            Some(Stage::Leaving(_)) => "draining",
            Some(Stage::Killed) => "killed",
            None => "gone",
        }
    }

    /// How many reloads were committed.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }
}
