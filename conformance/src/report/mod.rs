//! What came of a run, for people and for programs.

mod console;
mod explain;
mod json;
mod junit;
mod list;
mod progress;
mod rule;

pub use console::{Style, console};
pub use explain::explain;
pub use json::json;
pub use junit::junit;
pub use list::{list_json, list_table};
pub use progress::Bar;
pub use rule::rule;
