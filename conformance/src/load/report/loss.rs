//! One loss in the report.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::load::driver::Loss;
use crate::load::executions::{Execution, Executions};
use crate::load::fate::Fate;
use crate::load::population::{Method, Population};
use crate::load::reloads::Reloaded;
use crate::load::transcript::Line;

/// One loss.
#[derive(Debug, JsonSchema, Serialize)]
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
    /// What the server's own ledger says of it.
    pub execution: Execution,
    /// The connection around the loss.
    pub transcript: Vec<Line>,
}

impl LossReport {
    /// A loss among these reloads.
    pub(crate) fn of(loss: &Loss, reloads: &[Reloaded], executions: Option<&Executions>) -> LossReport {
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
            execution: match (executions, loss.id) {
                (Some(executions), Some(id)) => executions.of(&id),
                _ => Execution::Unknown,
            },
            transcript: loss.transcript.clone(),
        }
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
