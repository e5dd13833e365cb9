//! All patterns, one after the other.

use schemars::JsonSchema;
use serde::Serialize;

use crate::load::diagnosis::{control, requests};
use crate::load::parked::FreezeReport;
use crate::load::report::Report;

/// One pattern.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Diagnosis {
    /// The failure mode, such as `RL-10`.
    pub rule: String,
    /// What was seen and what it looks like.
    pub text: String,
}

/// Takes a rule and what was seen of it.
pub(super) type Say<'a> = &'a mut dyn FnMut(&str, String);

/// What the report looks like.
pub(crate) fn diagnose(report: &Report) -> Vec<Diagnosis> {
    let mut found = Vec::new();
    let mut say = |rule: &str, text: String| found.push(Diagnosis { rule: rule.to_owned(), text });
    requests::races(report, &mut say);
    requests::drops(report, &mut say);
    requests::unanswered(report, &mut say);
    requests::pauses(report, &mut say);
    requests::goodbyes(report, &mut say);
    control::releases(report, &mut say);
    control::durations(report, &mut say);
    control::ends(report, &mut say);
    control::processes(report, &mut say);
    control::sockets(report, &mut say);
    control::ledger(report, &mut say);
    found
}

/// What the loss of an accept queue looks like that was filled while nobody accepted.
pub(crate) fn queue_lost(freeze: &FreezeReport) -> Option<Diagnosis> {
    let reset = freeze.outcomes.get("RESET").copied().unwrap_or(0);
    (0 < reset).then(|| Diagnosis {
        rule: "RL-2".to_owned(),
        text: format!(
            "{reset} of {} connections that nobody had accepted yet were reset by the reload: a listening socket was closed with its queue",
            freeze.connections
        ),
    })
}
