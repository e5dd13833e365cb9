//! Asking the workers for their connections (CONNS-1 to CONNS-3).

use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use super::run::Master;
use super::state::{CallerId, WorkerId};
use crate::control::FromMaster;
use crate::reactor::now;
use crate::status::{Connections, SCHEMA};
use crate::worker::{ConnectionRow, read_rows};

/// How long a worker may take to answer (CONNS-3).
const PATIENCE: Duration = Duration::from_millis(500);

/// A command that waits for the workers' answers.
#[derive(Debug)]
pub(super) struct Inquiry {
    caller: CallerId,
    waiting: HashSet<WorkerId>,
    rows: Vec<ConnectionRow>,
    pub(super) deadline: Instant,
}

impl Master {
    pub(super) fn inquire(&mut self, caller: CallerId) {
        // Only those that are ready have a loop that hears.
        let hearing = |worker: &WorkerId| matches!(self.state.stage(*worker), "serving" | "draining");
        let asked: HashSet<WorkerId> = self.workers.keys().copied().filter(hearing).collect();
        for held in asked.iter().filter_map(|worker| self.workers.get(worker)) {
            if let Err(error) = held.control.tell(&FromMaster::Connections(caller.0)) {
                tracing::debug!(%error, "cannot ask a worker");
            }
        }
        let deadline = now() + PATIENCE;
        self.inquiries.push(Inquiry { caller, waiting: asked, rows: Vec::new(), deadline });
    }

    pub(super) fn take_rows(&mut self, worker: WorkerId, asked: u64, file: Option<OwnedFd>) {
        let rows = file.map(read_rows).transpose();
        let Some(inquiry) = self.inquiries.iter_mut().find(|inquiry| inquiry.caller.0 == asked) else {
            return;
        };
        match rows {
            Ok(rows) => {
                inquiry.waiting.remove(&worker);
                inquiry.rows.extend(rows.into_iter().flatten());
            }
            Err(error) => tracing::warn!(%error, "a worker's connections can't be read"),
        }
    }

    /// Answers the inquiries for which all have come, or the time is over.
    pub(super) fn close_inquiries(&mut self) {
        let now = now();
        let mut open = std::mem::take(&mut self.inquiries);
        // One that ended meanwhile has no connections.
        open.iter_mut()
            .for_each(|inquiry| inquiry.waiting.retain(|worker| self.workers.contains_key(worker)));
        let over = |inquiry: &Inquiry| inquiry.waiting.is_empty() || inquiry.deadline <= now;
        let (over, open): (Vec<_>, Vec<_>) = open.into_iter().partition(over);
        self.inquiries = open;
        for Inquiry { caller, waiting, mut rows, .. } in over {
            rows.sort_by_key(|row| (row.pid, row.cid));
            let mut missing: Vec<_> = waiting.iter().filter_map(|worker| self.worker_row(*worker)).collect();
            missing.sort_by_key(|row| row.pid);
            self.answer_with(caller, &Connections { schema: SCHEMA, connections: rows, missing });
        }
    }
}
