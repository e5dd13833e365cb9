//! `status` and `connections`.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::{Client, get};
use crate::harness::{Running, said, signal, spawn, until};
use crate::tests;

tests![
    status_counts_what_the_workers_do,
    status_answers_at_once_and_names_the_callback_that_is_stuck,
    status_shows_tables_for_people,
    status_repeats_with_requests_per_second,
    connections_names_the_workers_that_do_not_answer,
    a_status_is_not_cut_however_many_workers,
];

fn status_counts_what_the_workers_do() {
    // STATUS-2, STATUS-3, STATUS-4, PIPE-7.
    let server = Running::start("count=2 job=1");
    let mut client = Client::new(&server.http);
    for _ in 0..5 {
        client.get("/ok").unwrap();
    }
    let status = server.status();
    assert_eq!(status["schema"], 1);
    assert_eq!(status["state"], "running");
    assert_eq!(status["mode"], "foreground");
    assert_eq!(status["pid"], server.pid());
    assert_eq!(status["summary"]["total_request"], 5);
    assert_eq!(status["summary"]["connections"], 1);
    let workers = status["workers"].as_array().unwrap();
    assert_eq!(workers.len(), 3);
    let pids: Vec<i64> = workers.iter().map(|worker| worker["pid"].as_i64().unwrap()).collect();
    assert!(pids.is_sorted());
    let sum = |name: &str| workers.iter().map(|worker| worker[name].as_u64().unwrap()).sum::<u64>();
    for name in ["memory_kib", "connections", "send_fail", "timers", "total_request", "qps"] {
        assert_eq!(status["summary"][name], sum(name), "{name}");
    }
    assert!(workers.iter().all(|worker| worker["memory_kib"].as_u64() > Some(500)));
    // The job's timer.
    let job = workers.iter().find(|worker| worker["service"] == "job").unwrap();
    assert_eq!(job["timers"], 1);
    drop(client);
    until("the connection is gone", || server.status()["summary"]["connections"] == 0);
}

fn status_answers_at_once_and_names_the_callback_that_is_stuck() {
    let server = Running::start("");
    let address = server.http.clone();
    let stuck = thread::spawn(move || get(&address, "/block/2500"));
    let mut row = Value::Null;
    until("it is seen to be stuck", || {
        let asked = Instant::now();
        row = server.status()["workers"][0].clone();
        assert!(asked.elapsed() < Duration::from_millis(1500), "{:?}", asked.elapsed());
        !row["busy"].is_null()
    });
    assert_eq!(row["busy"]["calling"], "on_message");
    let since = row["busy"]["since_ms"].as_u64().unwrap();
    assert!((500..2500).contains(&since), "{since}");
    let table = said(&server.run("status"));
    assert!(table.contains("[busy] on_message for"), "{table}");
    assert_eq!(stuck.join().unwrap().unwrap(), "blocked");
    until("it is idle again", || server.status()["workers"][0]["busy"].is_null());
}

fn status_shows_tables_for_people() {
    // STATUS-2 to STATUS-4.
    let server = Running::start("count=2");
    let output = server.run("status");
    assert_eq!(output.status.code(), Some(0));
    let table = said(&output);
    let expected =
        ["GLOBAL STATUS", "PROCESS STATUS", "start time:", "load average:", "1 workers    2 processes"];
    for text in expected.into_iter().chain([server.http.as_str(), "[idle]", "Summary"]) {
        assert!(table.contains(text), "no {text:?} in\n{table}");
    }
    assert_eq!(table.lines().filter(|line| line.contains("[idle]")).count(), 2);
}

fn status_repeats_with_requests_per_second() {
    // STATUS-3, CLI-17.
    let server = Running::start("");
    let mut watching = spawn(server.command("status -d --json").stdout(Stdio::piped()));
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    assert_eq!(next()["summary"]["qps"], 0);
    let mut client = Client::new(&server.http);
    (0..7).for_each(|_| drop(client.get("/ok").unwrap()));
    let second = next();
    assert_eq!((&second["summary"]["qps"], &second["summary"]["total_request"]), (&7.into(), &7.into()));
    assert_eq!(next()["summary"]["qps"], 0);
    signal(watching.id() as i32, nix::sys::signal::Signal::SIGTERM);
    watching.wait().unwrap();
}

fn connections_names_the_workers_that_do_not_answer() {
    // CONNS-1, CONNS-3, CLI-18.
    let server = Running::start("");
    let quiet = server.run("connections");
    assert_eq!(quiet.status.code(), Some(0), "{}", said(&quiet));
    assert!(
        said(&quiet).contains("Foreign Address") && !said(&quiet).contains("missing"),
        "{}",
        said(&quiet)
    );
    let address = server.http.clone();
    let stuck = thread::spawn(move || get(&address, "/block/2500"));
    until("it is stuck", || !server.status()["workers"][0]["busy"].is_null());
    let asked = Instant::now();
    let output = server.run("connections");
    assert!((500..2000).contains(&asked.elapsed().as_millis()), "{:?}", asked.elapsed());
    assert_eq!(output.status.code(), Some(0));
    let worker = server.workers()[0];
    assert!(said(&output).contains(&format!("missing: process {worker} of http")), "{}", said(&output));
    assert_eq!(stuck.join().unwrap().unwrap(), "blocked");
}

fn a_status_is_not_cut_however_many_workers() {
    let server = Running::start("count=40");
    // Commands that do not read hold nobody up.
    let silent: Vec<_> = (0..4).map(|_| connect(&server)).collect();
    assert_eq!(server.status()["workers"].as_array().unwrap().len(), 40);
    drop(silent);
    let _ = TcpStream::connect(&server.http).unwrap();
}

fn connect(server: &Running) -> std::os::unix::net::UnixStream {
    use std::io::Write;
    let mut stream = std::os::unix::net::UnixStream::connect(server.path("server.pid.sock")).unwrap();
    stream.write_all(b"status\n").unwrap();
    stream
}
