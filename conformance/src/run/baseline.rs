//! Brings `known.toml` in line with a report, and leaves what people wrote in it alone.

use globset::Glob;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use crate::report::Document;
use crate::verdict::Verdict;

/// What was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaselineChange {
    /// Ids that were added.
    pub added: Vec<String>,
    /// Ids and patterns that were removed: what they list passes.
    pub removed: Vec<String>,
}

/// The text of `known.toml` after a report, and what differs. Entries that hold stay as they are, with their
/// comments; what fails and is not listed is added with what came as its reason, for somebody to look at; an entry
/// that the report names as stale goes.
///
/// # Errors
/// The text is no TOML.
pub fn baseline(text: &str, report: &Document) -> Result<(String, BaselineChange), toml_edit::TomlError> {
    let mut file: DocumentMut = text.parse()?;
    let mut change = BaselineChange::default();
    let known = file.entry("known").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let Item::ArrayOfTables(entries) = known else {
        // An empty array, written as a value.
        *known = Item::ArrayOfTables(ArrayOfTables::new());
        return baseline(&file.to_string(), report);
    };
    let stale = |id: &str| report.stale.iter().any(|stale| stale.id == id);
    let id_of = |entry: &Table| entry.get("id").and_then(Item::as_str).unwrap_or_default().to_owned();
    entries.retain(|entry| {
        let id = id_of(entry);
        let goes = stale(&id);
        if goes {
            change.removed.push(id);
        }
        !goes
    });
    for case in &report.cases {
        let verdict = match case.verdict {
            Verdict::Fail | Verdict::Flaky => "fail",
            Verdict::Inconclusive => "inconclusive",
            _ => continue,
        };
        // Somebody may have written it down since the report was made.
        if entries.iter().any(|entry| lists(entry, &case.id, verdict)) {
            continue;
        }
        let mut entry = Table::new();
        entry.insert("id", value(&case.id));
        entry.insert("verdict", value(verdict));
        entry.insert("reason", value(format!("not looked at yet: {}", case.came)));
        entries.push(entry);
        change.added.push(case.id.clone());
    }
    if entries.is_empty() {
        file.remove("known");
    }
    Ok((file.to_string(), change))
}

/// Whether an entry says of that case that it comes so.
fn lists(entry: &Table, id: &str, verdict: &str) -> bool {
    let text = |key: &str| entry.get(key).and_then(Item::as_str);
    let matches = |pattern: &str| Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(id));
    text("verdict") == Some(verdict) && text("id").is_some_and(matches)
}
