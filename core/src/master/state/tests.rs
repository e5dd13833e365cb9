//! The figures of the state machine: back-off and deadlines. That the order is right in every case is
//! for `walk`.

use std::time::{Duration, Instant};

use super::{Action, Event, State, Timing, WorkerId};
use crate::master::outcome::{Ending, Failure, HeirFailure, Outcome};

const MS: Duration = Duration::from_millis(1);

/// A master of one slot whose first worker serves.
fn running() -> (State, WorkerId, Instant) {
    let seconds = Duration::from_secs;
    let timing = Timing { boot: seconds(5), grace: seconds(2), drain: seconds(20), stop: seconds(2) };
    let (mut state, now) = (State::new(&[true], timing), crate::reactor::now());
    let worker = spawned(&state.start(now)).expect("the first worker");
    state.next(Event::Ready(worker), now);
    state.next(Event::Accepting(worker), now);
    (state, worker, now)
}

fn spawned(actions: &[Action]) -> Option<WorkerId> {
    actions.iter().find_map(|action| match action {
        Action::Spawn { worker, .. } => Some(*worker),
        _ => None,
    })
}

fn kills(actions: &[Action], worker: WorkerId) -> bool {
    actions.iter().any(|action| matches!(action, Action::Kill { worker: killed, .. } if *killed == worker))
}

/// What a tick does just before a deadline, and at it.
fn around(state: &mut State, deadline: Instant) -> (Vec<Action>, Vec<Action>) {
    assert_eq!(state.next_deadline(), Some(deadline));
    (state.next(Event::Tick, deadline - MS), state.next(Event::Tick, deadline))
}

#[test]
fn a_crash_loop_is_slowed_and_a_healthy_life_forgives() {
    // SF-11: at once, then 100 ms, doubling up to 10 s.
    let (mut state, mut worker, mut now) = running();
    let first = state.next(Event::Ended(worker, Ending::Code(1)), now);
    worker = spawned(&first).expect("the first death is answered at once");
    for delay in [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000] {
        assert_eq!(spawned(&state.next(Event::Ended(worker, Ending::Code(1)), now)), None, "{delay}");
        let (before, at) = around(&mut state, now + delay * MS);
        assert_eq!(spawned(&before), None, "{delay}");
        worker = spawned(&at).expect("a replacement when the delay is over");
        now += delay * MS;
    }
    state.next(Event::Ready(worker), now);
    state.next(Event::Accepting(worker), now);
    now += Duration::from_secs(5);
    assert!(spawned(&state.next(Event::Ended(worker, Ending::Code(1)), now)).is_some());
}

#[test]
fn a_worker_that_does_not_leave_is_killed_at_the_drain_timeout() {
    let (mut state, old, now) = running();
    let new = spawned(&state.next(Event::Reload(None), now)).expect("a successor");
    state.next(Event::Ready(new), now);
    let actions = state.next(Event::Accepting(new), now);
    let (grace, within) = (Duration::from_secs(2), Duration::from_secs(20));
    assert!(actions.contains(&Action::Drain { worker: old, grace, within: within - 50 * MS }), "{actions:?}");
    let (before, at) = around(&mut state, now + within);
    assert!(!kills(&before, old) && kills(&at, old));
}

#[test]
fn a_worker_that_does_not_stop_is_killed_at_the_stop_timeout() {
    let (mut state, worker, now) = running();
    state.next(Event::Stop { graceful: true }, now);
    // A plain stop shortens a graceful one that is under way.
    state.next(Event::Stop { graceful: false }, now);
    let (before, at) = around(&mut state, now + Duration::from_secs(2));
    assert!(!kills(&before, worker) && kills(&at, worker));
    let end = state.next(Event::Ended(worker, Ending::Signal(9)), now);
    assert_eq!(end, [Action::Finish(Ok(()))]);
}

