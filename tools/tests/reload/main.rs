//! `workerspec reload` as it is used: exit codes, the report, and that nothing is left behind.

mod disturbed;
mod lies;
mod limits;
mod mix;
mod outputs;
mod parked;
mod schema;
mod table;
mod targets;
mod under_way;

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Condvar, Mutex, PoisonError};

use serde_json::Value;

/// Loads that run at the same time: they are light and mostly wait, but a driver that starves proves nothing.
const LANES: usize = 4;

static FREE: (Mutex<usize>, Condvar) = (Mutex::new(LANES), Condvar::new());

/// The right to put a server under load, until it is dropped.
struct Turn;

fn turn() -> Turn {
    let free = FREE.0.lock().unwrap_or_else(PoisonError::into_inner);
    let mut free = FREE.1.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
    *free -= 1;
    Turn
}

impl Drop for Turn {
    fn drop(&mut self) {
        *FREE.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        FREE.1.notify_one();
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_workerspec"));
    command.arg("reload").args(arguments).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    command
}

/// A light load, so that a debug build on a busy machine keeps its schedule.
const LIGHT: &[&str] = &["--connections", "2", "--rate", "100", "--fresh-rate", "50"];

/// Reloads in quick succession.
const QUICK: &[&str] = &["--baseline", "300ms", "--every", "300ms", "--hold", "300ms", "--load-only"];

fn reload(arguments: &[&str]) -> Output {
    command(LIGHT).args(QUICK).args(arguments).output().expect("the program runs")
}

#[track_caller]
fn report(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}{errors}"));
    schema::assert_fits(&report);
    report
}

/// Adds up every number below a value.
fn sum(value: &Value) -> u64 {
    match value {
        Value::Number(number) => number.as_u64().expect("a count"),
        Value::Object(fields) => fields.values().map(sum).sum(),
        other => panic!("{other} is no count"),
    }
}

/// The books of a report close, counted from its rows alone.
#[track_caller]
fn assert_books_close(report: &Value) {
    let requests = &report["requests"];
    let rows = requests["fates"].as_array().expect("a list");
    let fates: u64 = rows.iter().map(|row| sum(&row["fates"])).sum();
    assert_eq!(requests["planned"], Value::from(fates));
    assert_eq!(requests["planned"], Value::from(sum(&requests["not_sent"]) + sum(&requests["sent"])));
    assert_eq!(report["connections"]["opened"], Value::from(sum(&report["connections"]["ends"])));
}

/// Reloads, and again where the run was inconclusive, as its report asks for: a busy machine proves nothing.
fn conclusive(arguments: &[&str]) -> Output {
    let mut output = reload(arguments);
    for _ in 0..3 {
        if report(&output)["verdict"]["grade"] != "inconclusive" {
            break;
        }
        output = reload(arguments);
    }
    output
}

#[track_caller]
fn assert_lossless(arguments: &[&str], reloads: usize) -> Value {
    let output = conclusive(&[arguments, &["--json", "-"]].concat());
    let report = report(&output);
    assert_eq!(report["verdict"]["grade"], "lossless", "{:#}", report["verdict"]);
    assert_eq!(report["verdict"]["failures"], Value::Array(Vec::new()));
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(report["reloads"].as_array().map(Vec::len), Some(reloads));
    let taken = report["verdict"]["taken_along"].as_u64().map(|taken| taken as usize);
    assert_eq!(report["losses"].as_array().map(Vec::len), taken, "{:#}", report["losses"]);
    assert_books_close(&report);
    report
}

#[test]
fn the_reference_loses_nothing() {
    let _turn = turn();
    let report = assert_lossless(&["--reloads", "2"], 2);
    for reload in report["reloads"].as_array().expect("a list") {
        assert!(reload["finished"] == true && 0 < sum(&reload["answers"]), "{reload:#}");
        assert!(reload["first_new"].is_f64() && reload["old_gone"].is_f64(), "{reload:#}");
    }
    let methods: Vec<&Value> =
        report["requests"]["fates"].as_array().expect("a list").iter().map(|row| &row["method"]).collect();
    assert_eq!(methods.len(), 6, "three populations, two methods each");
}

