//! The vectors, through the judge's codec.

use workerspec_fixtures::{Expectation, vectors};
use workerspec_wire::http::{Read, read_response};
use workerspec_wire::text;

#[test]
fn text_vectors_split_where_they_say() {
    for vector in vectors("text").expect("well-formed vectors") {
        let lines = text::read_lines(&vector.bytes);
        match vector.expect {
            Expectation::Messages(payloads) => {
                assert_eq!(lines.rest, b"", "{}", vector.id);
                // The reader keeps what a server has to remove: trailing CRs (TEXT-2).
                let read: Vec<&[u8]> = lines.complete.iter().map(|line| trim_cr(line)).collect();
                assert_eq!(read, payloads, "{}", vector.id);
            }
            Expectation::More => {
                assert!(lines.complete.is_empty() && !lines.rest.is_empty(), "{}", vector.id)
            }
            Expectation::Malformed => panic!("{}: no bytes are malformed text", vector.id),
        }
    }
}

#[test]
fn http_vectors_mean_what_they_say() {
    for vector in vectors("http").expect("well-formed vectors") {
        let mut bodies = Vec::new();
        let mut from = 0;
        let end = loop {
            if from == vector.bytes.len() && from != 0 {
                break Expectation::Messages(bodies);
            }
            match read_response(&vector.bytes, from, false, false) {
                Ok(Read::Response(response)) => {
                    from = response.range.end;
                    bodies.push(response.body);
                }
                Ok(Read::More) => break Expectation::More,
                Err(_) => break Expectation::Malformed,
            }
        };
        assert_eq!(end, vector.expect, "{}: {}", vector.id, vector.source);
    }
}

fn trim_cr(mut line: &[u8]) -> &[u8] {
    while let Some(shorter) = line.strip_suffix(b"\r") {
        line = shorter;
    }
    line
}