#[test]
fn a_successor_that_is_late_is_killed_and_rolled_back() {
    let (mut state, old, now) = running();
    let new = spawned(&state.next(Event::Reload(None), now)).expect("a successor");
    let (before, at) = around(&mut state, now + Duration::from_secs(5));
    assert!(!kills(&before, new) && kills(&at, new) && !kills(&at, old));
    let late = Failure::Late { worker: new, slot: 0 };
    let told = |action: &Action| matches!(action, Action::Progress(super::Progress::RolledBack { failure, .. }) if *failure == late);
    assert!(at.iter().any(told), "{at:?}");
}

#[test]
fn a_worker_that_asked_to_be_replaced_gets_another_successor_when_the_first_fails() {
    let (mut state, old, now) = running();
    let first = spawned(&state.next(Event::Recycle(old), now)).expect("a successor");
    // It is not asked for twice.
    assert_eq!(spawned(&state.next(Event::Recycle(old), now)), None);
    let second =
        spawned(&state.next(Event::Ended(first, Ending::Code(1)), now)).expect("another one, at once");
    assert_eq!(spawned(&state.next(Event::Ended(second, Ending::Code(1)), now)), None);
    let (_, at) = around(&mut state, now + 100 * MS);
    let third = spawned(&at).expect("another one, after a while");
    state.next(Event::Ready(third), now + 100 * MS);
    let actions = state.next(Event::Accepting(third), now + 100 * MS);
    assert!(matches!(actions[0], Action::Drain { worker, .. } if worker == old), "{actions:?}");
}

#[test]
fn a_worker_that_is_not_reloadable_is_told_when_the_reload_is_committed() {
    // RELOAD-3, RELOAD-8.
    let seconds = Duration::from_secs;
    let timing = Timing { boot: seconds(5), grace: seconds(2), drain: seconds(20), stop: seconds(2) };
    let (mut state, now) = (State::new(&[true, false], timing), crate::reactor::now());
    let first: Vec<_> = state
        .start(now)
        .iter()
        .filter_map(|action| match action {
            Action::Spawn { worker, .. } => Some(*worker),
            _ => None,
        })
        .collect();
    first.iter().for_each(|worker| drop(state.next(Event::Ready(*worker), now)));
    first.iter().for_each(|worker| drop(state.next(Event::Accepting(*worker), now)));
    let stays = Action::Reload(first[1]);
    let booting = state.next(Event::Reload(None), now);
    assert_eq!(booting[0], Action::Reloading);
    let new = spawned(&booting).expect("a successor of the one that is reloadable");
    // A reload that is rolled back does not concern it (I6).
    assert!(!state.next(Event::Ended(new, Ending::Code(1)), now).contains(&stays));
    let new = spawned(&state.next(Event::Reload(None), now)).expect("a successor");
    assert!(state.next(Event::Ready(new), now).contains(&stays));
    let accepted = state.next(Event::Accepting(new), now);
    let told =
        accepted.iter().position(|action| *action == Action::Reload(first[0])).expect("the old one is told");
    assert!(matches!(accepted[told + 1], Action::Drain { worker, .. } if worker == first[0]), "{accepted:?}");
}

#[test]
fn a_new_master_that_is_late_is_killed_and_the_old_one_goes_on() {
    let (mut state, worker, now) = running();
    let caller = super::CallerId(1);
    assert!(state.next(Event::Upgrade(caller), now).contains(&Action::StartHeir));
    let busy = state.next(Event::Upgrade(super::CallerId(2)), now);
    assert_eq!(busy, [Action::Answer(super::CallerId(2), Outcome::Busy)]);
    let (before, at) = around(&mut state, now + Duration::from_secs(6));
    let killed = |actions: &[Action]| actions.iter().any(|action| matches!(action, Action::KillHeir { .. }));
    assert!(!killed(&before) && killed(&at));
    // What it says in its last moment comes too late.
    assert_eq!(state.next(Event::HeirReady, now), []);
    let gone = state.next(Event::HeirGone(Ending::Signal(9)), now);
    assert!(gone.contains(&Action::Answer(caller, Outcome::NotUpgraded(HeirFailure::Late))), "{gone:?}");
    assert!(spawned(&state.next(Event::Ended(worker, Ending::Code(1)), now)).is_some());
}
