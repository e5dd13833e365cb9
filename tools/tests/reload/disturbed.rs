//! What happens besides while a reload is under way.

use serde_json::Value;

use crate::{LIGHT, QUICK, assert_lossless, assert_usage, command, report, turn};

#[test]
fn a_reload_during_a_reload_brings_the_newest_release() {
    let _turn = turn();
    let report = assert_lossless(&["--reloads", "1", "--disturb", "again"], 2);
    assert_eq!(report["reloads"][0]["superseded"], true);
    assert!(report["reloads"][1]["answers"].as_u64().is_some_and(|answers| 0 < answers));
}

#[test]
fn a_broken_release_during_a_reload_costs_nothing() {
    let _turn = turn();
    let report = assert_lossless(&["--reloads", "1", "--disturb", "broken@10"], 2);
    assert_eq!(
        (&report["reloads"][1]["mode"], &report["reloads"][1]["answers"]),
        (&"exit".into(), &0.into())
    );
}

#[test]
fn a_worker_that_stands_still_or_dies_costs_no_more_than_what_is_its_own() {
    let _turn = turn();
    for kind in ["stop-worker", "kill-worker"] {
        // Whom it strikes may end just then.
        let strike = || {
            let at = format!("{kind}@5");
            let report = assert_lossless(&["--reloads", "1", "--workers", "1", "--disturb", &at], 1);
            report["reloads"][0]["disturbed"][0].clone()
        };
        let is_struck =
            |struck: &Value| struck["kind"] == kind && struck["pid"].is_u64() && struck["error"].is_null();
        let tries: Vec<Value> = (0..4).map(|_| strike()).take_while(|struck| !is_struck(struck)).collect();
        assert!(tries.len() < 4, "{tries:#?}");
    }
}

#[test]
fn an_upgrade_is_a_command_and_the_server_is_followed_to_its_new_master() {
    let _turn = turn();
    let upgrade =
        format!("command:{} serve upgrade --pid-file $WORKERSPEC_PID_FILE", env!("CARGO_BIN_EXE_workerspec"));
    // The second reload comes when the upgrade that disturbs the first is over.
    let pace = ["--baseline", "300ms", "--every", "4s", "--reloads", "2", "--load-only"];
    let report = (0..3)
        .map(|_| {
            let output = command(LIGHT).args(pace).args(["--disturb", &upgrade, "--json", "-"]).output();
            report(&output.expect("the program runs"))
        })
        .find(|report| report["verdict"]["grade"] != "inconclusive")
        .expect("one of three runs proves something");
    assert_eq!(report["verdict"]["grade"], "lossless", "{:#}", report["verdict"]);
    assert_eq!(report["verdict"]["failures"], Value::Array(Vec::new()));
    assert_eq!(report["testee_gone"], Value::Null);
}

#[test]
fn nothing_of_the_server_outlives_its_master() {
    let _turn = turn();
    let output = command(QUICK)
        .args(["--mix", "http=4", "--reloads", "1", "--disturb", "kill-master@400", "--json", "-"])
        .output()
        .expect("the program runs");
    let report = report(&output);
    assert_eq!(report["testee_gone"], "killed by SIGKILL");
    assert_eq!(report["verdict"]["failures"], Value::Array(Vec::new()));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn what_is_no_disturbance_is_a_usage_error() {
    assert_usage(&["--disturb", "earthquake"], "there are again, broken, kill-worker");
    assert_usage(&["--disturb", "again@soon"], "has no time");
}
