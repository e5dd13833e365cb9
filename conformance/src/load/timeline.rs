//! The run in tenths of seconds: how much, how fast, by whom, and what was lost.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::Serialize;

use crate::load::fate::{Fate, Weight};

/// What happened in one tenth of a second.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema, Serialize)]
pub struct Slice {
    /// Requests answered.
    pub answered: u64,
    /// Those of them that an earlier release answered.
    pub older: u64,
    /// Requests lost, races included.
    pub lost: u64,
    /// Half of the answers took at most this long, in microseconds; 0 if there were none.
    pub p50_us: u64,
    /// 99 of 100 answers took at most this long.
    pub p99_us: u64,
    /// The slowest answer.
    pub slowest_us: u64,
    /// Connections that came about.
    pub connected: u64,
    /// The slowest of their handshakes.
    pub slowest_connect_us: u64,
    /// WebSockets that were told goodbye.
    pub goodbyes: u64,
    /// How often each fate occurred; those that did not are left out.
    pub fates: BTreeMap<&'static str, u64>,
    /// Answers by the index of the release that gave them: 0 for the one that the server started with.
    #[schemars(with = "BTreeMap<String, u64>")]
    pub releases: BTreeMap<usize, u64>,
}

/// The slices of a run, from its start.
#[derive(Debug)]
pub struct Timeline {
    slices: Vec<Slice>,
    /// The slice under way as plain tables: this is done for every request.
    current: Current,
}

#[derive(Debug)]
struct Current {
    index: usize,
    latencies: Histogram<u64>,
    fates: [u64; Fate::ALL.len()],
    /// Releases and answers; there are hardly ever more than two in one slice.
    releases: Vec<(usize, u64)>,
    slice: Slice,
}

/// A request that got its fate, as far as the timeline wants to know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settling {
    /// What became of it.
    pub(crate) fate: Fate,
    /// How that counts.
    pub(crate) weight: Weight,
    /// Index of the release that answered, if one did.
    pub(crate) release: Option<usize>,
    /// From the moment at which it was meant to leave.
    pub(crate) latency: Duration,
}

impl Timeline {
    /// Length of a slice.
    pub const STEP: Duration = Duration::from_millis(100);

    /// Enters a request that was settled at `now`; `now` never goes back.
    pub(crate) fn settled(&mut self, now: Duration, settling: Settling) {
        if !self.turn_to(now) {
            return;
        }
        let current = &mut self.current;
        current.fates[settling.fate.index()] += 1;
        match settling.weight {
            Weight::Kept => {
                let micros = u64::try_from(settling.latency.as_micros()).unwrap_or(u64::MAX);
                current.latencies.saturating_record(micros.max(1));
                current.slice.answered += 1;
                current.slice.older += u64::from(settling.fate == Fate::Older);
                current.slice.slowest_us = current.slice.slowest_us.max(micros);
            }
            Weight::Race | Weight::Loss => current.slice.lost += 1,
            Weight::Told | Weight::Ours => {}
        }
        if let Some(release) = settling.release {
            match current.releases.iter_mut().find(|(index, _)| *index == release) {
                Some((_, answers)) => *answers += 1,
                None => current.releases.push((release, 1)),
            }
        }
    }

    /// Enters a connection that came about at `now` and took `took`.
    pub(crate) fn connected(&mut self, now: Duration, took: Duration) {
        if self.turn_to(now) {
            let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            self.current.slice.connected += 1;
            self.current.slice.slowest_connect_us = self.current.slice.slowest_connect_us.max(micros);
        }
    }

    /// Enters a WebSocket that was told goodbye at `now`.
    pub(crate) fn told_goodbye(&mut self, now: Duration) {
        if self.turn_to(now) {
            self.current.slice.goodbyes += 1;
        }
    }

    /// Counting ends: the last slice is complete.
    pub(crate) fn end(&mut self) {
        self.close();
    }

