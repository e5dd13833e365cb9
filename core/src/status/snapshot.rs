//! The status of a server at one moment. Its JSON form is public: `docs/status.md` describes it. Fields may be added;
//! none changes its name or meaning without a new `schema`.

use serde::{Deserialize, Serialize};

use crate::worker::ConnectionRow;

/// The version of the JSON form.
pub(crate) const SCHEMA: u32 = 1;

/// Everything that `status` shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) schema: u32,
    pub(crate) pid: u32,
    /// The program's path.
    pub(crate) program: String,
    /// The version of this library.
    pub(crate) core: String,
    /// `foreground` or `daemon`.
    pub(crate) mode: String,
    /// `starting`, `running`, `degraded`, `reloading`, `upgrading` or `stopping`.
    pub(crate) state: String,
    /// Reloads committed since this master started.
    pub(crate) generation: u64,
    /// Local date and time.
    pub(crate) started_at: String,
    pub(crate) uptime_seconds: u64,
    pub(crate) load: [f64; 3],
    pub(crate) services: Vec<ServiceRow>,
    pub(crate) slots: Vec<SlotRow>,
    pub(crate) workers: Vec<WorkerRow>,
    pub(crate) summary: Totals,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ServiceRow {
    pub(crate) name: String,
    pub(crate) protocol: String,
    /// The addresses, or `none`.
    pub(crate) listening: String,
    pub(crate) count: usize,
    pub(crate) reloadable: bool,
    /// How its workers ended since the start.
    pub(crate) exits: Vec<Exits>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Exits {
    /// As wait(2) gives it (WORKER-5).
    pub(crate) status: i32,
    pub(crate) count: u64,
}

/// A slot: where a worker is, or should be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SlotRow {
    pub(crate) service: String,
    pub(crate) slot: usize,
    /// `serving`, `starting` or `backing-off`.
    pub(crate) state: String,
    /// Deaths in a row.
    pub(crate) failures: u32,
    /// When another worker is started.
    pub(crate) retry_in_ms: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct WorkerRow {
    pub(crate) pid: u32,
    pub(crate) service: String,
    pub(crate) slot: usize,
    pub(crate) generation: u64,
    /// `booting`, `ready`, `serving`, `draining` or `killed`.
    pub(crate) state: String,
    /// Resident memory in KiB.
    pub(crate) memory_kib: u64,
    pub(crate) listening: String,
    pub(crate) connections: u64,
    pub(crate) send_fail: u64,
    pub(crate) timers: u64,
    pub(crate) total_request: u64,
    /// Requests since the refresh before; 0 without one.
    pub(crate) qps: u64,
    /// Where its loop is stuck; none if it turns.
    pub(crate) busy: Option<Busy>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Busy {
    /// The callback, or `its loop`.
    pub(crate) calling: String,
    /// Since its loop last turned.
    pub(crate) since_ms: u64,
}

/// Sums over all workers (STATUS-4).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Totals {
    pub(crate) memory_kib: u64,
    pub(crate) connections: u64,
    pub(crate) send_fail: u64,
    pub(crate) timers: u64,
    pub(crate) total_request: u64,
    pub(crate) qps: u64,
}

/// What `connections` shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Connections {
    pub(crate) schema: u32,
    pub(crate) connections: Vec<ConnectionRow>,
    /// Workers that did not answer in time (CONNS-3).
    pub(crate) missing: Vec<WorkerRow>,
}

impl Snapshot {
    /// Fills in how many requests each worker has got since an earlier snapshot.
    pub(crate) fn count_since(&mut self, earlier: &Self) {
        for worker in &mut self.workers {
            let before = earlier.workers.iter().find(|before| before.pid == worker.pid);
            worker.qps = worker.total_request.saturating_sub(before.map_or(0, |before| before.total_request));
        }
        self.sum_up();
    }

    /// Computes the summary.
    pub(crate) fn sum_up(&mut self) {
        self.summary = self.workers.iter().fold(Totals::default(), |sum, worker| Totals {
            memory_kib: sum.memory_kib + worker.memory_kib,
            connections: sum.connections + worker.connections,
            send_fail: sum.send_fail + worker.send_fail,
            timers: sum.timers + worker.timers,
            total_request: sum.total_request + worker.total_request,
            qps: sum.qps + worker.qps,
        });
    }
}
