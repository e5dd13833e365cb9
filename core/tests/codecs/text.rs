//! Newline-framed text.

use proptest::prelude::*;
use workerspec_core::protocol::{Limits, Protocol, Split, Text};
use workerspec_fixtures::{Expectation, vectors};

use crate::{Read, read_in_pieces};

fn read(limit: usize, bytes: &[u8], cuts: &[usize]) -> Read {
    let limits = Limits { max_package: limit, ..Limits::default() };
    read_in_pieces(Text::default(), &limits, bytes, cuts, <[u8]>::to_vec)
}

#[test]
fn the_vectors_come_out_as_they_say() {
    let vectors = vectors("text").expect("the vectors are well-formed");
    assert!(!vectors.is_empty());
    for vector in vectors {
        let read = read(10 * 1024 * 1024, &vector.bytes, &[]);
        match vector.expect {
            Expectation::Messages(messages) => assert_eq!(read.messages, messages, "{}", vector.id),
            Expectation::More => assert!(read.rest > 0 && read.malformed.is_none(), "{}", vector.id),
            Expectation::Malformed => assert!(read.malformed.is_some(), "{}", vector.id),
        }
    }
}

#[test]
fn a_line_is_shorter_than_the_limit() {
    // TEXT-5: with limit 1000, 998 octets and LF pass, 999 and LF do not; nor do 1000 without one.
    let line = |octets: usize, end: &str| ["x".repeat(octets).as_bytes(), end.as_bytes()].concat();
    assert_eq!(read(1000, &line(998, "\n"), &[]).messages.len(), 1);
    assert!(read(1000, &line(999, "\n"), &[]).malformed.is_some());
    assert!(read(1000, &line(1000, ""), &[]).malformed.is_some());
    assert_eq!(read(1000, &line(999, ""), &[]).rest, 999);
}

#[test]
fn the_limit_counts_the_line_and_not_what_came_with_it() {
    // SF-40, TEXT-6
    let lines = "y".repeat(299) + "\n";
    assert_eq!(read(1000, lines.repeat(5).as_bytes(), &[]).messages.len(), 5);
}

proptest! {
    #[test]
    fn every_cut_gives_the_same(
        bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200),
        cuts in prop::collection::vec(any::<usize>(), 0..20),
        limit in 1usize..100,
    ) {
        let whole = read(limit, &bytes, &[]);
        let octets: Vec<usize> = (0..bytes.len()).collect();
        prop_assert_eq!(&whole, &read(limit, &bytes, &cuts));
        prop_assert_eq!(&whole, &read(limit, &bytes, &octets));
    }

    #[test]
    fn long_lines_are_scanned_once(pieces in 2usize..50) {
        // PIPE-3: a codec that forgot how far it scanned would find the line feed that it passed over here.
        let mut text = Text::default();
        let limits = Limits::default();
        let mut line = vec![b'a'; pieces];
        for end in 1..pieces {
            prop_assert_eq!(text.split(&line[..end], &limits, &mut Vec::new()), Ok(Split::Need));
        }
        line[0] = b'\n';
        prop_assert_eq!(text.split(&line, &limits, &mut Vec::new()), Ok(Split::Need));
    }
}