    /// Makes the slice of `now` the current one; false beyond the last that is kept.
    fn turn_to(&mut self, now: Duration) -> bool {
        let index = usize::try_from(now.as_millis() / Timeline::STEP.as_millis()).unwrap_or(usize::MAX);
        if index == self.current.index {
            return true;
        }
        if MAX_SLICES <= index {
            return false;
        }
        if self.current.index < index {
            self.close();
            self.current.index = index;
        }
        true
    }

    fn close(&mut self) {
        let current = &mut self.current;
        let mut slice = std::mem::take(&mut current.slice);
        let fates = Fate::ALL.iter().map(|fate| (fate.name(), current.fates[fate.index()]));
        slice.fates = fates.filter(|(_, count)| 0 < *count).collect();
        slice.releases = current.releases.drain(..).collect();
        if !current.latencies.is_empty() {
            // A histogram answers with the end of a bucket, which can lie beyond the slowest.
            slice.p50_us = current.latencies.value_at_quantile(0.5).min(slice.slowest_us);
            slice.p99_us = current.latencies.value_at_quantile(0.99).min(slice.slowest_us);
            current.latencies.reset();
        }
        current.fates = [0; Fate::ALL.len()];
        if slice != Slice::default() {
            self.slices.resize(current.index + 1, Slice::default());
            self.slices[current.index] = slice;
        }
    }

    /// Requests answered in the slices that the time from `begin` to `end` touches.
    pub fn answered_between(&self, begin: Option<Duration>, end: Duration) -> u64 {
        let step = Timeline::STEP.as_millis();
        let index = |time: Duration| usize::try_from(time.as_millis() / step).unwrap_or(usize::MAX);
        let (begin, end) = (index(begin.unwrap_or(end)), index(end).saturating_add(1));
        let range = begin.min(self.slices.len())..end.min(self.slices.len());
        self.slices[range].iter().map(|slice| slice.answered).sum()
    }

    /// The slices that are complete, from the start of the run.
    pub fn slices(&self) -> &[Slice] {
        &self.slices
    }
}

impl Default for Timeline {
    fn default() -> Timeline {
        let latencies = Histogram::new_with_bounds(1, 120_000_000, 2).expect("the bounds are right");
        let current = Current {
            index: 0,
            latencies,
            fates: [0; Fate::ALL.len()],
            releases: Vec::new(),
            slice: Slice::default(),
        };
        Timeline { slices: Vec::new(), current }
    }
}

/// An hour; what comes later is not drawn.
const MAX_SLICES: usize = 36_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn kept(fate: Fate, release: usize, millis: u64) -> Settling {
        Settling { fate, weight: Weight::Kept, release: Some(release), latency: at(millis) }
    }

    #[test]
    fn a_loss_falls_into_its_slice() {
        let mut timeline = Timeline::default();
        timeline.settled(at(50), kept(Fate::Older, 0, 3));
        let lost =
            Settling { fate: Fate::FreshDrop, weight: Weight::Loss, release: None, latency: Duration::ZERO };
        timeline.settled(at(250), lost);
        timeline.end();
        let slices = timeline.slices();
        assert_eq!((slices.len(), slices[0].older, slices[0].slowest_us), (3, 1, 3000));
        assert_eq!((slices[1].answered, slices[2].lost), (0, 1));
        assert_eq!(slices[2].fates, BTreeMap::from([("fresh connection dropped", 1)]));
    }

    #[test]
    fn a_slice_tells_quantiles_and_releases() {
        let mut timeline = Timeline::default();
        for millis in 1..=100 {
            timeline.settled(at(10), kept(Fate::Current, usize::from(millis <= 40), millis));
        }
        timeline.connected(at(20), at(7));
        timeline.end();
        let slice = &timeline.slices()[0];
        assert!((49_000..=51_000).contains(&slice.p50_us), "{}", slice.p50_us);
        assert!((98_000..=100_000).contains(&slice.p99_us), "{}", slice.p99_us);
        assert_eq!(slice.releases, BTreeMap::from([(0, 60), (1, 40)]));
        assert_eq!((slice.connected, slice.slowest_connect_us), (1, 7000));
    }
}
