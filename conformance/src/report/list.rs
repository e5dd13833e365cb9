use serde::Serialize;

use crate::case::{Case, Level};

#[derive(Serialize)]
struct Entry {
    id: &'static str,
    claim: &'static str,
    source: String,
    level: Level,
    needs: Vec<String>,
    aliases: &'static [&'static str],
}

/// One line per case: level, id, claim.
#[must_use]
pub fn list_table(cases: &[&'static Case]) -> String {
    let width = cases.iter().map(|case| case.id.len()).max().unwrap_or_default();
    cases
        .iter()
        .map(|case| format!("{:<6} {:<width$}  {}\n", case.level.name(), case.id, case.claim))
        .collect()
}

/// The same as a JSON array, with source, needs and aliases.
#[must_use]
pub fn list_json(cases: &[&'static Case]) -> String {
    let entries: Vec<Entry> = cases
        .iter()
        .map(|case| Entry {
            id: case.id,
            claim: case.claim,
            source: case.source.to_string(),
            level: case.level,
            needs: case.needs.iter().map(ToString::to_string).collect(),
            aliases: case.aliases,
        })
        .collect();
    let mut text = serde_json::to_string_pretty(&entries).expect("entries are plain data");
    text.push('\n');
    text
}
