//! What the master does next: a pure state machine. Events in, actions out; no process, no socket, no
//! clock.
//!
//! The rules it keeps, and that `walk` checks through every order of events:
//!
//! * a worker is told to drain for a reload only when its successor accepts (I2);
//! * a generation is committed or rolled back as a whole: no successor accepts before all are ready (I6);
//! * every request to reload gets exactly one outcome (I7);
//! * a worker that is gone is never acted on again (I8);
//! * generations that are still leaving are bounded, and each has a deadline (I9).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::outcome::{Ending, Failure, Outcome};

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

/// Past its own deadline a worker gets this long to have exited by itself, then it is killed.
const KILL_MARGIN: Duration = Duration::from_millis(100);

/// A worker that served this long was healthy: its death is no part of a crash loop.
const HEALTHY: Duration = Duration::from_secs(5);

/// Delay before the second replacement in a crash loop; each further one doubles it (SF-11).
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(10);

/// Workers of one slot that may be leaving at once before a further reload waits (I9).
const MAX_LEAVING: usize = 4;

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
    Spawn { worker: WorkerId, slot: usize, generation: u64 },
    Accept(WorkerId),
    Drain { worker: WorkerId, grace: Duration, within: Duration },
    Kill { worker: WorkerId, because: &'static str },
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Started; to be ready by then.
    Booting(Instant),
    Ready,
    /// Told to accept.
    Accepting(Instant),
    /// Told to go; killed then.
    Leaving(Instant),
    Killed,
}

#[derive(Debug)]
struct Record {
    slot: usize,
    generation: u64,
    stage: Stage,
}

#[derive(Debug, Default)]
struct Slot {
    /// The worker that serves, or is about to where nobody serves.
    serving: Option<WorkerId>,
    /// The worker that is to take over.
    successor: Option<WorkerId>,
    respawn_at: Option<Instant>,
    failures: u32,
}

#[derive(Debug)]
enum Phase {
    /// The first generation, or a new one, boots.
    Boot,
    /// Committed; successors are being told to accept.
    Switch,
    Run,
    Stop,
}

/// The state of a master.
#[derive(Debug)]
pub(crate) struct State {
    timing: Timing,
    slots: Vec<Slot>,
    workers: BTreeMap<WorkerId, Record>,
    phase: Phase,
    /// Whether a generation ever served.
    started: bool,
    /// Why the first generation did not come up.
    stillborn: Option<Failure>,
    generation: u64,
    last_worker: u64,
    /// Those who wait for the reload that is under way.
    callers: Vec<CallerId>,
    /// A reload that waits for the one under way; those who wait for it.
    queued: Option<Vec<CallerId>>,
    /// Those who wait for old workers to be gone: all with an older generation than this.
    awaiting_end: Vec<(u64, Vec<CallerId>)>,
    actions: Vec<Action>,
}

impl State {
    pub(crate) fn new(slots: usize, timing: Timing) -> Self {
        Self {
            timing,
            slots: (0..slots).map(|_| Slot::default()).collect(),
            workers: BTreeMap::new(),
            phase: Phase::Boot,
            started: false,
            stillborn: None,
            generation: 0,
            last_worker: 0,
            callers: Vec::new(),
            queued: None,
            awaiting_end: Vec::new(),
            actions: Vec::new(),
        }
    }

    /// Starts the first generation.
    pub(crate) fn start(&mut self, now: Instant) -> Vec<Action> {
        self.boot(now);
        std::mem::take(&mut self.actions)
    }

    /// Takes an event; what is to be done, in order.
    pub(crate) fn next(&mut self, event: Event, now: Instant) -> Vec<Action> {
        match event {
            Event::Ready(worker) => self.ready(worker, now),
            Event::Accepting(worker) => self.accepting(worker, now),
            Event::Recycle(worker) => self.recycle(worker, now),
            Event::Ended(worker, ending) => self.ended(worker, ending, now),
            Event::Reload(caller) => self.reload(caller, now),
            Event::Stop { graceful } => self.stop(graceful, now),
            Event::Tick => self.tick(now),
        }
        std::mem::take(&mut self.actions)
    }

