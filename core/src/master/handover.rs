//! Walks two state machines, a master and the one that is to take over, through random orders of events. What they
//! say to each other arrives late, and in order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::outcome::{Ending, Outcome};
use super::state::{Action, CallerId, Event, State, Timing, WorkerId};

/// What may happen next, as far as the world allows it; numbers choose among those it may happen to.
#[derive(Debug, Clone, Copy)]
enum Step {
    Upgrade,
    Reload,
    /// A worker gets on with what it is to do: become ready, accept, leave.
    Work(Who, usize),
    /// A worker dies by itself.
    Die(Who, usize),
    /// The next word of one master reaches the other.
    Deliver(Who),
    /// The new master dies.
    HeirDies,
    Wait(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Old,
    New,
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![Just(Who::Old), Just(Who::New)]
}

fn step(accidents: u32) -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Upgrade),
        1 => Just(Step::Reload),
        16 => (who(), 0usize..8).prop_map(|(who, n)| Step::Work(who, n)),
        8 => who().prop_map(Step::Deliver),
        2 => (0u64..3_000).prop_map(Step::Wait),
        accidents => (who(), 0usize..8).prop_map(|(who, n)| Step::Die(who, n)),
        accidents => Just(Step::HeirDies),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Process {
    Booting,
    Ready,
    ToldToAccept,
    Accepting,
    Leaving,
}

/// A master as the world sees it.
struct Side {
    state: State,
    workers: BTreeMap<WorkerId, Process>,
    /// What it has said and the other has not heard.
    said: VecDeque<Event>,
    finished: bool,
}

impl Side {
    fn new(state: State) -> Self {
        Self { state, workers: BTreeMap::new(), said: VecDeque::new(), finished: false }
    }
}

struct World {
    now: Instant,
    slots: (usize, usize),
    old: Side,
    new: Option<Side>,
    callers: u64,
    answered: BTreeSet<CallerId>,
    upgraded: bool,
    /// Something died, so that a moment without a worker is nobody's fault.
    accident: bool,
    served: bool,
}

fn timing() -> Timing {
    let seconds = Duration::from_secs;
    Timing { boot: seconds(5), grace: seconds(2), drain: seconds(20), stop: seconds(2) }
}

impl World {
    fn new(slots: (usize, usize)) -> Self {
        let now = crate::reactor::now();
        let mut world = Self {
            now,
            slots,
            old: Side::new(State::new(&vec![true; slots.0], timing())),
            new: None,
            callers: 0,
            answered: BTreeSet::new(),
            upgraded: false,
            accident: false,
            served: false,
        };
        let actions = world.old.state.start(now);
        world.act(Who::Old, actions);
        // The walk begins with a server that serves.
        (0..4 * slots.0).for_each(|n| world.work(Who::Old, n / 4));
        (0..4 * slots.0).for_each(|n| world.work(Who::Old, n % slots.0));
        world
    }

    fn side(&mut self, who: Who) -> Option<&mut Side> {
        match who {
            Who::Old => Some(&mut self.old).filter(|side| !side.finished),
            Who::New => self.new.as_mut().filter(|side| !side.finished),
        }
    }

    fn tell(&mut self, who: Who, event: Event) {
        let now = self.now;
        let Some(side) = self.side(who) else { return };
        let actions = side.state.next(event, now);
        self.act(who, actions);
    }

    fn act(&mut self, who: Who, actions: Vec<Action>) {
        for action in actions {
            let Some(side) = self.side(who) else { return };
            match action {
                Action::Spawn { worker, .. } => drop(side.workers.insert(worker, Process::Booting)),
                Action::Accept(worker) => drop(side.workers.insert(worker, Process::ToldToAccept)),
                Action::Drain { worker, .. } | Action::Kill { worker, .. } => {
                    let process = side.workers.get_mut(&worker).expect("whoever is told to go is there (I8)");
                    *process = Process::Leaving;
                }
                Action::TellReady => side.said.push_back(Event::HeirReady),
                Action::TellServes(slot) => side.said.push_back(Event::HeirServes(slot)),
                Action::TellSettled => side.said.push_back(Event::HeirSettled),
                Action::Abdicate => side.said.push_back(Event::Inherited),
                Action::StartHeir => {
                    assert!(self.new.is_none(), "a second new master");
                    let mut heir = Side::new(State::heir(&vec![true; self.slots.1], timing()));
                    let actions = heir.state.start(self.now);
                    self.new = Some(heir);
                    self.act(Who::New, actions);
                }
                Action::KillHeir { .. } => self.lose_heir(),
                Action::Finish(_) if who == Who::New => {
                    self.lose_heir();
                }
                Action::Finish(_) => {
                    assert!(side.workers.is_empty(), "it leaves workers behind");
                    side.finished = true;
                    self.tell(Who::New, Event::PredecessorGone);
                }
                Action::Answer(caller, outcome) => {
                    assert!(self.answered.insert(caller), "one outcome each (I7)");
                    self.upgraded |= outcome == Outcome::Upgraded;
                }
                _ => {}
            }
        }
    }

