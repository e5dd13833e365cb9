//! Timers in a worker (TIMER-1 to TIMER-10).

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use workerspec_core::{Server, Service, Timer};

use crate::harness::{Case, Running, note};

pub(crate) const CASES: &[Case] = &[
    Case { name: "each_worker_runs_its_own_timers", serve: twice, check: one_each },
    Case { name: "timers_have_numbers_and_are_cancelled_once", serve: numbered, check: numbers },
    Case { name: "a_late_timer_does_not_catch_up", serve: blocked, check: no_burst },
    Case { name: "a_chain_of_timers_without_delay_starves_nobody", serve: chain, check: not_starved },
    Case {
        name: "a_timer_that_panics_is_logged_and_the_worker_stays",
        serve: panicking,
        check: panics_are_contained,
    },
];

const MS: Duration = Duration::from_millis(1);

/// TIMER-1 to TIMER-5.
fn numbered(server: Server) -> Server {
    server.service(Service::text("127.0.0.1:0").on_worker_start(|_| {
        let once = Timer::after(MS, || note("once"));
        let never = Timer::after(MS, || note("never"));
        note(format!("{} {}", once.id(), never.id()));
        note(format!("{} {}", never.cancel(), never.cancel()));
        // Cancels itself in its second run, and another of the same tick.
        let (me, other) = (Rc::new(RefCell::new(None::<Timer>)), Rc::new(Cell::new(None::<Timer>)));
        let (mine, victim, runs) = (Rc::clone(&me), Rc::clone(&other), Cell::new(0));
        *me.borrow_mut() = Some(Timer::every(MS * 20, move || {
            runs.set(runs.get() + 1);
            note(format!("run {}", runs.get()));
            if runs.get() == 2 {
                let own = mine.borrow().expect("set below");
                note(format!("own {}", own.cancel()));
                note(format!("other {:?}", victim.take().map(Timer::cancel)));
                note(format!("fired {}", once.cancel()));
                Timer::after(Duration::ZERO, || note("from within"));
                Timer::after(MS * 100, || {
                    Timer::after(MS * 50, || note("never"));
                    Timer::cancel_all();
                    Timer::after(MS * 100, || note("last"));
                });
            }
        }));
        other.set(Some(Timer::after(MS * 40, || note("never"))));
    }))
}

fn numbers(running: &Running) {
    running.noted("last");
    let notes = running.notes();
    assert_eq!(notes[..2], ["1 2", "true false"]);
    assert_eq!(notes.iter().filter(|note| note.starts_with("run")).count(), 2);
    for expected in ["once", "own true", "fired false", "from within"] {
        assert_eq!(notes.iter().filter(|note| *note == expected).count(), 1, "{expected} in {notes:?}");
    }
    assert!(
        !notes.contains(&"never".to_owned()) || notes.contains(&"other Some(false)".to_owned()),
        "{notes:?}"
    );
}

/// TIMER-6, TIMER-7: blocked for 130 ms in its second run, one of 50 ms goes on one interval after that run's start or at once,
/// then in its interval.
fn blocked(server: Server) -> Server {
    server.service(Service::text("127.0.0.1:0").on_worker_start(|_| {
        let (begun, runs) = (Instant::now(), Cell::new(0));
        Timer::every(MS * 50, move || {
            runs.set(runs.get() + 1);
            note(format!("at {}", begun.elapsed().as_millis()));
            if runs.get() == 2 {
                thread::sleep(MS * 130);
            }
            if runs.get() == 5 {
                note("done");
            }
        });
    }))
}

fn no_burst(running: &Running) {
    running.noted("done");
    let at: Vec<u64> =
        running.notes().iter().filter_map(|note| note.strip_prefix("at ")?.parse().ok()).take(5).collect();
    assert!(50 <= at[0], "{at:?}");
    // The third comes as soon as the second is over; from there on each is a whole interval after the one before.
    assert!(at[1] + 130 <= at[2], "{at:?}");
    assert!(at[2] + 49 <= at[3] && at[3] + 49 <= at[4], "{at:?}");
}

fn chain(server: Server) -> Server {
    fn again() {
        Timer::after(Duration::ZERO, again);
    }
    let service = Service::text("127.0.0.1:0").on_worker_start(|_| again()).on_message(|conn, line| {
        conn.send(line);
    });
    server.service(service)
}

fn not_starved(running: &Running) {
    let mut peer = running.connect("text");
    peer.say("hi\n");
    assert_eq!(peer.line(), "hi");
}

/// TIMER-13
fn twice(server: Server) -> Server {
    server.service(Service::text("127.0.0.1:0").count(2).on_worker_start(|worker| {
        let slot = worker.slot();
        Timer::after(MS, move || note(format!("in {slot}")));
        if slot == 0 {
            Timer::after(MS * 50, || note("in one alone"));
        }
    }))
}

fn one_each(running: &Running) {
    ["in 0", "in 1", "in one alone"].into_iter().for_each(|line| running.noted(line));
    assert_eq!(running.notes().len(), 3);
}

fn panicking(server: Server) -> Server {
    server.service(Service::text("127.0.0.1:0").on_worker_start(|_| {
        Timer::every(MS * 10, || {
            note("run");
            panic!("on demand");
        });
    }))
}

fn panics_are_contained(running: &Running) {
    let workers = running.workers();
    running.noted_times("run", 3);
    assert_eq!(running.workers(), workers);
}
