//! Walks the state machine through random orders of events and checks its invariants after each.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::outcome::{Ending, Outcome};
use super::state::{Action, CallerId, Event, State, Timing, WorkerId};

const SLOTS: usize = 3;

/// The last slot's worker stays through reloads (RELOAD-3).
const RELOADABLE: [bool; SLOTS] = [true, true, false];

/// What may happen next, as far as the world allows it.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The nth process that boots becomes ready.
    BecomeReady(usize),
    /// The nth process that was told to accept says that it does.
    BecomeAccepting(usize),
    /// The nth process dies.
    Die(usize),
    /// The nth process that was told to drain exits.
    Leave(usize),
    Recycle(usize),
    Reload,
    Stop(bool),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0usize..8).prop_map(Step::BecomeReady),
        8 => (0usize..8).prop_map(Step::BecomeAccepting),
        2 => (0usize..8).prop_map(Step::Die),
        6 => (0usize..8).prop_map(Step::Leave),
        1 => (0usize..8).prop_map(Step::Recycle),
        3 => Just(Step::Reload),
        4 => prop_oneof![0u64..200, 0u64..40_000].prop_map(Step::Wait),
        1 => any::<bool>().prop_map(Step::Stop),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Process {
    Booting,
    Ready,
    ToldToAccept,
    Accepting,
    Draining,
    Killed,
}

/// The processes as the world sees them, and what the state machine owes.
struct World {
    state: State,
    now: Instant,
    processes: BTreeMap<WorkerId, (usize, Process)>,
    /// Workers that were ever there.
    seen: BTreeSet<WorkerId>,
    asked: BTreeSet<CallerId>,
    answered: BTreeSet<CallerId>,
    callers: u64,
    stopping: bool,
    finished: bool,
    served: bool,
}

impl World {
    fn new() -> Self {
        let seconds = Duration::from_secs;
        let timing = Timing { boot: seconds(5), grace: seconds(2), drain: seconds(20), stop: seconds(2) };
        let now = crate::reactor::now();
        let mut world = Self {
            state: State::new(&RELOADABLE, timing),
            now,
            processes: BTreeMap::new(),
            seen: BTreeSet::new(),
            asked: BTreeSet::new(),
            answered: BTreeSet::new(),
            callers: 0,
            stopping: false,
            finished: false,
            served: false,
        };
        let actions = world.state.start(now);
        world.act(&actions);
        world
    }

    fn nth(&self, n: usize, wanted: impl Fn(Process) -> bool) -> Option<WorkerId> {
        let fitting: Vec<_> =
            self.processes.iter().filter(|(_, (_, process))| wanted(*process)).map(|(id, _)| *id).collect();
        (!fitting.is_empty()).then(|| fitting[n % fitting.len()])
    }

    fn become_(&mut self, worker: WorkerId, process: Process) {
        if let Some(entry) = self.processes.get_mut(&worker) {
            entry.1 = process;
        }
    }

    fn step(&mut self, step: Step) {
        let event = match step {
            Step::BecomeReady(n) => self.nth(n, |it| it == Process::Booting).map(|worker| {
                self.become_(worker, Process::Ready);
                Event::Ready(worker)
            }),
            Step::BecomeAccepting(n) => self.nth(n, |it| it == Process::ToldToAccept).map(|worker| {
                self.become_(worker, Process::Accepting);
                self.served = true;
                Event::Accepting(worker)
            }),
            Step::Die(n) => self.nth(n, |_| true).map(|worker| {
                self.processes.remove(&worker);
                Event::Ended(worker, Ending::Signal(9))
            }),
            Step::Leave(n) => {
                self.nth(n, |it| matches!(it, Process::Draining | Process::Killed)).map(|worker| {
                    self.processes.remove(&worker);
                    Event::Ended(worker, Ending::Code(0))
                })
            }
            Step::Recycle(n) => self.nth(n, |it| it == Process::Accepting).map(Event::Recycle),
            Step::Reload => {
                self.callers += 1;
                self.asked.insert(CallerId(self.callers));
                Some(Event::Reload(Some(CallerId(self.callers))))
            }
            Step::Stop(graceful) => {
                self.stopping = true;
                Some(Event::Stop { graceful })
            }
            Step::Wait(ms) => {
                self.now += Duration::from_millis(ms);
                Some(Event::Tick)
            }
        };
        if let Some(event) = event {
            let actions = self.state.next(event, self.now);
            self.carry_out(event, &actions);
        }
    }

