//! Requests, and the responses of old.

use proptest::prelude::*;
use workerspec_core::protocol::http::Response;
use workerspec_core::protocol::{Encode, Http, Limits, Next, Protocol, Setting, Split};

use crate::{Read, read_in_pieces};

const LIMITS: Limits = Limits { max_package: 4096, max_header: 512 };

/// The messages as `METHOD target version [name=value]… body`.
fn read(bytes: &[u8], cuts: &[usize]) -> Read {
    read_in_pieces(Http::default(), &LIMITS, bytes, cuts, |request| {
        let mut text =
            format!("{} {} {:?}", request.method(), request.target(), request.version()).into_bytes();
        for (name, value) in request.headers() {
            text.extend_from_slice(&[b" ", name.as_bytes(), b"=", value].concat());
        }
        text.extend_from_slice(&[b" ", request.body()].concat());
        text
    })
}

#[track_caller]
fn answered_with(bytes: &str, code: u16) {
    let read = read(bytes.as_bytes(), &[]);
    assert_eq!((read.messages.len(), read.code), (0, code), "{bytes:?}: {read:?}");
}

#[track_caller]
fn understood(bytes: &str, messages: &[&str]) {
    let read = read(bytes.as_bytes(), &[]);
    let got: Vec<_> =
        read.messages.iter().map(|message| String::from_utf8_lossy(message).into_owned()).collect();
    assert_eq!(
        (got, read.malformed),
        (messages.iter().map(|m| (*m).to_owned()).collect(), None),
        "{bytes:?}"
    );
}

#[test]
fn requests_are_read_whole_and_in_order() {
    understood(
        "GET /a?b HTTP/1.1\r\nHost: x\r\nEmpty:\r\n\r\nPOST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
        &["GET /a?b Http11 Host=x Empty= ", "POST / Http10 Content-Length=3 abc"],
    );
}

#[test]
fn a_chunked_body_is_joined() {
    understood(
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n00a;k=\"v;\\\"\"\r\n0123456789\r\n0\r\nT: v\r\n\r\n",
        &["POST / Http11 Host=x Transfer-Encoding=chunked abc0123456789"],
    );
}

#[test]
fn blanks_in_a_chunk_extension_mean_nothing() {
    // RFC 9110 5.6.3: bad whitespace is read and removed.
    let body = |line: &str| {
        format!("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{line}\r\nabc\r\n0\r\n\r\n")
    };
    for line in ["3 ;k", "3; k", "3\t;\tk", "3 ; k = v", "3;k= \"v\" ; l", "3 ;k ;l"] {
        understood(&body(line), &["POST / Http11 Host=x Transfer-Encoding=chunked abc"]);
    }
    for line in ["3 ", "3;k ", "3; ", "3;k = ", "3 k", "3;k l", " 3;k"] {
        answered_with(&body(line), 400);
    }
}

