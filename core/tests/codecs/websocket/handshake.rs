//! The server's side of the opening handshake.

use workerspec_core::protocol::websocket::Deflate;
use workerspec_core::protocol::{Encode, Farewell, Next, Protocol, Split, Stage, WebSocket};

use super::{LIMITS, TEXT, code, masked, octets, request, view};
use crate::{Read, SETTING, read_in_pieces};

fn read(codec: WebSocket, bytes: &[u8]) -> Read {
    let whole = read_in_pieces(codec.clone(), &LIMITS, bytes, &[], view);
    let by_octet = read_in_pieces(codec, &LIMITS, bytes, &octets(bytes), view);
    assert_eq!((&whole.out, whole.code, whole.ended), (&by_octet.out, by_octet.code, by_octet.ended));
    whole
}

fn text(read: &Read) -> &str {
    std::str::from_utf8(&read.out).expect("a handshake is ASCII")
}

#[track_caller]
fn refused(bytes: &[u8], status: u16) -> Read {
    let read = read(WebSocket::new(), bytes);
    let line = format!("HTTP/1.1 {status} ");
    assert_eq!((read.code, text(&read).starts_with(&line)), (status, true), "{}", text(&read));
    // SF-60: a response that has a length and says that it is the last.
    let head = text(&read).split("\r\n\r\n").next().expect("a head");
    assert!(head.contains("\r\nContent-Length: 0") && head.contains("\r\nConnection: close"), "{head}");
    read
}

#[test]
fn the_example_of_the_rfc_is_accepted_in_the_models_order() {
    // WS-6, WS-8, RFC 6455 1.3
    let accepted = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    assert_eq!(text(&read(WebSocket::new(), &request(""))), accepted);
}

#[test]
fn names_and_lists_are_read_as_http_says() {
    let base = String::from_utf8(request("")).expect("ASCII");
    for (from, to) in [
        ("Upgrade: websocket", "Upgrade: WebSocket"),
        ("Upgrade: websocket", "UPGRADE: foo, websocket"),
        ("Connection: Upgrade", "connection: keep-alive, upgrade"),
        ("Connection: Upgrade", "Connection: keep-alive\r\nConnection: upgrade"),
        ("Sec-WebSocket-Key", "sec-websocket-key"),
        ("/chat", "http://server.example.com/chat"),
    ] {
        let read = read(WebSocket::new(), base.replace(from, to).as_bytes());
        assert!(text(&read).starts_with("HTTP/1.1 101 "), "{to}: {}", text(&read));
    }
}

