//! What the master does next: a pure state machine. Events in, actions out; no process, no socket, no
//! clock.
//!
//! The rules it keeps, and that `walk` checks through every order of events:
//!
//! * a worker is told to drain for a reload only when its successor accepts (I2);
//! * a generation is committed or rolled back as a whole: no successor accepts before all are ready (I6);
//! * every request to reload gets exactly one outcome (I7);
//! * a worker that is gone is never acted on again (I8);
//! * generations that are still leaving are bounded, and each has a deadline (I9);
//! * two masters that hand over to each other keep every slot served (I2), and one that fails leaves
//!   the other in charge.

mod boot;
mod death;
mod event;
mod request;
#[cfg(test)]
mod tests;
mod upgrade;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

pub(crate) use event::{Action, CallerId, Event, Progress, Timing, WorkerId};
pub(crate) use view::{CRASH_LOOP, Phase as PhaseView};

use super::outcome::Failure;

/// What a worker is told to be done within is shorter than its deadline by this much, so that it can
/// cut what is left and exit by itself; at the deadline it is killed.
const EXIT_MARGIN: Duration = Duration::from_millis(50);

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

#[derive(Debug)]
struct Slot {
    /// Whether a reload replaces its worker (RELOAD-3).
    reloadable: bool,
    /// The worker that serves, or is about to where nobody serves.
    serving: Option<WorkerId>,
    /// The worker that is to take over.
    successor: Option<WorkerId>,
    /// The worker that serves has asked to be replaced.
    retiring: bool,
    respawn_at: Option<Instant>,
    failures: u32,
}

impl Slot {
    fn new(reloadable: bool) -> Self {
        Self { reloadable, serving: None, successor: None, retiring: false, respawn_at: None, failures: 0 }
    }

    /// Forgets who serves it, because the server leaves.
    fn vacate(&mut self) {
        *self = Self::new(self.reloadable);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The first generation, or a new one, boots.
    Boot,
    /// All of the first generation are ready; the master before this one still serves.
    Await,
    /// Committed; successors are being told to accept.
    Switch,
    Run,
    /// A new master boots its workers; by then it is to be ready.
    Upgrade(Instant),
    /// The new master serves; this one drains.
    Abdicated,
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
    /// Slots that the master before this one still serves, and whether there is one.
    unrelieved: Option<BTreeSet<usize>>,
    /// Why the new master is being killed.
    heir_late: bool,
    /// Whether the new master needs none of the old workers any more.
    settled: bool,
    /// Those who wait for the reload that is under way.
    callers: Vec<CallerId>,
    /// A reload that waits for the one under way; those who wait for it.
    queued: Option<Vec<CallerId>>,
    /// Those who wait for old workers to be gone: all with an older generation than this.
    awaiting_end: Vec<(u64, Vec<CallerId>)>,
    actions: Vec<Action>,
}

impl State {
    /// A master whose slots are reloadable or not.
    pub(crate) fn new(slots: &[bool], timing: Timing) -> Self {
        Self {
            timing,
            slots: slots.iter().map(|&reloadable| Slot::new(reloadable)).collect(),
            workers: BTreeMap::new(),
            phase: Phase::Boot,
            started: false,
            stillborn: None,
            generation: 0,
            last_worker: 0,
            unrelieved: None,
            heir_late: false,
            settled: false,
            callers: Vec::new(),
            queued: None,
            awaiting_end: Vec::new(),
            actions: Vec::new(),
        }
    }

    /// A master that takes over from another one.
    pub(crate) fn heir(slots: &[bool], timing: Timing) -> Self {
        Self { unrelieved: Some((0..slots.len()).collect()), ..Self::new(slots, timing) }
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
            Event::Upgrade(caller) => self.upgrade(caller, now),
            Event::HeirReady => self.heir_ready(now),
            Event::HeirServes(slot) => self.heir_serves(slot, now),
            Event::HeirSettled => self.heir_settled(now),
            Event::HeirGone(ending) => self.heir_gone(ending, now),
            Event::Inherited => self.inherited(now),
            Event::PredecessorGone => self.predecessor_gone(now),
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
        let heir = match self.phase {
            Phase::Upgrade(at) if !self.heir_late => Some(at),
            _ => None,
        };
        stages.chain(self.slots.iter().filter_map(|slot| slot.respawn_at)).chain(heir).min()
    }

    fn drain(&mut self, worker: WorkerId, grace: Duration, within: Duration, now: Instant) {
        let Some(record) = self.workers.get_mut(&worker) else { return };
        if record.stage == Stage::Killed {
            return;
        }
        record.stage = Stage::Leaving(now + within);
        let within = within - EXIT_MARGIN.min(within / 4);
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
