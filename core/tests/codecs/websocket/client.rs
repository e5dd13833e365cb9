//! The client's end.

use proptest::prelude::*;
use tungstenite::protocol::Role;
use workerspec_core::protocol::websocket::{Message, Ping};
use workerspec_core::protocol::{Encode, Farewell, Limits, Next, Protocol, Split, Stage, Ws};
use workerspec_fixtures::{Expectation, vectors};

use super::{CLOSE, LIMITS, MORE, PING, PONG, TEXT, answer, code, frame, masked, octets, opened, view};
use crate::{Read, SETTING, read_in_pieces};

fn client() -> Ws {
    Ws::new("server.example.com:8080", "/chat?x=1")
}

/// What a client makes of `bytes` behind a good answer.
fn read(limits: &Limits, bytes: &[u8], cuts: &[usize]) -> Read {
    read_in_pieces(opened(client(), ""), limits, bytes, cuts, view)
}

/// The request of a client as lines.
fn greeting(mut client: Ws) -> Vec<String> {
    let mut out = Vec::new();
    client.greet(&mut out);
    let text = String::from_utf8(out).expect("ASCII");
    assert!(text.ends_with("\r\n\r\n"));
    text.trim_end().split("\r\n").map(str::to_owned).collect()
}

#[test]
fn the_vectors_come_out_as_they_say() {
    let vectors = vectors("websocket-to-client").expect("the vectors are well-formed");
    assert!(!vectors.is_empty());
    for vector in vectors {
        let read = read(&Limits::default(), &vector.bytes, &[]);
        match vector.expect {
            Expectation::Messages(messages) => {
                let got: Vec<_> = read.messages.iter().map(|message| message[1..].to_vec()).collect();
                assert_eq!((got, read.malformed, read.rest), (messages, None, 0), "{}", vector.id);
            }
            Expectation::More => {
                assert!(read.messages.is_empty() && read.malformed.is_none(), "{}", vector.id)
            }
            Expectation::Malformed => assert!(read.malformed.is_some(), "{}", vector.id),
        }
    }
}

#[test]
fn the_request_has_the_models_order_and_a_new_key_each_time() {
    // WSC-1
    let client = client()
        .origin("https://example.com")
        .subprotocols(["a", "not a token", "b"])
        .header("X-A", "1")
        .header("X-B", "breaks\r\nout: 1")
        .header("Upgrade", "mine");
    let lines = greeting(client.clone());
    let key = lines[7].strip_prefix("Sec-WebSocket-Key: ").expect("the key");
    let expected = [
        "GET /chat?x=1 HTTP/1.1",
        "Host: server.example.com:8080",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Origin: https://example.com",
        "Sec-WebSocket-Protocol: a, b",
        "Sec-WebSocket-Version: 13",
        &format!("Sec-WebSocket-Key: {key}"),
        "X-A: 1",
    ];
    assert_eq!(lines, expected);
    assert_eq!((key.len(), &key[22..]), (24, "=="));
    // WSC-9: a connection that is made again has a handshake of its own.
    assert_ne!(greeting(client)[7], lines[7]);
}

#[test]
fn the_usual_ports_are_not_told_and_the_applications_host_wins() {
    // WSC-1
    assert_eq!(greeting(Ws::new("a:80", "x"))[..2], ["GET /x HTTP/1.1", "Host: a"]);
    assert_eq!(greeting(Ws::new("a:443", "/"))[1], "Host: a");
    let lines = greeting(Ws::new("a", "/\r\nX: y").header("host", "b"));
    assert_eq!(
        (lines[0].as_str(), lines.iter().filter(|line| line.starts_with("Host")).count()),
        ("GET /X:y HTTP/1.1", 0)
    );
    assert_eq!(lines.last().map(String::as_str), Some("host: b"));
}

#[test]
fn what_was_sent_early_follows_the_handshake_in_order() {
    // WSC-2, WS-13
    let (mut client, mut out) = (client(), Vec::new());
    assert_eq!(client.encode("zero", &SETTING, &mut out), Next::Stay);
    client.greet(&mut out);
    let (request, mut out) = (out, Vec::new());
    assert_eq!((client.held(), client.stage()), (2 + 4 + 4, Stage::Head));
    assert_eq!(client.encode("one", &SETTING, &mut out), Next::Stay);
    assert!(out.is_empty());
    let reply = answer(&request, "");
    assert_eq!(client.split(&reply, &LIMITS, &mut out), Ok(Split::Own(reply.len())));
    client.encode("two", &SETTING, &mut out);
    assert_eq!((client.held(), client.stage()), (0, Stage::Between));
    let texts: Vec<_> = oracle(&out).into_iter().map(|message| message.to_string()).collect();
    assert_eq!(texts, ["zero", "one", "two"]);
}

