//! When requests arrive: fixed by the seed before the run, whatever the server does.

use std::time::Duration;

use crate::load::random::Random;

/// Arrival times of an open loop: independent clients, so the gaps are exponential (a Poisson process).
///
/// The times are offsets from the start of the run and never go back. A server that stalls does not slow
/// the arrivals down, so a stall shows as latency and not as silence.
#[derive(Debug)]
pub(crate) struct Schedule {
    random: Random,
    /// Mean gap in seconds; `None` when nothing ever arrives.
    mean_gap: Option<f64>,
    at: f64,
}

impl Schedule {
    /// Arrivals at `rate` per second in the mean; a rate of 0 (or less) is an empty schedule.
    pub(crate) fn new(random: Random, rate: f64) -> Schedule {
        Schedule { random, mean_gap: (0.0 < rate).then(|| 1.0 / rate), at: 0.0 }
    }
}

impl Iterator for Schedule {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let mean = self.mean_gap?;
        // unit() is below 1, so the logarithm is finite.
        self.at += -(1.0 - self.random.unit()).ln() * mean;
        Duration::try_from_secs_f64(self.at).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rate_zero_is_empty() {
        assert_eq!(Schedule::new(Random::new(1), 0.0).next(), None);
    }

    #[test]
    fn gaps_are_spread_like_independent_clients() {
        let times: Vec<f64> =
            Schedule::new(Random::new(3), 100.0).take(10_000).map(|at| at.as_secs_f64()).collect();
        let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        // Of exponential gaps, 1 - 1/e (63 %) are below the mean; of an even grid, all or none.
        let below = gaps.iter().filter(|gap| **gap < 0.01).count() as f64 / gaps.len() as f64;
        assert!((0.60..0.66).contains(&below), "{below} of the gaps are below the mean");
    }

    proptest! {
        #[test]
        fn the_same_seed_gives_the_same_times(seed: u64, rate in 1.0f64..10_000.0) {
            let once: Vec<Duration> = Schedule::new(Random::new(seed), rate).take(100).collect();
            let again: Vec<Duration> = Schedule::new(Random::new(seed), rate).take(100).collect();
            prop_assert_eq!(once, again);
        }

        #[test]
        fn times_never_go_back_and_keep_the_rate(seed: u64, rate in 10.0f64..5_000.0) {
            let times: Vec<Duration> = Schedule::new(Random::new(seed), rate).take(4_000).collect();
            prop_assert!(times.windows(2).all(|pair| pair[0] <= pair[1]));
            let measured = 4_000.0 / times[3_999].as_secs_f64();
            // Six standard deviations of 4,000 exponential gaps: about a tenth.
            prop_assert!((rate * 0.9..rate * 1.12).contains(&measured), "{} for {}", measured, rate);
        }
    }
}
