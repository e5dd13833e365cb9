//! The table of `docs/reload.md` says of every failure mode who finds it, and tells the truth.

use std::collections::BTreeMap;

use crate::lies::MODES;

/// Every RL-id has a row; every fault that it names exists, and is found as the row says.
#[test]
fn every_failure_mode_has_a_row_and_every_row_is_true() {
    let text = include_str!("../../../docs/reload.md");
    let kills = kills();
    let faults: Vec<&str> = workerspec_liars::FAULTS.iter().map(|fault| fault.name).collect();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| RL-"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let expected: Vec<String> = (1..=40).map(|number| format!("RL-{number}")).collect();
    let told: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(told, expected);
    for row in rows {
        let [rule, named, found] = row[..] else { panic!("{row:?} has not three cells") };
        let named = quoted(named);
        if named.is_empty() {
            assert!(found.len() > 20, "{rule} names no fault and no reason");
            assert!(!found.starts_with('`'), "{rule} names no fault that is found by {found}");
            continue;
        }
        for fault in named {
            assert!(faults.contains(&fault), "{rule} names {fault}, which is no fault");
            if found.starts_with("`run`") {
                let cases = quoted(found);
                let killers = kills.get(fault).map(Vec::as_slice).unwrap_or_default();
                let kills = killers.iter().any(|killer| cases.contains(&killer.as_str()));
                assert!(kills, "{rule}: no case of {cases:?} finds {fault}, but {killers:?}");
            } else {
                let listed =
                    MODES.iter().any(|mode| mode.0.split(' ').any(|known| known == rule) && mode.1 == fault);
                assert!(found.starts_with("`reload") && listed, "{rule}: nothing finds {fault} as {found}");
            }
        }
    }
}

/// The cases of `run` that each fault has to make fail.
fn kills() -> BTreeMap<String, Vec<String>> {
    let table: toml::Table = include_str!("../liars/kills.toml").parse().expect("it is TOML");
    let kills = table["kills"].as_table().expect("a table").clone();
    let cases = |value: toml::Value| {
        let cases = value.as_array().expect("a list").iter();
        cases.map(|case| case.as_str().expect("a name").to_owned()).collect()
    };
    kills.into_iter().map(|(fault, killers)| (fault, cases(killers))).collect()
}

/// What stands between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}
