//! Several testees side by side, for a terminal and for Markdown.

use comfy_table::{Cell, CellAlignment, Table, presets};

use super::document::{CaseDocument, Document};
use crate::verdict::Verdict;

/// One row a suite, one column a testee: how many of the cases that ran passed, and how many did not.
#[must_use]
pub fn matrix_table(documents: &[Document]) -> String {
    format!("{}\n", table(documents, presets::NOTHING))
}

/// The same in Markdown, and below it the cases on which they disagree.
#[must_use]
pub fn matrix_markdown(documents: &[Document]) -> String {
    let mut text = format!("{}\n", table(documents, presets::ASCII_MARKDOWN));
    let apart = disagreements(documents);
    if apart.is_empty() {
        return text;
    }
    let mut cases = Table::new();
    cases.load_style(presets::ASCII_MARKDOWN);
    let names = documents.iter().map(|document| document.testee.as_str());
    cases.set_header(std::iter::once("case").chain(names));
    for id in &apart {
        let words = documents.iter().map(|document| document.case(id).map_or("", |case| case.verdict.name()));
        cases.add_row(std::iter::once(id.as_str()).chain(words));
    }
    text.push_str(&format!("\n{} cases on which they disagree:\n\n{cases}\n", apart.len()));
    text
}

fn table(documents: &[Document], style: comfy_table::TableStyle) -> Table {
    let mut table = Table::new();
    table.load_style(style);
    table.set_header(std::iter::once("suite".to_owned()).chain(documents.iter().map(|document| {
        let version = document.version.as_deref().map(|version| format!(" ({version})")).unwrap_or_default();
        format!("{}{version}", document.testee)
    })));
    for suite in suites(documents) {
        let cells = documents.iter().map(|document| {
            let of_suite = document.cases.iter().filter(|case| suite == "all" || case.suite == suite);
            Cell::new(summary(of_suite)).set_alignment(CellAlignment::Right)
        });
        table.add_row(std::iter::once(Cell::new(&suite)).chain(cells));
    }
    table
}

/// Suites in the order of the registry, then all of them together.
fn suites(documents: &[Document]) -> Vec<String> {
    let mut suites: Vec<String> = Vec::new();
    for case in documents.iter().flat_map(|document| &document.cases) {
        if !suites.contains(&case.suite) {
            suites.push(case.suite.clone());
        }
    }
    suites.push("all".to_owned());
    suites
}

/// `190 of 196, 2 warn, 4 fail`; what is skipped is left out.
fn summary<'report>(cases: impl Iterator<Item = &'report CaseDocument>) -> String {
    let verdicts: Vec<Verdict> = cases.map(|case| case.verdict).collect();
    let count = |verdict: Verdict| verdicts.iter().filter(|found| **found == verdict).count();
    let ran = verdicts.len() - count(Verdict::Skip);
    if ran == 0 {
        return "-".to_owned();
    }
    let rest = Verdict::ALL.into_iter().filter(|verdict| !matches!(verdict, Verdict::Pass | Verdict::Skip));
    let rest = rest.map(|verdict| (verdict, count(verdict))).filter(|(_, count)| *count != 0);
    let rest: String = rest.map(|(verdict, count)| format!(", {count} {verdict}")).collect();
    format!("{} of {ran}{rest}", count(Verdict::Pass))
}

/// Cases that ran on at least two of them, with verdicts that are not all the same.
fn disagreements(documents: &[Document]) -> Vec<String> {
    let mut ids: Vec<&str> = Vec::new();
    for case in documents.iter().flat_map(|document| &document.cases) {
        if !ids.contains(&case.id.as_str()) {
            ids.push(&case.id);
        }
    }
    let apart = |id: &&str| {
        let ran = documents.iter().filter_map(|document| document.case(id));
        let verdicts: Vec<Verdict> =
            ran.map(|case| case.verdict).filter(|verdict| *verdict != Verdict::Skip).collect();
        verdicts.windows(2).any(|pair| pair[0] != pair[1])
    };
    ids.into_iter().filter(apart).map(str::to_owned).collect()
}
