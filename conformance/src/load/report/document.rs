//! The whole report: what `--json` writes, and what the tables are drawn from.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::load::budget::{BudgetReport, Budgets};
use crate::load::check::Outcome;
use crate::load::diagnosis::{Diagnosis, diagnose, queue_lost};
use crate::load::executions::{Executions, ExecutionsReport};
use crate::load::fate::{End, Fate};
use crate::load::grade::Verdict;
use crate::load::parked::{FreezeReport, MatrixReport};
use crate::load::plan::LoadPlan;
use crate::load::population::{Method, Population};
use crate::load::report::loss::LossReport;
use crate::load::report::reload::ReloadReport;
use crate::load::report::server::{EnvironmentReport, GenerationReport, ProcessesReport, generations};
use crate::load::sockets::ListenersReport;
use crate::load::tally::{Gap, LatencySummary};
use crate::load::timeline::Slice;
use crate::load::watch::PidSeen;

/// The whole report. Times are seconds since the start of the load, latencies milliseconds.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Report {
    /// `workerspec-reload/2`.
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
    /// The releases and when they answered, in the order in which they were brought.
    pub generations: Vec<GenerationReport>,
    /// The server's processes; null where they can't be seen.
    pub processes: Option<ProcessesReport>,
    /// The sockets that listen on the server's ports; null where they can't be seen.
    pub listeners: Option<ListenersReport>,
    /// The server's own ledger of what it executed; null where it keeps none.
    pub executions: Option<ExecutionsReport>,
    /// What the kernel's TCP counters of the whole machine grew by.
    pub kernel: BTreeMap<&'static str, u64>,
    /// Where and when it was measured.
    pub environment: EnvironmentReport,
    /// The limits that were given, and what was found.
    pub budgets: Vec<BudgetReport>,
    /// Known patterns in what was seen.
    pub diagnosis: Vec<Diagnosis>,
    /// Connections parked in each state of each protocol at the instant of a reload of their own; null if that was not done.
    pub matrix: Option<MatrixReport>,
    /// Connections in the accept queue while the workers stood still and a reload came; null if that was not done.
    pub freeze: Option<FreezeReport>,
    /// The first losses, at most 1000.
    pub losses: Vec<LossReport>,
    /// In tenths of seconds.
    pub timeline: Vec<Slice>,
}

/// Who was judged.
#[derive(Debug, Clone, JsonSchema, Serialize)]
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
#[derive(Debug, JsonSchema, Serialize)]
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
#[derive(Debug, JsonSchema, Serialize)]
pub struct RequestsReport {
    /// Requests planned: `not_sent` + `sent`.
    pub planned: u64,
    /// Requests of which nothing was handed to the kernel.
    pub not_sent: u64,
    /// The others: the sum of their fates.
    pub sent: u64,
    /// Requests sent once more after a race (`--policy rfc`), which are among the planned ones; the race stays a race.
    pub retries: RetriesReport,
    /// By population and method; fates that did not occur are left out.
    pub fates: Vec<FatesReport>,
}

/// Requests that met a keep-alive race and were sent once more on a new connection.
#[derive(Debug, JsonSchema, Serialize)]
pub struct RetriesReport {
    /// How many.
    pub made: u64,
    /// Those of them that were answered.
    pub answered: u64,
    /// The slowest of these answers, from the moment at which the first try was meant to leave.
    pub slowest_ms: f64,
}

/// Fates of one population and method.
#[derive(Debug, JsonSchema, Serialize)]
pub struct FatesReport {
    /// The population.
    pub population: Population,
    /// The method.
    pub method: Method,
    /// How often each fate occurred.
    pub fates: BTreeMap<&'static str, u64>,
}

/// Connections and their ends.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ConnectionsReport {
    /// Connections attempted: the sum of all ends.
    pub opened: u64,
    /// By population; ends that did not occur are left out.
    pub ends: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
}

