//! Gathering the status: from the scoreboard, the state machine and /proc, without asking any worker.

use std::fs;
use std::time::Duration;

use jiff::Timestamp;

use super::run::Master;
use super::state::{PhaseView, WorkerId};
use crate::logging::in_words;
use crate::reactor::{now, uptime, wall};
use crate::status::{Busy, Exits, SCHEMA, ServiceRow, SlotRow, Snapshot, Totals, WorkerRow};
use crate::tally::{Doing, Reading};

/// A loop that has not turned for so long is busy.
const BUSY: Duration = Duration::from_millis(500);

impl Master {
    pub(super) fn snapshot(&self) -> Snapshot {
        let state = match self.state.phase() {
            PhaseView::Starting => "starting",
            PhaseView::Running => "running",
            PhaseView::Degraded => "degraded",
            PhaseView::Reloading => "reloading",
            PhaseView::Upgrading => "upgrading",
            PhaseView::Stopping => "stopping",
        };
        let mut workers: Vec<_> = self.workers.keys().filter_map(|worker| self.worker_row(*worker)).collect();
        workers.sort_by_key(|row| row.pid);
        let mut snapshot = Snapshot {
            schema: SCHEMA,
            pid: std::process::id(),
            program: self.program.path().display().to_string(),
            core: env!("CARGO_PKG_VERSION").to_owned(),
            mode: if self.daemon { "daemon" } else { "foreground" }.to_owned(),
            state: state.to_owned(),
            generation: self.state.generation(),
            started_at: Timestamp::try_from(self.started_at).map(in_words).unwrap_or_default(),
            uptime_seconds: wall().duration_since(self.started_at).unwrap_or_default().as_secs(),
            load: load(),
            services: (0..self.config.services.len()).map(|service| self.service_row(service)).collect(),
            slots: (0..self.places.len()).map(|place| self.slot_row(place)).collect(),
            workers,
            summary: Totals::default(),
        };
        snapshot.sum_up();
        snapshot
    }

    fn service_row(&self, service: usize) -> ServiceRow {
        let settings = &self.config.services[service];
        let ours = self.exits.iter().filter(|((of, _), _)| *of == service);
        let mut exits: Vec<_> =
            ours.map(|((_, status), count)| Exits { status: *status, count: *count }).collect();
        exits.sort_by_key(|exits| exits.status);
        ServiceRow {
            name: settings.name.clone(),
            protocol: settings.protocol.to_owned(),
            listening: self.listening(service),
            count: settings.count,
            reloadable: settings.reloadable,
            exits,
        }
    }

    fn listening(&self, service: usize) -> String {
        let listeners = self.listeners.as_ref().and_then(|listeners| listeners[service].as_ref());
        let address = listeners.and_then(|listeners| listeners.address().ok());
        address.map_or_else(|| "none".to_owned(), |address| address.to_string())
    }

    fn slot_row(&self, place: usize) -> SlotRow {
        let view = self.state.slot(place);
        let (service, slot) = self.places[place];
        let state = match (view.served, view.retry_at) {
            (true, _) => "serving",
            (false, Some(_)) => "backing-off",
            (false, None) => "starting",
        };
        let left = view.retry_at.map(|at| at.saturating_duration_since(now()).as_millis());
        SlotRow {
            service: self.config.services[service].name.clone(),
            slot,
            state: state.to_owned(),
            failures: if view.served { 0 } else { view.failures },
            retry_in_ms: left.and_then(|ms| u64::try_from(ms).ok()),
        }
    }

    pub(super) fn worker_row(&self, worker: WorkerId) -> Option<WorkerRow> {
        let held = self.workers.get(&worker)?;
        let (service, slot) = self.places[held.slot];
        let (reading, pid) = (self.board.read(held.seat), held.child.id());
        Some(WorkerRow {
            pid,
            service: self.config.services[service].name.clone(),
            slot,
            generation: held.generation,
            state: self.state.stage(worker).to_owned(),
            memory_kib: resident(pid),
            listening: self.listening(service),
            connections: reading.connections,
            send_fail: reading.send_failures,
            timers: reading.timers,
            total_request: reading.requests,
            qps: 0,
            busy: busy(&reading),
        })
    }
}

/// Where a loop is stuck.
fn busy(reading: &Reading) -> Option<Busy> {
    let since = uptime().saturating_sub(reading.turned_at);
    if reading.doing == Doing::Waiting || reading.turned_at.is_zero() || since < BUSY {
        return None;
    }
    let calling = match reading.doing {
        Doing::Calling(call) => call.name(),
        Doing::Waiting | Doing::Turning => "its loop",
    };
    Some(Busy { calling: calling.to_owned(), since_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX) })
}

/// Resident memory of a process in KiB; 0 where it is gone.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn load() -> [f64; 3] {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let mut numbers = text.split(' ').map(|word| word.parse().unwrap_or(0.0));
    std::array::from_fn(|_| numbers.next().unwrap_or(0.0))
}
