use proptest::prelude::*;

use super::*;

const FIXED: &[u8] = b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello";
const CHUNKED: &[u8] =
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\nX: y\r\n\r\n";
const INTERIM: &[u8] =
    b"HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\nConnection: Close\r\n\r\nhello";

#[track_caller]
fn complete(octets: &[u8]) -> Answer {
    let mut answer = Answer::new();
    assert_eq!(answer.feed(octets), Ok(Progress::Done(octets.len())));
    assert_eq!(answer.received(), octets.len() as u64);
    answer
}

#[track_caller]
fn refused(octets: &[u8]) -> Malformed {
    Answer::new().feed(octets).expect_err("malformed")
}

#[test]
fn reads_a_body_of_known_length() {
    let answer = complete(FIXED);
    assert_eq!((answer.status(), answer.body(), answer.announces_close()), (200, &b"hello"[..], false));
}

#[test]
fn reads_chunks_extensions_and_trailers() {
    assert_eq!(complete(CHUNKED).body(), b"hello");
}

#[test]
fn passes_over_interim_answers() {
    let answer = complete(INTERIM);
    assert_eq!((answer.status(), answer.body(), answer.announces_close()), (200, &b"hello"[..], true));
}

#[test]
fn version_1_0_closes_unless_it_says_keep_alive() {
    assert!(complete(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").announces_close());
    assert!(
        !complete(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n")
            .announces_close()
    );
}

#[test]
fn close_is_found_in_a_list_of_options() {
    assert!(
        complete(b"HTTP/1.1 200 OK\r\nConnection: upgrade , close\r\nContent-Length: 0\r\n\r\n")
            .announces_close()
    );
}

#[test]
fn stops_at_the_end_of_its_own_answer() {
    let mut two = FIXED.to_vec();
    two.extend_from_slice(FIXED);
    let mut answer = Answer::new();
    assert_eq!(answer.feed(&two), Ok(Progress::Done(FIXED.len())));
    answer.reset();
    assert_eq!(answer.feed(&two[FIXED.len()..]), Ok(Progress::Done(FIXED.len())));
    assert_eq!(answer.body(), b"hello");
}

#[test]
fn status_204_has_no_body() {
    assert_eq!(complete(b"HTTP/1.1 204 No Content\r\n\r\n").status(), 204);
}

#[test]
fn refuses_what_it_can_not_judge() {
    assert_eq!(refused(b"HTTP/2 200\r\n"), Malformed::StatusLine);
    assert_eq!(refused(b"HTTP/1.1 20x OK\r\n"), Malformed::StatusLine);
    assert_eq!(refused(b"HTTP/1.1 2000 OK\r\n"), Malformed::StatusLine);
    assert_eq!(refused(b"HTTP/1.1 101 Switching\r\n\r\n"), Malformed::StatusLine);
    assert_eq!(refused(b"HTTP/1.1 200 OK\n"), Malformed::BareLineFeed);
    assert_eq!(refused(b"HTTP/1.1 200 OK\r\nno colon\r\n"), Malformed::Field);
    assert_eq!(refused(b"HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n"), Malformed::Length);
    assert_eq!(refused(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n"), Malformed::Length);
    assert_eq!(refused(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n"), Malformed::Length);
    assert_eq!(refused(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n"), Malformed::Encoding);
    assert_eq!(refused(b"HTTP/1.1 200 OK\r\n\r\n"), Malformed::Undelimited);
    assert_eq!(
        refused(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000005\r\n"),
        Malformed::Chunk
    );
    assert_eq!(
        refused(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n"),
        Malformed::Chunk
    );
}

#[test]
fn bounds_what_it_keeps() {
    assert_eq!(refused(&[b'x'; MAX_HEAD + 1]), Malformed::LongHead);
    let mut long = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", MAX_BODY + 1).into_bytes();
    long.resize(long.len() + MAX_BODY + 1, b'x');
    assert_eq!(refused(&long), Malformed::LongBody);
}

/// Feeds `octets` in pieces that end at `cuts`, and gives what came of it and how many were used.
fn in_pieces(octets: &[u8], cuts: &[usize]) -> (Result<bool, Malformed>, Answer) {
    let mut answer = Answer::new();
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (octets.len() + 1)).collect();
    ends.push(octets.len());
    ends.sort_unstable();
    let mut start = 0;
    for end in ends {
        match answer.feed(&octets[start..end]) {
            Ok(Progress::More) => start = end,
            Ok(Progress::Done(used)) => {
                assert!(start + used <= octets.len());
                return (Ok(true), answer);
            }
            Err(why) => return (Err(why), answer),
        }
    }
    (Ok(false), answer)
}

#[test]
fn every_single_cut_gives_the_same_answer() {
    for octets in [FIXED, CHUNKED, INTERIM] {
        let whole = complete(octets);
        for cut in 0..=octets.len() {
            let (outcome, answer) = in_pieces(octets, &[cut]);
            assert_eq!(outcome, Ok(true), "cut at {cut}");
            assert_eq!((answer.status(), answer.body()), (whole.status(), whole.body()), "cut at {cut}");
            assert_eq!(answer.received(), octets.len() as u64);
        }
    }
}

#[test]
fn every_beginning_is_incomplete() {
    for octets in [FIXED, CHUNKED, INTERIM] {
        for end in 0..octets.len() {
            assert_eq!(Answer::new().feed(&octets[..end]), Ok(Progress::More), "up to {end}");
        }
    }
}

proptest! {
    #[test]
    fn any_cutting_gives_the_same_answer(cuts in proptest::collection::vec(any::<usize>(), 0..40), which in 0..3usize) {
        let octets = [FIXED, CHUNKED, INTERIM][which];
        let (outcome, answer) = in_pieces(octets, &cuts);
        prop_assert_eq!(outcome, Ok(true));
        prop_assert_eq!(answer.body(), b"hello");
    }

    #[test]
    fn any_octets_are_taken_or_refused_alike_in_any_cutting(
        octets in proptest::collection::vec(any::<u8>(), 0..200),
        cuts in proptest::collection::vec(any::<usize>(), 0..10),
    ) {
        let (whole, _) = in_pieces(&octets, &[]);
        let (cut, _) = in_pieces(&octets, &cuts);
        prop_assert_eq!(whole, cut);
    }

    #[test]
    fn a_damaged_answer_never_panics_and_judges_alike_in_any_cutting(
        at in any::<usize>(), octet: u8, which in 0..3usize,
        cuts in proptest::collection::vec(any::<usize>(), 0..10),
    ) {
        let mut octets = [FIXED, CHUNKED, INTERIM][which].to_vec();
        let place = at % octets.len();
        octets[place] = octet;
        let (whole, _) = in_pieces(&octets, &[]);
        let (cut, _) = in_pieces(&octets, &cuts);
        prop_assert_eq!(whole, cut);
    }
}
