//! Patterns in what became of requests and connections.

use std::collections::BTreeMap;

use crate::load::diagnosis::pattern::Say;
use crate::load::fate::Fate;
use crate::load::population::Population;
use crate::load::report::{LossReport, Report};
use crate::load::timeline::Timeline;

fn of(report: &Report, fate: Fate) -> Vec<&LossReport> {
    report.losses.iter().filter(|loss| loss.fate == fate).collect()
}

/// When a process was found gone.
fn death(report: &Report, pid: u32) -> Option<f64> {
    let lives = &report.processes.as_ref()?.lives;
    lives.iter().find(|life| life.pid == pid).and_then(|life| life.gone).map(|gone| gone.as_secs_f64())
}

/// Requests under way on connections that were kept.
pub(super) fn races(report: &Report, say: Say<'_>) {
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
            (0, _) => String::new(),
            (pid, Some(death)) if first <= death => {
                format!(", {:.0} ms before worker {pid} was gone", (death - first) * 1000.0)
            }
            (pid, Some(death)) => {
                format!(", {:.0} ms after worker {pid} was found gone", (first - death) * 1000.0)
            }
            (pid, None) => format!(" on worker {pid}, which lives on"),
        };
        say(
            "RL-10",
            format!(
                "{} keep-alive connections closed within {:.0} ms{whose}, each with a request in flight: idle connections closed at drain",
                losses.len(),
                ((last - first) * 1000.0).ceil().max(1.0),
            ),
        );
    }
}

/// Connections that were new.
pub(super) fn drops(report: &Report, say: Say<'_>) {
    let refused = of(report, Fate::Refused);
    if let (Some(first), Some(last)) = (refused.first(), refused.last()) {
        say(
            "RL-1",
            format!(
                "{} connections refused over {:.0} ms: no socket listened",
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
    let timed_out = of(report, Fate::ConnectTimeout).len();
    if slow.is_none() && 0 < timed_out && 0 < overflows {
        say(
            "RL-3",
            format!(
                "{timed_out} connections did not come about in time; {overflows} overflows of accept queues on this machine"
            ),
        );
    }
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

/// Answers that were cut, never came, or were errors.
pub(super) fn unanswered(report: &Report, say: Say<'_>) {
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
}

/// Deadlines and pauses.
pub(super) fn pauses(report: &Report, say: Say<'_>) {
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
    let of_window = |inside: bool| {
        let rows =
            report.latency.iter().filter(move |row| row.inside_reload == inside && is_prompt(row.population));
        rows.map(|row| row.summary.max_ms).fold(0.0, f64::max)
    };
    let (before, during) = (of_window(false), of_window(true));
    if STALL_MS.max(4.0 * report.load.driver_lateness_ms).max(3.0 * before) < during {
        say(
            "RL-15",
            format!(
                "answers took up to {during:.0} ms in a reload, and up to {before:.0} ms else: requests wait for something that the reload does"
            ),
        );
    }
    let single = |population: Population| {
        let of = report.latency.iter().filter(move |row| row.population == population);
        of.map(|row| row.summary.max_ms).fold(0.0, f64::max)
    };
    let unclosed = single(Population::Unclosed);
    let slowest = unclosed.max(single(Population::Fresh));
    if 0.0 < unclosed && HELD_UP_MS <= slowest {
        say(
            "RL-17",
            format!(
                "a new connection waited {slowest:.0} ms while others were not closed by their clients: workers that wait for a client's end"
            ),
        );
    }
}

/// Whose requests are answered at once by a server that has nothing else to do.
pub(super) fn is_prompt(population: Population) -> bool {
    matches!(population, Population::Busy | Population::Paced | Population::Fresh | Population::Pipelined)
}

/// WebSockets and their ends.
pub(super) fn goodbyes(report: &Report, say: Say<'_>) {
    let abrupt: u64 =
        report.connections.ends.values().filter_map(|ends| ends.get("websocket without close frame")).sum();
    if 0 < abrupt {
        say("RL-21", format!("{abrupt} websockets ended without a close frame"));
    }
    let step = Timeline::STEP.as_secs_f64();
    let mut worst = (0, 0);
    for reload in &report.reloads {
        let place = |at: f64| ((at / step) as usize).min(report.timeline.len());
        let (from, to) = (place(reload.trigger_before.unwrap_or(reload.planned)), place(reload.over + 0.5));
        let told = &report.timeline[from..to.max(from)];
        let all: u64 = told.iter().map(|slice| slice.goodbyes).sum();
        let most = told.windows(2).map(|two| two[0].goodbyes + two[1].goodbyes).max().unwrap_or(0);
        if worst.0 < most && all <= 2 * most {
            worst = (most, all);
        }
    }
    let (most, all) = worst;
    // A driver that was late sees together what was told one after the other.
    if HERD <= most && report.load.driver_lateness_ms < STALL_MS {
        say(
            "RL-22",
            format!(
                "{most} of {all} websockets were told goodbye within two tenths of a second of one reload: they come back as one herd"
            ),
        );
    }
}

/// From here on a request that was cut had not just crossed a close.
const ZOMBIE_MS: f64 = 100.0;

/// A pause that is no accident.
const STALL_MS: f64 = 250.0;

/// From here on a new connection was held up by somebody: half of the time for which clients do not close.
const HELD_UP_MS: f64 = 500.0;

/// So many WebSockets at once are a herd.
const HERD: u64 = 10;
