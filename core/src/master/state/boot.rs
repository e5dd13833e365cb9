//! A generation: boot all of it, commit and switch slot by slot, or roll back.

use std::time::{Duration, Instant};

use super::{Action, Phase, Progress, Record, Stage, State, WorkerId};
use crate::master::outcome::{Failure, Outcome};

impl State {
    pub(super) fn boot(&mut self, now: Instant) {
        self.phase = Phase::Boot;
        let generation = self.generation + u64::from(self.started);
        if self.started {
            self.actions.push(Action::Reloading);
        }
        let reloads = |slot: &usize| !self.started || self.slots[*slot].reloadable;
        let booting: Vec<usize> = (0..self.slots.len()).filter(reloads).collect();
        self.say(Progress::Booting { generation, workers: booting.len() });
        if booting.is_empty() {
            return self.commit(now);
        }
        for slot in booting {
            if self.slots[slot].serving.is_some() {
                self.slots[slot].respawn_at = None;
            }
            let worker = self.spawn(slot, generation, now);
            self.slots[slot].successor = Some(worker);
        }
    }

    pub(super) fn spawn(&mut self, slot: usize, generation: u64, now: Instant) -> WorkerId {
        self.last_worker += 1;
        let worker = WorkerId(self.last_worker);
        let stage = Stage::Booting(now + self.timing.boot);
        self.workers.insert(worker, Record { slot, generation, stage });
        self.actions.push(Action::Spawn { worker, slot, generation });
        worker
    }

    pub(super) fn ready(&mut self, worker: WorkerId, now: Instant) {
        let Some(record) = self.workers.get_mut(&worker) else { return };
        if !matches!(record.stage, Stage::Booting(_)) {
            return;
        }
        record.stage = Stage::Ready;
        let slot = record.slot;
        match self.phase {
            Phase::Boot if self.slots[slot].successor == Some(worker) => {
                let of = self.slots.iter().filter(|slot| slot.successor.is_some()).count();
                let ready = self.successors_ready();
                self.say(Progress::Ready { ready, of });
                if ready < of {
                    return;
                }
                if self.unrelieved.is_none() {
                    return self.commit(now);
                }
                self.phase = Phase::Await;
                self.actions.push(Action::TellReady);
            }
            Phase::Stop | Phase::Abdicated => self.drain(worker, Duration::ZERO, self.timing.stop, now),
            // A replacement: it serves as soon as it can.
            _ => self.accept(worker, now),
        }
    }

    pub(super) fn successors_ready(&self) -> usize {
        let is_ready =
            |worker: &WorkerId| self.workers.get(worker).is_some_and(|it| it.stage == Stage::Ready);
        self.slots.iter().filter_map(|slot| slot.successor).filter(is_ready).count()
    }

    pub(super) fn accept(&mut self, worker: WorkerId, now: Instant) {
        if let Some(record) = self.workers.get_mut(&worker) {
            record.stage = Stage::Accepting(now);
            self.actions.push(Action::Accept(worker));
        }
    }

    /// The point of no return: from here the new generation serves.
    pub(super) fn commit(&mut self, now: Instant) {
        if self.started {
            self.generation += 1;
        }
        self.phase = Phase::Switch;
        self.say(Progress::Committed { generation: self.generation });
        if self.started {
            self.tell_those_who_stay();
        }
        self.switch_next(now);
    }

    /// Slot by slot: tells the next successor to accept, or ends the switch.
    pub(super) fn switch_next(&mut self, now: Instant) {
        let next = self.slots.iter().find_map(|slot| slot.successor);
        if let Some(successor) = next {
            if self.workers.get(&successor).is_some_and(|record| record.stage == Stage::Ready) {
                self.accept(successor, now);
            }
            return;
        }
        self.phase = Phase::Run;
        self.mend(now);
        if !std::mem::replace(&mut self.started, true) {
            self.say(Progress::Running);
        }
        let callers = std::mem::take(&mut self.callers);
        self.awaiting_end.push((self.generation, callers));
        self.answer_ended();
        self.start_queued(now);
    }

    /// Workers that are not reloadable go on, and their application is told (RELOAD-3, RELOAD-8). A
    /// reload that is rolled back does not concern them (I6).
    fn tell_those_who_stay(&mut self) {
        let stay = self.slots.iter().filter(|slot| !slot.reloadable).filter_map(|slot| slot.serving);
        let told: Vec<_> = stay.map(Action::Reload).collect();
        self.actions.extend(told);
    }

    pub(super) fn accepting(&mut self, worker: WorkerId, now: Instant) {
        let Some(record) = self.workers.get(&worker) else { return };
        let (slot, generation) = (record.slot, record.generation);
        if !matches!(record.stage, Stage::Accepting(_)) {
            return;
        }
        self.relieve(slot);
        if self.slots[slot].successor != Some(worker) {
            return;
        }
        self.slots[slot].successor = None;
        self.slots[slot].retiring = false;
        let old = self.slots[slot].serving.replace(worker);
        if let Some(old) = old {
            let reloaded = self.workers.get(&old).is_some_and(|old| old.generation < generation);
            if reloaded {
                self.actions.push(Action::Reload(old));
            }
            self.drain(old, self.timing.grace, self.timing.drain, now);
        }
        if self.started {
            self.say(Progress::Replaced { slot });
        }
        if matches!(self.phase, Phase::Switch) {
            self.switch_next(now);
        }
    }

    /// A successor failed before the commit: the whole generation goes, the old one stays (I6).
    pub(super) fn roll_back(&mut self, failure: Failure, now: Instant) {
        let generation = self.generation + u64::from(self.started);
        self.drop_successors("its generation is rolled back", now);
        self.say(Progress::RolledBack { generation, failure });
        for caller in std::mem::take(&mut self.callers) {
            self.actions.push(Action::Answer(caller, Outcome::RolledBack { failure }));
        }
        if !self.started {
            self.phase = Phase::Stop;
            self.stillborn = Some(failure);
            self.finish_if_empty();
            return;
        }
        self.phase = Phase::Run;
        self.mend(now);
        self.start_queued(now);
    }

    /// Successors that are ready have accepted nothing and leave at once; those that boot are killed.
    /// One that was told to accept may have connections and drains like any worker.
    pub(super) fn drop_successors(&mut self, because: &'static str, now: Instant) {
        for slot in 0..self.slots.len() {
            let Some(successor) = self.slots[slot].successor.take() else { continue };
            match self.workers.get(&successor).map(|record| record.stage) {
                Some(Stage::Ready) => self.drain(successor, Duration::ZERO, self.timing.stop, now),
                Some(Stage::Accepting(_)) => self.drain(successor, self.timing.grace, self.timing.drain, now),
                _ => self.kill(successor, because),
            }
        }
    }
}
