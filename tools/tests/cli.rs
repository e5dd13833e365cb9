//! The program as it is called: exit codes, bad input, signals, and nothing left behind.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::assert::Assert;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use workerspec_conformance::run::ExitKind;
use workerspec_conformance::testee::{Process, ProcessState, descendants};

#[path = "cli/listing.rs"]
mod listing;
#[path = "cli/reports.rs"]
mod reports;

const PROGRAM: &str = env!("CARGO_BIN_EXE_workerspec");
const LIAR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/liars/testee.toml");

fn workerspec(arguments: &[&str]) -> Assert {
    assert_cmd::Command::new(PROGRAM).args(arguments).timeout(Duration::from_secs(60)).assert()
}

#[track_caller]
fn check(arguments: &[&str], code: i32, stderr: &[&str]) -> Assert {
    let assert = workerspec(arguments).code(code);
    let said = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    for expected in stderr {
        assert!(said.contains(expected), "{expected:?} is not in {said:?}");
    }
    assert
}

fn stdout(assert: &Assert) -> String {
    String::from_utf8_lossy(&assert.get_output().stdout).into_owned()
}

/// A folder with a testee.toml and, if it is not empty, a known.toml.
fn testee(toml: &str, known: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("testee.toml");
    fs::write(&path, toml).expect("a file in it");
    if !known.is_empty() {
        fs::write(folder.path().join("known.toml"), known).expect("a file in it");
    }
    let path = path.display().to_string();
    (folder, path)
}

/// A testee of the http tier that is a shell script.
fn shell(script: &str, rest: &str) -> (TempDir, String) {
    testee(
        &format!(
            "contract = 1\nname = \"sh\"\ntier = \"http\"\ncapabilities = [\"http\"]\n{rest}\n\
             [start]\ncommand = [\"sh\", \"-c\", '''{script}''']\n\
             [ready]\ntimeout = \"500ms\"\n[ports]\nhttp = \"tcp\"\n"
        ),
        "",
    )
}

/// The liar as a testee, with one fault.
fn liar(fault: &str, known: &str) -> (TempDir, String) {
    testee(
        &format!(
            "contract = 1\nname = \"liar\"\ntier = \"full\"\ncapabilities = [\"text\", \"http\"]\n\
             [start]\ncommand = [\"{{workerspec}}\", \"liar\", \"{fault}\"]\n\
             [reload]\nsignal = \"USR1\"\n[ports]\ntext = \"tcp\"\nhttp = \"tcp\"\n"
        ),
        known,
    )
}

#[test]
fn a_good_server_passes_with_0() {
    let assert = check(&["run", "text.line.*", "http.host.missing"], 0, &[]);
    assert!(stdout(&assert).contains("10 cases"), "{}", stdout(&assert));
}

#[test]
fn a_broken_rule_fails_with_1_and_shows_claim_and_bytes() {
    let (_folder, path) = liar("text.keeps-cr", "");
    let assert = check(&["run", "--testee", &path, "text.line.*"], 1, &[]);
    let said = stdout(&assert);
    for expected in ["fail  text.line.trailing-cr", "claim:", "acceptable:", "came:", "> 0000 hi\\r\\n"] {
        assert!(said.contains(expected), "{expected:?} is not in {said}");
    }
}

#[test]
fn an_unknown_id_is_a_usage_error_with_the_nearest_ids() {
    check(&["run", "http.chunk.size-wrap"], 2, &["http.chunk.size-wrap`", "http.chunk.size-wraps"]);
    check(&["explain", "nonsense"], 2, &["there is no case `nonsense`"]);
    check(&["list", "["], 2, &["`[` is no filter", "at octet 0"]);
}

#[test]
fn a_pattern_without_a_match_means_that_nothing_ran() {
    check(&["run", "http.chunks.*"], 4, &["no case matches `http.chunks.*`", "http.chunk."]);
}

#[test]
fn only_skipped_cases_mean_that_nothing_ran() {
    let (_folder, path) = shell("exit 0", "");
    let assert = check(&["run", "--testee", &path, "text.line.echo"], 4, &[]);
    assert!(stdout(&assert).contains("lacks capability text"));
}

#[test]
fn bad_arguments_are_usage_errors() {
    check(&["run", "--jobs", "0"], 2, &["--jobs"]);
    check(&["run", "--no-such-thing"], 2, &["--no-such-thing"]);
    check(&["nonsense"], 2, &["nonsense"]);
    check(&[], 2, &["Usage"]);
}

