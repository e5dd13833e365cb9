//! What the model says of signals, starts and stops, as far as no other file shows it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use nix::sys::signal::Signal;

use crate::client;
use crate::harness::{PATIENCE, Running, alive, signal, until};

crate::tests! {
    a_signal_to_a_worker_replaces_it_alone,
    usr2_to_the_master_reloads,
    signals_without_a_meaning_change_nothing,
    looking_at_the_server_costs_no_slow_client,
    a_graceful_stop_refuses_at_once_and_finishes,
    a_worker_accepts_when_it_has_started,
    a_start_that_panics_is_told_by_its_status,
    a_death_during_a_reload_is_repaired,
    a_death_is_told_in_the_log,
    workers_are_named_in_the_list_of_processes,
    the_log_holds_events_and_not_what_the_application_prints,
    the_pid_file_has_a_place_of_its_own,
}

/// Waits until the workers are as many, and others than `before`.
fn replaced(server: &Running, before: &[i32], stays: &[i32]) -> Vec<i32> {
    let mut now = Vec::new();
    until("the worker is replaced", || {
        now = server.workers();
        let gone = before.iter().filter(|pid| !stays.contains(pid)).all(|pid| !now.contains(pid));
        gone && now.len() == before.len()
    });
    assert!(stays.iter().all(|pid| now.contains(pid)), "{now:?} without one of {stays:?}");
    now
}

fn a_signal_to_a_worker_replaces_it_alone() {
    // SIGNAL-2, SIGNAL-4, SIGNAL-8, RELOAD-11
    let server = Running::start("count=2");
    let mut workers = server.workers();
    for number in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGUSR1, Signal::SIGUSR2] {
        signal(workers[0], number);
        let stays = workers[1];
        workers = replaced(&server, &workers, &[stays]);
        workers.sort_by_key(|pid| *pid == stays);
    }
    // It left in order: none of the ends is an error.
    let ends: Vec<String> =
        server.journal().into_iter().filter(|line| line.contains("worker_exit")).collect();
    assert_eq!(ends.len(), 5, "{ends:?}");
    assert!(ends.iter().all(|line| line.ends_with(" 0")), "{ends:?}");
}

fn usr2_to_the_master_reloads() {
    // SIGNAL-7, RELOAD-6: and it is told when it is over.
    let server = Running::start("count=2");
    let before = server.workers();
    signal(server.pid(), Signal::SIGUSR2);
    server.log.wait_for("all ready, taking over");
    replaced(&server, &before, &[]);
    until("it runs again", || server.status()["state"] == "running");
    // Another one is taken.
    let before = server.workers();
    signal(server.pid(), Signal::SIGUSR1);
    replaced(&server, &before, &[]);
}

fn signals_without_a_meaning_change_nothing() {
    // SIGNAL-13, SIGNAL-15
    let server = Running::start("");
    let workers = server.workers();
    for pid in [server.pid(), workers[0]] {
        [Signal::SIGPIPE, Signal::SIGWINCH, Signal::SIGURG]
            .into_iter()
            .for_each(|number| signal(pid, number));
    }
    assert_eq!(server.get("/pid"), workers[0].to_string());
    assert_eq!(server.workers(), workers);
}

fn looking_at_the_server_costs_no_slow_client() {
    // SF-30, SIGNAL-17: 20 MB for a client that reads nothing, and status, connections and signals meanwhile.
    let server = Running::start("");
    let mut stream = TcpStream::connect(&server.http).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET /bytes/20000000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    stream.read_exact(&mut [0]).unwrap();
    for _ in 0..10 {
        assert_eq!(server.run("status").status.code(), Some(0));
        assert_eq!(server.run("connections").status.code(), Some(0));
        signal(server.workers()[0], Signal::SIGWINCH);
    }
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(20_000_000 < rest.len() && rest.ends_with(b"xxx"));
}

