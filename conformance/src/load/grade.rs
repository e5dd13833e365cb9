//! What a run proves: self-checks, promises, and the grade.

mod checks;

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::load::census::Census;
use crate::load::driver::{Loss, Record};
use crate::load::fate::{End, Weight};
use crate::load::reloads::Reloaded;
use crate::load::subject::comes_up;

/// The grade of a server under reload, strictest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// Nothing was lost and nothing was closed under a request.
    Lossless,
    /// Only idempotent requests met a connection that was being closed, which a client may repeat
    /// (RFC 9112 9.3.1).
    Conformant,
    /// Requests were lost.
    Lossy,
    /// The run proves nothing.
    Inconclusive,
}

impl fmt::Display for Grade {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Grade::Lossless => "lossless",
            Grade::Conformant => "conformant",
            Grade::Lossy => "lossy",
            Grade::Inconclusive => "inconclusive",
        })
    }
}

/// A check of the run on itself.
#[derive(Debug, Clone, JsonSchema, Serialize)]
pub struct SelfCheck {
    /// What is checked.
    pub name: &'static str,
    /// Whether it holds.
    pub holds: bool,
    /// What was found.
    pub found: String,
    /// Whether even losses prove nothing where it does not hold; else it only keeps a run without loss
    /// from proving something.
    pub voids: bool,
}

/// What the run says of the server.
#[derive(Debug, Clone, JsonSchema, Serialize)]
pub struct Verdict {
    /// The grade.
    pub grade: Grade,
    /// Promises other than losing nothing that were broken: each fails the check.
    pub failures: Vec<String>,
    /// The checks of the run on itself.
    pub checks: Vec<SelfCheck>,
    /// Requests that a worker took along which was killed on purpose: not held against the server.
    pub taken_along: u64,
    /// Requests lost, races not included.
    pub lost: u64,
    /// Requests lost that a client may repeat by itself.
    pub races: u64,
    /// Reloads that lost at least one request, races included.
    pub failing: usize,
    /// Reloads that went through.
    pub reloads: usize,
    /// What is proved, in one sentence.
    pub sentence: String,
}

/// What the verdict is drawn from.
#[derive(Debug)]
pub(crate) struct Evidence<'a> {
    pub(crate) record: &'a Record,
    pub(crate) reloads: &'a [Reloaded],
    /// Reloads that were planned.
    pub(crate) planned: usize,
    pub(crate) strangers: &'a [String],
    /// The processes, where all of them are seen.
    pub(crate) census: Option<&'a Census>,
    /// The run ended before its plan did.
    pub(crate) cut_short: bool,
}

impl Verdict {
    /// So many requests were executed more than once: that is as bad as a loss, where the run proves anything.
    pub(crate) fn doubled(&mut self, twice: usize) {
        if self.grade != Grade::Inconclusive {
            self.grade = Grade::Lossy;
            self.sentence = format!("{twice} requests were executed more than once. {}", self.sentence);
        }
    }
}