#[test]
fn empty_elements_of_lists_are_ignored_up_to_a_number() {
    // RFC 9110 5.6.1.2
    let coded = |list: &str| {
        format!("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {list}\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    };
    for list in ["chunked,", ",chunked", ", ,\t, chunked , ,"] {
        let message = format!("POST / Http11 Host=x Transfer-Encoding={list} abc");
        understood(&coded(list), &[&message]);
    }
    for (list, code) in [(",", 400), ("", 400), ("chunked,,chunked", 400), ("gzip,,chunked", 501)] {
        answered_with(&coded(list), code);
    }
    answered_with(&coded(&format!("{}chunked", ",".repeat(9))), 400);
    let expecting = |list: &str| format!("GET / HTTP/1.1\r\nHost: x\r\nExpect: {list}\r\n\r\n");
    for list in [",100-continue", "100-continue, ,100-Continue", ","] {
        understood(&expecting(list), &[&format!("GET / Http11 Host=x Expect={list} ")]);
    }
    answered_with(&expecting("100-continue, a-miracle"), 417);
    answered_with(&expecting(&",".repeat(9)), 417);
}

#[test]
fn empty_lines_before_a_request_are_skipped() {
    understood("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", &["GET / Http11 Host=x "]);
}

#[test]
fn the_limit_of_a_head_is_the_same_under_every_cut() {
    // HTTP-10: the blank line begins before the limit, or it does not, however the octets come.
    for (filler, fits) in [(480, true), (481, true), (482, false), (483, false)] {
        let head = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(filler));
        assert_eq!(head.len() - 2 < LIMITS.max_header, fits, "{filler}");
        let octets: Vec<usize> = (0..head.len()).collect();
        for cuts in
            [&[][..], &octets, &[LIMITS.max_header - 1], &[LIMITS.max_header], &[LIMITS.max_header + 1]]
        {
            assert_eq!(
                read(head.as_bytes(), cuts).messages.len(),
                usize::from(fits),
                "{filler} {}",
                cuts.len()
            );
        }
    }
}

#[test]
fn the_limit_of_a_chunked_message_is_the_same_under_every_cut() {
    // HTTP-13, SF-42: lines and extensions count, also where all of it comes at once.
    let head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (filler, fits) in [(0, true), (1, false)] {
        let room = LIMITS.max_package - head.len() - "1;x=\r\na\r\n0\r\n\r\n".len() + filler;
        let bytes = format!("{head}1;x={}\r\na\r\n0\r\n\r\n", "b".repeat(room));
        assert_eq!(bytes.len(), LIMITS.max_package + filler);
        let octets: Vec<usize> = (0..bytes.len()).collect();
        for cuts in [&[][..], &octets] {
            let read = read(bytes.as_bytes(), cuts);
            assert_eq!(
                (read.messages.len(), read.malformed.is_some()),
                (usize::from(fits), !fits),
                "{filler}"
            );
        }
    }
}

#[test]
fn limits_have_their_own_codes() {
    answered_with(&format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(600)), 431);
    // Nothing but empty lines, to the limit and beyond it.
    answered_with(&"\r\n".repeat(2_000), 414);
    answered_with(&format!("GET /{}", "a".repeat(600)), 414);
    answered_with("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n", 413);
    answered_with("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n", 413);
    answered_with("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n", 413);
    let chunks = "1\r\na\r\n".repeat(800);
    answered_with(&format!("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"), 413);
    let trailer = format!("T: {}\r\n", "a".repeat(600));
    answered_with(
        &format!("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n{trailer}"),
        431,
    );
}

