//! Liars under load: each is found by its own fate.

use crate::{LIGHT, QUICK, assert_books_close, command, report, turn};

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