impl Evidence<'_> {
    pub(crate) fn verdict(&self) -> Verdict {
        let checks = self.checks();
        let ledger = &self.record.ledger;
        let taken = self.taken_along();
        let (taken_races, taken_losses) =
            (taken.iter().filter(|loss| loss.race).count(), taken.iter().filter(|loss| !loss.race).count());
        let abrupt = if self.kills().next().is_some() { 0 } else { ledger.end_total(End::Abrupt) };
        let losses =
            ledger.weighing(Weight::Loss) - taken_losses as u64 + ledger.end_total(End::Unasked) + abrupt;
        let races = ledger.weighing(Weight::Race) - taken_races as u64;
        let taken_along = taken.len() as u64;
        let grade = if checks.iter().any(|check| check.voids && !check.holds) {
            Grade::Inconclusive
        } else if 0 < losses {
            Grade::Lossy
        } else if checks.iter().any(|check| !check.holds) {
            Grade::Inconclusive
        } else if 0 < races {
            Grade::Conformant
        } else {
            Grade::Lossless
        };
        let reloads = self.reloads.iter().filter(|reload| reload.finished).count();
        let failing = (0..self.reloads.len()).filter(|index| 0 < self.lost_in(*index)).count();
        let sentence = sentence(grade, failing, self.reloads.len(), losses, races, &checks);
        Verdict {
            grade,
            failures: self.failures(),
            checks,
            taken_along,
            lost: losses,
            races,
            failing,
            reloads,
            sentence,
        }
    }

    /// Workers that were killed on purpose, and when.
    fn kills(&self) -> impl Iterator<Item = (u32, Duration)> {
        let struck = self.reloads.iter().flat_map(|reload| &reload.disturbed);
        struck
            .filter(|one| one.kind == "kill-worker" && one.error.is_none())
            .filter_map(|one| Some((one.pid?, one.at)))
    }

    /// Losses that were on a worker which was killed on purpose, or that never had an answer and came just then.
    fn taken_along(&self) -> Vec<&Loss> {
        let by = |loss: &Loss, (pid, at): (u32, Duration)| {
            at <= loss.at
                && match loss.last_pid {
                    Some(last) => last == pid,
                    None => loss.at <= at + AT_ONCE,
                }
        };
        self.record.losses.iter().filter(|loss| self.kills().any(|kill| by(loss, kill))).collect()
    }

    /// Losses between the trigger of this reload and that of the next.
    fn lost_in(&self, index: usize) -> usize {
        lost_in(&self.record.lost_at, self.reloads, index)
    }

    /// What the server broke besides losing requests.
    fn failures(&self) -> Vec<String> {
        let mut failures = Vec::new();
        for (at, reload) in self.reloads.iter().enumerate() {
            for struck in &reload.disturbed {
                failures.extend(
                    struck.error.iter().map(|why| format!("{} could not be done: {why}", struck.kind)),
                );
            }
            let (index, Ok(trigger)) = (at + 1, &reload.trigger) else { continue };
            // Nobody is left to report anything where the master was killed.
            if reload.superseded || reload.disturbed.iter().any(|one| one.kind == "kill-master") {
                continue;
            }
            let answers = self.record.watch.release(index).answers;
            let up = comes_up(reload.mode);
            if !up && 0 < answers {
                failures.push(format!("release r{index} can't come up, but answered {answers} requests"));
            }
            if !up && !self.old_one_serves(at) {
                failures.push(format!("while release r{index} could not come up, no older one answered"));
            }
            if !up && trigger.waited && trigger.success == Some(true) {
                failures.push(format!("release r{index} can't come up, but its reload reported success"));
            }
            // A command that strikes meanwhile may be an upgrade, which takes a reload over and brings its release.
            let taken_over = reload.disturbed.iter().any(|one| one.kind.starts_with("command:"));
            if up && 0 < answers && trigger.waited && trigger.success == Some(false) && !taken_over {
                failures.push(format!(
                    "release r{index} came up, but its reload reported failure ({})",
                    trigger.said
                ));
            }
        }
        failures
    }

    /// Whether an older release still answered at the end of a reload that could not come up.
    fn old_one_serves(&self, at: usize) -> bool {
        let over = self.reloads[at].over;
        (0..=at).any(|older| self.record.watch.release(older).last.is_some_and(|last| over <= last))
    }
}

/// Losses between the trigger of the reload at `index` and that of the next.
pub(crate) fn lost_in(lost_at: &[Duration], reloads: &[Reloaded], index: usize) -> usize {
    let begin = reloads[index].before.unwrap_or(reloads[index].planned);
    let end = reloads.get(index + 1).and_then(|next| next.before).unwrap_or(Duration::MAX);
    lost_at.iter().filter(|at| begin <= **at && **at < end).count()
}

fn sentence(
    grade: Grade,
    failing: usize,
    reloads: usize,
    losses: u64,
    races: u64,
    checks: &[SelfCheck],
) -> String {
    match grade {
        Grade::Inconclusive => {
            let wrong: Vec<&str> =
                checks.iter().filter(|check| !check.holds).map(|check| check.name).collect();
            format!("This run proves nothing, because these did not hold: {}.", wrong.join(", "))
        }
        Grade::Lossless => format!(
            "None of {reloads} reloads lost anything: with 95 % confidence fewer than {:.1} % of reloads under this load do.",
            bound(reloads) * 100.0
        ),
        Grade::Conformant => format!(
            "{failing} of {reloads} reloads met {races} keep-alive races, all on requests that a client may repeat by itself."
        ),
        Grade::Lossy => format!(
            "{failing} of {reloads} reloads lost requests: {losses} losses, and {races} races that a client may repeat."
        ),
    }
}

/// Upper bound, with 95 % confidence, of the share of reloads that fail, when none of `reloads` did.
fn bound(reloads: usize) -> f64 {
    1.0 - 0.05f64.powf(1.0 / reloads.max(1) as f64)
}

/// What a killed process takes along ends at once.
const AT_ONCE: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_the_one_of_statistics() {
        // 1 - 0.05^(1/n).
        assert!((bound(10) - 0.2589).abs() < 0.0001);
        assert!((bound(299) - 0.0100).abs() < 0.0001);
        assert_eq!(bound(0), bound(1));
    }
}
