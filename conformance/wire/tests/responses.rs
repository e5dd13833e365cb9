//! The response reader: every cut, any bytes, and agreement with httparse on heads.

use proptest::prelude::*;
use workerspec_wire::http::{Framing, Read, Response, Rule, read_response};

fn complete(bytes: &[u8], to_head: bool, ended: bool) -> Response {
    match read_response(bytes, 0, to_head, ended) {
        Ok(Read::Response(response)) => *response,
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_prefix_is_complete_or_malformed() {
    for whole in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
    ] {
        for end in 0..whole.len() {
            assert_eq!(read_response(&whole[..end], 0, false, false), Ok(Read::More), "{end}");
            if end != 0 {
                let error = read_response(&whole[..end], 0, false, true).expect_err("cut off");
                assert_eq!(error.rule, Rule::Truncated, "{end}");
            }
        }
        assert_eq!(complete(whole, false, false).body, b"hello");
    }
}

#[test]
fn the_answer_to_head_ends_with_its_head() {
    let response = complete(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1", true, false);
    assert_eq!((response.framing, response.range), (Framing::None, 0..38));
}

#[test]
fn without_a_length_the_end_of_the_connection_ends_the_content() {
    let bytes = b"HTTP/1.0 200 OK\r\n\r\nhello";
    assert_eq!(read_response(bytes, 0, false, false), Ok(Read::More));
    let response = complete(bytes, false, true);
    assert_eq!((response.framing, response.body.as_slice()), (Framing::Close, &b"hello"[..]));
    assert!(response.announces_close());
}

#[test]
fn a_length_without_content_is_malformed() {
    let error = read_response(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 0, false, false);
    assert_eq!(error.map_err(|error| error.rule), Err(Rule::LengthWithoutContent));
}

#[test]
fn close_is_one_option_of_several() {
    let response =
        complete(b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n", false, false);
    assert!(response.announces_close());
    let response =
        complete(b"HTTP/1.1 200 OK\r\nConnection: closed\r\nContent-Length: 0\r\n\r\n", false, false);
    assert!(!response.announces_close());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), head: bool, ended: bool) {
        let _ = read_response(&bytes, 0, head, ended);
        let mut begun = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        begun.extend_from_slice(&bytes);
        let _ = read_response(&begun, 0, head, ended);
    }

    #[test]
    fn agrees_with_httparse_on_good_heads(
        // 204 must not have the length that ends this head.
        status in (200u16..600).prop_filter("has content", |status| *status != 204),
        reason in "[ -~]{0,20}",
        fields in prop::collection::vec(("[A-Za-z!#$%&'*+.^_`|~-][A-Za-z0-9-]{0,10}", "[!-~]([ -~]{0,20}[!-~])?"), 0..10),
    ) {
        let mut bytes = format!("HTTP/1.1 {status} {reason}\r\n").into_bytes();
        for (name, value) in &fields {
            bytes.extend_from_slice(format!("x{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(b"Content-Length: 0\r\n\r\n");
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut oracle = httparse::Response::new(&mut headers);
        let parsed = oracle.parse(&bytes).expect("a good head");
        let ours = complete(&bytes, true, false);
        prop_assert!(parsed.is_complete());
        prop_assert_eq!(Some(ours.status), oracle.code);
        let theirs: Vec<(String, Vec<u8>)> =
            oracle.headers.iter().map(|header| (header.name.to_owned(), header.value.to_vec())).collect();
        let ours: Vec<(String, Vec<u8>)> =
            ours.fields.into_iter().map(|field| (field.name, field.value)).collect();
        prop_assert_eq!(ours, theirs);
    }

    /// httparse is more lenient; what it refuses for good must not pass here.
    #[test]
    fn accepts_no_head_that_httparse_refuses(
        mut bytes in Just(b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 0\r\n\r\n".to_vec()),
        at in 0usize..40,
        byte: u8,
    ) {
        bytes[at] = byte;
        let mut headers = [httparse::EMPTY_HEADER; 32];
        if httparse::Response::new(&mut headers).parse(&bytes).is_err() {
            prop_assert!(!matches!(read_response(&bytes, 0, false, false), Ok(Read::Response(_))));
        }
    }
}
