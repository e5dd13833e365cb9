//! A small seeded generator, so that a run can be repeated by its seed.

/// `SplitMix64`: one word of state, every seed is good, and the same seed gives the same run anywhere.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// A generator that yields the sequence of `seed`; any value will do, 0 included.
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// A generator of its own for one `purpose`, so that drawing more for one purpose moves no other.
    pub(crate) fn fork(&self, purpose: u64) -> Random {
        let mut child = Random(self.0 ^ purpose.wrapping_mul(0xd6e8_feb8_6659_fd93));
        child.next();
        child
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number of the half-open interval from 0 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        // 53 bits are what an f64 holds exactly.
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True with probability `share` (0 never, 1 always).
    pub(crate) fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yields_the_published_sequence_of_seed_zero() {
        let mut random = Random::new(0);
        assert_eq!([random.next(), random.next()], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
    }

    #[test]
    fn unit_stays_below_one_and_covers_both_halves() {
        let mut random = Random::new(7);
        let drawn: Vec<f64> = (0..1000).map(|_| random.unit()).collect();
        assert!(drawn.iter().all(|value| (0.0..1.0).contains(value)));
        let low = drawn.iter().filter(|value| **value < 0.5).count();
        assert!((400..600).contains(&low), "{low} of 1000 in the lower half");
    }

    #[test]
    fn chance_zero_never_happens_and_one_always_does() {
        let mut random = Random::new(1);
        assert!((0..1000).all(|_| !random.chance(0.0) && random.chance(1.0)));
    }
}
