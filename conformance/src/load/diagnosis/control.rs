//! Patterns in releases, processes, listening sockets and the server's ledger.

use crate::load::diagnosis::pattern::Say;
use crate::load::diagnosis::requests::is_prompt;
use crate::load::fate::Fate;
use crate::load::population::Population;
use crate::load::report::Report;

/// Releases and their ends.
pub(super) fn releases(report: &Report, say: Say<'_>) {
    for (at, reload) in report.reloads.iter().enumerate().filter(|(_, reload)| !reload.superseded) {
        let (up, name) = (reload.mode == "up", &reload.release);
        if up && reload.answers == 0 && reload.trigger_after.is_some() {
            let gone = reload.old_gone.is_some();
            let rule = if gone { "RL-26" } else { "RL-32" };
            let seen = if gone { "the workers were replaced" } else { "nothing changed" };
            say(
                rule,
                format!(
                    "the reload to {name} was taken, {seen}, and the new release never answered: stale code, or no reload"
                ),
            );
        } else if up && !reload.finished {
            say(
                "RL-27",
                format!(
                    "the reload to {name} was not over after {:.1} s: workers of before are still there",
                    reload.over - reload.planned
                ),
            );
        }
        let late = reload.last_old_fresh.filter(|last| up && reload.finished && reload.over + 0.1 < *last);
        if let (Some(last), true) = (late, at + 1 == report.reloads.len()) {
            say(
                "RL-18",
                format!(
                    "an old release still answered a new connection {:.1} s after the reload to {name} was over",
                    last - reload.over
                ),
            );
        }
    }
}

/// Reloads that all take the same time, whatever is under way (RL-39). Only with clients that a drain need not wait for:
/// a WebSocket that is kept for a grace period makes every reload alike as well.
pub(super) fn durations(report: &Report, say: Say<'_>) {
    let over =
        report.reloads.iter().filter(|reload| reload.finished && !reload.superseded && reload.mode == "up");
    let times: Vec<f64> = over.filter_map(|reload| Some(reload.over - reload.trigger_before?)).collect();
    let (least, most) =
        (times.iter().copied().fold(f64::MAX, f64::min), times.iter().copied().fold(0.0, f64::max));
    let alike = 3 <= times.len() && SLEEP_SECONDS <= least && most - least <= least / 8.0;
    if alike && report.requests.fates.iter().all(|row| is_prompt(row.population)) {
        say(
            "RL-39",
            format!(
                "{} reloads took {least:.2} to {most:.2} s each: a fixed time, unless that is what the application needs to boot",
                times.len()
            ),
        );
    }
}

/// A server that is gone although nobody killed it.
pub(super) fn ends(report: &Report, say: Say<'_>) {
    let struck =
        report.reloads.iter().flat_map(|reload| &reload.disturbed).any(|one| one.kind == "kill-master");
    let Some(end) = report.testee_gone.as_ref().filter(|_| !struck && !report.reloads.is_empty()) else {
        return;
    };
    // A process may live so shortly that no sample saw it, and have answered nevertheless.
    let seen = report.processes.iter().flat_map(|processes| &processes.lives).any(|life| life.born.is_some());
    let born = seen || report.reloads.iter().any(|reload| 0 < reload.answers);
    match born {
        true => {
            say("RL-31", format!("new workers were started, and then old and new ones were gone ({end})"))
        }
        false => say("RL-23", format!("nothing new was ever started, and the old server went ({end})")),
    }
}

/// Processes and descriptors.
pub(super) fn processes(report: &Report, say: Say<'_>) {
    let Some(processes) = &report.processes else { return };
    let (before, after) = (processes.before, processes.after);
    if before.workers < after.workers || before.processes + 1 < after.processes {
        say(
            "RL-28",
            format!(
                "{} processes before and {} after ({} workers and {}): old ones are left behind",
                before.processes, after.processes, before.workers, after.workers
            ),
        );
    }
    let reloads = report.reloads.len();
    if 3 <= reloads && before.descriptors + 2 * reloads <= after.descriptors && report.losses.is_empty() {
        say(
            "RL-28",
            format!(
                "{} descriptors before and {} after {reloads} reloads",
                before.descriptors, after.descriptors
            ),
        );
    }
    let births = processes.lives.iter().filter(|life| life.born.is_some()).count();
    let expected = reloads * before.workers.max(1) * 3;
    if expected + 5 < births {
        say(
            "RL-25",
            format!(
                "{births} processes were started for {reloads} reloads of {} workers: a crash loop",
                before.workers
            ),
        );
    }
    let struck = report.reloads.iter().any(|reload| !reload.disturbed.is_empty());
    if processes.least_workers < before.workers && !struck && report.testee_gone.is_none() {
        say(
            "RL-36",
            format!(
                "{} of {} workers were all that there were at a time: they are replaced before their successors are there",
                processes.least_workers, before.workers
            ),
        );
    }
}

/// Listening sockets.
pub(super) fn sockets(report: &Report, say: Say<'_>) {
    for change in report.listeners.iter().flat_map(|listeners| &listeners.changes) {
        say(change.rule, change.text.clone());
    }
}

/// The server's own ledger, which has to know every request that was answered.
pub(super) fn ledger(report: &Report, say: Say<'_>) {
    let Some(executions) = &report.executions else { return };
    let is_entered = |population: Population| {
        !population.is_of_messages()
            && !matches!(population, Population::Slow | Population::Download | Population::Events)
    };
    let rows = report.requests.fates.iter().filter(|row| is_entered(row.population));
    let answered: u64 = rows
        .flat_map(|row| [Fate::Current, Fate::Older, Fate::Announced].map(|fate| row.fates.get(fate.name())))
        .flatten()
        .sum();
    let missing = answered.saturating_sub(executions.finished as u64);
    if 0 < missing {
        say(
            "RL-40",
            format!(
                "{missing} of {answered} requests that were answered are not in the server's ledger: its lines are lost"
            ),
        );
    }
}

/// From here on a time that is always the same is no accident.
const SLEEP_SECONDS: f64 = 0.6;