#[test]
fn a_report_file_that_can_not_be_written_is_said_before_the_work() {
    for option in ["--json", "--junit"] {
        let said = [option, "/no/such/folder/report: can't be written"];
        let assert = check(&["run", "text.line.echo", option, "/no/such/folder/report"], 2, &said);
        assert_eq!(stdout(&assert), "");
    }
}

#[test]
fn a_corrupt_testee_toml_names_line_column_field_and_remedy() {
    check(
        &["run", "--testee", "/nonexistent/testee.toml"],
        2,
        &["/nonexistent/testee.toml", "can't be read"],
    );
    let (_folder, path) = testee("contract = 1\nname = = 2\n", "");
    check(&["run", "--testee", &path], 2, &["testee.toml:2:8"]);
    let (_folder, path) = testee(
        "contract = 1\nname = \"x\"\ntier = \"most\"\ncapabilities = []\n[start]\ncommand = [\"x\"]\n[ports]\n",
        "",
    );
    check(
        &["run", "--testee", &path],
        2,
        &["testee.toml:3:8: tier: there is no tier `most` (write \"full\" or \"http\")"],
    );
    let (_folder, path) = testee(
        "contract = 1\nname = \"x\"\ntier = \"http\"\ncapabilities = [\"htpp\"]\n[start]\ncommand = [\"x\"]\n[ports]\n",
        "",
    );
    check(&["run", "--testee", &path], 2, &["testee.toml:4:17: capabilities: there is no capability `htpp`"]);
}

#[test]
fn a_corrupt_known_toml_is_a_usage_error() {
    let (_folder, path) =
        liar("none", "[[known]]\nid = \"text.line.echo\"\nverdict = \"pass\"\nreason = \"x\"\n");
    check(&["run", "--testee", &path, "text.line.echo"], 2, &["known.toml:3:11", "`pass` can't be known"]);
    let (_folder, path) =
        liar("none", "[[known]]\nid = \"text.line.echo\"\nverdict = \"fail\"\nreason = \" \"\n");
    check(&["run", "--testee", &path, "text.line.echo"], 2, &["known.reason", "the reason is empty"]);
}

#[test]
fn a_further_testee_may_have_a_list_of_its_own() {
    // What passes and is listed is stale: each file shows whether it was read.
    let entry = |id| format!("[[known]]\nid = \"{id}\"\nverdict = \"fail\"\nreason = \"x\"\n");
    let (folder, path) = liar("none", &entry("text.line.echo"));
    let further = folder.path().join("testee-further.toml");
    std::fs::copy(&path, &further).expect("a file");
    let further = further.display().to_string();
    check(&["run", "--testee", &further, "text.line.*"], 5, &[]);
    std::fs::write(folder.path().join("known-further.toml"), "").expect("a file");
    check(&["run", "--testee", &further, "text.line.*"], 0, &[]);
    check(&["run", "--testee", &path, "text.line.*"], 5, &[]);
}

#[test]
fn what_keeps_a_case_from_being_judged_may_be_known() {
    let run = |known: &str, code: i32| {
        let (_folder, path) = liar("reload.ignored", known);
        let text = fs::read_to_string(&path).expect("the file");
        let patient = text.replace("signal = \"USR1\"", "signal = \"USR1\"\ntimeout = \"1s\"");
        fs::write(&path, patient).expect("a file");
        stdout(&check(&["run", "--testee", &path, "reload.release.new-answers"], code, &[]))
    };
    let said = run("", 3);
    assert!(said.contains("not what its file says"), "{said}");
    let said = run("[[known]]\nid = \"reload.*\"\nverdict = \"error\"\nreason = \"it can't reload\"\n", 0);
    assert!(said.contains("known: it can't reload"), "{said}");
}

#[test]
fn what_may_be_known_sometimes_is_never_stale() {
    let known = "[[known]]\nid = \"text.line.echo\"\nverdict = \"fail\"\nreason = \"x\"\n";
    let (_folder, path) = liar("none", known);
    let assert = check(&["run", "--testee", &path, "text.line.echo"], 5, &[]);
    assert!(stdout(&assert).contains("text.line.echo passes, and is listed as fail"));
    let (_folder, path) = liar("none", &format!("{known}sometimes = true\n"));
    check(&["run", "--testee", &path, "text.line.echo"], 0, &[]);
}

