//! Length-prefixed frames.

use proptest::prelude::*;
use workerspec_core::protocol::{Encode, Frame, Limits, Next, Setting};
use workerspec_fixtures::{Expectation, vectors};

use crate::{Read, read_in_pieces};

fn read(limit: usize, bytes: &[u8], cuts: &[usize]) -> Read {
    let limits = Limits { max_package: limit, ..Limits::default() };
    read_in_pieces(Frame, &limits, bytes, cuts, <[u8]>::to_vec)
}

#[test]
fn the_vectors_come_out_as_they_say() {
    // FRAME-1, FRAME-3, FRAME-4, FRAME-5, SF-39
    let vectors = vectors("frame").expect("the vectors are well-formed");
    assert!(!vectors.is_empty());
    for vector in vectors {
        let read = read(10 * 1024 * 1024, &vector.bytes, &[]);
        match vector.expect {
            Expectation::Messages(messages) => {
                assert_eq!((read.messages, read.malformed, read.rest), (messages, None, 0), "{}", vector.id);
            }
            Expectation::More => assert!(read.rest > 0 && read.malformed.is_none(), "{}", vector.id),
            Expectation::Malformed => assert!(read.malformed.is_some(), "{}", vector.id),
        }
    }
}

#[test]
fn the_limit_counts_the_header_and_is_told_by_it() {
    // FRAME-2: a length of max_package is accepted, one more is refused before any payload.
    assert_eq!(read(10, b"\0\0\0\x0aabcdef", &[]).messages, [b"abcdef"]);
    assert!(read(10, b"\0\0\0\x0b", &[]).malformed.is_some());
}

proptest! {
    #[test]
    fn what_is_sent_is_read_under_every_cut(
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8),
        cuts in prop::collection::vec(any::<usize>(), 0..20),
    ) {
        let (mut bytes, setting) = (Vec::new(), Setting { draining: false, date: "" });
        for payload in &payloads {
            prop_assert_eq!(Frame.encode(payload, &setting, &mut bytes), Next::Stay);
        }
        let octets: Vec<usize> = (0..bytes.len()).collect();
        for cuts in [&[][..], &cuts, &octets] {
            let read = read(1000, &bytes, cuts);
            prop_assert_eq!((&read.messages, read.malformed, read.rest), (&payloads, None, 0));
        }
    }

    #[test]
    fn every_cut_of_any_bytes_gives_the_same(
        bytes in prop::collection::vec(prop_oneof![4 => 0u8..12, 1 => any::<u8>()], 0..80),
        cuts in prop::collection::vec(any::<usize>(), 0..20),
    ) {
        let octets: Vec<usize> = (0..bytes.len()).collect();
        let whole = read(64, &bytes, &[]);
        prop_assert_eq!(&whole, &read(64, &bytes, &cuts));
        prop_assert_eq!(&whole, &read(64, &bytes, &octets));
    }
}