    /// Checks each action against the world in which it is carried out, one after the other.
    fn carry_out(&mut self, event: Event, actions: &[Action]) {
        let before = self.processes.clone();
        for action in actions {
            self.check(event, *action, actions, &before);
            self.act(std::slice::from_ref(action));
        }
    }

    fn check(
        &self,
        event: Event,
        action: Action,
        actions: &[Action],
        before: &BTreeMap<WorkerId, (usize, Process)>,
    ) {
        match action {
            Action::Drain { worker, grace, .. } if !self.stopping && !grace.is_zero() => {
                // I2: a worker that served leaves only when its successor accepts, and that is what has
                // just happened. Workers that never took over may go with a reload.
                let took_over = |id: &WorkerId| matches!(event, Event::Accepting(new) if new != *id);
                let never_served = self.processes[&worker].1 != Process::Accepting;
                assert!(took_over(&worker) || never_served, "{worker:?} drains after {event:?}");
            }
            Action::Accept(worker) => {
                assert_eq!(self.processes[&worker].1, Process::Ready, "{worker:?} is told to accept");
            }
            Action::Kill { worker, .. } => {
                assert!(self.processes.contains_key(&worker), "{worker:?} is killed and is not there (I8)");
                let accepting = self.processes[&worker].1 == Process::Accepting;
                assert!(!accepting, "{worker:?} serves and is killed without a chance to leave");
            }
            Action::Answer(caller, outcome) => {
                assert!(
                    self.asked.contains(&caller) && !self.answered.contains(&caller),
                    "one answer each (I7)"
                );
                if let Outcome::RolledBack { .. } = outcome {
                    let harmed = actions.iter().any(|other| {
                        matches!(other, Action::Drain { worker, .. } | Action::Kill { worker, .. }
                        if before.get(worker).is_some_and(|(_, it)| {
                            matches!(it, Process::Accepting | Process::ToldToAccept)
                        }))
                    });
                    assert!(!harmed, "a rollback touched a worker that serves (I6)");
                }
            }
            Action::Finish(_) => {
                assert!(self.processes.is_empty(), "finished with workers left");
                assert!(self.stopping || !self.served, "finished without being told to");
            }
            _ => {}
        }
    }

    fn act(&mut self, actions: &[Action]) {
        for action in actions {
            match *action {
                Action::Spawn { worker, slot, .. } => {
                    assert!(self.seen.insert(worker), "{worker:?} was used before");
                    assert!(!self.stopping, "a worker is started while stopping");
                    self.processes.insert(worker, (slot, Process::Booting));
                }
                Action::Accept(worker) => self.become_(worker, Process::ToldToAccept),
                Action::Drain { worker, .. } => self.become_(worker, Process::Draining),
                Action::Kill { worker, .. } => self.become_(worker, Process::Killed),
                Action::Answer(caller, _) => drop(self.answered.insert(caller)),
                Action::Finish(_) => self.finished = true,
                _ => {}
            }
        }
    }

    /// Lets the world run on without accidents, until nothing is left to happen.
    fn settle(&mut self) {
        for _ in 0..2_000 {
            if self.finished {
                return;
            }
            let before = (self.processes.len(), self.seen.len(), self.answered.len());
            for n in 0..SLOTS * 6 {
                self.step(Step::BecomeReady(n));
                self.step(Step::BecomeAccepting(n));
                self.step(Step::Leave(n));
                if self.finished {
                    return;
                }
            }
            let quiet = before == (self.processes.len(), self.seen.len(), self.answered.len());
            match self.state.next_deadline() {
                Some(deadline) if quiet => {
                    self.now = self.now.max(deadline);
                    self.step(Step::Wait(0));
                }
                None if quiet => return,
                _ => {}
            }
        }
        panic!("it never settles: {:?}", self.state);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    // SF-9, I8: a worker that is gone is never acted on again.
    fn invariants_hold_in_every_order(steps in prop::collection::vec(step(), 0..120)) {
        let mut world = World::new();
        for step in steps {
            if world.finished {
                break;
            }
            world.step(step);
        }
        if !world.finished {
            world.settle();
        }
        let unanswered: Vec<_> = world.asked.difference(&world.answered).collect();
        if !world.finished {
            prop_assert!(unanswered.is_empty(), "{unanswered:?} never learn what became of their reload");
            // Left alone, every slot has exactly one worker, and it serves.
            let mut slots: Vec<usize> = world.processes.values().map(|(slot, _)| *slot).collect();
            slots.sort_unstable();
            prop_assert_eq!(slots, (0..SLOTS).collect::<Vec<_>>(), "{:?}", world.state);
            prop_assert!(world.processes.values().all(|(_, process)| *process == Process::Accepting), "{:?}", world.state);
        }
    }
}
