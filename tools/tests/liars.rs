//! Who judges the judge: every case fails on a liar that breaks its rule.
//!
//! `liars/kills.toml` says which fault has to make which MUST cases fail, and every run shows it. `liars/matrix.txt` is what
//! `ci/kill-matrix` found by trying every fault with every case that it concerns. A case that is in neither must be under
//! `alive` in `kills.toml`, with the reason why no liar can break it yet.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::RwLock;

use libtest_mimic::{Arguments, Failed, Trial};
use workerspec_conformance::case::Level;
use workerspec_conformance::suites::registry;

const PROGRAM: &str = env!("CARGO_BIN_EXE_workerspec");
const TESTEE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/liars/testee.toml");
const KILLS: &str = include_str!("liars/kills.toml");
const MATRIX: &str = include_str!("liars/matrix.txt");

/// The table: cases by fault, and cases that no fault breaks with the reason.
fn kills() -> (BTreeMap<String, Vec<String>>, BTreeMap<String, String>) {
    let table: toml::Table = KILLS.parse().expect("kills.toml is TOML");
    let section = |name: &str| table.get(name).and_then(toml::Value::as_table).cloned().unwrap_or_default();
    let text = |value: &toml::Value| value.as_str().expect("kills.toml holds strings").to_owned();
    let kills = section("kills")
        .into_iter()
        .map(|(fault, cases)| (fault, cases.as_array().into_iter().flatten().map(text).collect()))
        .collect();
    (kills, section("alive").into_iter().map(|(case, reason)| (case, text(&reason))).collect())
}

fn every_must_case_is_listed() -> Result<(), Failed> {
    let (kills, alive) = kills();
    let killed: BTreeSet<&String> = kills.values().flatten().collect();
    let cases = registry();
    let ids: BTreeSet<&str> = cases.iter().map(|case| case.id).collect();
    for id in killed.iter().copied().chain(alive.keys()) {
        if !ids.contains(id.as_str()) {
            return Err(format!("{id} is in kills.toml and is no case").into());
        }
    }
    let missing: Vec<&str> = cases
        .iter()
        .filter(|case| case.level == Level::Must)
        .map(|case| case.id)
        .filter(|id| !killed.contains(&(*id).to_owned()) && !alive.contains_key(*id))
        .collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(format!("no liar is named for {}", missing.join(", ")).into()),
    }
}

fn every_case_is_killed() -> Result<(), Failed> {
    let (_, alive) = kills();
    let lines = MATRIX.lines().filter(|line| !line.starts_with('#'));
    let killed: BTreeSet<&str> = lines.filter_map(|line| Some(line.split_once(' ')?.0)).collect();
    let cases = registry();
    let ids: BTreeSet<&str> = cases.iter().map(|case| case.id).collect();
    let gone: Vec<&str> = killed.difference(&ids).copied().collect();
    let missing: Vec<&str> = ids.difference(&killed).copied().filter(|id| !alive.contains_key(*id)).collect();
    match (&missing[..], &gone[..]) {
        ([], []) => Ok(()),
        _ => Err(format!(
            "killed by no fault: {}; in the matrix and no case: {}; run ci/kill-matrix with the faults that are new",
            missing.join(", "),
            gone.join(", ")
        )
        .into()),
    }
}

/// Runs the cases on that liar; gives those that did not fail, and what came of them.
fn survivors(fault: &str, cases: &[String], patience: &str) -> Result<BTreeMap<String, String>, Failed> {
    let output = Command::new(PROGRAM)
        .args([
            "run",
            "--jobs",
            "1",
            "--tries",
            "1",
            "--slow-target",
            patience,
            "--testee",
            TESTEE,
            "--json",
            "-",
        ])
        .args(cases)
        .env("WORKERSPEC_LIAR_FAULT", fault)
        .output()?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("no report: {error}; {}", String::from_utf8_lossy(&output.stderr)))?;
    let results = report["cases"].as_array().ok_or("no cases in the report")?;
    let survivor = |id: &String| match results.iter().find(|result| result["id"] == id.as_str()) {
        Some(result) if result["verdict"] == "fail" => None,
        Some(result) => Some((id.clone(), format!("{} ({})", result["verdict"], result["came"]))),
        None => Some((id.clone(), "not in the report".to_owned())),
    };
    Ok(cases.iter().filter_map(survivor).collect())
}

/// A fault that harms what is under way meets nothing on a machine that is late: one of four tries has to find it, and
/// all but the first have the machine for themselves.
const TRIES: usize = 4;
static MACHINE: RwLock<()> = RwLock::new(());

fn fails_on(fault: &str, cases: &[String]) -> Result<(), Failed> {
    let shared = MACHINE.read();
    // What a fault keeps from coming is waited for to the end: half the time will do where the server is this one.
    let mut left = survivors(fault, cases, "0.5x")?;
    drop(shared);
    for _ in 1..TRIES {
        if left.is_empty() {
            break;
        }
        let _alone = MACHINE.write();
        left = survivors(fault, &left.into_keys().collect::<Vec<_>>(), "1x")?;
    }
    let wrong: Vec<String> = left.into_iter().map(|(id, came)| format!("{id}: {came}")).collect();
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(format!("with fault {fault} these must fail and don't:\n{}", wrong.join("\n")).into()),
    }
}

fn main() {
    let mut arguments = Arguments::from_args();
    // A trial mostly waits, for a silence or a deadline.
    arguments.test_threads = arguments.test_threads.or(Some(12));
    assert!(Path::new(TESTEE).exists(), "{TESTEE} is missing");
    let mut trials = vec![
        Trial::test("every_must_case_is_listed", every_must_case_is_listed),
        Trial::test("every_case_is_killed", every_case_is_killed),
    ];
    trials.extend(kills().0.into_iter().map(|(fault, cases)| {
        Trial::test(format!("fails_on::{}", fault.replace('.', "::")), move || fails_on(&fault, &cases))
    }));
    libtest_mimic::run(&arguments, trials).exit();
}
