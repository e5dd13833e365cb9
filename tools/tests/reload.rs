//! `workerspec reload` as it is used: exit codes, the report, and that nothing is left behind.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use workerspec_conformance::testee::{Process, descendants};

/// Load is measured, so one at a time.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_workerspec"));
    command.arg("reload").args(arguments).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    command
}

/// A light load, so that a debug build on a busy machine keeps its schedule.
const LIGHT: &[&str] = &["--connections", "8", "--rate", "100", "--fresh-rate", "50"];

/// Reloads in quick succession.
const QUICK: &[&str] = &["--baseline", "300ms", "--every", "300ms", "--hold", "300ms"];

fn reload(arguments: &[&str]) -> Output {
    command(LIGHT).args(QUICK).args(arguments).output().expect("the program runs")
}

#[track_caller]
fn report(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}{errors}"))
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
    assert_eq!(report["losses"], Value::Array(Vec::new()));
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

/// What a liar does around a reload, the fate by which it is found, and the grade.
const LIES: &[(&str, Option<&str>, &str)] = &[
    ("load.resets", Some("keep-alive race"), "lossy"),
    ("load.drops-fresh", Some("fresh connection dropped"), "lossy"),
    ("load.truncates", Some("truncated"), "lossy"),
    ("load.swaps", Some("crosstalk"), "lossy"),
    ("load.repeats", Some("crosstalk"), "lossy"),
    ("load.stalls", Some("stuck"), "lossy"),
    ("load.errors", Some("server error"), "lossy"),
    ("load.wrong-sum", Some("wrong answer"), "lossy"),
    // Somebody else answers: that proves nothing about this server.
    ("load.wrong-pid", None, "inconclusive"),
];

#[test]
fn each_lie_under_load_is_found_by_its_own_fate() {
    let _turn = turn();
    for (fault, fate, grade) in LIES {
        let output = command(LIGHT)
            .args(QUICK)
            .args([
                "--testee",
                "fixtures/liars/testee.toml",
                "--reloads",
                "2",
                "--timeout",
                "1s",
                "--json",
                "-",
            ])
            .env("WORKERSPEC_LIAR_FAULT", fault)
            .output()
            .expect("the program runs");
        let report = report(&output);
        assert_eq!(report["verdict"]["grade"], *grade, "{fault}: {:#}", report["verdict"]);
        assert_books_close(&report);
        let rows = report["requests"]["fates"].as_array().expect("a list");
        if let Some(fate) = fate {
            let found = rows.iter().any(|row| row["fates"].get(fate).is_some());
            assert!(found, "{fault} is not found as {fate}: {rows:#?}");
        }
    }
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
        // The program itself holds the 24 connections that are kept.
        let connections = Process::read(root).and_then(|process| process.descriptors).unwrap_or(0);
        if let Some(master) = master.filter(|_| 30 <= connections) {
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

/// The reference server, started as anybody's own would be.
struct Own {
    folder: tempfile::TempDir,
    url: String,
}

impl Own {
    fn start() -> Own {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut own = Own { folder, url: String::new() };
        let started = own.serve(&["start", "-d", "--http", "127.0.0.1:0", "--text", "127.0.0.1:0"]);
        assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
        let status = own.serve(&["status", "--json"]);
        let status: Value = serde_json::from_slice(&status.stdout).expect("JSON");
        let services = status["services"].as_array().expect("a list");
        let http = services.iter().find(|service| service["protocol"] == "http").expect("it serves HTTP");
        own.url = format!("http://{}/hello", http["listening"].as_str().expect("an address"));
        own
    }

    fn pid_file(&self) -> String {
        self.folder.path().join("pid").display().to_string()
    }

    fn serve(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workerspec"));
        command.arg("serve").args(arguments).args(["--pid-file", &self.pid_file()]);
        command.stdin(Stdio::null()).output().expect("the program runs")
    }

    /// The command that reloads it.
    fn reload_command(&self) -> String {
        format!("{} serve reload --pid-file {}", env!("CARGO_BIN_EXE_workerspec"), self.pid_file())
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.serve(&["stop"]);
    }
}

#[test]
fn a_server_that_runs_already_is_judged_by_its_url() {
    let _turn = turn();
    let own = Own::start();
    let command = own.reload_command();
    assert_lossless(&["--url", &own.url, "--reload", &command, "--reloads", "2"], 2);
    let pid_file = own.pid_file();
    let by_signal = ["--url", &own.url, "--signal", "usr1", "--pid-file", &pid_file, "--reloads", "2"];
    assert_lossless(&by_signal, 2);
}

#[test]
fn a_reload_that_did_not_happen_proves_nothing() {
    let _turn = turn();
    let own = Own::start();
    for (command, why) in
        [("true", "no new process of the server was seen"), ("echo no; exit 7", "the reload command failed")]
    {
        let more = ["--reloads", "1", "--reload-timeout", "1s", "--json", "-"];
        let output = command_with(&own.url, command).args(more).output().expect("the program runs");
        let report = report(&output);
        assert_eq!(report["verdict"]["grade"], "inconclusive", "{:#}", report["verdict"]);
        assert!(report["verdict"].to_string().contains(why), "{:#}", report["verdict"]);
        assert_eq!(output.status.code(), Some(4));
    }
}

fn command_with(url: &str, reload: &str) -> Command {
    let mut command = command(LIGHT);
    command.args(QUICK).args(["--url", url, "--reload", reload]);
    command
}

#[test]
fn an_expectation_that_never_holds_is_told_before_the_load() {
    let _turn = turn();
    let own = Own::start();
    let ends_with = |code: i32, arguments: &[&str], why: &str| {
        let output = command(arguments).output().expect("the program runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{errors}");
        assert!(errors.contains(why), "{errors}");
    };
    let refused = |arguments: &[&str], why: &str| ends_with(2, arguments, why);
    refused(
        &["--url", &own.url, "--reload", "true", "--expect-status", "404"],
        "answers `HTTP/1.1 200 OK`, and 404",
    );
    ends_with(3, &["--url", "http://127.0.0.1:1/", "--reload", "true"], "does not answer");
    refused(&["--url", "http://192.0.2.1/", "--reload", "true"], "is not this machine: add --remote");
    refused(&["--url", "https://127.0.0.1/", "--reload", "true"], "https is not spoken here");
    refused(&["--url", &own.url], "nothing says how to reload");
}
