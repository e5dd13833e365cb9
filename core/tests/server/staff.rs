//! Services and their worker processes.

use std::collections::HashSet;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::client::{Client, Load};
use crate::harness::{Running, alive, output, said, signal, until};
use crate::tests;

tests![
    callbacks_come_in_the_order_of_the_model,
    a_panic_in_a_master_callback_is_logged_and_nothing_else,
    workers_that_are_not_reloadable_stay_and_are_told,
    a_job_runs_without_an_address,
    workers_have_the_rights_of_their_user_alone,
    an_unknown_user_keeps_the_server_from_starting,
    max_requests_replaces_workers_and_loses_nothing,
    a_worker_recycles_and_stops_itself,
    subprocesses_inherit_nothing_of_the_server,
    two_services_have_their_own_workers,
];

/// The journal without the process ids.
fn events(server: &Running) -> Vec<String> {
    let lines = server.journal().into_iter();
    lines.map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
}

fn callbacks_come_in_the_order_of_the_model() {
    // WORKER-7, RELOAD-2, RELOAD-8, STOP-4, STOP-5, STOP-8.
    let mut server = Running::start("grace=100");
    let old = server.workers()[0];
    // An idle connection that the old worker hands over, and the new one has to let go.
    let mut idle = Client::new(&server.http);
    idle.get("/ok").unwrap();
    assert_eq!(server.run("reload").status.code(), Some(0));
    let new = server.workers()[0];
    assert_eq!(server.run("stop").status.code(), Some(0));
    assert_eq!(server.wait(), Some(0));
    let expected = [
        "worker_start 0".to_owned(),
        "master_reload".to_owned(),
        "worker_start 0".to_owned(),
        "worker_reload".to_owned(),
        "worker_stop".to_owned(),
        "close".to_owned(),
        format!("worker_exit {old} 0"),
        "worker_stop".to_owned(),
        "close".to_owned(),
        format!("worker_exit {new} 0"),
        "master_stop".to_owned(),
    ];
    assert_eq!(events(&server), expected);
    // STOP-4: on_master_stop comes last, when the files are gone.
    assert!(!server.path("server.pid").exists() && !server.path("server.pid.sock").exists());
}

fn a_panic_in_a_master_callback_is_logged_and_nothing_else() {
    // SF-14, RELOAD-2.
    let server = Running::start("panic_in_master=1");
    let old = server.workers()[0];
    assert_eq!(server.run("reload").status.code(), Some(0));
    assert_ne!(server.workers()[0], old);
    assert_eq!(server.get("/ok"), "ok");
    server.log.wait_for("on_master_reload panicked; the server goes on");
    server.log.wait_for("on_worker_exit panicked; the server goes on");
}

fn workers_that_are_not_reloadable_stay_and_are_told() {
    // RELOAD-3, RELOAD-8, and SIGNAL-6 for one that stays.
    let server = Running::start("stays=1 count=2");
    let before = server.workers();
    let mut client = Client::new(&server.http);
    let served_by = client.get("/pid").unwrap();
    assert_eq!(server.run("reload").status.code(), Some(0));
    assert_eq!(server.workers(), before);
    assert_eq!(client.get("/pid").unwrap(), served_by);
    let told = |server: &Running| events(server).iter().filter(|event| *event == "worker_reload").count();
    until("both are told", || told(&server) == 2);
    signal(before[0], Signal::SIGUSR1);
    until("the one that got the signal is told", || told(&server) == 3);
    assert_eq!(server.workers(), before);
    assert!(!events(&server).contains(&"worker_stop".to_owned()));
}

fn a_job_runs_without_an_address() {
    // MASTER-13.
    let server = Running::start("job=1");
    until("the job ticks", || events(&server).iter().filter(|event| *event == "job_tick").count() > 2);
    let status = server.status();
    assert_eq!(status["services"][1]["listening"], "none");
    let job = |status: &serde_json::Value| {
        let workers = status["workers"].as_array().unwrap().clone();
        workers.iter().find(|worker| worker["service"] == "job").unwrap()["pid"].as_i64().unwrap() as i32
    };
    let before = job(&status);
    assert_eq!(server.run("reload").status.code(), Some(0));
    assert_ne!(job(&server.status()), before);
    assert!(!alive(before));
}