#[test]
fn what_is_not_implemented_is_told_from_what_is_wrong() {
    answered_with("BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501);
    answered_with("B{EW / HTTP/1.1\r\nHost: x\r\n\r\n", 400);
    answered_with("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505);
    answered_with("GET / HTTP/1.10\r\nHost: x\r\n\r\n", 400);
    answered_with("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501);
    answered_with("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 400);
    answered_with("POST / HTTP/1.1\r\nHost: x\r\nExpect: the-unexpected\r\nContent-Length: 1\r\n\r\n", 417);
}

#[test]
fn what_two_readers_could_read_differently_is_refused() {
    // SF-55
    for bad in [
        "GET / HTTP/1.1\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nA: b\nC: d\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nA: b\rC\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;a\nb\r\na\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naXX0\r\n\r\n",
    ] {
        answered_with(bad, 400);
    }
}

#[test]
fn continue_is_said_once_and_only_while_the_body_is_withheld() {
    let head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n";
    let said = |pieces: &[&[u8]]| {
        let (mut http, mut out, mut input) = (Http::default(), Vec::new(), Vec::new());
        for piece in pieces {
            input.extend_from_slice(piece);
            http.split(&input, &LIMITS, &mut out).expect("a fine request");
        }
        String::from_utf8(out).expect("ASCII")
    };
    assert_eq!(said(&[head, b"a"]), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(said(&[&[head.as_slice(), b"a"].concat()]), "");
}

/// The response to `request` as text, and whether the connection goes on.
fn reply(request: &str, draining: bool, response: Response) -> (String, Next) {
    let (mut http, mut out) = (Http::default(), Vec::new());
    let split = http.split(request.as_bytes(), &LIMITS, &mut out).expect("a fine request");
    assert_eq!(split, Split::Package(request.len()));
    drop(http.decode(request.as_bytes()));
    let next = http.encode(response, &Setting { draining, date: "DATE" }, &mut out);
    (String::from_utf8(out).expect("ASCII"), next)
}

#[test]
fn the_connection_goes_on_or_closes_as_both_sides_can_tell() {
    let hi = || Response::new(200).body(&b"hi"[..]);
    let plain = "HTTP/1.1 200 OK\r\nDate: DATE\r\nContent-Length: 2\r\n\r\nhi";
    let closing = "HTTP/1.1 200 OK\r\nDate: DATE\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";
    let kept = "HTTP/1.1 200 OK\r\nDate: DATE\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi";
    let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_eq!(reply(get, false, hi()), (plain.into(), Next::Stay));
    assert_eq!(reply(get, true, hi()), (closing.into(), Next::Close));
    assert_eq!(reply(get, false, hi().header("Connection", "close")), (closing.into(), Next::Close));
    let close = "GET / HTTP/1.1\r\nHost: x\r\nConnection: a, CLOSE\r\n\r\n";
    assert_eq!(reply(close, false, hi()), (closing.into(), Next::Close));
    assert_eq!(reply("GET / HTTP/1.0\r\n\r\n", false, hi()), (closing.into(), Next::Close));
    let old = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    assert_eq!(reply(old, false, hi()), (kept.into(), Next::Stay));
    assert_eq!(reply(old, true, hi()), (closing.into(), Next::Close));
}

#[test]
fn responses_without_content_have_none() {
    let head = reply("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", false, Response::new(200).body(&b"hi"[..])).0;
    assert_eq!(head, "HTTP/1.1 200 OK\r\nDate: DATE\r\nContent-Length: 2\r\n\r\n");
    let none = reply("GET / HTTP/1.1\r\nHost: x\r\n\r\n", false, Response::new(204).body(&b"hi"[..])).0;
    assert_eq!(none, "HTTP/1.1 204 No Content\r\nDate: DATE\r\n\r\n");
}

#[test]
fn fields_that_would_break_out_are_dropped() {
    let response = Response::new(200).header("A", "b\r\nC: d").header("E F", "g").header("H", "i");
    let text = reply("GET / HTTP/1.1\r\nHost: x\r\n\r\n", false, response).0;
    assert_eq!(text, "HTTP/1.1 200 OK\r\nDate: DATE\r\nH: i\r\nContent-Length: 0\r\n\r\n");
}

/// Octets that are mostly near a request.
fn nearly_requests() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        Just("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd"),
        Just("POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"),
        Just("3\r\nabc\r\n"),
        Just("0\r\n\r\n"),
        Just("0\r\nT: v\r\n\r\n"),
        Just("\r\n"),
        Just("\r"),
        Just("\n"),
        Just("\0"),
        Just("X: y\r\n"),
        Just("GET "),
    ];
    let text = prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat().into_bytes());
    prop_oneof![4 => text, 1 => prop::collection::vec(any::<u8>(), 0..100)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn every_cut_gives_the_same(bytes in nearly_requests(), cuts in prop::collection::vec(any::<usize>(), 0..20)) {
        let whole = read(&bytes, &[]);
        let octets: Vec<usize> = (0..bytes.len()).collect();
        let by_octet = read(&bytes, &octets);
        let by_cuts = read(&bytes, &cuts);
        // Which of several faults is seen first may depend on what has come; that there is one, and what was
        // delivered before it, may not.
        let verdict = |read: &Read| (read.messages.clone(), read.malformed.is_some(), read.rest);
        prop_assert_eq!(verdict(&whole), verdict(&by_octet));
        prop_assert_eq!(verdict(&whole), verdict(&by_cuts));
    }
}
