use std::net::TcpListener;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use super::*;
use crate::load::control::Control;
use crate::load::fate::{End, Fate};
use crate::load::faulty::{Act, Faulty};
use crate::load::plan::LoadPlan;
use crate::load::population::Population;
use crate::load::receipt::Releases;

const THREE: [Population; 3] = [Population::Busy, Population::Paced, Population::Fresh];

/// A few connections of one population, and patience enough for a busy machine.
fn plan(population: Population) -> LoadPlan {
    let quiet = LoadPlan {
        busy: 0,
        paced: 0,
        rate: 0.0,
        fresh_rate: 0.0,
        answer_timeout: Duration::from_secs(10),
        connect_timeout: Duration::from_secs(10),
        parting_timeout: Duration::from_secs(10),
        ..LoadPlan::default()
    };
    match population {
        Population::Busy => LoadPlan { busy: 2, ..quiet },
        Population::Paced => LoadPlan { paced: 2, rate: 200.0, ..quiet },
        Population::Fresh => LoadPlan { fresh_rate: 200.0, ..quiet },
        other => panic!("{} is tested against the reference", other.name()),
    }
}

/// As [`plan`], where a deadline is to pass.
fn impatient(population: Population) -> LoadPlan {
    // Long enough that nothing else passes it on a machine with more to do than it can.
    let soon = Duration::from_millis(1500);
    LoadPlan { answer_timeout: soon, connect_timeout: soon, parting_timeout: soon, ..plan(population) }
}

/// Drives until so many requests were answered or lost, at most for half a minute.
fn drive_until(target: std::net::SocketAddr, plan: &LoadPlan, settled: u64) -> Record {
    let control = Control::new();
    let releases = Releases::new(vec!["r0".to_owned(), "r1".to_owned()]);
    let deadline = Instant::now() + Duration::from_secs(30);
    let record = std::thread::scope(|scope| {
        scope.spawn(|| {
            let enough = || {
                let (answered, lost, _) = control.progress();
                settled <= answered + lost
            };
            while !enough() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(2));
            }
            control.stop();
        });
        drive(target, plan, releases, &control).expect("the driver works")
    });
    assert_eq!(record.ledger.close(), Ok(()));
    record
}

/// The first connection does `act` at its request `at`, and everything else is right: exactly one request
/// has `fate`, one connection has `end`, and nothing else is wrong.
#[track_caller]
fn finds(population: Population, at: usize, act: Act, fate: Fate, end: End) -> Record {
    let server = Faulty::start(
        move |connection, ordinal| {
            if connection == 0 && ordinal == at { act } else { Act::Answer }
        },
    );
    let deadline_passes = act == Act::Stall || act == Act::AnnounceAndHold;
    let plan = if deadline_passes { impatient(population) } else { plan(population) };
    let record = drive_until(server.address, &plan, 60);
    let ledger = &record.ledger;
    let fates: Vec<(Fate, u64)> = Fate::ALL
        .into_iter()
        .filter(|fate| !matches!(fate, Fate::Current | Fate::Announced))
        .map(|fate| (fate, ledger.fate_total(fate)))
        .filter(|(_, count)| 0 < *count)
        .collect();
    if fate.is_answered() {
        assert_eq!(fates, [], "{act:?}");
        assert!(0 < ledger.fate_total(fate), "{act:?}");
    } else {
        assert_eq!(fates, [(fate, 1)], "{act:?}");
        let loss = record.losses.iter().find(|loss| loss.fate == fate).expect("it is listed");
        assert_eq!((loss.population, loss.ordinal), (population, at as u32));
        assert!(0 < loss.sent && loss.id.is_some() && loss.since_written.is_some());
    }
    assert!(0 < ledger.ends(population, end), "{act:?}: {end:?}");
    assert!(50 <= ledger.fate_total(Fate::Current) + ledger.fate_total(Fate::Announced));
    record
}

#[test]
fn a_right_server_loses_nothing_in_any_population() {
    for population in THREE {
        for act in [Act::Answer, Act::AnswerChunked] {
            if act == Act::AnswerChunked && population == Population::Fresh {
                continue;
            }
            let server = Faulty::start(move |_, _| act);
            let record = drive_until(server.address, &plan(population), 100);
            let ledger = &record.ledger;
            assert_eq!(ledger.fate_total(Fate::Current), ledger.planned(), "{population:?} {act:?}");
            assert!(record.losses.is_empty() && 100 <= ledger.planned());
        }
    }
}

#[test]
fn get_and_post_are_both_sent() {
    let server = Faulty::start(|_, _| Act::Answer);
    let record = drive_until(server.address, &plan(Population::Busy), 200);
    let of = |method| record.ledger.fate(Population::Busy, method, Fate::Current);
    assert!(0 < of(crate::load::Method::Get) && 0 < of(crate::load::Method::Post));
}

#[test]
fn drops_of_a_first_request() {
    finds(Population::Busy, 0, Act::Close, Fate::FreshDrop, End::Cut);
    finds(Population::Busy, 0, Act::Reset, Fate::FreshDrop, End::Cut);
    finds(Population::Fresh, 0, Act::Close, Fate::FreshDrop, End::Cut);
    finds(Population::Fresh, 0, Act::Reset, Fate::FreshDrop, End::Cut);
}

