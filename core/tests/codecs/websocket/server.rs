//! Frames as a server gets and sends them.

use proptest::prelude::*;
use tungstenite::protocol::Role;
use workerspec_core::protocol::websocket::{Close, CloseCode, Message, Ping, Pong};
use workerspec_core::protocol::{Encode, Farewell, Limits, Next, Protocol, Split, WebSocket};
use workerspec_fixtures::{Expectation, vectors};

use super::{BINARY, CLOSE, LIMITS, MORE, PING, PONG, TEXT, code, frame, masked, octets, request, view};
use crate::{Read, SETTING, read_in_pieces};

/// What a server whose handshake is done makes of `bytes`, whole and octet by octet.
#[track_caller]
fn read(limits: &Limits, bytes: &[u8]) -> Read {
    let open = request("");
    let bytes = [&open, bytes].concat();
    let whole = read_in_pieces(WebSocket::new(), limits, &bytes, &[], view);
    assert_eq!(whole, read_in_pieces(WebSocket::new(), limits, &bytes, &octets(&bytes), view));
    let mut read = whole;
    let end = read.out.windows(4).position(|octets| octets == b"\r\n\r\n").expect("a handshake");
    read.out.drain(..end + 4);
    read
}

#[track_caller]
fn closed_with(bytes: &[u8], expected: u16) {
    let read = read(&LIMITS, bytes);
    // SF-61: the close says why, and nothing follows it.
    let close = frame(CLOSE, true, &code(expected, read.malformed.unwrap_or_default()), None);
    assert_eq!((read.code, read.out), (expected, close), "{bytes:x?}");
}

fn opened() -> (WebSocket, Vec<u8>) {
    let mut codec = WebSocket::new();
    codec.split(&request(""), &LIMITS, &mut Vec::new()).expect("a handshake");
    (codec, Vec::new())
}