#[test]
fn what_is_no_handshake_is_refused_with_a_status() {
    // WS-1, WS-3 to WS-5, WS-7, SF-60
    let base = String::from_utf8(request("")).expect("ASCII");
    let (key, version) = ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "Sec-WebSocket-Version: 13\r\n");
    for (from, to, status) in [
        ("GET", "POST", 405),
        ("GET", "GETX", 400),
        ("GET", "get", 400),
        ("GET", "\r\nGET", 400),
        ("HTTP/1.1", "HTTP/1.0", 400),
        ("HTTP/1.1", "HTTP/2.0", 505),
        ("Host: server.example.com\r\n", "", 400),
        ("Upgrade: websocket\r\n", "", 426),
        ("Upgrade: websocket", "Upgrade: websockets", 426),
        ("Connection: Upgrade\r\n", "", 400),
        ("Connection: Upgrade", "Connection: close", 400),
        (version, "", 400),
        ("Version: 13", "Version: 8", 426),
        ("Version: 13", "Version: 13, 8", 426),
        (version, "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13\r\n", 426),
        (key, "", 400),
        (key, "X-Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 400),
        (key, "Sec-WebSocket-Key: YQ==\r\n", 400),
        (key, "Sec-WebSocket-Key: !!!!\r\n", 400),
        (key, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n", 400),
        (key, &key.repeat(2), 400),
        ("\r\n\r\n", "\r\nContent-Length: 2\r\n\r\nhi", 400),
        ("\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("\r\n\r\n", "\r\nSec-WebSocket-Extensions: ;;\r\n\r\n", 400),
        ("\r\n", "\n", 400),
    ] {
        let read = refused(base.replacen(from, to, if from == "\r\n" { 99 } else { 1 }).as_bytes(), status);
        let has = |line: &str| text(&read).contains(line);
        match status {
            // WS-3, RFC 9110 7.8
            426 => assert!(
                has("\r\nSec-WebSocket-Version: 13\r\n")
                    && has("\r\nUpgrade: websocket\r\n")
                    && has("Connection: close, Upgrade\r\n")
            ),
            // WS-4
            400 => assert!(has("\r\nSec-WebSocket-Version: 13\r\n")),
            405 => assert!(has("\r\nAllow: GET\r\n")),
            _ => {}
        }
    }
}

#[test]
fn a_head_has_a_limit_and_garbage_is_not_waited_for() {
    // SF-42
    refused(&request(&format!("X: {}\r\n", "a".repeat(1024))), 431);
    refused(format!("GET /{}", "a".repeat(1024)).as_bytes(), 414);
    refused(b"\x16\x03\x01", 400);
    refused(&[0x81, 0x85, 0, 0, 0, 0, b'h', b'e', b'l', b'l', b'o'], 400);
}

#[test]
fn a_plain_request_is_told_what_is_spoken_here() {
    refused(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 426);
}

#[test]
fn frames_behind_the_request_are_messages_right_away() {
    // WS-14
    let bytes = [request(""), masked(TEXT, true, b"one"), masked(TEXT, true, b"two")].concat();
    assert_eq!(read(WebSocket::new(), &bytes).messages, [b"tone", b"ttwo"]);
}

#[test]
fn a_subprotocol_is_answered_only_if_both_know_it() {
    // WS-10, RFC 6455 4.2.2: the service's order decides.
    let service = || WebSocket::new().subprotocols(["v2", "v1"]);
    let chosen = |codec, lines: &str| {
        let read = read(codec, &request(lines));
        let line = text(&read).split("\r\n").find_map(|line| line.strip_prefix("Sec-WebSocket-Protocol: "));
        line.map(str::to_owned)
    };
    assert_eq!(chosen(service(), "Sec-WebSocket-Protocol: v1, v2\r\n").as_deref(), Some("v2"));
    let two = "Sec-WebSocket-Protocol: v0\r\nSec-WebSocket-Protocol: v1\r\n";
    assert_eq!(chosen(service(), two).as_deref(), Some("v1"));
    assert_eq!(chosen(service(), "Sec-WebSocket-Protocol: v3\r\n"), None);
    assert_eq!(chosen(service(), ""), None);
    assert_eq!(chosen(WebSocket::new(), "Sec-WebSocket-Protocol: v1\r\n"), None);
}

#[test]
fn compression_is_negotiated_parameter_by_parameter() {
    // RFC 7692 7.1
    let small = || Deflate { own_bits: 10, peer_bits: 12, ..Deflate::default() };
    let fresh = || Deflate { own_takeover: false, peer_takeover: false, ..Deflate::default() };
    let plain = Deflate::default;
    for (bounds, offer, answer) in [
        (plain(), "permessage-deflate", Some("permessage-deflate")),
        (plain(), "permessage-deflate; client_max_window_bits", Some("permessage-deflate")),
        (
            plain(),
            "permessage-deflate; client_max_window_bits=\"10\"",
            Some("permessage-deflate; client_max_window_bits=10"),
        ),
        (
            plain(),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8",
            Some(
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8",
            ),
        ),
        (
            plain(),
            "permessage-deflate; server_max_window_bits=15",
            Some("permessage-deflate; server_max_window_bits=15"),
        ),
        (
            small(),
            "permessage-deflate; client_max_window_bits",
            Some("permessage-deflate; server_max_window_bits=10; client_max_window_bits=12"),
        ),
        (small(), "permessage-deflate", Some("permessage-deflate; server_max_window_bits=10")),
        (
            fresh(),
            "permessage-deflate",
            Some("permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
        ),
        (plain(), "x-webkit-deflate-frame, permessage-deflate", Some("permessage-deflate")),
        // Declined: out of range, repeated, unknown, with a value that is none.
        (plain(), "permessage-deflate; server_max_window_bits=7", None),
        (plain(), "permessage-deflate; server_max_window_bits=16", None),
        (plain(), "permessage-deflate; server_max_window_bits=09", None),
        (plain(), "permessage-deflate; server_max_window_bits", None),
        (plain(), "permessage-deflate; server_no_context_takeover=1", None),
        (plain(), "permessage-deflate; client_max_window_bits; client_max_window_bits", None),
        (plain(), "permessage-deflate; x", None),
        (plain(), "x-webkit-deflate-frame", None),
        // The second offer is taken where the first cannot be.
        (
            plain(),
            "permessage-deflate; server_max_window_bits=7, permessage-deflate; client_max_window_bits=9",
            Some("permessage-deflate; client_max_window_bits=9"),
        ),
    ] {
        let bytes = request(&format!("Sec-WebSocket-Extensions: {offer}\r\n"));
        let read = read(WebSocket::new().deflate_within(bounds), &bytes);
        let line = text(&read).split("\r\n").find_map(|line| line.strip_prefix("Sec-WebSocket-Extensions: "));
        assert_eq!(line, answer, "{offer}");
        // Not asked for by the application, not accepted from anybody.
        assert!(!text(&self::read(WebSocket::new(), &bytes)).contains("Extensions"));
    }
}

#[test]
fn what_is_sent_before_the_handshake_follows_it_in_order() {
    // WS-13, SF-66
    let (mut codec, mut out) = (WebSocket::new(), Vec::new());
    assert_eq!(codec.encode("early", &SETTING, &mut out), Next::Stay);
    let mut setting_apart = Vec::new();
    assert_eq!(codec.encode(&b"bird"[..], &SETTING, &mut setting_apart), Next::Stay);
    assert_eq!((out.len(), setting_apart.len(), codec.held()), (0, 0, 2 + 5 + 2 + 4));
    assert_eq!(codec.split(&request(""), &LIMITS, &mut out), Ok(Split::Own(request("").len())));
    assert_eq!(codec.encode("late", &SETTING, &mut out), Next::Stay);
    assert!(out.ends_with(b"\r\n\r\n\x81\x05early\x82\x04bird\x81\x04late"));
    assert_eq!(codec.held(), 0);
}

#[test]
fn with_a_callback_the_request_is_decided_on_before_it_is_answered() {
    // WS-9: the callback is due while nothing is consumed and nothing said.
    let mut codec = WebSocket::new().on_websocket_connect(|_, _| {}).on_websocket_connected(|_, _| {});
    let (mut out, bytes) = (Vec::new(), request(""));
    assert_eq!(codec.split(&bytes, &LIMITS, &mut out), Ok(Split::Own(0)));
    assert!(out.is_empty() && codec.notice().is_some() && codec.notice().is_none());
    codec.encode("from the callback", &SETTING, &mut out);
    assert!(out.is_empty());
    assert_eq!(codec.split(&bytes, &LIMITS, &mut out), Ok(Split::Own(bytes.len())));
    assert!(out.starts_with(b"HTTP/1.1 101 ") && out.ends_with(b"\x81\x11from the callback"));
    assert!(codec.notice().is_some() && codec.notice().is_none());
}

#[test]
fn a_handshake_that_is_left_ends_with_as_much_as_can_be_said() {
    let left = |begun: &[u8], why| {
        let (mut codec, mut out) = (WebSocket::new(), Vec::new());
        if !begun.is_empty() {
            assert_eq!(codec.split(begun, &LIMITS, &mut out), Ok(Split::Need));
        }
        codec.farewell(why, &SETTING, &mut out);
        assert!(!codec.awaits_goodbye());
        String::from_utf8(out).expect("ASCII")
    };
    // WS-11: a bare end; SF-42: a time limit has a status once there is a request.
    assert_eq!(left(b"GET / HTTP", Farewell::Done), "");
    assert_eq!(left(b"", Farewell::Late), "");
    assert!(left(b"GET / HTTP", Farewell::Late).starts_with("HTTP/1.1 408 "));
    assert_eq!(left(b"", Farewell::Leaving), "");
    assert!(left(b"GET / HTTP", Farewell::Leaving).starts_with("HTTP/1.1 503 "));
    assert!(left(b"GET / HTTP", Farewell::Failed).starts_with("HTTP/1.1 500 "));
}

#[test]
fn the_stage_is_the_head_until_the_handshake_is_done() {
    let (mut codec, mut out) = (WebSocket::new(), Vec::new());
    assert_eq!(codec.stage(), Stage::Head);
    codec.split(&request(""), &LIMITS, &mut out).expect("a handshake");
    assert_eq!(codec.stage(), Stage::Between);
    codec.split(&masked(TEXT, false, b"a"), &LIMITS, &mut out).expect("a frame");
    assert_eq!(codec.stage(), Stage::Body);
    codec.split(&masked(super::MORE, true, b"b"), &LIMITS, &mut out).expect("a frame");
    assert_eq!(codec.stage(), Stage::Between);
    let half = &masked(super::CLOSE, true, &code(1000, ""))[..3];
    assert_eq!(codec.split(half, &LIMITS, &mut out), Ok(Split::Need));
    assert_eq!(codec.stage(), Stage::Body);
}
