//! Pages and summaries, drawn from reports by templates. A page is one file: it loads nothing.

use minijinja::value::Serde;
use minijinja::{Environment, Value, context};
use serde::Serialize;

use super::document::Document;

/// The page of one run.
#[must_use]
pub fn run_page(document: &Document) -> String {
    render("run.html.j2", of_run(document))
}

/// The summary of one run in Markdown.
#[must_use]
pub fn run_markdown(document: &Document) -> String {
    render("run.md.j2", of_run(document))
}

fn of_run(document: &Document) -> Value {
    let report = Value::from(Serde(document));
    match date(document.begun) {
        Some(date) => context! { report, date },
        None => context! { report },
    }
}

/// The page of several runs side by side; a label stands where the testee's name would not tell them apart.
#[must_use]
pub fn matrix_page(columns: &[(Option<String>, Document)]) -> String {
    #[derive(Serialize)]
    struct Column<'report> {
        #[serde(skip_serializing_if = "Option::is_none")]
        label: Option<&'report str>,
        #[serde(flatten)]
        document: &'report Document,
    }
    let columns: Vec<Column<'_>> =
        columns.iter().map(|(label, document)| Column { label: label.as_deref(), document }).collect();
    render("compare.html.j2", context! { reports => Value::from(Serde(&columns)) })
}

/// The page of a reload under load, from what `--json` writes; of a report that was read, nobody knows how the
/// program ended.
#[must_use]
pub fn reload_page(report: &impl Serialize, exit_code: Option<u8>) -> String {
    let report = Value::from(Serde(report));
    let context = match exit_code {
        Some(exit_code) => context! { report, exit_code },
        None => context! { report },
    };
    render("reload.html.j2", context)
}

/// The summary of a reload under load in Markdown.
#[must_use]
pub fn reload_markdown(report: &impl Serialize) -> String {
    render("reload.md.j2", context! { report => Value::from(Serde(report)) })
}

fn render(name: &str, context: Value) -> String {
    let mut environment = Environment::new();
    for (name, source) in TEMPLATES {
        environment.add_template(name, source).expect("a template is well written");
    }
    let template = environment.get_template(name).expect("the template is in the table");
    template.render(context).expect("a template takes every report")
}

/// Each template by the name under which others include it. The end of a name decides what is escaped.
const TEMPLATES: &[(&str, &str)] = &[
    ("style.css", include_str!("page/style.css")),
    ("macros.html.j2", include_str!("page/macros.html.j2")),
    ("timeline.html.j2", include_str!("page/timeline.html.j2")),
    ("run.html.j2", include_str!("page/run.html.j2")),
    ("run.md.j2", include_str!("page/run.md.j2")),
    ("compare.html.j2", include_str!("page/compare.html.j2")),
    ("reload.html.j2", include_str!("page/reload.html.j2")),
    ("reload.md.j2", include_str!("page/reload.md.j2")),
];

/// Seconds since 1970 as people write it; nothing for a report that does not say.
fn date(seconds: f64) -> Option<String> {
    if !seconds.is_normal() {
        return None;
    }
    let moment = jiff::Timestamp::from_second(seconds as i64).ok()?;
    Some(moment.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_by_people() {
        assert_eq!(date(1_795_543_320.0).as_deref(), Some("2026-11-24 18:02 UTC"));
        assert_eq!(date(0.0), None);
        assert_eq!(date(f64::NAN), None);
    }
}
