//! Whose fault it is that a case could not go on.

use super::stage::Stage;
use crate::verdict::{Finding, Outcome, Surprise};

/// A testee listens and lives until it is told to end. Where it does not, whatever surprised the case is no accident of
/// ours: the claim is broken.
pub(super) fn blamed(outcome: Outcome, stage: &Stage) -> Outcome {
    let Err(Surprise(reason)) = outcome else { return outcome };
    let testee = stage.testee();
    if let Some(exit) = testee.ended_by_itself() {
        return Ok(Finding::Broken(format!("the server ended though nobody told it to ({exit}): {reason}")));
    }
    match stage.refused() {
        Some(port) if !testee.was_dismissed() => {
            Ok(Finding::Broken(format!("nobody listens on port {port} any more: {reason}")))
        }
        _ => Err(Surprise(reason)),
    }
}