#[test]
fn what_is_known_does_not_fail_and_what_is_stale_does() {
    let entry =
        |id: &str| format!("[[known]]\nid = \"{id}\"\nverdict = \"fail\"\nreason = \"it keeps CRs\"\n");
    let (_folder, path) = liar("text.keeps-cr", &entry("text.line.*trailing-cr"));
    let assert = check(&["run", "--testee", &path, "text.line.*trailing-cr"], 0, &[]);
    assert!(stdout(&assert).contains("known: it keeps CRs"), "{}", stdout(&assert));
    let (_folder, path) = liar("none", &entry("text.line.trailing-cr"));
    let assert = check(&["run", "--testee", &path, "text.line.*"], 5, &[]);
    assert!(stdout(&assert).contains("text.line.trailing-cr passes, and is listed as fail"));
    let (_folder, path) = liar("none", &entry("text.line.gone"));
    let assert = check(&["run", "--testee", &path, "text.line.echo"], 5, &[]);
    assert!(stdout(&assert).contains("text.line.gone: matches no case"));
}

#[test]
fn a_server_that_can_not_be_started_is_3_with_its_last_words() {
    let (_folder, path) = shell("echo bind: in use >&2; exit 7", "");
    check(&["run", "--testee", &path], 3, &["ended before it was ready: exit status 7", "bind: in use"]);
    let (_folder, path) = shell("echo thinking; exec sleep 1000", "");
    check(&["run", "--testee", &path], 3, &["not ready within 500ms", "thinking"]);
    let (_folder, path) = testee(
        "contract = 1\nname = \"x\"\ntier = \"http\"\ncapabilities = [\"http\"]\n[start]\ncommand = [\"/nonexistent/server\"]\n[ports]\nhttp = \"tcp\"\n",
        "",
    );
    check(&["run", "--testee", &path], 3, &["/nonexistent/server", "start.command"]);
}

#[test]
fn a_server_that_floods_and_ignores_its_signals_is_ended_in_time() {
    let begun = Instant::now();
    let (_folder, path) = shell("trap '' TERM INT; yes flooding & while :; do sleep 0.1; done", "");
    check(&["run", "--testee", &path], 3, &["not ready within 500ms", "flooding"]);
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn reports_are_json_and_junit() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let junit = folder.path().join("report.xml").display().to_string();
    let assert = check(&["run", "text.line.echo", "http.host.*", "--json", "-", "--junit", &junit], 0, &[]);
    let report: serde_json::Value =
        serde_json::from_slice(&assert.get_output().stdout).expect("JSON on standard output");
    assert_eq!(report["schema"], 1);
    assert_eq!(report["exit_code"], 0);
    let cases = report["cases"].as_array().expect("an array of cases");
    assert!(cases.iter().any(|case| case["id"] == "http.host.missing" && case["verdict"] == "pass"));
    let xml = fs::read_to_string(junit).expect("the JUnit file");
    assert!(
        xml.contains("<testsuite name=\"text\" tests=\"1\"") && xml.contains("http.host.missing"),
        "{xml}"
    );
}

#[test]
fn a_failure_over_websocket_shows_its_frames_and_the_octet_that_is_wrong() {
    let assert = assert_cmd::Command::new(PROGRAM)
        .args(["run", "--testee", LIAR, "websocket.mask.missing-on-text"])
        .env("WORKERSPEC_LIAR_FAULT", "websocket.takes-unmasked")
        .assert()
        .code(1);
    let shown = stdout(&assert);
    for expected in ["octet 0x05: a frame from a client that is not masked", "text, 5 octets \"hello\""] {
        assert!(shown.contains(expected), "{expected:?} is not in {shown}");
    }
}

#[test]
fn the_help_lists_every_exit_code() {
    let help = stdout(&check(&["run", "--help"], 0, &[]));
    for (kind, meaning) in ExitKind::TABLE {
        let line = format!("  {:<5}{meaning}", kind.code());
        assert!(help.contains(&line), "{line:?} is not in {help}");
    }
}

fn gone(pid: Pid) -> bool {
    Process::read(pid).is_none_or(|process| process.state == ProcessState::Zombie)
}