#[test]
fn the_reference_loses_nothing_with_a_listener_for_each_worker() {
    let _turn = turn();
    assert_lossless(&["--reloads", "2", "--reuse-port"], 2);
}

#[test]
fn a_broken_and_a_slow_release_cost_the_reference_nothing() {
    let _turn = turn();
    let report = assert_lossless(&["--release-plan", "exit,slow:400,up"], 3);
    assert_eq!(report["reloads"][0]["answers"], 0);
    assert_eq!(report["reloads"][1]["mode"], "slow 400");
}

#[test]
fn the_report_for_people_ends_with_the_grade() {
    let _turn = turn();
    let output = reload(&["--reloads", "1"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("planned = 0 not sent + "), "{text}");
    assert!(text.contains("\ngrade: lossless\nNone of 1 reloads lost anything"), "{text}");
    assert!(!text.contains('\u{1b}'), "no colour where nobody looks");
}

#[test]
fn nginx_is_found_to_lose_requests() {
    let _turn = turn();
    if Command::new("nginx").arg("-v").stderr(Stdio::null()).status().is_err() {
        // Continuous integration installs nginx; elsewhere there may be no stranger to judge.
        assert!(std::env::var_os("CI").is_none(), "nginx is not installed");
        return;
    }
    let testee = "fixtures/testees/nginx/testee.toml";
    let output = command(&["--testee", testee, "--reloads", "10", "--every", "200ms"])
        .args(["--json", "-"])
        .output()
        .expect("the program runs");
    let report = report(&output);
    assert_eq!(report["verdict"]["grade"], "lossy", "{:#}", report["verdict"]);
    assert_eq!(output.status.code(), Some(1));
    assert_books_close(&report);
    let loss = &report["losses"][0];
    assert_eq!(loss["fate"], "keep-alive-race");
    assert!(loss["phase"].as_str().is_some_and(|phase| phase.contains('r')), "{loss:#}");
}

#[track_caller]
fn assert_usage(arguments: &[&str], says: &str) {
    let output = command(arguments).output().expect("the program runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains(says), "{errors}");
}

#[test]
fn what_can_not_be_used_is_a_usage_error() {
    assert_usage(&["--testee", "no/such.toml"], "no/such.toml");
    assert_usage(&["--release-plan", "up,down"], "write up, exit, hang or slow:2s");
    assert_usage(&["--every", "1"], "write such as 250ms, 10s or 2m");
    assert_usage(&["--post-share", "1.5"], "from 0 to 1");
    assert_usage(&["--rate", "NaN"], "from 0 to");
    assert_usage(&["--reloads", "0"], "--reloads");
    assert_usage(&["--connections", "0", "--rate", "0", "--fresh-rate", "0"], "there is no load");
}

#[test]
fn a_testee_without_reload_or_http_is_a_usage_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("testee.toml");
    let start =
        "contract = 1\nname = \"x\"\ntier = \"http\"\ncapabilities = []\n[start]\ncommand = [\"true\"]\n";
    std::fs::write(&file, format!("{start}[ports]\nhttp = \"tcp\"\n")).expect("it can be written");
    let path = file.to_str().expect("plain letters");
    assert_usage(&["--testee", path], "add [reload]");
    std::fs::write(&file, format!("{start}[reload]\nsignal = \"HUP\"\n[ports]\n"))
        .expect("it can be written");
    assert_usage(&["--testee", path], "add http = \"tcp\" to [ports]");
}

#[test]
fn a_report_file_that_can_not_be_written_is_said_before_the_work() {
    let _turn = turn();
    let output = reload(&["--reloads", "1", "--json", "/no/such/folder/report.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(!Path::new("/no/such").exists());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("/no/such/folder/report.json"), "{errors}");
}
