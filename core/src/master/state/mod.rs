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

mod boot;
mod death;
mod event;
mod request;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

pub(crate) use event::{Action, CallerId, Event, Progress, Timing, WorkerId};

use super::outcome::Failure;

/// Past its own deadline a worker gets this long to have exited by itself, then it is killed.
const KILL_MARGIN: Duration = Duration::from_millis(100);

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

    fn say(&mut self, progress: Progress) {
        self.actions.push(Action::Progress(progress));
    }
}
