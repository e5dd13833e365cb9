//! Ends of workers, and deadlines.

use std::time::{Duration, Instant};

use super::{Action, CallerId, Phase, Progress, Record, Slot, Stage, State, WorkerId};
use crate::master::outcome::{Ending, Failure, Outcome};

/// A worker that served this long was healthy: its death is no part of a crash loop.
const HEALTHY: Duration = Duration::from_secs(5);

/// Delay before the second replacement in a crash loop; each further one doubles it (SF-11).
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(10);

impl State {
    pub(super) fn ended(&mut self, worker: WorkerId, ending: Ending, now: Instant) {
        let Some(record) = self.workers.remove(&worker) else { return };
        let slot = record.slot;
        match self.phase {
            Phase::Stop => return self.finish_if_empty(),
            Phase::Abdicated => return self.ended_after_abdication(slot, worker),
            _ => {}
        }
        if self.slots[slot].successor == Some(worker) {
            self.slots[slot].successor = None;
            match self.phase {
                Phase::Boot | Phase::Await => self.roll_back(Failure::Ended { worker, slot, ending }, now),
                // Committed: the old worker of the slot stays until another successor accepts.
                Phase::Switch => {
                    if self.slots[slot].serving.is_none() || self.wants_successor(slot) {
                        self.schedule_respawn(slot, record.stage, ending, now);
                    }
                    self.switch_next(now);
                }
                // The same, after the other slots have switched; or the old one has asked to go.
                _ => self.schedule_respawn(slot, record.stage, ending, now),
            }
        } else if self.slots[slot].serving == Some(worker) {
            self.slots[slot].serving = None;
            self.slots[slot].retiring = false;
            self.schedule_respawn(slot, record.stage, ending, now);
        }
        self.answer_ended();
        self.start_queued(now);
    }

    pub(super) fn schedule_respawn(&mut self, slot: usize, stage: Stage, ending: Ending, now: Instant) {
        let healthy = matches!(stage, Stage::Accepting(since) if since + HEALTHY <= now);
        let failures = if healthy { 1 } else { self.slots[slot].failures + 1 };
        self.slots[slot].failures = failures;
        let delay = match failures {
            1 => Duration::ZERO,
            n => MAX_BACKOFF.min(FIRST_BACKOFF * 2u32.saturating_pow((n - 2).min(16))),
        };
        self.say(Progress::Respawn { slot, delay, ending, failures });
        self.slots[slot].respawn_at = Some(now + delay);
        self.tick(now);
    }

    pub(super) fn tick(&mut self, now: Instant) {
        self.check_heir(now);
        for slot in 0..self.slots.len() {
            if self.slots[slot].respawn_at.is_some_and(|at| at <= now) {
                self.slots[slot].respawn_at = None;
                self.respawn(slot, now);
            }
        }
        let late = |record: &Record| match record.stage {
            Stage::Booting(at) | Stage::Leaving(at) => at <= now,
            _ => false,
        };
        let overdue: Vec<_> =
            self.workers.iter().filter(|(_, record)| late(record)).map(|(id, _)| *id).collect();
        for worker in overdue {
            let Some(record) = self.workers.get(&worker) else { continue };
            let slot = record.slot;
            match record.stage {
                Stage::Booting(_) => {
                    self.kill(worker, "it was not ready in time");
                    if self.slots[slot].successor == Some(worker) && matches!(self.phase, Phase::Boot) {
                        self.roll_back(Failure::Late { worker, slot }, now);
                    }
                }
                Stage::Leaving(_) => self.kill(worker, "its time to leave is over"),
                _ => {}
            }
        }
    }

    /// Whether the slot's worker is to be replaced: it has asked for that, or it is of a generation
    /// before the one that was committed, because its successor failed after the commit.
    pub(super) fn wants_successor(&self, slot: usize) -> bool {
        let Slot { retiring, reloadable, serving, .. } = self.slots[slot];
        let serving = serving.and_then(|worker| self.workers.get(&worker));
        retiring || reloadable && serving.is_some_and(|record| record.generation < self.generation)
    }

    /// Has slots whose worker is to be replaced, and for which nothing is under way, try again: a reload
    /// that was to mend them was rolled back, or they asked during one.
    pub(super) fn mend(&mut self, now: Instant) {
        for slot in 0..self.slots.len() {
            let idle = self.slots[slot].successor.is_none() && self.slots[slot].respawn_at.is_none();
            if idle && self.wants_successor(slot) {
                self.slots[slot].respawn_at = Some(now + FIRST_BACKOFF);
            }
        }
    }

    fn respawn(&mut self, slot: usize, now: Instant) {
        if self.slots[slot].serving.is_some() {
            // The slot's old worker goes on until this one takes over.
            if self.slots[slot].successor.is_none() && self.wants_successor(slot) {
                self.slots[slot].successor = Some(self.spawn(slot, self.generation, now));
            }
            return;
        }
        // A recycling successor takes the place of one that died under it.
        let successor =
            if matches!(self.phase, Phase::Run) { self.slots[slot].successor.take() } else { None };
        let worker = successor.unwrap_or_else(|| self.spawn(slot, self.generation, now));
        self.slots[slot].serving = Some(worker);
    }

    /// Tells those who wait for old workers to be gone, where they are.
    pub(super) fn answer_ended(&mut self) {
        let replaced = self.workers.values().filter(|record| self.slots[record.slot].reloadable);
        let oldest = replaced.map(|record| record.generation).min().unwrap_or(u64::MAX);
        let (over, still) = std::mem::take(&mut self.awaiting_end)
            .into_iter()
            .partition(|(generation, _)| *generation <= oldest);
        self.awaiting_end = still;
        let over: Vec<(u64, Vec<CallerId>)> = over;
        for (generation, callers) in over {
            for caller in callers {
                self.actions.push(Action::Answer(caller, Outcome::Committed { generation }));
            }
        }
    }
}
