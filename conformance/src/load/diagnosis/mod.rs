//! Known patterns in what was seen, told in a line with the id of `docs/reload.md`. A guess at the cause, never a verdict.

mod control;
mod pattern;
mod requests;

pub use pattern::Diagnosis;
pub(crate) use pattern::{diagnose, queue_lost};