#[test]
fn the_vectors_come_out_as_they_say() {
    let vectors = vectors("websocket").expect("the vectors are well-formed");
    assert!(!vectors.is_empty());
    for vector in vectors {
        let read = read(&Limits::default(), &vector.bytes);
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
fn text_and_octets_are_told_apart() {
    // WS-22, WS-23: empty messages are messages.
    let bytes =
        [masked(TEXT, true, b"hi"), masked(BINARY, true, b"\xff\0"), masked(TEXT, true, b"")].concat();
    assert_eq!(read(&LIMITS, &bytes).messages, [b"thi".to_vec(), b"b\xff\0".to_vec(), b"t".to_vec()]);
}

#[test]
fn control_frames_come_between_fragments() {
    // WS-25, WS-28, SF-62
    let bytes = [
        masked(TEXT, false, b"foo-"),
        masked(PING, true, b"PING"),
        masked(MORE, false, b""),
        masked(PONG, true, b"unasked"),
        masked(MORE, true, b"bar"),
    ]
    .concat();
    let read = read(&LIMITS, &bytes);
    assert_eq!((read.messages, read.out), (vec![b"tfoo-bar".to_vec()], frame(PONG, true, b"PING", None)));
}

#[test]
fn faults_close_with_1002() {
    for bytes in [
        // WS-21, and no earlier than the two octets that show it
        &b"\x81\x02hi"[..],
        // WS-22, SF-65: reserved bits and opcodes
        b"\xc1\x80",
        b"\xa1\x80",
        b"\x91\x80",
        b"\x83\x80",
        b"\x87\x80",
        b"\x8b\x80",
        b"\x8f\x80",
        // WS-27: control frames in fragments, or too long
        b"\x09\x80",
        b"\x08\x80",
        b"\x89\xfe\0\x7e",
        // WS-29
        b"\x80\x80",
        b"\x00\x80",
        b"\x01\x80\0\0\0\0\x81\x80",
        b"\x01\x80\0\0\0\0\x02\x80",
        // WS-20, RFC 6455 5.2: lengths in their shortest form
        b"\x81\xfe\0\x7d",
        b"\x81\xff\0\0\0\0\0\0\xff\xff",
        // WS-34
        b"\x82\xff\x80\0\0\0\0\0\0\0",
    ] {
        closed_with(bytes, 1002);
    }
    // What came before the fault is delivered.
    let bytes = [masked(TEXT, true, b"fine"), b"\x83\x80".to_vec()].concat();
    assert_eq!(read(&LIMITS, &bytes).messages, [b"tfine"]);
}

#[test]
fn a_garbage_frame_with_a_compression_bit_costs_its_own_connection_only() {
    // WS-33, SF-63
    closed_with(b"\xc1\x84\0\0\0\0\xff\xff\xff\xff", 1002);
}

#[test]
fn text_that_is_not_utf8_closes_with_1007_as_soon_as_it_shows() {
    // WS-23, SF-65, RFC 6455 8.1
    for bad in [&b"a\xff"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"ok\xe2\x82"] {
        closed_with(&masked(TEXT, true, bad), 1007);
    }
    // In the middle of a frame, and of a code point that two fragments share.
    closed_with(&masked(TEXT, true, &[&b"\xff"[..], &[b'a'; 100]].concat())[..8], 1007);
    closed_with(&[masked(TEXT, false, b"\xe2\x82"), masked(MORE, false, b"x")].concat(), 1007);
    closed_with(&[masked(TEXT, false, b"\xf4"), masked(MORE, false, b"\x90")].concat(), 1007);
    let euro =
        [masked(TEXT, false, b"\xe2"), masked(MORE, false, b"\x82"), masked(MORE, true, b"\xac")].concat();
    assert_eq!(read(&LIMITS, &euro).messages, ["t€".as_bytes()]);
}

#[test]
fn every_utf8_vector_is_judged_alike_whole_and_in_fragments() {
    for vector in vectors("utf8").expect("the vectors are well-formed") {
        let whole = read(&LIMITS, &masked(TEXT, true, &vector.bytes));
        let mut pieces: Vec<u8> =
            vector.bytes.iter().flat_map(|octet| masked(MORE, false, &[*octet])).collect();
        pieces.extend(masked(MORE, true, b""));
        pieces[0] |= 1;
        let pieces = read(&LIMITS, &pieces);
        for read in [whole, pieces] {
            match &vector.expect {
                Expectation::Messages(text) => {
                    assert_eq!(read.messages, [[b"t", text[0].as_slice()].concat()], "{}", vector.id);
                }
                Expectation::More | Expectation::Malformed => assert_eq!(read.code, 1007, "{}", vector.id),
            }
        }
    }
}

#[test]
fn a_message_is_bounded_by_its_frames_and_headers() {
    // WS-25, PIPE-4: payload so far, and the whole of the next frame
    let limit = |bytes| Limits { max_package: bytes, ..LIMITS };
    let frame = masked(TEXT, true, &[b'x'; 100]);
    assert_eq!(frame.len(), 106);
    assert_eq!(read(&limit(106), &frame).messages.len(), 1);
    assert_eq!(read(&limit(105), &frame).code, 1009);
    let parts = [masked(TEXT, false, &[b'x'; 50]), masked(MORE, true, &[b'x'; 50])].concat();
    assert_eq!(read(&limit(106), &parts).messages.len(), 1);
    assert_eq!(read(&limit(105), &parts).code, 1009);
    // Small messages in one segment are judged one by one, and control frames not at all.
    assert_eq!(read(&limit(10), &masked(BINARY, true, b"abcd").repeat(9)).messages.len(), 9);
    assert!(read(&limit(10), &masked(PING, true, &[0; 125])).malformed.is_none());
}

#[test]
fn a_length_beyond_the_limit_is_refused_on_the_header_alone() {
    // WS-34: without waiting for the mask, and without memory for it
    closed_with(b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 1009);
    closed_with(b"\x82\xff\0\0\0\0\0\x01\0\0", 1009);
    closed_with(b"\x82\xfe\x10\0", 1009);
}

#[test]
fn pings_are_answered_in_order_without_end() {
    // WS-26, SF-64
    let bytes = masked(PING, true, b"").repeat(14_000);
    let read = read(&LIMITS, &bytes);
    assert_eq!(read.out, frame(PONG, true, b"", None).repeat(14_000));
    let two = [masked(PING, true, b"1"), masked(TEXT, true, b"x"), masked(PING, true, &[2; 125])].concat();
    let pongs = [frame(PONG, true, b"1", None), frame(PONG, true, &[2; 125], None)].concat();
    assert_eq!(self::read(&LIMITS, &two).out, pongs);
}

#[test]
fn a_peer_that_pings_and_never_reads_is_closed() {
    // SF-64: what is sent for it has a bound, 1 MiB, and the count begins anew whenever all is out.
    let (mut codec, mut out) = opened();
    let ping = masked(PING, true, &[b'x'; 125]);
    let allowed = 1024 * 1024 / 127;
    for _ in 0..2 {
        for _ in 0..allowed {
            assert_eq!(codec.split(&ping, &LIMITS, &mut out), Ok(Split::Own(ping.len())));
        }
        out.clear();
    }
    for _ in 0..allowed {
        assert_eq!(codec.split(&ping, &LIMITS, &mut out), Ok(Split::Own(ping.len())));
    }
    let malformed = codec.split(&ping, &LIMITS, &mut out).expect_err("one too many");
    assert_eq!(malformed.code, 1008);
    assert!(out.len() <= 1024 * 1024 + 127);
}

#[test]
fn whoever_listens_to_pings_answers_them() {
    // WS-26
    let mut codec = WebSocket::new().on_websocket_ping(|_, _| {}).on_websocket_pong(|_, _| {});
    let mut out = Vec::new();
    codec.split(&request(""), &LIMITS, &mut out).expect("a handshake");
    out.clear();
    for opcode in [PING, PONG] {
        let frame = masked(opcode, true, b"x");
        assert_eq!(codec.split(&frame, &LIMITS, &mut out), Ok(Split::Own(frame.len())));
        assert!(codec.notice().is_some());
    }
    assert!(out.is_empty());
}

#[test]
fn a_close_is_answered_with_its_code_and_ends_the_connection() {
    // WS-30, SF-61; the codes of RFC 6455 7.4 and of IANA's registry
    for number in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4999] {
        let bytes = [masked(CLOSE, true, &code(number, "why ü")), masked(TEXT, true, b"ignored")].concat();
        let read = read(&LIMITS, &bytes);
        assert_eq!((read.ended, read.messages.len()), (true, 0));
        assert_eq!(read.out, frame(CLOSE, true, &code(number, ""), None));
    }
    let read = read(&LIMITS, &[masked(TEXT, true, b"first"), masked(CLOSE, true, b"")].concat());
    assert_eq!((read.messages, read.ended), (vec![b"tfirst".to_vec()], true));
    assert_eq!(read.out, b"\x88\0");
}

#[test]
fn a_close_that_cannot_be_is_a_fault() {
    // WS-30
    for number in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        closed_with(&masked(CLOSE, true, &code(number, "")), 1002);
    }
    closed_with(&masked(CLOSE, true, b"\x03"), 1002);
    closed_with(&masked(CLOSE, true, &[&code(1000, "")[..], b"\xff"].concat()), 1007);
}

