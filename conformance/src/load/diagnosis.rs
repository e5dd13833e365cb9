//! Known patterns in what was seen, told in a line with the id of `docs/reload.md`. A guess at the cause, never a verdict.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::load::fate::Fate;
use crate::load::report::{LossReport, Report};

/// One pattern.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Diagnosis {
    /// The failure mode, such as `RL-10`.
    pub rule: String,
    /// What was seen and what it looks like.
    pub text: String,
}

/// What the report looks like.
pub(crate) fn diagnose(report: &Report) -> Vec<Diagnosis> {
    let mut found = Vec::new();
    let mut say = |rule: &str, text: String| found.push(Diagnosis { rule: rule.to_owned(), text });
    races(report, &mut say);
    drops(report, &mut say);
    whole(report, &mut say);
    control(report, &mut say);
    found
}

fn of(report: &Report, fate: Fate) -> Vec<&LossReport> {
    report.losses.iter().filter(|loss| loss.fate == fate).collect()
}

/// When a process was found gone.
fn death(report: &Report, pid: u32) -> Option<f64> {
    let lives = &report.processes.as_ref()?.lives;
    lives.iter().find(|life| life.pid == pid).and_then(|life| life.gone).map(|gone| gone.as_secs_f64())
}

/// Requests under way on connections that were kept.
fn races(report: &Report, say: &mut dyn FnMut(&str, String)) {
    let mut by_worker: BTreeMap<u32, Vec<&LossReport>> = BTreeMap::new();
    for loss in of(report, Fate::KeepAliveRace) {
        by_worker.entry(loss.last_pid.unwrap_or(0)).or_default().push(loss);
    }
    for (pid, losses) in by_worker {
        let waited = losses.iter().filter_map(|loss| loss.since_written_ms).fold(0.0, f64::max);
        if ZOMBIE_MS < waited {
            say(
                "RL-11",
                format!(
                    "{} requests on kept connections waited up to {waited:.0} ms and were then cut: connections that are held and no longer read",
                    losses.len()
                ),
            );
            continue;
        }
        let at = losses.iter().map(|loss| loss.at);
        let (first, last) = (at.clone().fold(f64::MAX, f64::min), at.fold(0.0, f64::max));
        let whose = match (pid, death(report, pid)) {
            (0, _) => "of one another".to_owned(),
            (pid, Some(death)) => {
                format!("and {:.0} ms of worker {pid}'s exit", (death - first).abs() * 1000.0)
            }
            (pid, None) => format!("of one another on worker {pid}, which lives on"),
        };
        say(
            "RL-10",
            format!(
                "{} keep-alive connections closed within {:.0} ms {whose}, each with a request in flight: idle connections closed at drain",
                losses.len(),
                ((last - first) * 1000.0).ceil().max(1.0),
            ),
        );
    }
}

/// Connections that were new.
fn drops(report: &Report, say: &mut dyn FnMut(&str, String)) {
    let refused = of(report, Fate::Refused);
    if let (Some(first), Some(last)) = (refused.first(), refused.last()) {
        let after = report.reloads.last().is_some_and(|reload| reload.over < last.at);
        let rule = if after { "RL-31" } else { "RL-1" };
        let ends = if after { ", and nobody listened in the end" } else { "" };
        say(
            rule,
            format!(
                "{} connections refused over {:.0} ms: no socket listened{ends}",
                refused.len(),
                (last.at - first.at) * 1000.0
            ),
        );
    }
    let dropped = of(report, Fate::FreshDrop);
    if !dropped.is_empty() {
        let resets = dropped.iter().filter(|loss| loss.detail == "reset").count();
        let unread = report.kernel.get("TCPAbortOnData").copied().unwrap_or(0);
        let cause = match resets {
            0 => "accepted and closed without an answer (RL-4)".to_owned(),
            _ if 0 < unread => format!("closed with octets unread ({unread} in the kernel's count): accepted and never read (RL-4)"),
            _ => "reset, and the kernel counts no socket that was closed unread: a listening socket was closed with its queue (RL-2)".to_owned(),
        };
        let rule = if cause.contains("RL-2") { "RL-2" } else { "RL-4" };
        say(rule, format!("{} new connections dropped, {resets} of them reset: {cause}", dropped.len()));
    }
    let slow = [1000.0, 3000.0, 7000.0]
        .into_iter()
        .find(|step| (0.0..150.0).contains(&(report.slowest_connect_ms - step)));
    let overflows = report.kernel.get("ListenOverflows").copied().unwrap_or(0);
    if let Some(step) = slow {
        say(
            "RL-3",
            format!(
                "the slowest handshake took {:.0} ms, a step of the ladder of SYN retransmission ({step:.0} ms); {overflows} overflows of accept queues on this machine",
                report.slowest_connect_ms
            ),
        );
    }
}

