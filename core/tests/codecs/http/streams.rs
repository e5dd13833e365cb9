//! Responses piece by piece, and last words.

use workerspec_core::protocol::http::{Chunk, Event, Response};
use workerspec_core::protocol::{Farewell, Http, Limits, Next, Protocol, Split, Stage};

use super::{GET, asked, left, sent};

const OLD: &str = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
const HEAD: &str = "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n";

#[test]
fn pieces_are_framed_up_to_the_last() {
    // HTTP-35: a body is the first piece, and an empty piece the end.
    let mut http = asked(GET);
    let head = "HTTP/1.1 200 OK\r\nDate: DATE\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n";
    assert_eq!(sent(&mut http, Response::chunked().body(&b"first"[..])), (head.to_owned(), Next::More));
    let piece = "x".repeat(26);
    assert_eq!(
        sent(&mut http, Chunk::new(piece.clone().into_bytes())),
        (format!("1a\r\n{piece}\r\n"), Next::More)
    );
    assert_eq!(sent(&mut http, Chunk::last()), ("0\r\n\r\n".to_owned(), Next::Stay));
    // The connection goes on with the next request.
    super::with(&mut http, GET, |_| ());
    assert!(sent(&mut http, "hi").0.ends_with("\r\n\r\nhi"));
}

#[test]
fn a_client_of_http_1_0_gets_the_pieces_bare_and_then_the_end() {
    let mut http = asked(OLD);
    let head = "HTTP/1.1 200 OK\r\nDate: DATE\r\nConnection: close\r\n\r\n";
    assert_eq!(sent(&mut http, Response::chunked()), (head.to_owned(), Next::More));
    assert_eq!(sent(&mut http, Chunk::new(&b"abc"[..])), ("abc".to_owned(), Next::More));
    assert_eq!(sent(&mut http, Chunk::last()), (String::new(), Next::Close));
}

#[test]
fn where_no_content_belongs_none_is_sent() {
    for (request, response) in [(HEAD, Response::chunked()), (GET, Response::chunked().status(204))] {
        let mut http = asked(request);
        assert!(sent(&mut http, response.body(&b"a"[..])).0.ends_with("\r\n\r\n"));
        assert_eq!(sent(&mut http, Chunk::new(&b"abc"[..])), (String::new(), Next::More));
        assert_eq!(sent(&mut http, Chunk::last()), (String::new(), Next::Stay));
    }
}

#[test]
fn a_close_that_was_asked_for_comes_after_the_last_piece() {
    let mut http = asked("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(sent(&mut http, Response::chunked()).0.contains("Connection: close\r\n"));
    assert_eq!(sent(&mut http, Chunk::last()).1, Next::Close);
}

#[test]
fn events_follow_a_head_without_a_length() {
    // HTTP-36
    let mut http = asked(GET);
    let (head, next) = sent(&mut http, Response::events().body(&b"ignored"[..]));
    assert!(head.contains("\r\nContent-Type: text/event-stream\r\n") && head.ends_with("\r\n\r\n"));
    assert!(!head.contains("Content-Length"));
    assert_eq!(next, Next::More);
    assert_eq!(sent(&mut http, Event::new("a\nb").name("n")).0, "1a\r\nevent: n\ndata: a\ndata: b\n\n\r\n");
    assert_eq!(sent(&mut http, Event::default()).0, "1\r\n\n\r\n");
    // Closing between two events ends the stream; closing within a body leaves it visibly cut.
    assert_eq!(left(&mut http, Farewell::Leaving), "0\r\n\r\n");
    let mut http = asked(GET);
    sent(&mut http, Response::chunked());
    assert_eq!(left(&mut http, Farewell::Done), "");
    let mut http = asked(GET);
    sent(&mut http, Response::events());
    assert_eq!(left(&mut http, Farewell::Failed), "");
}

#[test]
fn a_piece_out_of_turn_never_reaches_a_client_as_content() {
    let mut http = asked(GET);
    let (text, next) = sent(&mut http, Chunk::new(&b"abc"[..]));
    assert!(text.starts_with("HTTP/1.1 500 ") && text.contains("Connection: close\r\n"));
    assert_eq!(next, Next::Close);
    let mut http = asked(GET);
    sent(&mut http, Response::chunked());
    assert_eq!(sent(&mut http, "another"), (String::new(), Next::Close));
}

#[test]
fn who_said_nothing_is_told_nothing() {
    // SF-42
    assert_eq!(left(&mut Http::default(), Farewell::Late), "");
    let mut http = Http::default();
    assert_eq!(http.split(b"GET /", &Limits::default(), &mut Vec::new()), Ok(Split::Need));
    assert!(left(&mut http, Farewell::Late).starts_with("HTTP/1.1 408 "));
    assert!(left(&mut asked(GET), Farewell::Failed).starts_with("HTTP/1.1 500 "));
    assert_eq!(left(&mut asked(GET), Farewell::Done), "");
    let head = left(&mut asked(HEAD), Farewell::Failed);
    assert!(head.ends_with("Content-Length: 0\r\nConnection: close\r\n\r\n"), "{head}");
}

#[test]
fn the_stage_follows_the_request() {
    let mut http = Http::default();
    let request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab";
    let stages: Vec<Stage> = [0, 10, request.len() - 1, request.len()]
        .into_iter()
        .map(|end| {
            if 0 < end && http.split(&request[..end], &Limits::default(), &mut Vec::new()) != Ok(Split::Need)
            {
                http.decode(&request[..end]);
            }
            http.stage()
        })
        .collect();
    assert_eq!(stages, [Stage::Between, Stage::Head, Stage::Body, Stage::Between]);
}
