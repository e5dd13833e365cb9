use serde::Serialize;

use crate::case::{Case, Level};
use crate::testee::TesteeFile;

#[derive(Serialize)]
struct Entry {
    id: &'static str,
    claim: &'static str,
    source: String,
    level: Level,
    needs: Vec<String>,
    aliases: &'static [&'static str],
    /// What the testee that was named lacks; without one nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    lacks: Option<Option<String>>,
}

/// One line per case: level, id, claim; and, where a testee is named, what it lacks for the case to run.
#[must_use]
pub fn list_table(cases: &[&'static Case], testee: Option<&TesteeFile>) -> String {
    let width = cases.iter().map(|case| case.id.len()).max().unwrap_or_default();
    let line = |case: &&'static Case| {
        let skipped =
            testee.and_then(|file| case.lacks(file)).map(|lack| format!("  (skipped: lacks {lack})"));
        let skipped = skipped.unwrap_or_default();
        format!("{:<6} {:<width$}  {}{skipped}\n", case.level.name(), case.id, case.claim)
    };
    let mut text: String = cases.iter().map(line).collect();
    if let Some(file) = testee {
        let skipped = cases.iter().filter(|case| case.lacks(file).is_some()).count();
        let (all, name) = (cases.len(), file.name());
        text.push_str(&format!("{all} cases: {} run against {name}, {skipped} are skipped\n", all - skipped));
    }
    text
}

/// The same as a JSON array, with source, needs and aliases; and, where a testee is named, `lacks`: what it lacks, or
/// null where the case runs.
#[must_use]
pub fn list_json(cases: &[&'static Case], testee: Option<&TesteeFile>) -> String {
    let entries: Vec<Entry> = cases
        .iter()
        .map(|case| Entry {
            id: case.id,
            claim: case.claim,
            source: case.source.to_string(),
            level: case.level,
            needs: case.needs.iter().map(ToString::to_string).collect(),
            aliases: case.aliases,
            lacks: testee.map(|file| case.lacks(file)),
        })
        .collect();
    let mut text = serde_json::to_string_pretty(&entries).expect("entries are plain data");
    text.push('\n');
    text
}
