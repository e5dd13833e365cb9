//! A testee is started, told and ended as its file says, and nothing of it is left.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use workerspec_conformance::testee::{
    Exit, Launch, Pid, Process, ProcessState, Release, Signal, Testee, TesteeError, TesteeFile,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_workerspec");

fn file(script: &str, rest: &str) -> TesteeFile {
    let text = format!(
        "contract = 1\nname = \"sh\"\ntier = \"http\"\ncapabilities = []\n\
         [start]\ncommand = [\"sh\", \"-c\", '''{script}''']\n{rest}\n"
    );
    TesteeFile::parse(&text, Path::new("testee.toml"), Path::new(".")).expect("a good file")
}

fn gone(pid: Pid) -> bool {
    Process::read(pid).is_none_or(|process| process.state == ProcessState::Zombie)
}

#[track_caller]
fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(Instant::now() < deadline, "{what}: not within 10 s");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn stops_by_its_signal_with_its_status() {
    let file = file("trap 'exit 7' TERM; echo up; while :; do sleep 0.01; done", "[ports]");
    let testee = Testee::start(&file, &Launch::new(PROGRAM)).unwrap();
    wait_until("the log", || testee.log_tail(5).contains("up"));
    let stopped = testee.stop().unwrap();
    assert_eq!(stopped.exit, Some(Exit::Code(7)));
}

#[test]
fn one_that_ignores_its_signal_is_killed_with_its_children() {
    let file = file(
        "trap '' TERM; sleep 1000 & setsid sleep 1001 & echo up; while :; do sleep 0.01; done",
        "[stop]\ntimeout = \"300ms\"\n[ports]",
    );
    let testee = Testee::start(&file, &Launch::new(PROGRAM)).unwrap();
    wait_until("three processes", || 3 <= testee.tree().len() && testee.log_tail(1) == "up");
    let tree = testee.tree();
    let stopped = testee.stop().unwrap();
    assert_eq!(stopped.exit, None);
    assert!(stopped.killed);
    for process in tree {
        assert!(gone(process.pid), "{process:?}");
    }
}

#[test]
fn a_daemon_does_not_get_away() {
    // The shell in the middle ends at once, so its child becomes an orphan in a session of its own.
    let file = file("sh -c 'setsid sleep 1000 &'; echo up; exec sleep 1000", "[ports]");
    let testee = Testee::start(&file, &Launch::new(PROGRAM)).unwrap();
    wait_until("the daemon", || testee.tree().len() == 2 && testee.log_tail(1) == "up");
    let tree = testee.tree();
    assert_eq!(testee.workers(), [], "the daemon is no child of the master");
    drop(testee);
    for process in tree {
        assert!(gone(process.pid), "{process:?}");
    }
}

#[test]
fn the_release_file_and_the_environment_are_there() {
    let file = file(
        "cat $WORKERSPEC_RELEASE_FILE; echo $WORKERSPEC_WORKERS $X {workers}; exec sleep 1000",
        "env = { X = \"{release}\" }\n[ports]",
    );
    let launch = Launch { workers: 3, release: Release::up("r5"), ..Launch::new(PROGRAM) };
    let testee = Testee::start(&file, &launch).unwrap();
    wait_until("the output", || testee.log_tail(9) == "r5 up\n3 r5 3");
}

#[test]
fn signals_go_to_the_tree_alone() {
    let file = file("exec sleep 1000", "[ports]");
    let testee = Testee::start(&file, &Launch::new(PROGRAM)).unwrap();
    assert!(matches!(testee.signal(Pid::this(), Signal::SIGKILL), Err(TesteeError::NotOurs { .. })));
    testee.signal(testee.master(), Signal::SIGKILL).unwrap();
    let exit = testee.wait_exit(Instant::now() + Duration::from_secs(5));
    assert_eq!(exit, Some(Exit::Signal(9)));
    assert!(testee.signal(testee.master(), Signal::SIGKILL).is_err());
}

#[test]
fn a_missing_command_says_which() {
    let text = "contract = 1\nname = \"x\"\ntier = \"http\"\ncapabilities = []\n[start]\n\
                command = [\"/nonexistent/server\"]\n[ports]\n";
    let file = TesteeFile::parse(text, Path::new("testee.toml"), Path::new(".")).unwrap();
    let error = Testee::start(&file, &Launch::new(PROGRAM)).expect_err("must not start").to_string();
    assert!(error.contains("/nonexistent/server") && error.contains("No such file"), "{error}");
}

#[test]
fn one_that_dies_shows_its_last_words() {
    let file = file("echo bind: address in use >&2; exit 9", "[ports]\nhttp = \"tcp\"");
    let error = Testee::start(&file, &Launch::new(PROGRAM)).expect_err("must not start");
    assert!(matches!(error, TesteeError::Died { exit: Exit::Code(9), .. }), "{error}");
    assert!(error.to_string().contains("bind: address in use"), "{error}");
}

#[test]
fn one_that_never_listens_is_given_up_in_time() {
    let file =
        file("echo thinking; exec sleep 1000", "[ready]\ntimeout = \"300ms\"\n[ports]\nhttp = \"tcp\"");
    let begun = Instant::now();
    let error = Testee::start(&file, &Launch::new(PROGRAM)).expect_err("must not be ready");
    assert!(matches!(error, TesteeError::NotReady { .. }), "{error}");
    assert!(error.to_string().contains("thinking"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_flood_of_output_is_bounded() {
    let file = file("echo begin; head -c 40000000 /dev/zero; echo; echo end; exec sleep 1000", "[ports]");
    let testee = Testee::start(&file, &Launch::new(PROGRAM)).unwrap();
    wait_until("the end of the flood", || testee.log_tail(1) == "end");
    let folder = testee.pid_file();
    let bytes: u64 = std::fs::read_dir(folder.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert!(bytes < 9 << 20, "{bytes}");
}

#[test]
fn a_keeper_whose_runner_is_gone_kills_everything_and_cleans_up() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path().join("work");
    std::fs::create_dir(&work).unwrap();
    let mut keeper = Command::new(PROGRAM)
        .args(["keeper", "--log"])
        .arg(work.join("log"))
        .arg("--folder")
        .arg(&work)
        .args(["--", "sh", "-c", "setsid sleep 1000 & exec sleep 1000"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let root = Pid::from_raw(keeper.id() as i32);
    wait_until("two sleepers", || workerspec_conformance::testee::descendants(root).len() == 2);
    let tree = workerspec_conformance::testee::descendants(root);
    // As when the runner is killed: the pipe closes without a word.
    drop(keeper.stdin.take());
    assert!(keeper.wait().unwrap().success());
    for process in tree {
        assert!(gone(process.pid), "{process:?}");
    }
    assert!(!work.exists());
}
