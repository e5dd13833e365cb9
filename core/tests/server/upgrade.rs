//! A new master takes over from the one that runs.

use std::collections::HashSet;
use std::fs;
use std::process::Stdio;

use nix::sys::signal::Signal;

use crate::client::Load;
use crate::harness::{Running, alive, output, said, signal, spawn, until};
use crate::tests;

tests![
    an_upgrade_under_load_loses_nothing,
    an_upgrade_brings_another_count,
    an_upgrade_brings_and_takes_services,
    a_new_master_that_exits_is_reported_and_the_old_one_goes_on,
    a_new_master_that_hangs_is_killed_and_the_old_one_goes_on,
    workers_of_a_new_master_that_hang_fail_the_upgrade,
    a_stop_during_an_upgrade_leaves_nobody,
    the_pid_file_is_locked_without_a_gap,
    two_upgrades_in_a_row_and_a_reload_between,
    own_sockets_survive_an_upgrade,
    an_old_master_takes_everything_back_when_the_new_one_dies,
    a_killed_old_master_takes_the_new_one_with_it_while_that_boots,
];

/// The master that answers now.
fn master(server: &Running) -> i32 {
    server.status()["pid"].as_i64().unwrap() as i32
}

fn an_upgrade_under_load_loses_nothing() {
    let mut server = Running::start("count=2 grace=2000");
    let (old, workers) = (server.pid(), server.workers());
    let load = Load::start(&server.http, 8);
    until("the load runs", || load.answered() > 200);
    let done = server.run("upgrade");
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    assert!(said(&done).contains("upgraded: the new master serves"), "{}", said(&done));
    let then = load.answered();
    until("the load goes on", || load.answered() > then + 200);
    load.finish();
    // The old master has left in order, and left everything behind.
    assert_eq!(server.wait(), Some(0));
    let new = master(&server);
    assert_ne!(new, old);
    assert_eq!(fs::read_to_string(server.path("server.pid")).unwrap(), format!("{new}\n"));
    assert!(workers.iter().all(|worker| !alive(*worker)));
    let journal = server.journal();
    assert!(!journal.iter().any(|line| line.ends_with("master_stop")), "{journal:?}");
    assert_eq!(server.run("stop").status.code(), Some(0));
    until("the new master is gone", || !alive(new));
    assert!(!server.path("server.pid").exists() && !server.path("server.pid.sock").exists());
}

fn an_upgrade_brings_another_count() {
    let server = Running::start("count=3");
    for count in [1, 4] {
        server.change(&format!("count={count}"));
        let done = server.run("upgrade");
        assert_eq!(done.status.code(), Some(0), "{}", said(&done));
        assert_eq!(server.workers().len(), count);
        assert_eq!(server.get("/ok"), "ok");
    }
}

fn an_upgrade_brings_and_takes_services() {
    let server = Running::start("count=2");
    let load = Load::start(&server.http, 4);
    server.change("second=1 job=1");
    let done = server.run("upgrade");
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    let status = server.status();
    assert_eq!(status["workers"].as_array().unwrap().len(), 5);
    let second = status["services"][1]["listening"].as_str().unwrap().to_owned();
    assert_eq!(crate::client::get(&second, "/ok").unwrap(), "ok");
    server.change("");
    let done = server.run("upgrade");
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    assert_eq!(server.workers().len(), 2);
    assert!(crate::client::get(&second, "/ok").is_err());
    load.finish();
}

