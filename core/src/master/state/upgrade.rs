//! A new master takes over: both sides. The old one serves until the new one's workers are ready,
//! then gives up its place; slot by slot the new one's worker accepts before the old one's drains.

use std::time::{Duration, Instant};

use super::{Action, CallerId, Phase, Progress, State, WorkerId};
use crate::master::outcome::{Ending, HeirFailure, Outcome};

/// Past the boot timeout of its own workers a new master gets this long to say so itself.
const HEIR_MARGIN: Duration = Duration::from_secs(1);

impl State {
    // The old master.

    pub(super) fn upgrade(&mut self, caller: CallerId, now: Instant) {
        let refusal = match self.phase {
            Phase::Run => {
                self.phase = Phase::Upgrade(now + self.timing.boot + HEIR_MARGIN);
                self.heir_late = false;
                self.callers.push(caller);
                self.say(Progress::Upgrading);
                self.actions.push(Action::StartHeir);
                return;
            }
            Phase::Stop => Outcome::Stopping,
            _ => Outcome::Busy,
        };
        self.actions.push(Action::Answer(caller, refusal));
    }

    pub(super) fn heir_ready(&mut self, now: Instant) {
        if !matches!(self.phase, Phase::Upgrade(_)) || self.heir_late {
            return;
        }
        self.phase = Phase::Abdicated;
        self.settled = false;
        // Those who wait for a reload: what is on disk now is what the new master runs.
        for caller in self.queued.take().unwrap_or_default() {
            self.actions.push(Action::Answer(caller, Outcome::Superseded));
        }
        self.drop_successors("a new master takes over", now);
        for slot in &mut self.slots {
            slot.respawn_at = None;
            slot.retiring = false;
        }
        self.say(Progress::Abdicated);
        self.actions.push(Action::Abdicate);
    }

    pub(super) fn heir_serves(&mut self, slot: usize, now: Instant) {
        if self.phase == Phase::Abdicated
            && let Some(worker) = self.slots.get_mut(slot).and_then(|slot| slot.serving.take())
        {
            self.retire(worker, now);
        }
    }

    pub(super) fn heir_settled(&mut self, now: Instant) {
        if self.phase != Phase::Abdicated {
            return;
        }
        self.settled = true;
        // Slots that the new master does not have.
        for slot in 0..self.slots.len() {
            self.heir_serves(slot, now);
        }
        self.finish_if_settled();
    }

    pub(super) fn heir_gone(&mut self, ending: Ending, now: Instant) {
        let failure = if self.heir_late { HeirFailure::Late } else { HeirFailure::Ended(ending) };
        match self.phase {
            Phase::Upgrade(_) => {}
            Phase::Abdicated => {
                self.actions.push(Action::Reclaim);
                let vacant = self.slots.iter_mut().filter(|slot| slot.serving.is_none());
                vacant.for_each(|slot| slot.respawn_at = Some(now));
            }
            _ => return,
        }
        self.phase = Phase::Run;
        self.say(Progress::UpgradeFailed(failure));
        for caller in std::mem::take(&mut self.callers) {
            self.actions.push(Action::Answer(caller, Outcome::NotUpgraded(failure)));
        }
        self.mend(now);
        self.tick(now);
        self.start_queued(now);
    }

    pub(super) fn check_heir(&mut self, now: Instant) {
        if let Phase::Upgrade(deadline) = self.phase
            && deadline <= now
            && !std::mem::replace(&mut self.heir_late, true)
        {
            self.actions.push(Action::KillHeir { because: "it was not ready in time" });
        }
    }

    pub(super) fn ended_after_abdication(&mut self, slot: usize, worker: WorkerId) {
        if self.slots[slot].serving == Some(worker) {
            self.slots[slot].serving = None;
        }
        self.answer_ended();
        self.finish_if_settled();
    }

    fn finish_if_settled(&mut self) {
        if !self.settled || !self.workers.is_empty() {
            return;
        }
        for caller in std::mem::take(&mut self.callers) {
            self.actions.push(Action::Answer(caller, Outcome::Upgraded));
        }
        self.actions.push(Action::Finish(Ok(())));
    }

    /// Drains a worker whose place is taken by one of the new master.
    fn retire(&mut self, worker: WorkerId, now: Instant) {
        self.actions.push(Action::Reload(worker));
        self.drain(worker, self.timing.grace, self.timing.drain, now);
    }

    // The new master.

    pub(super) fn inherited(&mut self, now: Instant) {
        if self.phase == Phase::Await {
            self.actions.push(Action::TakeOver);
            self.commit(now);
        }
    }

    /// Without a master before it there is no place to take (SF-12).
    pub(super) fn predecessor_gone(&mut self, now: Instant) {
        match self.phase {
            Phase::Boot | Phase::Await if self.unrelieved.is_some() => self.stop(false, now),
            _ => self.unrelieved = None,
        }
    }

    /// A worker of this slot accepts.
    pub(super) fn relieve(&mut self, slot: usize) {
        let Some(unrelieved) = &mut self.unrelieved else { return };
        if !unrelieved.remove(&slot) {
            return;
        }
        let settled = unrelieved.is_empty();
        self.actions.push(Action::TellServes(slot));
        if settled {
            self.unrelieved = None;
            self.actions.push(Action::TellSettled);
        }
    }
}
