//! Connections parked in each state, and those that wait in the accept queue.

use serde_json::Value;

use crate::{command, report, turn};

/// A short load, and what follows it.
fn after_load(arguments: &[&str], fault: &str) -> (Option<i32>, Value) {
    let output =
        command(&["--mix", "http=2,fresh=@20", "--baseline", "200ms", "--timeout", "2s", "--json", "-"])
            .args(arguments)
            .env("WORKERSPEC_LIAR_FAULT", fault)
            .output()
            .expect("the program runs");
    (output.status.code(), report(&output))
}

#[track_caller]
fn outcomes<'a>(report: &'a Value, protocol: &str, state: &str) -> &'a Value {
    let cells = report["matrix"]["cells"].as_array().expect("a list");
    let cell = cells.iter().find(|cell| cell["protocol"] == protocol && cell["state"] == state);
    &cell.unwrap_or_else(|| panic!("{protocol}, {state}: {cells:#?}"))["outcomes"]
}

#[test]
fn the_reference_loses_no_parked_and_no_queued_connection() {
    let _turn = turn();
    for more in [&[][..], &["--reuse-port"]] {
        let (_, report) = after_load(&[&["--matrix", "--freeze"], more].concat(), "none");
        assert_eq!(report["verdict"]["failures"], Value::Array(Vec::new()));
        let cells = report["matrix"]["cells"].as_array().expect("a list");
        assert!(cells.len() == 18 && cells.iter().all(|cell| cell["lost"] == 0), "{cells:#?}");
        assert!(
            report["freeze"]["lost"] == 0 && report["freeze"]["connections"] == 128,
            "{:#}",
            report["freeze"]
        );
    }
}

#[test]
fn the_matrix_names_the_state_that_a_liar_loses() {
    let _turn = turn();
    let liar = ["--testee", "fixtures/liars/testee.toml", "--matrix"];
    for (fault, protocol, state, outcome, kept) in [
        ("reload.kills-silent", "http", "accepted, silent", "CLOSED", "half a body"),
        ("reload.kills-partial", "http", "half a head", "CLOSED", "idle, kept"),
        ("reload.kills-partial", "websocket", "half a message", "CLOSED", "idle"),
        ("reload.kills-busy", "http", "being worked on", "CLOSED", "half a head"),
        ("reload.kills-idle", "http", "idle, kept", "closed idle", "half a head"),
    ] {
        let (code, report) = after_load(&liar, fault);
        let found = outcomes(&report, protocol, state);
        assert_eq!(found[outcome], 6, "{fault}: {found}");
        let kept = outcomes(&report, protocol, kept).as_object().expect("counts").keys();
        assert!(kept.clone().all(|name| *name != *outcome.to_uppercase()), "{fault}: {kept:?}");
        let named = report["verdict"]["failures"].to_string().contains(&format!("{protocol}, {state}"));
        assert_eq!(named, outcome == "CLOSED", "{fault}: {:#}", report["verdict"]);
        if named {
            assert_eq!(code, Some(1), "{fault}");
        }
    }
}

#[test]
fn the_freeze_frame_finds_a_queue_that_is_thrown_away() {
    let _turn = turn();
    let liar = ["--testee", "fixtures/liars/testee.toml", "--freeze"];
    // Workers that go on before the master has come to reload take the queue: on a busy machine it is tried again.
    let found = (0..3).map(|_| after_load(&liar, "reload.closes-listener")).any(|(code, report)| {
        println!("{:#}", report["freeze"]);
        report["freeze"]["lost"].as_u64().is_some_and(|lost| 0 < lost) && code == Some(1)
    });
    assert!(found, "nothing was lost in three freezes");
    let (_, report) = after_load(&liar, "none");
    assert_eq!(report["freeze"]["lost"], 0, "{:#}", report["freeze"]);
}
