//! The server and its machine in the report.

use std::fs;
use std::thread;

use schemars::JsonSchema;
use serde::Serialize;

use crate::load::census::{Census, Headcount, Life};
use crate::load::check::Outcome;

/// One release and when it answered. Times that never came are null.
#[derive(Debug, Clone, JsonSchema, Serialize)]
pub struct GenerationReport {
    /// Its name.
    pub release: String,
    /// Requests that it answered.
    pub answers: u64,
    /// Its first answer.
    pub first: Option<f64>,
    /// Its last answer on the first request of a connection.
    pub last_fresh: Option<f64>,
    /// Its last answer.
    pub last: Option<f64>,
}

pub(crate) fn generations(outcome: &Outcome) -> Vec<GenerationReport> {
    let generation = |index: usize| {
        let seen = outcome.record.watch.release(index);
        GenerationReport {
            release: format!("r{index}"),
            answers: seen.answers,
            first: seen.first.map(|time| time.as_secs_f64()),
            last_fresh: seen.last_fresh.map(|time| time.as_secs_f64()),
            last: seen.last.map(|time| time.as_secs_f64()),
        }
    };
    (0..=outcome.reloads.len()).map(generation).collect()
}

/// The server's processes.
#[derive(Debug, Clone, JsonSchema, Serialize)]
pub struct ProcessesReport {
    /// When the load began.
    pub before: Headcount,
    /// When it was over.
    pub after: Headcount,
    /// The most workers that there were at once.
    pub most_workers: usize,
    /// The fewest workers that there were at once.
    pub least_workers: usize,
    /// Every process that was seen.
    pub lives: Vec<Life>,
}

impl ProcessesReport {
    pub(crate) fn of(census: &Census) -> Option<ProcessesReport> {
        let (before, after) = census.first_and_last()?;
        Some(ProcessesReport {
            before,
            after,
            most_workers: census.most_workers(),
            least_workers: census.least_workers(),
            lives: census.lives().to_vec(),
        })
    }
}

/// Where and when it was measured.
#[derive(Debug, Clone, JsonSchema, Serialize)]
pub struct EnvironmentReport {
    /// Version of workerspec.
    pub workerspec: &'static str,
    /// Release of the kernel; empty where it does not tell.
    pub kernel: String,
    /// Processors that this program may use.
    pub processors: usize,
    /// The load averages of the machine at the end, over 1, 5 and 15 minutes; empty where it does not tell.
    pub load_average: String,
    /// When the load began: seconds since 1970, UTC.
    pub started_at: u64,
}

impl EnvironmentReport {
    pub(crate) fn of(started_at: u64) -> EnvironmentReport {
        let line = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let averages = line("/proc/loadavg");
        EnvironmentReport {
            workerspec: env!("CARGO_PKG_VERSION"),
            kernel: line("/proc/sys/kernel/osrelease"),
            processors: thread::available_parallelism().map_or(1, usize::from),
            load_average: averages.split(' ').take(3).collect::<Vec<_>>().join(" "),
            started_at,
        }
    }
}