fn a_new_master_that_exits_is_reported_and_the_old_one_goes_on() {
    let server = Running::start("count=2");
    let (old, workers) = (server.pid(), server.workers());
    let load = Load::start(&server.http, 4);
    server.replace_program("#!/bin/sh\necho deployed by mistake >&2\nexit 7\n");
    let aside = std::env::current_exe().unwrap();
    let failed = output(&mut server.command_of(&aside, "upgrade"));
    let text = said(&failed);
    assert_eq!(failed.status.code(), Some(1), "{text}");
    assert!(text.contains("exited with status 7") && text.contains("| deployed by mistake"), "{text}");
    assert!(text.contains("not upgraded, the old master goes on"), "{text}");
    // Nor does one that is no program at all.
    fs::remove_file(server.program()).unwrap();
    let failed = output(&mut server.command_of(&aside, "upgrade"));
    assert_eq!(failed.status.code(), Some(1), "{}", said(&failed));
    assert!(said(&failed).contains("No such file"), "{}", said(&failed));
    load.finish();
    let status: serde_json::Value =
        serde_json::from_slice(&output(&mut server.command_of(&aside, "status --json")).stdout).unwrap();
    assert_eq!((&status["pid"], &status["state"]), (&old.into(), &"running".into()));
    let now: HashSet<i64> =
        status["workers"].as_array().unwrap().iter().map(|row| row["pid"].as_i64().unwrap()).collect();
    assert_eq!(now, workers.iter().map(|pid| i64::from(*pid)).collect());
}

fn a_new_master_that_hangs_is_killed_and_the_old_one_goes_on() {
    let server = Running::start("boot=2000");
    let (old, workers) = (server.pid(), server.workers());
    let load = Load::start(&server.http, 4);
    server.change("hang_in_main=1");
    let upgrade = spawn(server.command("upgrade").stdout(Stdio::piped()).stderr(Stdio::piped()));
    let failed = upgrade.wait_with_output().unwrap();
    let text = said(&failed);
    assert_eq!(failed.status.code(), Some(1), "{text}");
    assert!(text.contains("the new master was not ready in time"), "{text}");
    fs::remove_file(server.path("options")).unwrap();
    load.finish();
    assert_eq!((master(&server), server.workers()), (old, workers));
    let done = server.run("upgrade");
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    assert_ne!(master(&server), old);
}

