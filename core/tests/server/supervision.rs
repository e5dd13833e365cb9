//! Deaths, deadlines, and who is there when somebody is gone.

use std::io::Write;
use std::net::TcpStream;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::client::get;
use crate::harness::{Running, alive, output, said, signal, spawn, until};
use crate::tests;

tests![
    a_crash_loop_is_slowed_and_shown,
    a_worker_signalled_before_it_serves_obeys_when_it_does,
    a_worker_that_ignores_everything_is_killed_on_time,
    a_worker_that_ignores_a_reload_is_killed_on_time,
    a_stopped_worker_is_not_replaced,
    workers_leave_when_the_master_is_killed,
    a_booting_worker_dies_with_the_master,
    of_two_starts_at_once_one_serves,
    a_worker_that_dies_under_load_costs_its_own_requests_alone,
];

fn a_crash_loop_is_slowed_and_shown() {
    // SF-11, WORKER-4.
    let mut server = Running::prepare("die=later count=1");
    let mut start = server.command("start");
    server.launch(start.stderr(Stdio::piped()));
    server.log.wait_for("degraded, 4 quick deaths in a row");
    let mut seen = None;
    until("the status shows it", || {
        let status = server.status();
        let slot = status["slots"][0].clone();
        let shows = slot["state"] == "backing-off" && slot["retry_in_ms"].as_u64() > Some(0);
        if shows {
            seen = Some((status, slot));
        }
        shows
    });
    let (status, slot) = seen.unwrap();
    assert_eq!(status["state"], "degraded");
    assert!(slot["failures"].as_u64() >= Some(3), "{slot}");
    let exits = &status["services"][0]["exits"][0];
    assert_eq!(exits["status"], 6 * 256);
    let table = said(&server.run("status"));
    assert!(table.contains("deaths in a row"), "{table}");
    // Once the fault is mended the server recovers by itself.
    std::fs::write(server.path("live"), "").unwrap();
    until("it recovers", || server.status()["state"] == "running");
}

fn a_worker_signalled_before_it_serves_obeys_when_it_does() {
    // SIGNAL-2, SIGNAL-6: the first generation is neither given up for it nor is the signal lost.
    for early in [Signal::SIGTERM, Signal::SIGQUIT] {
        let mut server = Running::prepare("die=wait count=2");
        let mut start = server.command("start");
        server.launch(start.stderr(Stdio::piped()));
        server.log.wait_for("1 of 2");
        let ready =
            server.journal().iter().find_map(|line| line.strip_suffix(" worker_start 0")?.parse().ok());
        let ready: i32 = ready.expect("it has started");
        signal(ready, early);
        server.log.wait_for(&format!("signal={early}"));
        std::fs::write(server.path("live"), "").unwrap();
        server.log.wait_for("running");
        server.find_port();
        until("it is replaced", || !alive(ready) && server.workers().len() == 2);
        assert_eq!(get(&server.http, "/ok").unwrap(), "ok");
    }
}

fn a_worker_that_ignores_everything_is_killed_on_time() {
    // STOP-2, STOP-6, SF-8: within 50 ms of its timeout.
    on_time(|| {
        let timeout = Duration::from_millis(700);
        let mut server = Running::start("stop=700");
        let worker = stuck(&server);
        let told = Instant::now();
        signal(server.pid(), Signal::SIGTERM);
        let killed = gone_after(worker, told);
        assert!(timeout <= killed, "killed after {killed:?}");
        assert_eq!(server.wait(), Some(0));
        assert!(server.journal().iter().any(|line| line.ends_with(&format!("worker_exit {worker} 9"))));
        killed - timeout
    });
}

fn a_worker_that_ignores_a_reload_is_killed_on_time() {
    // RELOAD-5, SF-4, SF-8.
    on_time(|| {
        let timeout = Duration::from_millis(600);
        let server = Running::start("drain=600 grace=100");
        let worker = stuck(&server);
        let asked = Instant::now();
        let reload = spawn(server.command("reload").stdout(Stdio::piped()).stderr(Stdio::piped()));
        server.log.wait_for("worker 0 of http replaced");
        // The log line comes with the order to drain, or later.
        let told = Instant::now();
        let killed = gone_after(worker, told);
        assert!(timeout <= asked.elapsed(), "killed {:?} after the command", asked.elapsed());
        let reload = reload.wait_with_output().unwrap();
        assert_eq!(reload.status.code(), Some(0), "{}", said(&reload));
        assert_eq!(server.get("/ok"), "ok");
        killed.saturating_sub(timeout)
    });
}

/// How late something was, at its best: a machine that is busy with other things delays every process, and a deadline
/// that is wrong is wrong each time.
fn on_time(measure: impl Fn() -> Duration) {
    let mut late = Vec::new();
    while late.len() < 5 && !late.iter().any(|late| *late <= Duration::from_millis(50)) {
        late.push(measure());
    }
    assert!(late.iter().any(|late| *late <= Duration::from_millis(50)), "late by {late:?}");
}

