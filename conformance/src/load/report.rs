//! The report as data: what `--json` writes, and what the tables are drawn from.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::load::check::Outcome;
use crate::load::driver::Loss;
use crate::load::fate::{End, Fate};
use crate::load::grade::{Verdict, lost_in};
use crate::load::plan::LoadPlan;
use crate::load::population::{Method, Population};
use crate::load::reloads::Reloaded;
use crate::load::tally::{Gap, LatencySummary, Slice};
use crate::load::watch::PidSeen;
use crate::testee::Mode;

/// The whole report. Times are seconds since the start of the load, latencies milliseconds.
#[derive(Debug, Serialize)]
pub struct Report {
    /// `workerspec-reload/1`.
    pub format: &'static str,
    /// Who was judged.
    pub testee: TesteeReport,
    /// What the run proves.
    pub verdict: Verdict,
    /// Whether the user interrupted it.
    pub interrupted: bool,
    /// How the testee ended, if it did during the run.
    pub testee_gone: Option<String>,
    /// The load.
    pub load: LoadReport,
    /// Requests and their fates.
    pub requests: RequestsReport,
    /// Connections and their ends.
    pub connections: ConnectionsReport,
    /// Reload by reload.
    pub reloads: Vec<ReloadReport>,
    /// By population, outside and inside of reloads.
    pub latency: Vec<LatencyReport>,
    /// The longest time without an answer.
    pub longest_gap: Gap,
    /// The longest time without a connection coming about.
    pub longest_connect_gap: Option<Gap>,
    /// The slowest handshake.
    pub slowest_connect_ms: f64,
    /// Processes that answered.
    pub pids: Vec<PidSeen>,
    /// Processes of the testee at the start and at the end, where they can be known.
    pub processes: Option<(usize, usize)>,
    /// The first losses.
    pub losses: Vec<LossReport>,
    /// In tenths of seconds.
    pub timeline: Vec<Slice>,
}

/// Who was judged.
#[derive(Debug, Clone, Serialize)]
pub struct TesteeReport {
    /// Name in its file.
    pub name: String,
    /// What it says of its version.
    pub version: Option<String>,
    /// Worker processes asked for.
    pub workers: usize,
    /// One listening socket per worker.
    pub reuse_port: bool,
}

/// The load and its cost.
#[derive(Debug, Serialize)]
pub struct LoadReport {
    /// Seed of the run: gives the same arrivals again.
    pub seed: u64,
    /// Connections that always had a request in flight.
    pub busy_connections: usize,
    /// Connections that shared `rate`.
    pub paced_connections: usize,
    /// Requests per second on them.
    pub rate: f64,
    /// Requests per second on connections of their own.
    pub fresh_rate: f64,
    /// Share of POST.
    pub post_share: f64,
    /// How long the driver ran.
    pub seconds: f64,
    /// Requests sent per second.
    pub requests_per_second: f64,
    /// Processor time of the driver's thread.
    pub driver_cpu_seconds: f64,
    /// Requests sent per second of that time: what the driver could do with a core of its own.
    pub requests_per_cpu_second: f64,
    /// How late the driver was at worst.
    pub driver_lateness_ms: f64,
}

/// Requests and their fates.
#[derive(Debug, Serialize)]
pub struct RequestsReport {
    /// Requests planned: `not_sent` + `sent`.
    pub planned: u64,
    /// Requests of which nothing was handed to the kernel.
    pub not_sent: u64,
    /// The others: the sum of their fates.
    pub sent: u64,
    /// By population and method; fates that did not occur are left out.
    pub fates: Vec<FatesReport>,
}

/// Fates of one population and method.
#[derive(Debug, Serialize)]
pub struct FatesReport {
    /// The population.
    pub population: Population,
    /// The method.
    pub method: Method,
    /// How often each fate occurred.
    pub fates: BTreeMap<&'static str, u64>,
}

/// Connections and their ends.
#[derive(Debug, Serialize)]
pub struct ConnectionsReport {
    /// Connections attempted: the sum of all ends.
    pub opened: u64,
    /// By population; ends that did not occur are left out.
    pub ends: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
}