#[test]
fn frames_in_the_segment_of_the_answer_are_messages_at_once() {
    // WSC-8, SF-68; interim responses are passed over (RFC 9110 15.2).
    let mut client = client();
    let mut request = Vec::new();
    client.greet(&mut request);
    let early = b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec();
    let bytes = [early, answer(&request, ""), frame(TEXT, true, b"hi", None)].concat();
    let read = read_in_pieces(client, &LIMITS, &bytes, &[], view);
    assert_eq!((read.messages, read.malformed), (vec![b"thi".to_vec()], None));
}

#[test]
fn an_answer_that_does_not_fit_the_request_fails_the_connection() {
    // WSC-3, SF-68
    let judged = |from: &str, to: &str| {
        let mut client = client().subprotocols(["a"]);
        let (mut request, mut out) = (Vec::new(), Vec::new());
        client.greet(&mut request);
        let reply = String::from_utf8(answer(&request, "X: y\r\n")).expect("ASCII");
        assert!(reply.contains(from));
        let judged = client.split(reply.replacen(from, to, 1).as_bytes(), &LIMITS, &mut out);
        if let Err(malformed) = judged {
            client.farewell(Farewell::Malformed(malformed), &SETTING, &mut out);
        }
        assert!(out.is_empty() && !client.awaits_goodbye());
        judged.is_ok()
    };
    assert!(judged("X: y", "Sec-WebSocket-Protocol: a"));
    assert!(judged("Upgrade: websocket", "upgrade: WebSocket"));
    for (from, to) in [
        ("101", "200"),
        ("101", "400"),
        ("HTTP/1.1", "HTTP/1.0"),
        ("Upgrade: websocket\r\n", ""),
        ("Connection: Upgrade", "Connection: close"),
        ("Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: x"),
        ("Sec-WebSocket-Accept", "X-Accept"),
        ("X: y", "Sec-WebSocket-Protocol: b"),
        ("X: y", "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a"),
        ("X: y", "Sec-WebSocket-Extensions: permessage-deflate"),
        ("\r\nX: y", "\nX: y"),
        ("X: y", "X y"),
    ] {
        assert!(!judged(from, to), "{to}");
    }
    let long = format!("X: {}", "y".repeat(2000));
    assert!(!judged("X: y", &long));
}

#[test]
fn an_answer_to_an_offer_of_compression_keeps_to_it() {
    // RFC 7692 7.1
    let judged = |bounds: &workerspec_core::protocol::websocket::Deflate, line: &str| {
        let mut client = client().deflate_within(*bounds);
        let mut request = Vec::new();
        client.greet(&mut request);
        let reply = answer(&request, &format!("Sec-WebSocket-Extensions: {line}\r\n"));
        client.split(&reply, &LIMITS, &mut Vec::new()).is_ok()
    };
    let plain = workerspec_core::protocol::websocket::Deflate::default();
    let small = workerspec_core::protocol::websocket::Deflate { own_bits: 10, peer_bits: 11, ..plain };
    let fresh = workerspec_core::protocol::websocket::Deflate { peer_takeover: false, ..plain };
    assert!(judged(&plain, "permessage-deflate; server_no_context_takeover; client_max_window_bits=8"));
    assert!(judged(&small, "permessage-deflate; server_max_window_bits=11; client_max_window_bits=10"));
    assert!(judged(&fresh, "permessage-deflate; server_no_context_takeover"));
    assert!(!judged(&small, "permessage-deflate"));
    assert!(!judged(&small, "permessage-deflate; server_max_window_bits=12"));
    assert!(!judged(&small, "permessage-deflate; server_max_window_bits=11; client_max_window_bits=11"));
    assert!(!judged(&fresh, "permessage-deflate"));
    assert!(!judged(&plain, "permessage-deflate; client_max_window_bits"));
    assert!(!judged(&plain, "permessage-deflate; other"));
    assert!(!judged(&plain, "permessage-deflate, permessage-deflate"));
    assert!(!judged(&plain, "other"));
}