/// Answers that were cut or never came, and pauses.
fn whole(report: &Report, say: &mut dyn FnMut(&str, String)) {
    let cut = of(report, Fate::Truncated);
    if !cut.is_empty() {
        say("RL-12", format!("{} answers ended in the middle: cut by a deadline or a kill", cut.len()));
    }
    let stuck = of(report, Fate::Stuck);
    if !stuck.is_empty() {
        let fresh = stuck.iter().filter(|loss| loss.ordinal == 0).count();
        let more = if fresh == stuck.len() {
            ", all of them the first of their connection: swallowed on the way to a worker (RL-5)"
        } else {
            ""
        };
        say("RL-15", format!("{} requests were taken and never answered{more}", stuck.len()));
    }
    let early =
        of(report, Fate::WrongAnswer).into_iter().filter(|loss| loss.detail.contains("early")).count();
    if 0 < early {
        say(
            "RL-14",
            format!(
                "{early} requests of known duration were answered early: the order to reload interrupts work"
            ),
        );
    }
    let errors = of(report, Fate::ServerError);
    let baseline = errors.iter().any(|loss| loss.phase == "baseline");
    if !errors.is_empty() && !baseline {
        say(
            "MASKED_LOSS",
            format!(
                "{} server errors, all of them since the first reload: losses that something in between reports",
                errors.len()
            ),
        );
    }
    // Offsets from the trigger that are alike name a deadline.
    let offsets: Vec<f64> = report
        .losses
        .iter()
        .filter_map(|loss| loss.phase.split_once(" +")?.1.strip_suffix(" ms")?.parse().ok())
        .filter(|offset| 900.0 < *offset)
        .collect();
    let (least, most) =
        (offsets.iter().copied().fold(f64::MAX, f64::min), offsets.iter().copied().fold(0.0, f64::max));
    if 3 <= offsets.len() && most - least < 100.0 {
        say(
            "RL-13",
            format!(
                "{} losses {:.1} s after the trigger, within {:.0} ms: a deadline cut them",
                offsets.len(),
                least / 1000.0,
                most - least
            ),
        );
    }
    let gap = report.longest_gap.longest.as_secs_f64() * 1000.0;
    let from = report.longest_gap.from.as_secs_f64();
    let inside = report.reloads.iter().any(|reload| {
        reload.trigger_before.is_some_and(|before| before - 0.05 <= from) && from < reload.over
    });
    if inside && STALL_MS.max(4.0 * report.load.driver_lateness_ms) < gap {
        say(
            "RL-16",
            format!(
                "{gap:.0} ms without any answer in a reload: the old workers stopped before the new ones were ready"
            ),
        );
    }
    let abrupt: u64 =
        report.connections.ends.values().filter_map(|ends| ends.get("websocket without close frame")).sum();
    if 0 < abrupt {
        say("RL-21", format!("{abrupt} websockets ended without a close frame"));
    }
}

/// Releases and processes.
fn control(report: &Report, say: &mut dyn FnMut(&str, String)) {
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
}

/// From here on a request that was cut had not just crossed a close.
const ZOMBIE_MS: f64 = 100.0;

/// A pause that is no accident.
const STALL_MS: f64 = 250.0;
