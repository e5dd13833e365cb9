//! What ends a run before its plan does, and that nothing is left behind.

use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use workerspec_conformance::testee::{Process, descendants};

use crate::{LIGHT, command, report, turn};

/// A run under way: the program, its testee's master, and everything below the program.
struct Running {
    program: Child,
    master: Pid,
    tree: Vec<Process>,
}

/// Starts a run and waits until its load is under way.
#[expect(clippy::zombie_processes, reason = "whoever gets it waits for it; a failed assertion ends all")]
fn running() -> Running {
    let program = command(LIGHT)
        .args(["--baseline", "60s"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let root = Pid::from_raw(program.id() as i32);
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let tree = descendants(root);
        // The keeper, the master, two workers: the master is the one with two children.
        let master = tree
            .iter()
            .find(|process| 2 <= tree.iter().filter(|child| child.parent == process.pid).count())
            .map(|process| process.pid);
        // The program itself holds the 18 connections that are kept.
        let connections = Process::read(root).and_then(|process| process.descriptors).unwrap_or(0);
        if let Some(master) = master.filter(|_| 25 <= connections) {
            return Running { program, master, tree };
        }
        assert!(Instant::now() < deadline, "no load: {connections} descriptors, {tree:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until nothing of a tree is left.
#[track_caller]
fn assert_gone(tree: &[Process]) {
    let deadline = Instant::now() + Duration::from_secs(10);
    let lives =
        |process: &Process| Process::read(process.pid).is_some_and(|found| found.started == process.started);
    while let Some(process) = tree.iter().find(|process| lives(process)) {
        assert!(Instant::now() < deadline, "{} is still there", process.pid);
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn an_interrupt_gives_the_partial_report_and_leaves_nothing() {
    let _turn = turn();
    let running = running();
    kill(Pid::from_raw(running.program.id() as i32), Signal::SIGINT).expect("it runs");
    let output = running.program.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert!(text.contains("interrupted: the numbers are those until then"), "{text}");
    assert_gone(&running.tree);
}

/// Deadlines that ran out because the driver did not come say nothing of the server.
#[test]
fn a_driver_that_stood_still_accuses_nobody() {
    let _turn = turn();
    let load = ["--baseline", "10s", "--reloads", "1", "--load-only", "--timeout", "500ms"];
    let program = command(&["--mix", "slow=60,fresh=@50", "--slow", "100ms", "--json", "-"])
        .args(load)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let root = Pid::from_raw(program.id() as i32);
    // The slow clients are connected: the load is under way.
    let deadline = Instant::now() + Duration::from_secs(20);
    while Process::read(root).and_then(|process| process.descriptors).unwrap_or(0) < 60 {
        assert!(Instant::now() < deadline, "no load");
        thread::sleep(Duration::from_millis(10));
    }
    kill(root, Signal::SIGSTOP).expect("it runs");
    // As long as that, because this is what the driver must not hold against the server.
    thread::sleep(Duration::from_millis(3500));
    kill(root, Signal::SIGCONT).expect("it runs");
    let report = report(&program.wait_with_output().expect("it ends"));
    assert_eq!(report["verdict"]["grade"], "inconclusive", "{:#}", report["verdict"]);
    let told = report["verdict"]["sentence"].as_str().expect("a sentence");
    assert!(told.contains("the driver kept its schedule"), "{told}");
    assert_eq!(report["losses"], Value::Array(Vec::new()), "the answers were there to be read");
}

#[test]
fn a_testee_that_dies_is_named() {
    let _turn = turn();
    let running = running();
    kill(running.master, Signal::SIGKILL).expect("it runs");
    let output = running.program.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("the testee ended during the run: killed by SIGKILL"), "{text}");
    assert_gone(&running.tree);
}

#[test]
fn a_killed_run_leaves_nothing() {
    let _turn = turn();
    let mut running = running();
    running.program.kill().expect("it runs");
    running.program.wait().expect("it ends");
    assert_gone(&running.tree);
}
