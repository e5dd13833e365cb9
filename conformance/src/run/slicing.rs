//! Input that a server takes, it has to take however it is cut: TCP keeps no boundaries (RFC 9293 3.9.1.2).

use crate::verdict::{Finding, Outcome, Surprise};

/// A way of cutting, besides one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slicing {
    /// After each LF.
    Lines,
    /// Each of the first thousand octets alone, the others in pieces that are a multiple of nothing.
    Octets,
    /// In pieces of random lengths, the same ones for the same bytes.
    Scattered,
}

/// Octets that are sent one by one; more of them would show nothing new and take long.
const SINGLE: usize = 1_000;
/// Octets of a piece behind those.
const PIECE: usize = 997;

impl Slicing {
    const ALL: [Self; 3] = [Self::Lines, Self::Octets, Self::Scattered];

    /// The pieces of `bytes`, none empty.
    pub(super) fn pieces(self, bytes: &[u8]) -> Vec<&[u8]> {
        match self {
            Self::Lines => bytes.split_inclusive(|byte| *byte == b'\n').collect(),
            Self::Octets => {
                let (single, rest) = bytes.split_at(bytes.len().min(SINGLE));
                single.chunks(1).chain(rest.chunks(PIECE)).collect()
            }
            Self::Scattered => {
                let seed = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                    (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
                });
                let mut random = seed | 1;
                let mut rest = bytes;
                let mut pieces = Vec::new();
                while !rest.is_empty() {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    let most = if rest.len() < 4_096 { 40 } else { 2_000 };
                    let (piece, later) = rest.split_at((1 + random as usize % most).min(rest.len()));
                    pieces.push(piece);
                    rest = later;
                }
                pieces
            }
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Lines => "cut after each LF",
            Self::Octets => "octet by octet",
            Self::Scattered => "cut at random",
        }
    }
}

/// Tries input that was taken in one write again in each other way. A finding that changes with the cut is
/// broken, whatever it is.
pub(super) fn under_every_cut(
    whole: Finding,
    mut again: impl FnMut(Slicing) -> Result<Finding, Surprise>,
) -> Outcome {
    let Finding::Kept(came) = whole else { return Ok(whole) };
    for slicing in Slicing::ALL {
        match again(slicing)? {
            Finding::Kept(_) => {}
            Finding::Unproved(why) => return Ok(Finding::Unproved(why)),
            Finding::Tolerated(other) | Finding::Broken(other) => {
                return Ok(Finding::Broken(format!(
                    "it changes with the cut: {came} in one write; {}: {other}",
                    slicing.name()
                )));
            }
        }
    }
    Ok(Finding::Kept(came))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_finding_that_changes_is_broken_and_says_how() {
        let finding = under_every_cut(Finding::Kept("200".to_owned()), |slicing| {
            Ok(match slicing {
                Slicing::Octets => Finding::Broken("400".to_owned()),
                _ => Finding::Kept(String::new()),
            })
        });
        let expected = "it changes with the cut: 200 in one write; octet by octet: 400";
        assert_eq!(finding, Ok(Finding::Broken(expected.to_owned())));
        let refused = under_every_cut(Finding::Broken("400".to_owned()), |_| panic!("not tried again"));
        assert_eq!(refused, Ok(Finding::Broken("400".to_owned())));
    }

    proptest! {
        #[test]
        fn pieces_join_to_the_whole(bytes in proptest::collection::vec(any::<u8>(), 0..9_000)) {
            for slicing in Slicing::ALL {
                let pieces = slicing.pieces(&bytes);
                prop_assert!(pieces.iter().all(|piece| !piece.is_empty()));
                prop_assert_eq!(pieces.concat(), bytes.clone());
            }
        }
    }
}
