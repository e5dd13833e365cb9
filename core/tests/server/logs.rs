//! The log file.

use std::fs;
use std::thread;

use crate::client::Client;
use crate::harness::{Running, signal, until};
use crate::tests;

tests![
    lines_have_date_time_process_and_level,
    workers_of_another_user_write_the_log,
    a_log_that_is_full_is_rotated_and_no_line_is_lost,
    a_reload_opens_the_log_anew,
    a_worker_that_is_stuck_loses_no_line_to_a_rotation,
];

fn lines_have_date_time_process_and_level() {
    // MASTER-7, MASTER-5, SIGNAL-5.
    let server = Running::start("log=1");
    assert_eq!(server.get("/log/hello"), "logged");
    let worker = server.workers()[0];
    signal(server.pid(), nix::sys::signal::Signal::SIGUSR1);
    server.log.wait_for("worker 0 of http replaced");
    let text = fs::read_to_string(server.path("server.log")).unwrap();
    let line = text.lines().find(|line| line.contains("hello")).unwrap();
    let (moment, rest) = line.split_at(19);
    assert_eq!(rest, format!(" pid:{worker} info line hello"));
    let shape: String = moment.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00 00:00:00");
    for expected in ["info running", "info received signal signal=SIGUSR1", "booting 1 workers"] {
        assert!(text.contains(expected), "no {expected:?} in\n{text}");
    }
    // In the foreground the same lines are on the terminal.
    server.log.wait_for("line hello");
}

fn workers_of_another_user_write_the_log() {
    // SF-24.
    let server = Running::start("log=1 user=nobody");
    assert_eq!(server.get("/log/hello"), "logged");
    assert_eq!(server.run("reload").status.code(), Some(0));
    assert_eq!(server.get("/log/again"), "logged");
    let text = fs::read_to_string(server.path("server.log")).unwrap();
    assert!(text.contains("line hello") && text.contains("line again"), "{text}");
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&fs::metadata(server.path("server.log")).unwrap()), 0);
}

fn a_log_that_is_full_is_rotated_and_no_line_is_lost() {
    // MASTER-9, SF-26. The cap is reached once: what was before the file that was rotated is dropped on purpose.
    let server = Running::start("log=1 log_max=60000 count=2 user=nobody");
    let clients: Vec<_> = (0..4)
        .map(|client| {
            let address = server.http.clone();
            thread::spawn(move || {
                let mut it = Client::new(&address);
                (0..450).for_each(|n| assert_eq!(it.get(&format!("/log/{client}-{n}-")).unwrap(), "logged"));
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
    // The master rotates when it gets to it: all lines may be in the old file by then.
    until("it is rotated and goes on", || {
        server.get("/log/more");
        server.path("server.log.1").exists()
            && fs::metadata(server.path("server.log")).is_ok_and(|data| 0 < data.len())
    });
    let read = |name: &str| fs::read_to_string(server.path(name)).unwrap();
    let (old, new) = (read("server.log.1"), read("server.log"));
    assert!(60_000 < old.len(), "{}", old.len());
    let text = old + &new;
    for client in 0..4 {
        for n in 0..450 {
            let line = format!("line {client}-{n}-");
            assert_eq!(text.lines().filter(|candidate| candidate.ends_with(&line)).count(), 1, "{line}");
        }
    }
}

fn a_reload_opens_the_log_anew() {
    // RELOAD-2: as logrotate does it. Workers that stay go on in the new file too.
    let server = Running::start("log=1 stays=1");
    fs::rename(server.path("server.log"), server.path("old")).unwrap();
    assert_eq!(server.run("reload").status.code(), Some(0));
    until("the worker that stays has the new file", || {
        server.get("/log/hello");
        fs::read_to_string(server.path("server.log")).unwrap().contains("line hello")
    });
}

fn a_worker_that_is_stuck_loses_no_line_to_a_rotation() {
    // SF-26: it writes to the file that was rotated, which is not replaced meanwhile.
    let server = Running::start("log=1 log_max=20000 count=2");
    let address = server.http.clone();
    let mut stuck = Client::new(&address);
    stuck.get("/log/early").unwrap();
    let go_on = server.path("go-on");
    let late = thread::spawn(move || {
        stuck.get(&format!("/wait/{}", go_on.display())).unwrap();
        stuck.get("/log/late").unwrap();
    });
    until("it is stuck", || {
        let status = server.status();
        status["workers"].as_array().unwrap().iter().any(|worker| !worker["busy"].is_null())
    });
    let mut other = Client::new(&address);
    // It is rotated once, and then not again, although it is full once more.
    until("it is full again", || {
        (0..100).for_each(|n| drop(other.get(&format!("/log/{n}-")).unwrap()));
        server.path("server.log.1").exists()
            && fs::metadata(server.path("server.log")).is_ok_and(|data| 40_000 < data.len())
    });
    let size = fs::metadata(server.path("server.log")).unwrap().len();
    fs::write(server.path("go-on"), "").unwrap();
    late.join().unwrap();
    // For a moment, between two names, there is none.
    until("it is rotated again", || {
        fs::metadata(server.path("server.log")).is_ok_and(|data| data.len() < size)
    });
    let found = ["server.log", "server.log.1"].map(|name| {
        fs::read_to_string(server.path(name))
            .unwrap()
            .lines()
            .filter(|line| line.ends_with("line late"))
            .count()
    });
    assert_eq!(found.iter().sum::<usize>(), 1, "{found:?}");
}