/// One reload. Times that never came are null.
#[derive(Debug, Serialize)]
pub struct ReloadReport {
    /// Name of the release.
    pub release: String,
    /// What it was to do: `up`, `exit`, `hang` or `slow MS`.
    pub mode: String,
    /// When the trigger was meant to go off.
    pub planned: f64,
    /// Just before the signal or command.
    pub trigger_before: Option<f64>,
    /// Just after the signal, or the end of the command.
    pub trigger_after: Option<f64>,
    /// Of a command: how it ended and what it wrote, or why it could not be triggered.
    pub said: String,
    /// First answer of the new release.
    pub first_new: Option<f64>,
    /// Last answer of any older release on the first request of a connection, before the next reload.
    pub last_old_fresh: Option<f64>,
    /// Last answer of any older release.
    pub last_old: Option<f64>,
    /// The workers of before were gone.
    pub old_gone: Option<f64>,
    /// The reload was over, or given up.
    pub over: f64,
    /// Whether it was over in time.
    pub finished: bool,
    /// Requests under way at the trigger.
    pub in_flight: u64,
    /// Requests answered by the new release.
    pub answers: u64,
    /// Losses until the next trigger, races included.
    pub lost: usize,
    /// Those of them that came after the reload was over.
    pub lost_afterwards: usize,
}

/// Latency of one population.
#[derive(Debug, Serialize)]
pub struct LatencyReport {
    /// The population.
    pub population: Population,
    /// Whether a reload was under way.
    pub inside_reload: bool,
    /// Quantiles.
    #[serde(flatten)]
    pub summary: LatencySummary,
}

/// One loss.
#[derive(Debug, Serialize)]
pub struct LossReport {
    /// When.
    pub at: f64,
    /// Its phase: `baseline`, `rN +… ms`, or `after rN`.
    pub phase: String,
    /// What became of it.
    pub fate: Fate,
    /// Whether a client may repeat it.
    pub repeatable: bool,
    /// More about it.
    pub detail: String,
    /// Its population.
    pub population: Population,
    /// Its method.
    pub method: Method,
    /// Number of its connection.
    pub connection: u32,
    /// Its number on the connection, from 0.
    pub ordinal: u32,
    /// Its identity.
    pub id: Option<String>,
    /// Octets of the request handed to the kernel.
    pub sent: usize,
    /// Octets of answer that came.
    pub received: u64,
    /// From its first octet to the loss.
    pub since_written_ms: Option<f64>,
    /// The process that answered last on the connection.
    pub last_pid: Option<u32>,
}

impl Report {
    /// Puts an outcome together.
    pub fn new(testee: TesteeReport, plan: &LoadPlan, outcome: &Outcome) -> Report {
        let (record, reloads) = (&outcome.record, &outcome.reloads);
        let ledger = &record.ledger;
        let (wall, cpu) = (record.wall.as_secs_f64(), record.cpu.as_secs_f64());
        let per = |time: f64| if 0.0 < time { ledger.sent_total() as f64 / time } else { 0.0 };
        Report {
            format: "workerspec-reload/1",
            testee,
            verdict: outcome.verdict.clone(),
            interrupted: outcome.interrupted,
            testee_gone: outcome.gone.clone(),
            load: LoadReport {
                seed: plan.seed,
                busy_connections: plan.busy,
                paced_connections: plan.paced,
                rate: plan.rate,
                fresh_rate: plan.fresh_rate,
                post_share: plan.post_share,
                seconds: wall,
                requests_per_second: per(wall),
                driver_cpu_seconds: cpu,
                requests_per_cpu_second: per(cpu),
                driver_lateness_ms: record.lateness.as_secs_f64() * 1000.0,
            },
            requests: requests(outcome),
            connections: connections(outcome),
            reloads: (0..reloads.len()).map(|index| reload(outcome, index)).collect(),
            latency: latency(outcome),
            longest_gap: record.completions,
            longest_connect_gap: record.connects,
            slowest_connect_ms: record.slowest_connect.as_secs_f64() * 1000.0,
            pids: record.watch.pids().to_vec(),
            processes: outcome.processes,
            losses: record.losses.iter().map(|entry| loss(entry, reloads)).collect(),
            timeline: record.timeline.slices().to_vec(),
        }
    }
}

fn requests(outcome: &Outcome) -> RequestsReport {
    let ledger = &outcome.record.ledger;
    let mut fates = Vec::new();
    for population in Population::ALL {
        for method in Method::ALL {
            let row: BTreeMap<&'static str, u64> = Fate::ALL
                .iter()
                .map(|fate| (fate.name(), ledger.fate(population, method, *fate)))
                .filter(|(_, count)| 0 < *count)
                .collect();
            if !row.is_empty() {
                fates.push(FatesReport { population, method, fates: row });
            }
        }
    }
    let not_sent = ledger.planned() - ledger.sent_total();
    RequestsReport { planned: ledger.planned(), not_sent, sent: ledger.sent_total(), fates }
}