fn a_graceful_stop_refuses_at_once_and_finishes() {
    // SF-6, STOP-1, STOP-3: nobody connects into a void while what is under way is answered.
    let mut server = Running::start("");
    let address = server.http.clone();
    let waiting = std::thread::spawn({
        let address = address.clone();
        move || client::get(&address, "/sleep/1000").unwrap()
    });
    until("it is under way", || server.status()["summary"]["connections"] == 1);
    signal(server.pid(), Signal::SIGQUIT);
    server.log.wait_for("stopping gracefully");
    until("the port is closed", || TcpStream::connect(&address).is_err());
    assert_eq!(waiting.join().unwrap(), "slept");
    assert_eq!(server.wait(), Some(0));
}

fn a_worker_accepts_when_it_has_started() {
    // WORKER-2, MASTER-1: ports open first; who comes early waits for the worker.
    let mut server = Running::prepare("slow_start=700");
    let mut start = server.command("start");
    server.launch(start.stderr(Stdio::piped()));
    let line = server.log.wait_for("listening");
    let address = line.split("address=").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().to_owned();
    assert_eq!(client::get(&address, "/slot").unwrap(), "0");
    let journal = server.journal();
    assert!(journal[0].ends_with("worker_start 0"), "{journal:?}");
    server.log.wait_for("running");
    assert!(server.log.all().find("listening") < server.log.all().find("running"));
}

fn a_start_that_panics_is_told_by_its_status() {
    // WORKER-3, MASTER-2
    let mut server = Running::prepare("die=panic");
    let mut start = server.command("start");
    server.launch(start.stderr(Stdio::piped()));
    assert_eq!(server.wait(), Some(1));
    server.log.wait_for("exited with status 250");
    assert!(!server.path("server.pid").exists());
}

fn a_death_during_a_reload_is_repaired() {
    // RELOAD-7
    let server = Running::start("count=2");
    let before = server.workers();
    server.change("slow_start=500");
    signal(server.pid(), Signal::SIGUSR1);
    server.log.wait_for("generation 1: booting");
    signal(before[0], Signal::SIGKILL);
    let now = replaced(&server, &before, &[]);
    assert_eq!(now.len(), 2);
    until("it runs again", || server.status()["state"] == "running");
    assert_eq!(server.get("/x"), "ok");
}

fn a_death_is_told_in_the_log() {
    // WORKER-6
    let server = Running::start("");
    let worker = server.workers()[0];
    signal(worker, Signal::SIGKILL);
    server.log.wait_for("was killed by signal 9");
    until("it is gone", || !alive(worker));
}

fn workers_are_named_in_the_list_of_processes() {
    // MASTER-6
    let server = Running::start("count=2");
    let title = |pid: i32| {
        let octets = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap();
        String::from_utf8_lossy(octets.split(|octet| *octet == 0).next().unwrap()).into_owned()
    };
    let mut titles: Vec<String> = server.workers().into_iter().map(title).collect();
    titles.sort();
    assert_eq!(titles, ["server: worker 0 of http", "server: worker 1 of http"]);
}

fn the_log_holds_events_and_not_what_the_application_prints() {
    // MASTER-8
    let server = Running::start("log=1");
    server.get("/print/not-for-the-log");
    server.get("/log/for-the-log");
    let log = std::fs::read_to_string(server.path("server.log")).unwrap();
    assert!(log.contains("line for-the-log") && log.contains("running"), "{log}");
    assert!(!log.contains("not-for-the-log"), "{log}");
}

fn the_pid_file_has_a_place_of_its_own() {
    // MASTER-3, CLI-1, CLI-6: without one of its own, a program is known by its name.
    let server = Running::prepare("pid=default");
    let run = |arguments: &str| {
        let mut command = server.command(arguments);
        command.env("XDG_RUNTIME_DIR", server.folder.path());
        command.stderr(Stdio::null()).stdout(Stdio::null());
        command
    };
    let mut master = run("start").spawn().unwrap();
    until("it is there", || server.path("server.pid").exists());
    until("it serves", || run("status").status().unwrap().code() == Some(0));
    assert_eq!(run("start").status().unwrap().code(), Some(4));
    assert_eq!(run("stop").status().unwrap().code(), Some(0));
    assert_eq!(master.wait().unwrap().code(), Some(0));
    assert!(!server.path("server.pid").exists());
}
