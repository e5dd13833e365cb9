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
    refused(
        &["--url", &own.url, "--reload", "true", "--expect-status", "404"],
        "answers `HTTP/1.1 200 OK`, and 404",
    );
    ends_with(3, &["--url", "http://127.0.0.1:1/", "--reload", "true"], "does not answer");
    refused(&["--url", "http://192.0.2.1/", "--reload", "true"], "is not this machine: add --remote");
    refused(&["--url", "https://127.0.0.1/", "--reload", "true"], "https is not spoken here");
    refused(&["--url", &own.url], "nothing says how to reload");
}
