//! What came of a run, for people and for programs.

mod capture;
mod comparison;
mod console;
mod document;
mod explain;
mod junit;
mod lines;
mod list;
mod matrix;
mod page;
mod progress;
mod rule;

pub use capture::Capture;
pub use comparison::{Change, ChangeKind, Comparison};
pub use console::{Style, console};
pub use document::{CaseDocument, ConnectionDocument, Document, DocumentError, EventDocument, What, schema};
pub use explain::explain;
pub use junit::junit;
pub use lines::Lines;
pub use list::{list_json, list_table};
pub use matrix::{matrix_markdown, matrix_table};
pub use page::{matrix_page, reload_markdown, reload_page, run_markdown, run_page};
pub use progress::Bar;
pub use rule::rule;