    /// The new master is gone, with its workers; the old one is told.
    fn lose_heir(&mut self) {
        self.accident |=
            self.new.as_ref().is_some_and(|new| new.workers.values().any(|it| *it == Process::Accepting));
        self.new = None;
        self.old.said.clear();
        self.tell(Who::Old, Event::HeirGone(Ending::Signal(9)));
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Upgrade => {
                self.callers += 1;
                self.tell(Who::Old, Event::Upgrade(CallerId(self.callers)));
                if self.old.finished {
                    self.callers -= 1;
                }
            }
            Step::Reload => self.tell(Who::Old, Event::Reload(None)),
            Step::Work(who, n) => self.work(who, n),
            Step::Die(who, n) => {
                let Some(side) = self.side(who) else { return };
                let Some(worker) = side.workers.keys().nth(n).copied() else { return };
                side.workers.remove(&worker);
                self.accident = true;
                self.tell(who, Event::Ended(worker, Ending::Signal(9)));
            }
            Step::Deliver(who) => {
                let Some(event) = self.side(who).and_then(|side| side.said.pop_front()) else { return };
                self.tell(if who == Who::Old { Who::New } else { Who::Old }, event);
            }
            Step::HeirDies => {
                if self.new.is_some() && !self.old.finished {
                    self.lose_heir();
                }
            }
            Step::Wait(ms) => {
                self.now += Duration::from_millis(ms);
                self.tell(Who::Old, Event::Tick);
                self.tell(Who::New, Event::Tick);
            }
        }
        self.check();
    }

    fn work(&mut self, who: Who, n: usize) {
        let Some(side) = self.side(who) else { return };
        let Some((&worker, &process)) = side.workers.iter().nth(n) else { return };
        let (next, event) = match process {
            Process::Booting => (Some(Process::Ready), Event::Ready(worker)),
            Process::ToldToAccept => (Some(Process::Accepting), Event::Accepting(worker)),
            Process::Leaving => (None, Event::Ended(worker, Ending::Code(0))),
            Process::Ready | Process::Accepting => return,
        };
        match next {
            Some(next) => drop(side.workers.insert(worker, next)),
            None => drop(side.workers.remove(&worker)),
        }
        self.tell(who, event);
    }

    /// I2 across masters: once there was a worker that accepts there is always one.
    fn check(&mut self) {
        let sides = std::iter::once(&self.old).chain(&self.new);
        let accepting = sides.flat_map(|side| side.workers.values()).any(|it| *it == Process::Accepting);
        self.served |= accepting;
        assert!(accepting || !self.served || self.accident, "nobody accepts");
    }

    /// Lets the world run on without accidents.
    fn settle(&mut self) {
        for _ in 0..400 {
            if came_to_rest(self) {
                return;
            }
            for n in 0..8 {
                self.step(Step::Work(Who::Old, n));
                self.step(Step::Work(Who::New, n));
                self.step(Step::Deliver(Who::Old));
                self.step(Step::Deliver(Who::New));
            }
            self.step(Step::Wait(200));
        }
    }

    fn serves(side: &Side, slots: usize) -> bool {
        side.workers.len() == slots && side.workers.values().all(|it| *it == Process::Accepting)
    }
}

fn walk(slots: (usize, usize), steps: Vec<Step>) -> World {
    let mut world = World::new(slots);
    for step in steps {
        world.step(step);
    }
    world.settle();
    world
}

/// Exactly one master is left, it serves with all its slots, and whoever asked has learnt the outcome.
fn came_to_rest(world: &World) -> bool {
    let all_answered = world.answered.len() as u64 == world.callers;
    let one_serves = match &world.new {
        Some(new) => world.old.finished && World::serves(new, world.slots.1),
        None => !world.old.finished && World::serves(&world.old, world.slots.0),
    };
    all_answered && one_serves
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_moment_without_a_worker(
        slots in (1usize..4, 1usize..4), steps in prop::collection::vec(step(0), 0..150)
    ) {
        let world = walk(slots, steps);
        prop_assert!(came_to_rest(&world), "{:?} {:?}", world.old.state, world.new.map(|new| new.state));
        prop_assert!(!world.upgraded || world.old.finished);
    }

    #[test]
    fn whoever_dies_one_master_is_left_in_charge(
        slots in (1usize..4, 1usize..4), steps in prop::collection::vec(step(1), 0..150)
    ) {
        let world = walk(slots, steps);
        // The new master may be lost when the old one has left: then nobody could be in charge.
        if world.new.is_some() || !world.old.finished {
            prop_assert!(came_to_rest(&world), "{:?} {:?}", world.old.state, world.new.map(|new| new.state));
        }
    }
}