#[test]
fn a_close_is_told_once_to_whoever_listens() {
    // WS-31, SF-67
    let mut codec = WebSocket::new().on_websocket_close(|_, _| {});
    let mut out = Vec::new();
    codec.split(&request(""), &LIMITS, &mut out).expect("a handshake");
    let close = masked(CLOSE, true, &code(4000, "x"));
    assert_eq!(codec.split(&close, &LIMITS, &mut out), Ok(Split::End(close.len())));
    assert!(codec.notice().is_some() && codec.notice().is_none() && !codec.awaits_goodbye());
}

#[test]
fn our_close_is_the_last_word_and_the_peers_is_awaited() {
    // WS-32, SF-61
    for (why, number) in
        [(Farewell::Done, 1000), (Farewell::Leaving, 1001), (Farewell::Late, 1008), (Farewell::Failed, 1011)]
    {
        let (mut codec, mut out) = opened();
        // Half a message is let go; the frames behind it are followed all the same.
        let half = masked(TEXT, false, b"half");
        assert_eq!(codec.split(&half, &LIMITS, &mut out), Ok(Split::Own(half.len())));
        codec.farewell(why, &SETTING, &mut out);
        assert_eq!((out[0], u16::from_be_bytes([out[2], out[3]])), (0x88, number));
        assert!(codec.awaits_goodbye());
        let said = out.len();
        assert_eq!(codec.encode("too late", &SETTING, &mut out), Next::Close);
        codec.farewell(Farewell::Done, &SETTING, &mut out);
        for (frame, end) in [
            (masked(PING, true, b"?"), false),
            (masked(MORE, true, b"\xff"), false),
            (masked(TEXT, true, b"more"), false),
            (masked(CLOSE, true, &code(number, "")), true),
        ] {
            let split = if end { Split::End(frame.len()) } else { Split::Own(frame.len()) };
            assert_eq!(codec.split(&frame, &LIMITS, &mut out), Ok(split));
        }
        assert_eq!((out.len(), codec.awaits_goodbye()), (said, false));
    }
}

#[test]
fn frames_are_sent_whole_unmasked_and_in_the_shortest_form() {
    // WS-20, WS-24
    let (mut codec, mut out) = opened();
    for (length, header) in [
        (125, &b"\x82\x7d"[..]),
        (126, b"\x82\x7e\0\x7e"),
        (65_535, b"\x82\x7e\xff\xff"),
        (65_536, b"\x82\x7f\0\0\0\0\0\x01\0\0"),
    ] {
        out.clear();
        assert_eq!(codec.encode(vec![7; length], &SETTING, &mut out), Next::Stay);
        assert_eq!((&out[..header.len()], out.len()), (header, header.len() + length));
    }
}

