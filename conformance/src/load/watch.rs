//! Who answered when: releases and processes.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::load::receipt::Receipt;

/// Answers of one release.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReleaseSeen {
    /// Requests it answered.
    pub answers: u64,
    /// Its first answer.
    pub first: Option<Duration>,
    /// Its last answer.
    pub last: Option<Duration>,
    /// Its last answer to the first request of a connection.
    pub last_fresh: Option<Duration>,
}

/// Answers of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema, Serialize)]
pub struct PidSeen {
    /// The process, as it names itself.
    pub pid: u32,
    /// Index of the release it runs.
    pub release: usize,
    /// Requests it answered.
    pub answers: u64,
    /// Its first answer.
    #[serde(serialize_with = "crate::load::report::seconds")]
    #[schemars(with = "f64")]
    pub first: Duration,
    /// Its last answer.
    #[serde(serialize_with = "crate::load::report::seconds")]
    #[schemars(with = "f64")]
    pub last: Duration,
}

/// Everybody who answered.
#[derive(Debug, Clone)]
pub struct Watch {
    releases: Vec<ReleaseSeen>,
    pids: Vec<PidSeen>,
    /// Where the last one was found: the same process mostly answers several times in a row.
    hint: usize,
}

impl Watch {
    /// Nobody yet, of so many releases.
    pub fn new(releases: usize) -> Watch {
        Watch { releases: vec![ReleaseSeen::default(); releases], pids: Vec::new(), hint: 0 }
    }

    /// Enters an answer; `fresh` if it was the first of its connection.
    pub(crate) fn saw(&mut self, receipt: Receipt, fresh: bool, now: Duration) {
        let release = &mut self.releases[receipt.release];
        release.answers += 1;
        release.first.get_or_insert(now);
        release.last = Some(now);
        if fresh {
            release.last_fresh = Some(now);
        }
        if receipt.pid == 0 {
            // The answer does not tell.
            return;
        }
        let is_it = |seen: &PidSeen| seen.pid == receipt.pid && seen.release == receipt.release;
        if !self.pids.get(self.hint).is_some_and(is_it) {
            self.hint = self.pids.iter().position(is_it).unwrap_or_else(|| {
                self.pids.push(PidSeen {
                    pid: receipt.pid,
                    release: receipt.release,
                    answers: 0,
                    first: now,
                    last: now,
                });
                self.pids.len() - 1
            });
        }
        let pid = &mut self.pids[self.hint];
        pid.answers += 1;
        pid.last = now;
    }

    /// Index of the newest release that has answered; 0 if none has.
    pub fn newest(&self) -> usize {
        self.releases.iter().rposition(|release| 0 < release.answers).unwrap_or(0)
    }

    /// Answers of the release with this index.
    pub fn release(&self, index: usize) -> ReleaseSeen {
        self.releases[index]
    }

    /// Every process that answered, in the order of its first answer. One that changes its release stands
    /// there twice.
    pub fn pids(&self) -> &[PidSeen] {
        &self.pids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn keeps_first_and_last_of_each_release_and_process() {
        let mut watch = Watch::new(2);
        watch.saw(Receipt { release: 0, pid: 10 }, true, at(1));
        watch.saw(Receipt { release: 0, pid: 11 }, true, at(2));
        watch.saw(Receipt { release: 1, pid: 12 }, true, at(3));
        watch.saw(Receipt { release: 0, pid: 10 }, false, at(4));
        let old = watch.release(0);
        assert_eq!((old.first, old.last, old.last_fresh), (Some(at(1)), Some(at(4)), Some(at(2))));
        assert_eq!(watch.release(1).answers, 1);
        let pids: Vec<(u32, u64)> = watch.pids().iter().map(|seen| (seen.pid, seen.answers)).collect();
        assert_eq!(pids, [(10, 2), (11, 1), (12, 1)]);
    }
}