fn connections(outcome: &Outcome) -> ConnectionsReport {
    let ledger = &outcome.record.ledger;
    let ends = |population: Population| {
        let counts = End::ALL.iter().map(|end| (end.name(), ledger.ends(population, *end)));
        counts.filter(|(_, count)| 0 < *count).collect()
    };
    let by_population = Population::ALL.iter().map(|population| (population.name(), ends(*population)));
    ConnectionsReport {
        opened: ledger.opened(),
        ends: by_population.filter(|(_, ends): &(_, BTreeMap<_, _>)| !ends.is_empty()).collect(),
    }
}

fn latency(outcome: &Outcome) -> Vec<LatencyReport> {
    let mut rows = Vec::new();
    for population in Population::ALL {
        for inside_reload in [false, true] {
            if let Some(summary) = outcome.record.latencies.summary(population, inside_reload) {
                rows.push(LatencyReport { population, inside_reload, summary });
            }
        }
    }
    rows
}

fn reload(outcome: &Outcome, at: usize) -> ReloadReport {
    let (record, reloads) = (&outcome.record, &outcome.reloads);
    let (reload, index) = (&reloads[at], at + 1);
    let new = record.watch.release(index);
    let older = || (0..index).map(|older| record.watch.release(older));
    let next = reloads.get(index).and_then(|next| next.before).unwrap_or(Duration::MAX);
    let afterwards = record.lost_at.iter().filter(|at| reload.over < **at && **at < next).count();
    ReloadReport {
        release: format!("r{index}"),
        mode: mode_name(reload.mode),
        planned: reload.planned.as_secs_f64(),
        trigger_before: reload.before.map(|time| time.as_secs_f64()),
        trigger_after: reload.after.map(|time| time.as_secs_f64()),
        said: match &reload.trigger {
            Ok(trigger) => trigger.said.clone(),
            Err(why) => why.clone(),
        },
        first_new: new.first.map(|time| time.as_secs_f64()),
        last_old_fresh: older().filter_map(|old| old.last_fresh).max().map(|time| time.as_secs_f64()),
        last_old: older().filter_map(|old| old.last).max().map(|time| time.as_secs_f64()),
        old_gone: reload.old_gone.map(|time| time.as_secs_f64()),
        over: reload.over.as_secs_f64(),
        finished: reload.finished,
        in_flight: record.in_flight_at_aim[index],
        answers: new.answers,
        lost: lost_in(&record.lost_at, reloads, at),
        lost_afterwards: afterwards,
    }
}

fn loss(loss: &Loss, reloads: &[Reloaded]) -> LossReport {
    LossReport {
        at: loss.at.as_secs_f64(),
        phase: phase(loss.at, reloads),
        fate: loss.fate,
        repeatable: loss.race,
        detail: loss.detail.clone(),
        population: loss.population,
        method: loss.method,
        connection: loss.connection,
        ordinal: loss.ordinal,
        id: loss.id.map(|id| String::from_utf8_lossy(&id).into_owned()),
        sent: loss.sent,
        received: loss.received,
        since_written_ms: loss.since_written.map(|time| time.as_secs_f64() * 1000.0),
        last_pid: loss.last_pid,
    }
}

/// Where a moment stands among the reloads.
fn phase(at: Duration, reloads: &[Reloaded]) -> String {
    let before = |reload: &Reloaded| reload.before.is_some_and(|before| before <= at);
    match reloads.iter().rposition(before) {
        None => "baseline".to_owned(),
        Some(index) if reloads[index].over < at => format!("after r{}", index + 1),
        Some(index) => {
            let since = at.saturating_sub(reloads[index].before.unwrap_or(at));
            format!("r{} +{:.1} ms", index + 1, since.as_secs_f64() * 1000.0)
        }
    }
}

fn mode_name(mode: Mode) -> String {
    match mode {
        Mode::Up => "up".to_owned(),
        Mode::Exit => "exit".to_owned(),
        Mode::Hang => "hang".to_owned(),
        Mode::Slow(time) => format!("slow {}", time.as_millis()),
    }
}

/// Writes a time as seconds.
pub(crate) fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}
