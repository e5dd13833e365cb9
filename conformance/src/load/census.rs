//! Which processes of the server came and went, from samples of /proc.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

/// What a process is in the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Its first process, the parent of the workers.
    Master,
    /// A child of the master, or whoever holds the listening socket of a server that somebody else started.
    Worker,
    /// Anything below it that is neither: helpers, and workers whose master is gone.
    Other,
}

/// A process as one sample shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Process number.
    pub pid: u32,
    /// Start time in clock ticks since boot.
    pub started: u64,
    /// What it is.
    pub role: Role,
    /// Resident memory, in octets.
    pub resident: u64,
    /// Open descriptors, where they can be counted.
    pub descriptors: Option<usize>,
}

/// The life of one process, as far as it was seen. The samples are a few hundredths of a second apart in a reload, and
/// a quarter of a second else.
#[derive(Debug, Clone, JsonSchema, Serialize)]
pub struct Life {
    /// Process number.
    pub pid: u32,
    #[serde(skip)]
    started: u64,
    /// What it was when it was seen last.
    pub role: Role,
    /// When it was seen first; null if it was there before the first reload.
    #[serde(rename = "born_seconds", serialize_with = "crate::load::report::maybe_seconds")]
    #[schemars(with = "Option<f64>")]
    pub born: Option<Duration>,
    /// When it was found gone; null if it was there at the end.
    #[serde(rename = "gone_seconds", serialize_with = "crate::load::report::maybe_seconds")]
    #[schemars(with = "Option<f64>")]
    pub gone: Option<Duration>,
    /// The most resident memory that was seen, in octets.
    pub peak_resident: u64,
    /// The most descriptors that were seen.
    pub peak_descriptors: Option<usize>,
}

/// Processes, descriptors and memory of the whole server at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Headcount {
    /// Processes.
    pub processes: usize,
    /// Those of them that are workers.
    pub workers: usize,
    /// Open descriptors of all.
    pub descriptors: usize,
    /// Resident memory of all, in octets; pages that they share count for each.
    pub resident: u64,
}

/// Every process that was ever seen.
#[derive(Debug, Clone, Default)]
pub struct Census {
    lives: Vec<Life>,
    first: Option<Headcount>,
    last: Option<Headcount>,
    most_workers: usize,
    least_workers: usize,
}

impl Census {
    /// Enters a sample. Until the first reload begins a server may still be starting: what comes up until then was there
    /// before.
    pub fn see(&mut self, now: Duration, sample: &[Seen], begun: bool) {
        let is_before = self.first.is_none() || !begun;
        for life in self.lives.iter_mut().filter(|life| life.gone.is_none()) {
            if !sample.iter().any(|seen| seen.pid == life.pid && seen.started == life.started) {
                life.gone = Some(now);
            }
        }
        for seen in sample {
            let is_it =
                |life: &Life| life.gone.is_none() && life.pid == seen.pid && life.started == seen.started;
            match self.lives.iter().position(is_it) {
                Some(at) => {
                    let life = &mut self.lives[at];
                    life.role = seen.role;
                    life.peak_resident = life.peak_resident.max(seen.resident);
                    life.peak_descriptors = life.peak_descriptors.max(seen.descriptors);
                }
                // A server that starts processes without end shall not fill this machine's memory.
                None if self.lives.len() < MAX_LIVES => self.lives.push(Life {
                    pid: seen.pid,
                    started: seen.started,
                    role: seen.role,
                    born: (!is_before).then_some(now),
                    gone: None,
                    peak_resident: seen.resident,
                    peak_descriptors: seen.descriptors,
                }),
                None => {}
            }
        }
        let count = Headcount {
            processes: sample.len(),
            workers: sample.iter().filter(|seen| seen.role == Role::Worker).count(),
            descriptors: sample.iter().filter_map(|seen| seen.descriptors).sum(),
            resident: sample.iter().map(|seen| seen.resident).sum(),
        };
        self.most_workers = self.most_workers.max(count.workers);
        self.least_workers = if is_before { count.workers } else { self.least_workers.min(count.workers) };
        if is_before {
            self.first = Some(count);
        }
        self.last = Some(count);
    }

    /// Every process, in the order in which they were seen first.
    pub fn lives(&self) -> &[Life] {
        &self.lives
    }

    /// The last sample before the first reload, and the last of all; `None` where nothing could be seen.
    pub fn first_and_last(&self) -> Option<(Headcount, Headcount)> {
        Some((self.first?, self.last?))
    }

    /// The most workers that there were at once.
    pub fn most_workers(&self) -> usize {
        self.most_workers
    }

    /// The fewest workers that there were at once.
    pub fn least_workers(&self) -> usize {
        self.least_workers
    }

    /// Whether a process with this number was ever seen.
    pub fn knows(&self, pid: u32) -> bool {
        self.lives.iter().any(|life| life.pid == pid)
    }
}

/// Processes that are told apart.
const MAX_LIVES: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(pid: u32, started: u64) -> Seen {
        Seen { pid, started, role: Role::Worker, resident: 10, descriptors: Some(3) }
    }

    #[test]
    fn births_and_deaths_are_told_from_what_was_always_there() {
        let at = Duration::from_secs;
        let mut census = Census::default();
        census.see(at(0), &[worker(1, 5)], false);
        census.see(at(0), &[worker(1, 5), worker(2, 5)], false);
        census.see(at(1), &[worker(1, 5), worker(3, 9)], true);
        // The number of a process that is gone is given again.
        census.see(at(2), &[worker(1, 5), worker(3, 9), worker(2, 11)], true);
        let told: Vec<(u32, Option<Duration>, Option<Duration>)> =
            census.lives().iter().map(|life| (life.pid, life.born, life.gone)).collect();
        assert_eq!(
            told,
            [(1, None, None), (2, None, Some(at(1))), (3, Some(at(1)), None), (2, Some(at(2)), None)]
        );
        assert_eq!((census.least_workers(), census.most_workers()), (2, 3));
        let (first, last) = census.first_and_last().expect("samples");
        assert_eq!((first.descriptors, last.processes), (6, 3));
    }
}
