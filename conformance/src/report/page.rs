//! Pages and summaries, drawn from reports by templates. A page is one file: it loads nothing.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value, context};

use super::document::Document;

/// The page of one run.
#[must_use]
pub fn run_page(document: &Document) -> String {
    render("run.html.j2", context! { report => Value::from(Serde(document)) })
}

fn render(name: &str, context: Value) -> String {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|name| match name.contains(".html") {
        true => AutoEscape::Html,
        false => AutoEscape::None,
    });
    for (name, source) in TEMPLATES {
        environment.add_template(name, source).expect("a template is well written");
    }
    let template = environment.get_template(name).expect("the template is in the table");
    template.render(context).expect("a template takes every report")
}

/// Each template by the name under which others include it.
const TEMPLATES: &[(&str, &str)] = &[
    ("macros.html.j2", include_str!("page/macros.html.j2")),
    ("style.css", include_str!("page/style.css")),
    ("run.html.j2", include_str!("page/run.html.j2")),
];
