//! What a team allows its server: limits that the numbers of a run are held against.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::load::report::Report;

/// The limits. None of them is set by default.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Budgets {
    /// Requests that may be lost, races included; replaces the grade as what decides.
    pub max_lost: Option<u64>,
    /// How many times p99.9 inside of reloads may be what it is outside, for each kind of client.
    pub max_p999_ratio: Option<f64>,
    /// How long a reload may take.
    pub max_reload_time: Option<Duration>,
    /// No kept connection may be ended by the server.
    pub connections_must_survive: bool,
    /// The share of reloads that fail must be proved to be at most this, with 95 % confidence: from 0 to 1.
    pub prove: Option<f64>,
}

/// One limit and what was found.
#[derive(Debug, Clone, JsonSchema, Serialize)]
pub struct BudgetReport {
    /// What is limited.
    pub name: String,
    /// The limit, for people.
    pub limit: String,
    /// What was found, for people.
    pub found: String,
    /// Whether it holds; null where the run can't tell.
    pub holds: Option<bool>,
}

/// Reloads without a loss that prove a bound, with 95 % confidence: 1 - 0.05^(1/n) is at most `share`.
pub fn reloads_that_prove(share: f64) -> usize {
    // 0.05^(1/n) is at least 1 - share.
    let reloads = 0.05f64.ln() / (1.0 - share).ln();
    // The smallest whole number from there on; the tiny bit is for what is lost in the division.
    (reloads - 1e-9).ceil().max(1.0) as usize
}

impl Budgets {
    /// Holds a report against the limits.
    pub(crate) fn hold(&self, report: &Report) -> Vec<BudgetReport> {
        let mut rows = Vec::new();
        let mut row = |name: &str, limit: String, found: String, holds: Option<bool>| {
            rows.push(BudgetReport { name: name.to_owned(), limit, found, holds });
        };
        let verdict = &report.verdict;
        if let Some(most) = self.max_lost {
            let lost = verdict.lost + verdict.races;
            row("requests lost", most.to_string(), lost.to_string(), Some(lost <= most));
        }
        if let Some(most) = self.max_p999_ratio {
            let (found, holds) = self.ratio(report, most);
            row("p99.9 inside against outside of reloads", format!("{most} times"), found, holds);
        }
        if let Some(most) = self.max_reload_time {
            let took = |over: f64, from: Option<f64>| from.map(|from| over - from);
            let worst = report
                .reloads
                .iter()
                .filter(|reload| !reload.superseded)
                .filter_map(|reload| took(reload.over, reload.trigger_before))
                .fold(None, |worst: Option<f64>, time| Some(worst.map_or(time, |worst| worst.max(time))));
            let unfinished = report.reloads.iter().any(|reload| !reload.finished);
            let found = worst.map_or("no reload".to_owned(), |worst| format!("{worst:.3} s"));
            let holds = worst.map(|worst| worst <= most.as_secs_f64() && !unfinished);
            row("the slowest reload", format!("{:.3} s", most.as_secs_f64()), found, holds);
        }
        if self.connections_must_survive {
            let kept =
                report.connections.ends.iter().filter(|(population, _)| **population != "fresh connections");
            let ended: u64 = kept
                .flat_map(|(_, ends)| ends)
                .filter(|(end, _)| **end != "open until the end")
                .map(|(_, count)| *count)
                .sum();
            row("kept connections that ended", "0".to_owned(), ended.to_string(), Some(ended == 0));
        }
        if let Some(share) = self.prove {
            let (failing, made) = (verdict.failing, verdict.reloads);
            let wanted = reloads_that_prove(share);
            let found = format!("{failing} of {made} failed; {wanted} without a loss prove it");
            let holds = if 0 < failing { Some(false) } else { (wanted <= made).then_some(true) };
            row("reloads that fail", format!("{:.2} %", share * 100.0), found, holds);
        }
        rows
    }

    /// The worst ratio, and whether it holds. Where the driver itself was as late as the server, nobody can tell.
    fn ratio(&self, report: &Report, most: f64) -> (String, Option<bool>) {
        let rows = &report.latency;
        let pairs =
            rows.iter().filter(|row| row.inside_reload && FEWEST <= row.summary.count).filter_map(|inside| {
                let outside = rows
                    .iter()
                    .find(|row| !row.inside_reload && row.population == inside.population)?
                    .summary;
                (FEWEST <= outside.count).then_some((inside, outside.p999_ms))
            });
        let worst = pairs
            .map(|(inside, outside)| (inside.summary.p999_ms / outside.max(0.001), inside))
            .max_by(|one, other| one.0.total_cmp(&other.0));
        let Some((ratio, inside)) = worst else {
            return (format!("fewer than {FEWEST} answers inside or outside"), None);
        };
        let found =
            format!("{ratio:.2} times ({}: {:.1} ms)", inside.population.name(), inside.summary.p999_ms);
        if ratio <= most {
            return (found, Some(true));
        }
        match inside.summary.p999_ms <= report.load.driver_lateness_ms {
            true => (
                format!("{found}; the driver itself was {:.1} ms late", report.load.driver_lateness_ms),
                None,
            ),
            false => (found, Some(false)),
        }
    }
}

/// Answers without which a thousandth means nothing.
const FEWEST: u64 = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_takes_the_reloads_of_the_table() {
        // docs/reload.md, 2: 59 reloads for 5 %, 299 for 1 %; the 14 and 29 follow from the same formula.
        assert_eq!([0.05, 0.01, 0.2, 0.1].map(reloads_that_prove), [59, 299, 14, 29]);
    }
}