/// Latency of one population.
#[derive(Debug, JsonSchema, Serialize)]
pub struct LatencyReport {
    /// The population.
    pub population: Population,
    /// Whether a reload was under way, or over for less than half a second.
    pub inside_reload: bool,
    /// Quantiles.
    #[serde(flatten)]
    pub summary: LatencySummary,
}

impl Report {
    /// Enters what became of parked connections: what they lost fails the check.
    pub fn parked(&mut self, matrix: Option<MatrixReport>, freeze: Option<FreezeReport>) {
        let mut failures = Vec::new();
        if let Some(matrix) = &matrix {
            failures.extend(matrix.losses());
            failures.extend(matrix.error.iter().map(|why| format!("the reload of the fate matrix: {why}")));
        }
        if let Some(freeze) = &freeze {
            let told: Vec<String> =
                freeze.outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
            if 0 < freeze.lost {
                self.diagnosis.extend(queue_lost(freeze));
                failures.push(format!("queued while the workers stood still: {}", told.join(", ")));
            }
            failures.extend(freeze.error.iter().map(|why| format!("the reload of the freeze-frame: {why}")));
        }
        self.verdict.failures.extend(failures);
        (self.matrix, self.freeze) = (matrix, freeze);
    }

    /// Puts an outcome together.
    pub fn new(testee: TesteeReport, plan: &LoadPlan, outcome: &Outcome) -> Report {
        let (record, reloads) = (&outcome.record, &outcome.reloads);
        let ledger = &record.ledger;
        let (wall, cpu) = (record.wall.as_secs_f64(), record.cpu.as_secs_f64());
        let per = |time: f64| if 0.0 < time { ledger.sent_total() as f64 / time } else { 0.0 };
        let mut report = Report {
            format: "workerspec-reload/2",
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
            reloads: (0..reloads.len()).map(|index| ReloadReport::of(outcome, index)).collect(),
            latency: latency(outcome),
            longest_gap: record.completions,
            longest_connect_gap: record.connects,
            slowest_connect_ms: record.slowest_connect.as_secs_f64() * 1000.0,
            pids: record.watch.pids().to_vec(),
            generations: generations(outcome),
            processes: ProcessesReport::of(&outcome.census),
            listeners: outcome.listeners.clone(),
            executions: outcome.executions.as_ref().map(Executions::report),
            kernel: outcome.kernel.clone(),
            budgets: Vec::new(),
            diagnosis: Vec::new(),
            matrix: None,
            freeze: None,
            environment: EnvironmentReport::of(outcome.started_at),
            losses: record
                .losses
                .iter()
                .map(|loss| LossReport::of(loss, reloads, outcome.executions.as_ref()))
                .collect(),
            timeline: record.timeline.slices().to_vec(),
        };
        report.diagnosis = diagnose(&report);
        report
    }

    /// Holds the report against limits.
    pub fn hold(&mut self, budgets: &Budgets) {
        self.budgets = budgets.hold(self);
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
    let retries = outcome.record.retries;
    RequestsReport {
        planned: ledger.planned(),
        not_sent,
        sent: ledger.sent_total(),
        retries: RetriesReport {
            made: retries.made,
            answered: retries.answered,
            slowest_ms: retries.slowest.as_secs_f64() * 1000.0,
        },
        fates,
    }
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

/// Writes a time as seconds.
pub(crate) fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

/// Writes a time that may never have come as seconds.
pub(crate) fn maybe_seconds<S: Serializer>(
    time: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.serialize_some(&time.as_secs_f64()),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The schema that is committed. After a change of the report the test writes it anew and fails once.
    #[test]
    fn the_schema_of_the_report_is_the_committed_one() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schema/reload.json");
        let schema = serde_json::to_string_pretty(&schemars::schema_for!(Report)).expect("it is JSON") + "\n";
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        if committed != schema {
            std::fs::write(&path, &schema).expect("it can be written");
        }
        assert!(committed == schema, "{} was out of date; it is written anew", path.display());
    }
}