#[test]
fn each_type_that_can_be_sent_has_its_frame() {
    let (mut codec, mut out) = opened();
    codec.encode("text", &SETTING, &mut out);
    assert_eq!(out, b"\x81\x04text");
    out.clear();
    codec.encode(String::from("text"), &SETTING, &mut out);
    codec.encode(Message::Text("text".into()), &SETTING, &mut out);
    codec.encode(&b"bin"[..], &SETTING, &mut out);
    codec.encode(b"bin", &SETTING, &mut out);
    codec.encode(&Message::Binary(b"bin".to_vec()), &SETTING, &mut out);
    codec.encode(Ping::new("hi").expect("short"), &SETTING, &mut out);
    codec.encode(Pong::default(), &SETTING, &mut out);
    assert_eq!(out, b"\x81\x04text\x81\x04text\x82\x03bin\x82\x03bin\x82\x03bin\x89\x02hi\x8a\0");
    out.clear();
    let long = "ü".repeat(100);
    assert_eq!(codec.encode(Close::new(CloseCode::NORMAL, long), &SETTING, &mut out), Next::Close);
    // A reason is cut at a character, to 123 octets at most.
    assert_eq!((out[0], out[1], out.len()), (0x88, 124, 126));
    assert!(codec.awaits_goodbye());
    assert!(Ping::new([0; 126]).is_err() && CloseCode::new(1006).is_none());
}

/// What tungstenite, as a client, reads of `bytes`.
fn oracle(bytes: &[u8]) -> Vec<tungstenite::Message> {
    let stream = std::io::Cursor::new(bytes.to_vec());
    let mut socket = tungstenite::WebSocket::from_raw_socket(stream, Role::Client, None);
    std::iter::from_fn(|| socket.read().ok()).collect()
}

/// Bytes that are mostly near frames.
fn nearly_frames() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..20),
        "[aé€😀]{0,12}".prop_map(String::into_bytes),
        Just(code(1000, "bye")),
        Just(vec![b'x'; 126]),
    ];
    let opcode = prop_oneof![
        3 => Just(TEXT), 2 => Just(BINARY), 3 => Just(MORE), 2 => Just(PING), 1 => Just(PONG), 1 => Just(CLOSE)
    ];
    let good = (opcode, any::<bool>(), payload, any::<[u8; 4]>()).prop_map(|(opcode, fin, payload, mask)| {
        frame(opcode, fin || matches!(opcode, PING | PONG | CLOSE), &payload, Some(mask))
    });
    let bad = prop::collection::vec(any::<u8>(), 0..6);
    prop::collection::vec(prop_oneof![9 => good, 1 => bad], 0..8).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_cut_gives_the_same(bytes in nearly_frames(), cuts in prop::collection::vec(any::<usize>(), 0..20)) {
        let bytes = [request(""), bytes].concat();
        let limits = Limits { max_package: 200, ..LIMITS };
        let whole = read_in_pieces(WebSocket::new(), &limits, &bytes, &[], view);
        prop_assert_eq!(&whole, &read_in_pieces(WebSocket::new(), &limits, &bytes, &cuts, view));
        prop_assert_eq!(&whole, &read_in_pieces(WebSocket::new(), &limits, &bytes, &octets(&bytes), view));
        prop_assert!(whole.messages.iter().all(|message| message.len() <= 201));
    }

    #[test]
    fn any_bytes_are_judged_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read_in_pieces(WebSocket::new(), &LIMITS, &bytes, &[7, 20], view);
        read_in_pieces(WebSocket::new(), &LIMITS, &[request(""), bytes].concat(), &[200, 230], view);
    }

    #[test]
    fn tungstenite_reads_what_is_sent(messages in prop::collection::vec(
        prop_oneof![
            ".{0,60}".prop_map(Message::Text),
            prop::collection::vec(any::<u8>(), 0..300).prop_map(Message::Binary),
            Just(Message::Binary(vec![1; 70_000])),
        ], 0..6)
    ) {
        let (mut codec, mut out) = opened();
        for message in &messages {
            prop_assert_eq!(codec.encode(message, &SETTING, &mut out), Next::Stay);
        }
        let expected: Vec<_> = messages.into_iter().map(|message| match message {
            Message::Text(text) => tungstenite::Message::text(text),
            Message::Binary(octets) => tungstenite::Message::binary(octets),
        }).collect();
        prop_assert_eq!(oracle(&out), expected);
    }
}