#[test]
fn drops_of_a_later_request() {
    let closed = finds(Population::Busy, 3, Act::Close, Fate::KeepAliveRace, End::Cut);
    assert_eq!(closed.losses[0].detail, "closed");
    let reset = finds(Population::Busy, 3, Act::Reset, Fate::KeepAliveRace, End::Cut);
    assert_eq!(reset.losses[0].detail, "reset");
    assert_eq!(reset.losses[0].last_pid, Some(std::process::id()));
    finds(Population::Paced, 3, Act::Close, Fate::KeepAliveRace, End::Cut);
}

#[test]
fn truncated_answers() {
    let record = finds(Population::Busy, 2, Act::Truncate, Fate::Truncated, End::Cut);
    assert!(0 < record.losses[0].received);
    finds(Population::Fresh, 0, Act::Truncate, Fate::Truncated, End::Cut);
}

#[test]
fn swapped_and_wrong_answers() {
    finds(Population::Busy, 2, Act::Swap, Fate::Crosstalk, End::GivenUp);
    finds(Population::Busy, 2, Act::WrongLength, Fate::WrongAnswer, End::GivenUp);
    finds(Population::Busy, 2, Act::WrongSum, Fate::WrongAnswer, End::GivenUp);
    finds(Population::Busy, 2, Act::Status(404), Fate::WrongAnswer, End::GivenUp);
}

#[test]
fn server_errors_carry_their_status() {
    let record = finds(Population::Busy, 2, Act::Status(502), Fate::ServerError, End::RunOver);
    assert_eq!(record.losses[0].detail, "status 502");
}

#[test]
fn stalls() {
    finds(Population::Busy, 2, Act::Stall, Fate::Stuck, End::GivenUp);
    finds(Population::Fresh, 0, Act::Stall, Fate::Stuck, End::GivenUp);
}

#[test]
fn announced_closes_are_clean() {
    finds(Population::Busy, 2, Act::Announce, Fate::Announced, End::Announced);
    finds(Population::Busy, 2, Act::AnnounceAndHold, Fate::Announced, End::AnnouncedHeld);
}

#[test]
fn a_close_between_requests_costs_no_request() {
    finds(Population::Paced, 2, Act::AnswerAndClose, Fate::Current, End::IdleClosed);
}

#[test]
fn something_more_than_the_answer_is_noted() {
    finds(Population::Busy, 2, Act::SayMore, Fate::Current, End::Unasked);
}

#[test]
fn nobody_listening_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    drop(listener);
    for population in THREE {
        let record = drive_until(address, &plan(population), 20);
        let ledger = &record.ledger;
        assert!(20 <= ledger.fate_total(Fate::Refused), "{population:?}");
        assert_eq!(ledger.fate_total(Fate::Refused) + ledger.fate_total(Fate::NotSent), ledger.planned());
        assert_eq!(ledger.sent_total(), 0);
    }
}

#[test]
fn a_full_accept_queue_is_a_connect_timeout() {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().expect("an address");
    socket.bind(&any.into()).expect("a free port");
    socket.listen(0).expect("it listens");
    let address = socket.local_addr().ok().and_then(|address| address.as_socket()).expect("it is bound");
    let record = drive_until(address, &impatient(Population::Fresh), 20);
    assert!(0 < record.ledger.fate_total(Fate::ConnectTimeout));
    assert!(0 < record.ledger.fate_total(Fate::Stuck), "what the kernel took is never answered");
    assert_eq!(record.ledger.fate_total(Fate::Refused), 0);
}

#[test]
fn a_stall_shows_in_the_latency_of_what_was_meant_to_leave_meanwhile() {
    // One connection stalls for its whole deadline; with both stalled, arrivals have to wait.
    let server = Faulty::start(
        |connection, ordinal| {
            if connection < 2 && ordinal == 3 { Act::Stall } else { Act::Answer }
        },
    );
    let record = drive_until(server.address, &impatient(Population::Paced), 100);
    let latency = record.latencies.summary(Population::Paced, false).expect("answers");
    assert!(100.0 < latency.max_ms, "the slowest took {} ms", latency.max_ms);
    assert!(Duration::from_millis(100) < record.completions.longest);
}

#[test]
fn an_aborted_run_still_closes_its_books() {
    let server = Faulty::start(|_, ordinal| if ordinal == 5 { Act::Stall } else { Act::Answer });
    let control = Control::new();
    let releases = Releases::new(vec!["r0".to_owned()]);
    let plan = LoadPlan { busy: 4, rate: 100.0, fresh_rate: 100.0, ..LoadPlan::default() };
    let record = std::thread::scope(|scope| {
        scope.spawn(|| {
            let deadline = Instant::now() + Duration::from_secs(20);
            while control.progress().0 < 20 && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(2));
            }
            control.abort();
        });
        drive(server.address, &plan, releases, &control).expect("the driver works")
    });
    assert_eq!(record.ledger.close(), Ok(()));
    assert!(0 < record.ledger.fate_total(Fate::Abandoned));
}