fn workers_have_the_rights_of_their_user_alone() {
    // MASTER-10, SF-23.
    let server = Running::start("user=nobody");
    let id = server.get("/id");
    assert!(id.contains("uid=65534(nobody)") && !id.contains("(root)"), "{id}");
    let pid = server.workers()[0];
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = |name: &str| status.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert_eq!(line("Uid:").split_whitespace().skip(1).collect::<HashSet<_>>(), HashSet::from(["65534"]));
    assert_eq!(line("Gid:").split_whitespace().skip(1).collect::<HashSet<_>>(), HashSet::from(["65534"]));
    assert!(line("CapEff:").ends_with("0000000000000000"), "{status}");
    // A reload and the death of the master go as with root's workers.
    assert_eq!(server.run("reload").status.code(), Some(0));
    let pid = server.workers()[0];
    signal(server.pid(), Signal::SIGKILL);
    until("the worker leaves", || !alive(pid));
}

fn an_unknown_user_keeps_the_server_from_starting() {
    // SF-23.
    for option in ["user=no-such-user", "group=no-such-group"] {
        let server = Running::prepare(option);
        let failed = server.run("start");
        assert_eq!(failed.status.code(), Some(1), "{}", said(&failed));
        assert!(said(&failed).contains("is not known"), "{}", said(&failed));
        assert!(server.journal().is_empty());
        // What can't be dropped is not kept: an ordinary user can't become another.
        let mut start = server.command("start");
        std::os::unix::process::CommandExt::uid(&mut start, 65534);
        let failed = output(&mut start);
        assert_eq!(failed.status.code(), Some(1), "{}", said(&failed));
    }
    let server = Running::prepare("user=daemon");
    let mut start = server.command("start");
    std::os::unix::process::CommandExt::uid(&mut start, 65534);
    let failed = output(&mut start);
    assert_eq!(failed.status.code(), Some(1), "{}", said(&failed));
    assert!(said(&failed).contains("only root can"), "{}", said(&failed));
}

fn max_requests_replaces_workers_and_loses_nothing() {
    // MAXREQ-1, SF-1.
    let server = Running::start("count=2 max_requests=50 grace=2000");
    let load = Load::start(&server.http, 4);
    let starts = || events(&server).iter().filter(|event| event.starts_with("worker_start")).count() as u64;
    // Each slot has been recycled several times, with its load.
    until("many workers", || 10 <= starts() && 500 < load.answered());
    let answered = load.finish();
    // None is replaced before its time: the two that serve now may be at any count.
    assert!((starts() - 2) * 50 <= answered, "{} workers for {answered} requests", starts());
}

fn a_worker_recycles_and_stops_itself() {
    // WORKER-8, WORKER-1.
    let server = Running::start("");
    let first = server.get("/pid");
    assert_eq!(server.get("/recycle"), "recycling");
    until("another one serves", || server.get("/pid") != first);
    let second = server.get("/pid");
    assert_eq!(server.get("/slot"), "0");
    assert_eq!(server.get("/stop"), "stopping");
    until("another one serves", || server.get("/pid") != second);
    assert_eq!(server.get("/slot"), "0");
    let exits: Vec<String> =
        events(&server).into_iter().filter(|event| event.starts_with("worker_exit")).collect();
    assert_eq!(exits, [format!("worker_exit {first} 0"), format!("worker_exit {second} 0")]);
}

fn subprocesses_inherit_nothing_of_the_server() {
    // SF-22, as a subprocess sees it: its three standard descriptors, and the one that it reads the folder with.
    let server = Running::start("log=1 job=1 count=2");
    let _open = Client::new(&server.http).get("/ok");
    let numbers = |listing: &str| -> Vec<String> {
        let entries = listing.lines().filter_map(|line| Some(line.split_once(" -> ")?.0));
        entries.map(|entry| entry.rsplit(' ').next().unwrap().to_owned()).collect()
    };
    // Whatever started these tests may have left something open: then both have it.
    let ours = said(&output(Command::new("ls").args(["-l", "/proc/self/fd"])));
    let theirs = server.get("/descriptors");
    assert_eq!(numbers(&theirs), numbers(&ours), "{theirs}");
}

fn two_services_have_their_own_workers() {
    // MASTER-11.
    let server = Running::start("second=1 count=2");
    let status = server.status();
    let of = |name: &str| {
        let workers = status["workers"].as_array().unwrap().iter();
        let mut slots: Vec<u64> =
            workers.filter(|worker| worker["service"] == name).map(|w| w["slot"].as_u64().unwrap()).collect();
        slots.sort_unstable();
        slots
    };
    assert_eq!((of("http"), of("second")), (vec![0, 1], vec![0, 1]));
    assert_ne!(status["services"][0]["listening"], status["services"][1]["listening"]);
}