#[track_caller]
fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "{what}: not within 20 s");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A run of the process cases, caught in the middle: its processes are returned.
fn running(seconds: Duration) -> (std::process::Child, Vec<Pid>) {
    let child = Command::new(PROGRAM)
        .args(["run", "process.*", "reload.*"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    let root = Pid::from_raw(child.id() as i32);
    // A keeper, its master and its workers, at least twice: a shared testee and one of its own.
    let deadline = Instant::now() + seconds;
    let mut tree = Vec::new();
    wait_until("testees", || {
        tree = descendants(root);
        8 <= tree.len() || deadline <= Instant::now()
    });
    assert!(8 <= tree.len(), "only {} processes", tree.len());
    (child, tree.into_iter().map(|process| process.pid).collect())
}

#[test]
fn an_interrupted_run_reports_what_it_has_and_leaves_nothing() {
    let (mut child, tree) = running(Duration::from_secs(20));
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).expect("it is still there");
    let mut said = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut said).expect("text");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert!(said.contains("interrupted: this report is partial"), "{said}");
    wait_until("the end of the tree", || tree.iter().all(|pid| gone(*pid)));
}

#[test]
fn a_killed_run_leaves_nothing() {
    let (mut child, tree) = running(Duration::from_secs(20));
    kill(Pid::from_raw(child.id() as i32), Signal::SIGKILL).expect("it is still there");
    child.wait().expect("it ends");
    wait_until("the end of the tree", || tree.iter().all(|pid| gone(*pid)));
}

#[test]
fn a_server_that_dies_in_the_middle_is_3() {
    // It serves honestly until it is killed, which nobody but this test does.
    let (folder, path) = testee(
        "contract = 1\nname = \"mortal\"\ntier = \"full\"\ncapabilities = [\"text\", \"http\"]\n\
         [start]\ncommand = [\"sh\", \"-c\", 'echo $$ > \"{here}/pid\"; exec \"{workerspec}\" liar none']\n\
         [ports]\ntext = \"tcp\"\nhttp = \"tcp\"\n",
        "",
    );
    let child = Command::new(PROGRAM)
        .args(["run", "--jobs", "1", "--testee", &path, "http.*"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut pid = 0;
    let file = folder.path().join("pid");
    wait_until("the pid", || {
        pid = read_pid(&file);
        pid != 0 && 2 <= descendants(Pid::from_raw(pid)).len()
    });
    kill(Pid::from_raw(pid), Signal::SIGKILL).expect("it is still there");
    let output = child.wait_with_output().expect("it ends");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("killed by SIGKILL"), "{said}");
}

#[test]
fn a_server_that_ends_by_itself_breaks_the_claim_and_is_no_error() {
    // The reload after the broken one finds no master to signal.
    let (_folder, path) = testee(
        "contract = 1\nname = \"liar\"\ntier = \"full\"\ncapabilities = [\"text\", \"http\", \"journal\", \"release-modes\"]\n\
         [start]\ncommand = [\"{workerspec}\", \"liar\", \"reload.broken-kills\"]\n\
         [reload]\nsignal = \"USR1\"\n[ports]\ntext = \"tcp\"\nhttp = \"tcp\"\n",
        "",
    );
    let assert =
        check(&["run", "--tries", "1", "--testee", &path, "reload.release.next-after-broken"], 1, &[]);
    let said = stdout(&assert);
    assert!(said.contains("the server ended though nobody told it to (exit status 1): can't ask"), "{said}");
}

#[test]
fn of_a_server_of_one_worker_nothing_is_asked_that_needs_two() {
    let (_folder, path) = testee(
        "contract = 1\nname = \"liar\"\ntier = \"full\"\ncapabilities = [\"text\", \"http\"]\n\
         [start]\ncommand = [\"{workerspec}\", \"liar\", \"process.one-less\"]\none_worker = true\n\
         [ports]\ntext = \"tcp\"\nhttp = \"tcp\"\n",
        "",
    );
    let ids = ["process.worker.count", "process.worker.stopped-stays", "process.worker.killed-is-replaced"];
    let said = stdout(&check(&[&["run", "--testee", &path], &ids[..]].concat(), 0, &[]));
    assert!(said.contains("lacks several workers (start.one_worker is true)"), "{said}");
    assert!(said.contains("1 pass, 2 skip"), "{said}");
}

fn read_pid(file: &Path) -> i32 {
    fs::read_to_string(file).ok().and_then(|text| text.trim().parse().ok()).unwrap_or_default()
}