    /// When [`Event::Tick`] is next needed.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let stages = self.workers.values().filter_map(|record| match record.stage {
            Stage::Booting(at) | Stage::Leaving(at) => Some(at),
            _ => None,
        });
        stages.chain(self.slots.iter().filter_map(|slot| slot.respawn_at)).min()
    }

    // Booting a generation.

    fn boot(&mut self, now: Instant) {
        self.phase = Phase::Boot;
        let generation = self.generation + u64::from(self.started);
        self.say(Progress::Booting { generation, workers: self.slots.len() });
        for slot in 0..self.slots.len() {
            if self.slots[slot].serving.is_some() {
                self.slots[slot].respawn_at = None;
            }
            let worker = self.spawn(slot, generation, now);
            self.slots[slot].successor = Some(worker);
        }
    }

    fn spawn(&mut self, slot: usize, generation: u64, now: Instant) -> WorkerId {
        self.last_worker += 1;
        let worker = WorkerId(self.last_worker);
        let stage = Stage::Booting(now + self.timing.boot);
        self.workers.insert(worker, Record { slot, generation, stage });
        self.actions.push(Action::Spawn { worker, slot, generation });
        worker
    }

    fn ready(&mut self, worker: WorkerId, now: Instant) {
        let Some(record) = self.workers.get_mut(&worker) else { return };
        if !matches!(record.stage, Stage::Booting(_)) {
            return;
        }
        record.stage = Stage::Ready;
        let slot = record.slot;
        match self.phase {
            Phase::Boot if self.slots[slot].successor == Some(worker) => {
                let (ready, of) = (self.successors_ready(), self.slots.len());
                self.say(Progress::Ready { ready, of });
                if ready == of {
                    self.commit(now);
                }
            }
            Phase::Stop => self.drain(worker, Duration::ZERO, self.timing.stop, now),
            // A replacement: it serves as soon as it can.
            _ => self.accept(worker, now),
        }
    }

    fn successors_ready(&self) -> usize {
        let is_ready = |worker: &WorkerId| self.workers.get(worker).is_some_and(|it| it.stage == Stage::Ready);
        self.slots.iter().filter_map(|slot| slot.successor).filter(is_ready).count()
    }

    fn accept(&mut self, worker: WorkerId, now: Instant) {
        if let Some(record) = self.workers.get_mut(&worker) {
            record.stage = Stage::Accepting(now);
            self.actions.push(Action::Accept(worker));
        }
    }

    /// The point of no return: from here the new generation serves.
    fn commit(&mut self, now: Instant) {
        if self.started {
            self.generation += 1;
        }
        self.phase = Phase::Switch;
        self.say(Progress::Committed { generation: self.generation });
        self.switch_next(now);
    }

    /// Slot by slot: tells the next successor to accept, or ends the switch.
    fn switch_next(&mut self, now: Instant) {
        let next = self.slots.iter().find_map(|slot| slot.successor);
        if let Some(successor) = next {
            if self.workers.get(&successor).is_some_and(|record| record.stage == Stage::Ready) {
                self.accept(successor, now);
            }
            return;
        }
        self.phase = Phase::Run;
        if !std::mem::replace(&mut self.started, true) {
            self.say(Progress::Running);
        }
        let callers = std::mem::take(&mut self.callers);
        self.awaiting_end.push((self.generation, callers));
        self.answer_ended();
        self.start_queued(now);
    }

    fn accepting(&mut self, worker: WorkerId, now: Instant) {
        let Some(record) = self.workers.get(&worker) else { return };
        let slot = record.slot;
        if self.slots[slot].successor != Some(worker) || !matches!(record.stage, Stage::Accepting(_)) {
            return;
        }
        self.slots[slot].successor = None;
        let old = self.slots[slot].serving.replace(worker);
        if let Some(old) = old {
            self.drain(old, self.timing.grace, self.timing.drain, now);
        }
        if self.started {
            self.say(Progress::Replaced { slot });
        }
        if matches!(self.phase, Phase::Switch) {
            self.switch_next(now);
        }
    }

    fn drain(&mut self, worker: WorkerId, grace: Duration, within: Duration, now: Instant) {
        let Some(record) = self.workers.get_mut(&worker) else { return };
        if record.stage == Stage::Killed {
            return;
        }
        record.stage = Stage::Leaving(now + within + KILL_MARGIN);
        self.actions.push(Action::Drain { worker, grace, within });
    }

    fn kill(&mut self, worker: WorkerId, because: &'static str) {
        let Some(record) = self.workers.get_mut(&worker) else { return };
        if record.stage != Stage::Killed {
            record.stage = Stage::Killed;
            self.actions.push(Action::Kill { worker, because });
        }
    }

    /// A successor failed before the commit: the whole generation goes, the old one stays (I6).
    fn roll_back(&mut self, failure: Failure, now: Instant) {
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
        self.start_queued(now);
    }

    /// Successors that are ready have accepted nothing and leave at once; those that boot are killed.
    /// One that was told to accept may have connections and drains like any worker.
    fn drop_successors(&mut self, because: &'static str, now: Instant) {
        for slot in 0..self.slots.len() {
            let Some(successor) = self.slots[slot].successor.take() else { continue };
            match self.workers.get(&successor).map(|record| record.stage) {
                Some(Stage::Ready) => self.drain(successor, Duration::ZERO, self.timing.stop, now),
                Some(Stage::Accepting(_)) => self.drain(successor, self.timing.grace, self.timing.drain, now),
                _ => self.kill(successor, because),
            }
        }
    }

    // Requests.

    fn reload(&mut self, caller: Option<CallerId>, now: Instant) {
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
            _ => self.queued.get_or_insert_default().extend(caller),
        }
    }

    fn start_queued(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Run) && !self.too_many_leaving() {
            if let Some(callers) = self.queued.take() {
                self.callers = callers;
                self.drop_successors("a reload replaces it", now);
                self.boot(now);
            }
        }
    }

    fn too_many_leaving(&self) -> bool {
        let mut leaving = vec![0; self.slots.len()];
        for record in self.workers.values() {
            if matches!(record.stage, Stage::Leaving(_)) {
                leaving[record.slot] += 1;
            }
        }
        leaving.iter().any(|&count| count >= MAX_LEAVING)
    }

    fn recycle(&mut self, worker: WorkerId, now: Instant) {
        let Some(record) = self.workers.get(&worker) else { return };
        let slot = record.slot;
        // Under a reload it is replaced anyway.
        if matches!(self.phase, Phase::Run)
            && self.slots[slot].serving == Some(worker)
            && self.slots[slot].successor.is_none()
        {
            let successor = self.spawn(slot, self.generation, now);
            self.slots[slot].successor = Some(successor);
        }
    }

    fn stop(&mut self, graceful: bool, now: Instant) {
        if !matches!(self.phase, Phase::Stop) {
            self.phase = Phase::Stop;
            self.actions.push(Action::CloseListeners);
            let waiting = std::mem::take(&mut self.callers).into_iter();
            let queued = self.queued.take().unwrap_or_default();
            let ending = std::mem::take(&mut self.awaiting_end).into_iter().flat_map(|(_, callers)| callers);
            for caller in waiting.chain(queued).chain(ending) {
                self.actions.push(Action::Answer(caller, Outcome::Stopping));
            }
        }
        self.say(Progress::Stopping { graceful });
        let (grace, within) = if graceful {
            (self.timing.grace, self.timing.drain)
        } else {
            (Duration::ZERO, self.timing.stop)
        };
        self.slots.fill_with(Slot::default);
        for worker in self.workers.keys().copied().collect::<Vec<_>>() {
            match self.workers[&worker].stage {
                Stage::Booting(_) => self.kill(worker, "the server stops"),
                Stage::Ready => self.drain(worker, Duration::ZERO, self.timing.stop, now),
                Stage::Accepting(_) => self.drain(worker, grace, within, now),
                // A plain stop does not wait longer for what already leaves.
                Stage::Leaving(until) if !graceful && now + within + KILL_MARGIN < until => {
                    self.drain(worker, grace, within, now);
                }
                Stage::Leaving(_) | Stage::Killed => {}
            }
        }
        self.finish_if_empty();
    }

    fn finish_if_empty(&mut self) {
        if self.workers.is_empty() {
            self.actions.push(Action::Finish(self.stillborn.map_or(Ok(()), Err)));
        }
    }

    // Deaths and deadlines.

    fn ended(&mut self, worker: WorkerId, ending: Ending, now: Instant) {
        let Some(record) = self.workers.remove(&worker) else { return };
        let slot = record.slot;
        if matches!(self.phase, Phase::Stop) {
            self.finish_if_empty();
            return;
        }
        if self.slots[slot].successor == Some(worker) {
            self.slots[slot].successor = None;
            match self.phase {
                Phase::Boot => self.roll_back(Failure::Ended { worker, slot, ending }, now),
                // Committed: the old worker of the slot stays until another successor accepts.
                Phase::Switch => {
                    self.schedule_respawn(slot, record.stage, ending, now);
                    self.switch_next(now);
                }
                // The successor of a recycled worker: that one goes on.
                _ => self.say(Progress::RolledBack {
                    generation: record.generation,
                    failure: Failure::Ended { worker, slot, ending },
                }),
            }
        } else if self.slots[slot].serving == Some(worker) {
            self.slots[slot].serving = None;
            self.schedule_respawn(slot, record.stage, ending, now);
        }
        self.answer_ended();
        self.start_queued(now);
    }

    fn schedule_respawn(&mut self, slot: usize, stage: Stage, ending: Ending, now: Instant) {
        let healthy = matches!(stage, Stage::Accepting(since) if since + HEALTHY <= now);
        let failures = if healthy { 1 } else { self.slots[slot].failures + 1 };
        self.slots[slot].failures = failures;
        let delay = match failures {
            1 => Duration::ZERO,
            n => MAX_BACKOFF.min(FIRST_BACKOFF * 2u32.saturating_pow((n - 2).min(16))),
        };
        self.say(Progress::Respawn { slot, delay, ending });
        self.slots[slot].respawn_at = Some(now + delay);
        self.tick(now);
    }

    fn tick(&mut self, now: Instant) {
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
        let overdue: Vec<_> = self.workers.iter().filter(|(_, record)| late(record)).map(|(id, _)| *id).collect();
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

    fn respawn(&mut self, slot: usize, now: Instant) {
        if self.slots[slot].serving.is_some() {
            // The slot's old worker goes on until this one takes over.
            self.slots[slot].successor = Some(self.spawn(slot, self.generation, now));
            return;
        }
        // A recycling successor takes the place of one that died under it.
        let successor = if matches!(self.phase, Phase::Run) { self.slots[slot].successor.take() } else { None };
        let worker = successor.unwrap_or_else(|| self.spawn(slot, self.generation, now));
        self.slots[slot].serving = Some(worker);
    }

    /// Tells those who wait for old workers to be gone, where they are.
    fn answer_ended(&mut self) {
        let oldest = self.workers.values().map(|record| record.generation).min().unwrap_or(u64::MAX);
        let (over, still) = std::mem::take(&mut self.awaiting_end).into_iter().partition(|(generation, _)| *generation <= oldest);
        self.awaiting_end = still;
        let over: Vec<(u64, Vec<CallerId>)> = over;
        for (generation, callers) in over {
            for caller in callers {
                self.actions.push(Action::Answer(caller, Outcome::Committed { generation }));
            }
        }
    }

    fn say(&mut self, progress: Progress) {
        self.actions.push(Action::Progress(progress));
    }
}