fn workers_of_a_new_master_that_hang_fail_the_upgrade() {
    let server = Running::start("boot=2000 count=2");
    let (old, workers) = (server.pid(), server.workers());
    for (die, reason) in
        [("hang", "was not ready in time"), ("start", "exited with status 5 before it was ready")]
    {
        server.change(&format!("die={die}"));
        let failed = server.run("upgrade");
        let text = said(&failed);
        assert_eq!(failed.status.code(), Some(1), "{text}");
        assert!(text.contains(reason), "{text}");
        assert_eq!((master(&server), server.workers()), (old, workers.clone()));
        assert_eq!(server.get("/ok"), "ok");
    }
    let started: Vec<i32> = server
        .journal()
        .iter()
        .filter(|line| line.contains("worker_start"))
        .map(|line| line.split(' ').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(started.iter().filter(|pid| alive(**pid)).count(), 2);
}

fn a_stop_during_an_upgrade_leaves_nobody() {
    let mut server = Running::start("count=2 slow_start=10");
    server.change("slow_start=5000");
    let upgrade = spawn(server.command("upgrade").stdout(Stdio::piped()).stderr(Stdio::piped()));
    until("the new workers boot", || {
        server.journal().iter().filter(|line| line.contains("worker_start")).count() == 4
    });
    signal(server.pid(), Signal::SIGTERM);
    let refused = upgrade.wait_with_output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(said(&refused).contains("the server is stopping"), "{}", said(&refused));
    assert_eq!(server.wait(), Some(0));
    let started: Vec<i32> =
        server.journal().iter().map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect();
    until("nobody is left", || !started.iter().any(|pid| alive(*pid)));
    assert!(!server.path("server.pid").exists());
}

fn the_pid_file_is_locked_without_a_gap() {
    // SF-19 across an upgrade: a start at any moment finds that a server runs.
    let server = Running::start("");
    let upgrade = spawn(server.command("upgrade").stdout(Stdio::piped()).stderr(Stdio::piped()));
    let mut upgrade = upgrade;
    let mut tries = 0;
    while upgrade.try_wait().unwrap().is_none() || tries < 5 {
        let second = server.run("start");
        assert_eq!(second.status.code(), Some(4), "{}", said(&second));
        tries += 1;
    }
    assert_eq!(upgrade.wait().unwrap().code(), Some(0));
}

fn two_upgrades_in_a_row_and_a_reload_between() {
    let server = Running::start("count=2 second=1 job=1 stays=1");
    let mut masters = HashSet::from([server.pid()]);
    for _ in 0..2 {
        assert_eq!(server.run("upgrade").status.code(), Some(0));
        assert!(masters.insert(master(&server)), "a new one");
        assert_eq!(server.get("/ok"), "ok");
        let done = server.run("reload");
        assert_eq!(done.status.code(), Some(0), "{}", said(&done));
        assert_eq!(server.status()["generation"], 1);
    }
    assert_eq!(server.workers().len(), 5);
}

fn own_sockets_survive_an_upgrade() {
    // SF-2 across an upgrade.
    let server = Running::start("count=2 reuse_port=1 grace=2000");
    let load = Load::start(&server.http, 4);
    server.change("count=3");
    let done = server.run("upgrade");
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    load.finish();
    assert_eq!(server.workers().len(), 3);
    // Fewer would mean to close a socket on which connections may wait.
    server.change("count=2");
    let refused = server.run("upgrade");
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(said(&refused).contains("3 sockets are open for it"), "{}", said(&refused));
    assert_eq!(server.workers().len(), 3);
}

fn an_old_master_takes_everything_back_when_the_new_one_dies() {
    let server = Running::start("count=2 grace=5000");
    let old = server.pid();
    // The old master stays as long as this is being answered.
    let address = server.http.clone();
    let slow = std::thread::spawn(move || crate::client::get(&address, "/sleep/2000"));
    until("it is being answered", || server.status()["summary"]["total_request"].as_u64() > Some(0));
    let upgrade = spawn(server.command("upgrade").stdout(Stdio::piped()).stderr(Stdio::piped()));
    server.log.wait_for("this master takes over");
    until("the new master has both workers", || server.workers().len() == 2 && master(&server) != old);
    signal(master(&server), Signal::SIGKILL);
    let failed = upgrade.wait_with_output().unwrap();
    assert_eq!(failed.status.code(), Some(1), "{}", said(&failed));
    assert!(said(&failed).contains("the new master was killed by signal 9"), "{}", said(&failed));
    assert_eq!(master(&server), old);
    assert_eq!(fs::read_to_string(server.path("server.pid")).unwrap(), format!("{old}\n"));
    until("it has both workers again", || server.status()["state"] == "running");
    assert_eq!(server.get("/ok"), "ok");
    assert_eq!(slow.join().unwrap().unwrap(), "slept");
    let done = server.run("upgrade");
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
}

fn a_killed_old_master_takes_the_new_one_with_it_while_that_boots() {
    // SF-12: nobody is left behind who holds the port or the pid file.
    let mut server = Running::start("count=2");
    server.change("slow_start=5000");
    let upgrade = spawn(server.command("upgrade").stdout(Stdio::piped()).stderr(Stdio::piped()));
    until("the new workers boot", || {
        server.journal().iter().filter(|line| line.contains("worker_start")).count() == 4
    });
    signal(server.pid(), Signal::SIGKILL);
    assert_eq!(upgrade.wait_with_output().unwrap().status.code(), Some(1));
    assert_eq!(server.wait(), None);
    let started: Vec<i32> =
        server.journal().iter().map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect();
    until("nobody is left", || !started.iter().any(|pid| alive(*pid)));
    fs::remove_file(server.path("options")).unwrap();
    let started = server.run("start -d");
    assert_eq!(started.status.code(), Some(0), "{}", said(&started));
}
