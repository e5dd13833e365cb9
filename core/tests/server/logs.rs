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
    until("it is rotated", || server.path("server.log.1").exists());
    let read = |name: &str| fs::read_to_string(server.path(name)).unwrap();
    let (old, new) = (read("server.log.1"), read("server.log"));
    assert!(60_000 < old.len() && !new.is_empty(), "{} and {}", old.len(), new.len());
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
