//! What operators and workers ask for: reload, recycle, stop.

use std::time::{Duration, Instant};

use super::{Action, CallerId, Phase, Progress, Slot, Stage, State, WorkerId};
use crate::master::outcome::Outcome;

/// Workers of one slot that may be leaving at once before a further reload waits (I9).
const MAX_LEAVING: usize = 4;

impl State {
    pub(super) fn reload(&mut self, caller: Option<CallerId>, now: Instant) {
        match self.phase {
            Phase::Stop => caller.into_iter().for_each(|caller| {
                self.actions.push(Action::Answer(caller, Outcome::Stopping));
            }),
            Phase::Run if !self.too_many_leaving() => {
                self.callers.extend(caller);
                self.drop_successors("a reload replaces it", now);
                self.boot(now);
            }
            // A boot that is not the first is abandoned: what is on disk now is newer than what it
            // has read, and it may be hanging.
            Phase::Boot if self.started => {
                for superseded in std::mem::take(&mut self.callers) {
                    self.actions.push(Action::Answer(superseded, Outcome::Superseded));
                }
                self.drop_successors("a newer reload supersedes it", now);
                self.callers.extend(caller);
                self.boot(now);
            }
            // The new master has loaded what is on disk now.
            Phase::Abdicated => caller.into_iter().for_each(|caller| {
                self.actions.push(Action::Answer(caller, Outcome::Superseded));
            }),
            _ => self.queued.get_or_insert_default().extend(caller),
        }
    }

    pub(super) fn start_queued(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Run)
            && !self.too_many_leaving()
            && let Some(callers) = self.queued.take()
        {
            self.callers = callers;
            self.drop_successors("a reload replaces it", now);
            self.boot(now);
        }
    }

    pub(super) fn too_many_leaving(&self) -> bool {
        let mut leaving = vec![0; self.slots.len()];
        for record in self.workers.values() {
            if matches!(record.stage, Stage::Leaving(_)) {
                leaving[record.slot] += 1;
            }
        }
        leaving.iter().any(|&count| count >= MAX_LEAVING)
    }

    pub(super) fn recycle(&mut self, worker: WorkerId, now: Instant) {
        let Some(record) = self.workers.get(&worker) else { return };
        let slot = record.slot;
        if self.slots[slot].serving != Some(worker) {
            return;
        }
        self.slots[slot].retiring = true;
        // Under a reload it is replaced anyway, or when that is over.
        if matches!(self.phase, Phase::Run)
            && self.slots[slot].successor.is_none()
            && self.slots[slot].respawn_at.is_none()
        {
            let successor = self.spawn(slot, self.generation, now);
            self.slots[slot].successor = Some(successor);
        }
    }

    pub(super) fn stop(&mut self, graceful: bool, now: Instant) {
        if !matches!(self.phase, Phase::Stop) {
            let outcome = match self.phase {
                Phase::Abdicated => Outcome::Upgraded,
                _ => Outcome::Stopping,
            };
            if let Phase::Upgrade(_) = self.phase {
                self.actions.push(Action::KillHeir { because: "the server stops" });
            }
            self.phase = Phase::Stop;
            self.actions.push(Action::CloseListeners);
            let waiting = std::mem::take(&mut self.callers).into_iter();
            let queued = self.queued.take().unwrap_or_default();
            let ending = std::mem::take(&mut self.awaiting_end).into_iter().flat_map(|(_, callers)| callers);
            for caller in waiting.chain(queued).chain(ending) {
                self.actions.push(Action::Answer(caller, outcome));
            }
        }
        self.say(Progress::Stopping { graceful });
        let (grace, within) = if graceful {
            (self.timing.grace, self.timing.drain)
        } else {
            (Duration::ZERO, self.timing.stop)
        };
        self.slots.iter_mut().for_each(Slot::vacate);
        for worker in self.workers.keys().copied().collect::<Vec<_>>() {
            match self.workers[&worker].stage {
                Stage::Booting(_) => self.kill(worker, "the server stops"),
                Stage::Ready => self.drain(worker, Duration::ZERO, self.timing.stop, now),
                Stage::Accepting(_) => self.drain(worker, grace, within, now),
                // A plain stop does not wait longer for what already leaves.
                Stage::Leaving(until) if !graceful && now + within < until => {
                    self.drain(worker, grace, within, now);
                }
                Stage::Leaving(_) | Stage::Killed => {}
            }
        }
        self.finish_if_empty();
    }

    pub(super) fn finish_if_empty(&mut self) {
        if self.workers.is_empty() {
            self.actions.push(Action::Finish(self.stillborn.map_or(Ok(()), Err)));
        }
    }
}