/// Makes the only worker ignore everything from now on.
fn stuck(server: &Running) -> i32 {
    let worker = server.workers()[0];
    let mut stream = TcpStream::connect(&server.http).unwrap();
    stream.write_all(b"GET /ignore-everything HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    until("it is stuck", || busy(server, worker));
    worker
}

fn busy(server: &Running, worker: i32) -> bool {
    let status = server.status();
    let workers = status["workers"].as_array().unwrap();
    workers.iter().any(|row| row["pid"] == worker && !row["busy"].is_null())
}

/// How long after `since` the process was gone.
fn gone_after(pid: i32, since: Instant) -> Duration {
    while alive(pid) {
        assert!(since.elapsed() < Duration::from_secs(10), "it is not killed at all");
        thread::sleep(Duration::from_millis(1));
    }
    since.elapsed()
}

fn a_stopped_worker_is_not_replaced() {
    // SF-10, WORKER-9.
    let mut server = Running::start("count=2 stop=500");
    let before = server.workers();
    signal(before[0], Signal::SIGSTOP);
    until("it is stopped", || {
        std::fs::read_to_string(format!("/proc/{}/stat", before[0])).unwrap().contains(") T ")
    });
    // What a master that took it for dead would do, it would do on SIGCHLD, which has come by the time that
    // it has answered twice.
    assert_eq!(server.workers(), before);
    assert_eq!(server.workers(), before);
    assert_eq!(server.journal().iter().filter(|line| line.contains("worker_start")).count(), 2);
    signal(before[0], Signal::SIGCONT);
    assert_eq!(server.get("/ok"), "ok");
    assert_eq!(server.workers(), before);
    // One that is stopped can't outlive the server.
    signal(before[1], Signal::SIGSTOP);
    assert_eq!(server.run("stop").status.code(), Some(0));
    assert_eq!(server.wait(), Some(0));
    assert!(!alive(before[0]) && !alive(before[1]));
}

fn workers_leave_when_the_master_is_killed() {
    // SF-12, SIGNAL-16; and the pid file that is left is no obstacle.
    let mut server = Running::start("count=2 job=1");
    let workers = server.workers();
    assert_eq!(workers.len(), 3);
    // One that is answering finishes that.
    let address = server.http.clone();
    let slow = thread::spawn(move || get(&address, "/sleep/300"));
    until("it is being answered", || {
        let status = server.status();
        status["summary"]["total_request"].as_u64() > Some(0)
    });
    signal(server.pid(), Signal::SIGKILL);
    assert_eq!(slow.join().unwrap().unwrap(), "slept");
    until("all have left", || !workers.iter().any(|worker| alive(*worker)));
    assert_eq!(server.wait(), None);
    assert!(server.path("server.pid").exists());
    let refused = server.run("status");
    assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
    let started = server.run("start -d");
    assert_eq!(started.status.code(), Some(0), "{}", said(&started));
}

fn a_booting_worker_dies_with_the_master() {
    let mut server = Running::prepare("die=hang user=nobody");
    let mut start = server.command("start");
    server.launch(start.stderr(Stdio::piped()));
    server.log.wait_for("booting");
    let mut worker = 0;
    until("the worker hangs", || {
        worker = server.status()["workers"][0]["pid"].as_i64().unwrap_or(0) as i32;
        let uid = std::fs::read_to_string(format!("/proc/{worker}/status")).unwrap_or_default();
        uid.contains("Uid:\t65534") && server.status()["workers"][0]["timers"] == 0
    });
    // It has started on_worker_start when the kernel shows it asleep there.
    until("it sleeps", || {
        std::fs::read_to_string(format!("/proc/{worker}/stat")).unwrap_or_default().contains(") S ")
    });
    signal(server.pid(), Signal::SIGKILL);
    until("it is gone", || !alive(worker));
}

fn of_two_starts_at_once_one_serves() {
    // SF-19, CLI-4.
    let server = Running::prepare("job=1");
    let starts: Vec<_> = (0..3)
        .map(|_| spawn(server.command("start -d").stdout(Stdio::piped()).stderr(Stdio::piped())))
        .collect();
    let ends: Vec<_> = starts.into_iter().map(|start| start.wait_with_output().unwrap()).collect();
    let mut codes: Vec<_> = ends.iter().map(|end| end.status.code().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 4, 4], "{:?}", ends.iter().map(said).collect::<Vec<_>>());
    let pid = server.status()["pid"].as_i64().unwrap();
    assert_eq!(std::fs::read_to_string(server.path("server.pid")).unwrap(), format!("{pid}\n"));
}

fn a_worker_that_dies_under_load_costs_its_own_requests_alone() {
    // WORKER-1, WORKER-4, WORKER-5.
    let server = Running::start("count=2");
    let before = server.workers();
    signal(before[0], Signal::SIGKILL);
    until("it is replaced", || server.workers().len() == 2 && !server.workers().contains(&before[0]));
    assert!(server.workers().contains(&before[1]));
    let journal = server.journal();
    assert!(journal.iter().any(|line| line.ends_with(&format!("worker_exit {} 9", before[0]))));
    server.log.wait_for("was killed by signal 9");
    assert_eq!(server.get("/ok"), "ok");
    let _ = output(&mut server.command("status"));
}
