//! What a run proves: self-checks, promises, and the grade.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::load::census::Census;
use crate::load::driver::{Loss, Record};
use crate::load::fate::{End, Fate, Weight};
use crate::load::reloads::Reloaded;
use crate::load::subject::{Newcomers, comes_up};

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

    fn checks(&self) -> Vec<SelfCheck> {
        let mut checks = vec![
            self.alone(),
            self.baseline(),
            self.own_pids(),
            self.driver_on_time(),
            self.everything_sent(),
            self.trigger_on_time(),
            self.under_load(),
            self.reloads_came(),
        ];
        if self.cut_short {
            checks.push(weak("the run was not cut short", false, "it ended before its plan did".to_owned()));
        }
        checks
    }

    fn alone(&self) -> SelfCheck {
        let found = match self.strangers {
            [] => "every listening socket on the port belongs to the testee".to_owned(),
            strangers => format!("others listen on the port: {}", strangers.join(", ")),
        };
        voiding("nobody else on the port", self.strangers.is_empty(), found)
    }

    fn baseline(&self) -> SelfCheck {
        let end = self.reloads.iter().find_map(|reload| reload.before).unwrap_or(Duration::MAX);
        let lost = self.record.lost_at.iter().filter(|at| **at < end).count();
        let answered = self.record.watch.release(0).first.is_some_and(|first| first < end);
        let found = match (lost, answered) {
            (0, true) => "nothing was lost before the first reload".to_owned(),
            (0, false) => "nothing was answered before the first reload".to_owned(),
            _ => format!("{lost} requests were lost before the first reload"),
        };
        voiding("no loss without a reload", lost == 0 && answered, found)
    }

    fn own_pids(&self) -> SelfCheck {
        let name = "answers come from the testee's processes";
        let Some(census) = self.census else {
            return voiding(name, true, "the processes can't be seen".to_owned());
        };
        let answering = self.record.watch.pids();
        let foreign: Vec<String> = answering
            .iter()
            .filter(|seen| !census.knows(seen.pid))
            .map(|seen| seen.pid.to_string())
            .collect();
        let found = match foreign.as_slice() {
            [] => format!("{} processes answered, all of its tree", answering.len()),
            foreign => format!("never seen in its tree: {}", foreign.join(", ")),
        };
        voiding(name, foreign.is_empty(), found)
    }

    fn driver_on_time(&self) -> SelfCheck {
        let (late, inside) = (self.record.lateness, self.record.lateness_inside);
        let found = format!(
            "at worst {:.1} ms late, and {:.1} ms in a reload, {} ms allowed there",
            millis(late),
            millis(inside),
            STARVED.as_millis()
        );
        // Who stood still for so long accuses the server of what it did itself.
        let stood_still = STOOD_STILL <= late;
        let holds = inside <= STARVED && !stood_still;
        SelfCheck { name: "the driver kept its schedule", holds, found, voids: stood_still }
    }

    fn everything_sent(&self) -> SelfCheck {
        let ledger = &self.record.ledger;
        let (unsent, ours) = (ledger.fate_total(Fate::NotSent), ledger.fate_total(Fate::OurFault));
        let found = format!("{unsent} not sent, {ours} prevented by this machine's own limits");
        weak("every request found a connection", unsent + ours == 0, found)
    }

    fn trigger_on_time(&self) -> SelfCheck {
        let worst = self
            .reloads
            .iter()
            .filter_map(|reload| reload.before.map(|before| before.saturating_sub(reload.planned)))
            .max()
            .unwrap_or(Duration::ZERO);
        let found = format!("at worst {:.1} ms late, {} ms allowed", millis(worst), LATE.as_millis());
        weak("triggers on time", worst <= LATE, found)
    }

    fn under_load(&self) -> SelfCheck {
        let idle: Vec<String> = (1..=self.reloads.len())
            .filter(|index| {
                let reload = &self.reloads[index - 1];
                let during = self.record.timeline.answered_between(reload.before, reload.over);
                self.record.in_flight_at_aim[*index] == 0 && during == 0
            })
            .map(|index| format!("r{index}"))
            .collect();
        let found = match idle.as_slice() {
            [] => "requests were under way in every reload".to_owned(),
            idle => format!("no request was under way in the reload to {}", idle.join(", ")),
        };
        weak("reloads under load", idle.is_empty(), found)
    }

    fn reloads_came(&self) -> SelfCheck {
        let mut wrong: Vec<String> = self
            .reloads
            .iter()
            .enumerate()
            .filter_map(|(at, reload)| {
                self.why_unproved(at + 1, reload).map(|why| format!("r{}: {why}", at + 1))
            })
            .collect();
        if self.reloads.len() < self.planned {
            wrong.push(format!("only {} of {} reloads were made", self.reloads.len(), self.planned));
        }
        if self.planned == 0 {
            wrong.push("no reload was planned".to_owned());
        }
        let found = match wrong.as_slice() {
            [] => format!("{} reloads, all of them seen in the answers", self.reloads.len()),
            wrong => wrong.join("; "),
        };
        weak("reloads took place", wrong.is_empty(), found)
    }

    /// Why this reload shows nothing, if so.
    fn why_unproved(&self, index: usize, reload: &Reloaded) -> Option<String> {
        let trigger = match &reload.trigger {
            Ok(trigger) => trigger,
            Err(why) => return Some(why.clone()),
        };
        if !comes_up(reload.mode) || reload.superseded {
            return None;
        }
        let said = if trigger.said.is_empty() { String::new() } else { format!(" ({})", trigger.said) };
        match reload.newcomers {
            Newcomers::Told | Newcomers::Seen => {}
            Newcomers::None => return Some(format!("no new process of the server was seen{said}")),
            Newcomers::Hidden => {
                return Some(format!("the server's processes can't be seen from here{said}"));
            }
        }
        if self.record.watch.release(index).answers == 0 {
            return Some(format!("the new release never answered{said}"));
        }
        let waited = reload.over.saturating_sub(reload.before.unwrap_or(reload.planned)).as_secs_f64();
        (!reload.finished).then(|| format!("workers of before were still there after {waited:.1} s{said}"))
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

fn voiding(name: &'static str, holds: bool, found: String) -> SelfCheck {
    SelfCheck { name, holds, found, voids: true }
}

fn weak(name: &'static str, holds: bool, found: String) -> SelfCheck {
    SelfCheck { name, holds, found, voids: false }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// What a killed process takes along ends at once.
const AT_ONCE: Duration = Duration::from_millis(250);

/// How late a trigger may be: one that fires after the load proves nothing.
const LATE: Duration = Duration::from_millis(500);

/// How late the driver may be in a reload: one that starves for longer measures itself, not the server.
const STARVED: Duration = Duration::from_secs(1);

/// From here on the deadlines of requests, and those of the server, ran out because the driver did not come.
const STOOD_STILL: Duration = Duration::from_secs(3);

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