#[test]
fn every_frame_has_a_mask_of_its_own() {
    // WSC-4, SF-68
    let (mut client, mut out) = (opened(client(), ""), Vec::new());
    for _ in 0..64 {
        client.encode(&b""[..], &SETTING, &mut out);
    }
    let masks: std::collections::HashSet<_> = out.chunks(6).map(|frame| frame[2..].to_vec()).collect();
    assert!(62 < masks.len(), "{} masks in 64 frames", masks.len());
    // 65,535 octets fit 16 bits.
    out.clear();
    client.encode(vec![0; 65_535], &SETTING, &mut out);
    assert_eq!(out[..4], [0x82, 0xfe, 0xff, 0xff]);
}

#[test]
fn pings_are_answered_and_a_heartbeat_can_be_sent() {
    // WSC-5, WSC-6
    let (mut client, mut out) = (opened(client(), ""), Vec::new());
    let ping = frame(PING, true, b"abc", None);
    assert_eq!(client.split(&ping, &LIMITS, &mut out), Ok(Split::Own(ping.len())));
    client.encode(Ping::default(), &SETTING, &mut out);
    let answers = oracle(&out);
    assert_eq!(answers, [tungstenite::Message::Pong("abc".into()), tungstenite::Message::Ping("".into())]);
}

#[test]
fn a_masked_frame_of_the_server_is_a_fault() {
    // WSC-5
    assert_eq!(read(&LIMITS, &masked(TEXT, true, b"hi"), &[]).code, 1002);
}

#[test]
fn the_servers_close_is_answered_with_its_code() {
    // WSC-7
    let bytes = frame(CLOSE, true, &code(1001, "bye"), None);
    let read = read(&LIMITS, &bytes, &[]);
    assert!(read.ended);
    let close = oracle(&read.out);
    let tungstenite::Message::Close(Some(close)) = &close[0] else { panic!("{close:?}") };
    assert_eq!((u16::from(close.code), close.reason.as_str()), (1001, ""));
}

/// What tungstenite, as a server, reads of `bytes`.
fn oracle(bytes: &[u8]) -> Vec<tungstenite::Message> {
    let stream = std::io::Cursor::new(bytes.to_vec());
    let mut socket = tungstenite::WebSocket::from_raw_socket(stream, Role::Server, None);
    std::iter::from_fn(|| socket.read().ok()).collect()
}

proptest! {
    #[test]
    fn every_cut_gives_the_same(
        parts in prop::collection::vec((0usize..7, any::<bool>(), prop::collection::vec(any::<u8>(), 0..20)), 0..8),
        cuts in prop::collection::vec(any::<usize>(), 0..20),
    ) {
        let bytes: Vec<u8> = parts.iter().flat_map(|(kind, fin, payload)| match kind {
            0 => frame(TEXT, *fin, "é€".as_bytes(), None),
            1 => frame(super::BINARY, *fin, payload, None),
            2 | 3 => frame(MORE, *fin, payload, None),
            4 => frame(PONG, true, payload, None),
            5 => frame(CLOSE, true, payload, None),
            _ => payload.clone(),
        }).collect();
        let limits = Limits { max_package: 60, ..LIMITS };
        let verdict = |read: Read| (read.messages, read.malformed, read.rest, read.ended);
        let whole = verdict(read(&limits, &bytes, &[]));
        prop_assert_eq!(&whole, &verdict(read(&limits, &bytes, &cuts)));
        prop_assert_eq!(&whole, &verdict(read(&limits, &bytes, &octets(&bytes))));
    }

    #[test]
    fn any_answer_is_judged_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_in_pieces(client(), &LIMITS, &bytes, &[9], view);
        read_in_pieces(client(), &LIMITS, &[b"HTTP/1.1 ", &bytes[..], b"\r\n\r\n"].concat(), &[], view);
    }

    #[test]
    fn tungstenite_reads_what_is_sent(texts in prop::collection::vec(".{0,200}", 0..6)) {
        let (mut client, mut out) = (opened(client(), ""), Vec::new());
        for text in &texts {
            client.encode(Message::Text(text.clone()), &SETTING, &mut out);
        }
        let expected: Vec<_> = texts.into_iter().map(tungstenite::Message::text).collect();
        prop_assert_eq!(oracle(&out), expected);
    }
}
