//! Budgets, and what is said of known patterns.

use serde_json::Value;

use crate::{assert_usage, command, conclusive, report, turn};

#[track_caller]
fn budget<'a>(report: &'a Value, name: &str) -> &'a Value {
    let rows = report["budgets"].as_array().expect("a list");
    rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name}: {rows:#?}"))
}

#[test]
fn a_budget_that_is_kept_passes_and_says_what_was_found() {
    let _turn = turn();
    let limits = [
        "--max-lost",
        "0",
        "--max-reload-time",
        "20s",
        "--connections-must-survive",
        "--max-p999-ratio",
        "100000",
    ];
    let output = conclusive(&[&limits[..], &["--reloads", "2", "--duration", "3s", "--json", "-"]].concat());
    let report = report(&output);
    for name in ["requests lost", "the slowest reload", "kept connections that ended"] {
        assert_eq!(budget(&report, name)["holds"], true, "{:#}", report["budgets"]);
    }
    assert_ne!(
        budget(&report, "p99.9 inside against outside of reloads")["holds"],
        false,
        "{:#}",
        report["budgets"]
    );
}

#[test]
fn a_budget_that_is_exceeded_fails() {
    let _turn = turn();
    let output = conclusive(&["--reloads", "1", "--max-reload-time", "1ms", "--json", "-"]);
    let report = report(&output);
    assert_eq!(budget(&report, "the slowest reload")["holds"], false);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_bound_is_proved_by_as_many_reloads_as_it_takes() {
    let _turn = turn();
    let output = conclusive(&["--prove", "50%", "--json", "-"]);
    let report = report(&output);
    // 1 - 0.05^(1/5) is 45 %, 1 - 0.05^(1/4) is 53 %.
    assert_eq!(report["reloads"].as_array().map(Vec::len), Some(5));
    assert_eq!(budget(&report, "reloads that fail")["holds"], true, "{:#}", report["budgets"]);
    assert_usage(&["--prove", "5%", "--reloads", "3"], "cannot be used with");
    assert_usage(&["--prove", "0%"], "must be from");
    assert_usage(&["--max-lost", "1", "--allow", "conformant"], "cannot be used with");
}

#[test]
fn losses_within_the_budget_pass_and_are_told_by_their_pattern() {
    let _turn = turn();
    let liar = |more: &[&str]| {
        command(&[
            "--mix",
            "http=6",
            "--testee",
            "fixtures/liars/testee.toml",
            "--reloads",
            "1",
            "--load-only",
            "--json",
            "-",
        ])
        .args(["--baseline", "300ms"])
        .args(more)
        .env("WORKERSPEC_LIAR_FAULT", "reload.kills-idle")
        .output()
        .expect("the program runs")
    };
    let output = liar(&["--max-lost", "100"]);
    let found = report(&output);
    assert!(
        found["diagnosis"].to_string().contains("RL-10"),
        "{:#}\n{:#}",
        found["diagnosis"],
        found["requests"]
    );
    assert_eq!(output.status.code(), Some(0), "{:#}", found["verdict"]);
    assert_eq!(liar(&["--max-lost", "0"]).status.code(), Some(1));
}
