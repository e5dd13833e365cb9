//! How fast: latencies inside and outside reloads, and the longest silence.

use std::time::Duration;

use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::Serialize;

use crate::load::population::Population;

/// Latencies by population, inside and outside the windows of reloads.
#[derive(Debug)]
pub struct Latencies {
    /// By population; outside first, then inside.
    histograms: Vec<[Option<Histogram<u64>>; 2]>,
}

impl Latencies {
    /// No latency yet.
    pub fn new() -> Latencies {
        Latencies { histograms: Population::ALL.iter().map(|_| [None, None]).collect() }
    }

    /// Enters one.
    pub fn record(&mut self, population: Population, inside: bool, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        // A histogram is large, and most populations are in few runs.
        let empty = || Histogram::new_with_bounds(1, MAX_MICROS, 3).expect("the bounds are right");
        let histogram = &mut self.histograms[population.index()][usize::from(inside)];
        histogram.get_or_insert_with(empty).saturating_record(micros.max(1));
    }

    /// Summary of one histogram; `None` if it is empty.
    pub fn summary(&self, population: Population, inside: bool) -> Option<LatencySummary> {
        let histogram = self.histograms[population.index()][usize::from(inside)].as_ref()?;
        let millis = |micros: u64| micros as f64 / 1000.0;
        (!histogram.is_empty()).then(|| LatencySummary {
            count: histogram.len(),
            p50_ms: millis(histogram.value_at_quantile(0.5)),
            p99_ms: millis(histogram.value_at_quantile(0.99)),
            p999_ms: millis(histogram.value_at_quantile(0.999)),
            max_ms: millis(histogram.max()),
        })
    }
}

impl Default for Latencies {
    fn default() -> Latencies {
        Latencies::new()
    }
}

/// Quantiles, in milliseconds. For open loops latency counts from the moment at which the request was
/// meant to leave, so a stall of the server can't hide behind requests that were never sent.
#[derive(Debug, Clone, Copy, JsonSchema, Serialize)]
pub struct LatencySummary {
    /// Answers.
    pub count: u64,
    /// Half of them took at most this long.
    pub p50_ms: f64,
    /// 99 of 100 took at most this long.
    pub p99_ms: f64,
    /// 999 of 1000 took at most this long.
    pub p999_ms: f64,
    /// The slowest.
    pub max_ms: f64,
}

const MAX_MICROS: u64 = 120_000_000;

/// The longest time in which something did not happen.
#[derive(Debug, Clone, Copy, Default, JsonSchema, Serialize)]
pub struct Gap {
    #[serde(skip)]
    last: Duration,
    /// How long.
    #[serde(rename = "longest_seconds", serialize_with = "crate::load::report::seconds")]
    #[schemars(with = "f64")]
    pub longest: Duration,
    /// When it began.
    #[serde(rename = "from_seconds", serialize_with = "crate::load::report::seconds")]
    #[schemars(with = "f64")]
    pub from: Duration,
}

impl Gap {
    /// Counting begins.
    pub fn starting(now: Duration) -> Gap {
        Gap { last: now, longest: Duration::ZERO, from: now }
    }

    /// It happened, or counting ends.
    pub fn happened(&mut self, now: Duration) {
        let length = now.saturating_sub(self.last);
        if self.longest < length {
            self.longest = length;
            self.from = self.last;
        }
        self.last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_longest_gap_may_be_the_last_one() {
        let mut gap = Gap::starting(at(0));
        for moment in [10, 20, 80, 90] {
            gap.happened(at(moment));
        }
        assert_eq!((gap.longest, gap.from), (at(60), at(20)));
        gap.happened(at(900));
        assert_eq!((gap.longest, gap.from), (at(810), at(90)));
    }

    #[test]
    fn latencies_are_kept_apart_by_population_and_window() {
        let mut latencies = Latencies::new();
        latencies.record(Population::Busy, false, at(1));
        latencies.record(Population::Busy, true, at(2000));
        let outside = latencies.summary(Population::Busy, false).expect("one");
        let inside = latencies.summary(Population::Busy, true).expect("one");
        assert!((0.99..1.01).contains(&outside.max_ms) && (1999.0..2002.0).contains(&inside.max_ms));
        assert!(latencies.summary(Population::Fresh, true).is_none());
    }
}
