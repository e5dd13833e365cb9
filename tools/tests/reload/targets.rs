//! A server that runs already, given by its URL.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::{LIGHT, QUICK, assert_lossless, command, report, turn};

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
    refused(&["--url", &own.url, "--reload", "true", "--expect-status", "404"], "answers 200, and 404");
    ends_with(3, &["--url", "http://127.0.0.1:1/", "--reload", "true"], "does not answer");
    refused(&["--url", "http://192.0.2.1/", "--reload", "true"], "is not this machine: add --remote");
    refused(&["--url", "ftp://127.0.0.1/", "--reload", "true"], "is no URL");
    refused(&["--url", &own.url], "nothing says how to reload");
}

/// Runs until its end with a reload command of a server that runs already.
#[track_caller]
fn judged(own: &Own, reload: &str, more: &[&str]) -> (Option<i32>, Value) {
    let output =
        command_with(&own.url, reload).args(more).args(["--json", "-"]).output().expect("the program runs");
    (output.status.code(), report(&output))
}

#[test]
fn a_reload_command_that_returns_early_is_waited_for() {
    let _turn = turn();
    let own = Own::start();
    let early = format!("(sleep 0.4; {}) >/dev/null 2>&1 &", own.reload_command());
    let report = assert_lossless(&["--url", &own.url, "--reload", &early, "--reloads", "1"], 1);
    let reload = &report["reloads"][0];
    let (from, over) =
        (reload["trigger_after"].as_f64().expect("a time"), reload["over"].as_f64().expect("a time"));
    assert!(0.3 < over - from, "{reload:#}");
}

#[test]
fn a_reload_command_that_hangs_is_cut_off_with_all_it_started() {
    let _turn = turn();
    let own = Own::start();
    let mark = own.folder.path().join("late");
    let hangs = format!("(sleep 3; touch {0}) & sleep 60", mark.display());
    let (code, report) = judged(&own, &hangs, &["--reloads", "1", "--reload-timeout", "1s"]);
    assert_eq!(code, Some(4));
    assert!(report["verdict"].to_string().contains("was cut off after 1 s"), "{:#}", report["verdict"]);
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert!(!mark.exists(), "what the command started lives on");
}

#[test]
fn a_server_that_dies_under_load_is_named() {
    let _turn = turn();
    let own = Own::start();
    let stop = format!("{} serve stop --pid-file {}", env!("CARGO_BIN_EXE_workerspec"), own.pid_file());
    let (code, report) = judged(&own, &stop, &["--reloads", "1"]);
    assert_eq!(code, Some(3), "{:#}", report["verdict"]);
    let gone = report["testee_gone"].as_str().expect("it is gone");
    assert!(gone.contains("nobody listens on port"), "{gone}");
    let refused = report["requests"]["fates"].to_string().contains("refused");
    assert!(refused, "{:#}", report["requests"]);
}

/// A server whose answers tell a release and a worker, and what changes the release.
fn telling(release: &std::path::Path) -> (std::net::SocketAddr, std::thread::JoinHandle<()>) {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let path = release.to_owned();
    let serving = std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, path) = (stream.expect("a connection"), path.clone());
            std::thread::spawn(move || {
                let mut lines = BufReader::new(stream.try_clone().expect("a descriptor")).lines();
                while let Some(Ok(line)) = lines.next() {
                    if line.is_empty() {
                        let release = std::fs::read_to_string(&path).unwrap_or_default();
                        let release = release.trim();
                        let body = format!("release {release} of it");
                        let head = format!(
                            "HTTP/1.1 200 OK\r\nX-Worker: w{release}\r\nContent-Length: {}\r\n\r\n",
                            body.len()
                        );
                        if stream.write_all((head + &body).as_bytes()).is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    (address, serving)
}

#[test]
fn answers_may_tell_the_release_or_the_worker() {
    let _turn = turn();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("release");
    std::fs::write(&file, "1").expect("it can be written");
    let (address, _serving) = telling(&file);
    let url = format!("http://{address}/");
    let reload = format!("echo $(($(cat {0}) + 1)) > {0}.new && mv {0}.new {0}", file.display());
    let url_and_reload = ["--url", &url, "--reload", &reload, "--reloads", "2"];
    for marks in [["--release-pattern", "release ([0-9]+)"], ["--worker-header", "X-Worker"]] {
        let report = assert_lossless(&[&url_and_reload[..], &marks].concat(), 2);
        let answers: Vec<u64> = report["generations"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|generation| generation["answers"].as_u64().expect("a count"))
            .collect();
        assert!(answers.len() == 3 && answers.iter().all(|count| 0 < *count), "{answers:?}");
    }
    // A command that succeeds and brings nothing new.
    let output = command_with(&url, "true")
        .args([
            "--reloads",
            "1",
            "--reload-timeout",
            "500ms",
            "--release-pattern",
            "release ([0-9]+)",
            "--json",
            "-",
        ])
        .output()
        .expect("the program runs");
    let report = report(&output);
    assert_eq!(output.status.code(), Some(4));
    assert!(
        report["verdict"].to_string().contains("the new release never answered"),
        "{:#}",
        report["verdict"]
    );
}

#[test]
fn a_pattern_that_finds_nothing_is_told_with_the_first_answer() {
    let _turn = turn();
    let own = Own::start();
    let ends_with = |arguments: &[&str], why: &[&str]| {
        let output =
            command(&["--url", &own.url, "--reload", "true"]).args(arguments).output().expect("it runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(why.iter().all(|why| errors.contains(why)), "{errors}");
    };
    ends_with(&["--release-pattern", "nowhere"], &["nothing in the answer tells its release", "GET /hello"]);
    ends_with(&["--worker-header", "X-None"], &["nothing in the answer tells its worker", "HTTP/1.1 200 OK"]);
    ends_with(&["--release-pattern", "("], &["--release-pattern", "unclosed"]);
}

#[test]
fn too_few_descriptors_are_said_before_the_load() {
    let _turn = turn();
    let own = Own::start();
    let line = format!(
        "ulimit -n 100; exec {} reload --connections 90 --url {} --reload true",
        env!("CARGO_BIN_EXE_workerspec"),
        own.url
    );
    let output = Command::new("sh").args(["-c", &line]).output().expect("a shell");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains("the limit is 100"), "{errors}");
}

#[test]
fn an_interrupt_ends_a_reload_command_too() {
    let _turn = turn();
    let own = Own::start();
    let begun = own.folder.path().join("begun");
    let hangs = format!("touch {}; sleep 60", begun.display());
    let program = command_with(&own.url, &hangs)
        .args(["--reloads", "1"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !begun.exists() {
        assert!(std::time::Instant::now() < deadline, "the reload never began");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(program.id() as i32), nix::sys::signal::Signal::SIGINT)
        .expect("it runs");
    let asked = std::time::Instant::now();
    let output = program.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert!(asked.elapsed() < std::time::Duration::from_secs(5) && text.contains("interrupted"), "{text}");
}
