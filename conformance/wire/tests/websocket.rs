//! The websocket reader: its vectors, any bytes, and agreement with tungstenite, which shares no line with it.

use std::io::{self, Cursor, Read, Write};

use proptest::prelude::*;
use tungstenite::protocol::{Role, WebSocket, WebSocketConfig};
use tungstenite::{Error, Message};
use workerspec_fixtures::{Expectation, vectors};
use workerspec_wire::websocket::{
    Assembly, Event, Frame, Inflater, Kind, Length, Malformed, Peer, compress, compress_stored, opcode, utf8,
};
use workerspec_wire::{frame, websocket};

/// Everything in a buffer, and whether something is left over.
fn read(bytes: &[u8], mut assembly: Assembly) -> Result<(Vec<Event>, bool), Malformed> {
    let (mut events, mut at) = (Vec::new(), 0);
    while let Some((event, size)) = assembly.next(&bytes[at..])? {
        events.push(event);
        at += size;
    }
    Ok((events, at != bytes.len() || assembly.is_midway()))
}

fn payloads(events: Vec<Event>) -> Vec<Vec<u8>> {
    let message = |event| match event {
        Event::Message { payload, .. } => Some(payload),
        _ => None,
    };
    events.into_iter().filter_map(message).collect()
}

fn check_folder(folder: &str, assembly: impl Fn() -> Assembly) {
    for vector in vectors(folder).expect("well-formed vectors") {
        let found = match read(&vector.bytes, assembly()) {
            Ok((events, false)) => Expectation::Messages(payloads(events)),
            Ok((_, true)) => Expectation::More,
            Err(_) => Expectation::Malformed,
        };
        assert_eq!(found, vector.expect, "{folder} {}: {}", vector.id, vector.source);
    }
}

#[test]
fn frames_mean_what_the_vectors_say() {
    check_folder("websocket", || Assembly::new(Peer::Client));
    check_folder("websocket-to-client", || Assembly::new(Peer::Server));
    check_folder("websocket-deflate", || Assembly::new(Peer::Server).deflate(Inflater::new(15, true)));
}

#[test]
fn utf8_is_what_the_vectors_say() {
    for vector in vectors("utf8").expect("well-formed vectors") {
        let valid = utf8::check(&vector.bytes).is_ok();
        // What the end cuts off is no text either, when it is whole.
        assert_eq!(
            valid,
            matches!(vector.expect, Expectation::Messages(_)),
            "{}: {}",
            vector.id,
            vector.source
        );
    }
}

#[test]
fn length_prefixed_frames_mean_what_the_vectors_say() {
    for vector in vectors("frame").expect("well-formed vectors") {
        let found = match frame::read_frames(&vector.bytes, 1 << 20) {
            Ok(frames) if frames.rest == vector.bytes.len() => {
                Expectation::Messages(frames.complete.iter().map(|payload| payload.to_vec()).collect())
            }
            Ok(_) => Expectation::More,
            Err(_) => Expectation::Malformed,
        };
        assert_eq!(found, vector.expect, "{}: {}", vector.id, vector.source);
    }
}

#[test]
fn a_distance_beyond_the_window_is_found() {
    let far = [vec![7; 3], (0..600u32).map(|at| (at * 31 % 251) as u8).collect(), vec![7; 3]].concat();
    let near: Vec<u8> = b"abcabcabcabcabc".repeat(40);
    let twice = [far.clone(), far].concat();
    assert_eq!(Inflater::new(15, true).message(&compress(&twice)), Some(twice.clone()));
    assert_eq!(Inflater::new(8, true).message(&compress(&twice)), None);
    assert_eq!(Inflater::new(8, true).message(&compress(&near)), Some(near));
}

/// A socket that holds what a peer sent, and takes what is answered.
struct Peerless(Cursor<Vec<u8>>);

impl Read for Peerless {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl Write for Peerless {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Messages that tungstenite finds, and whether it refused what followed.
fn theirs(bytes: &[u8]) -> (Vec<Vec<u8>>, bool) {
    let config = WebSocketConfig::default();
    let mut socket =
        WebSocket::from_raw_socket(Peerless(Cursor::new(bytes.to_vec())), Role::Server, Some(config));
    let mut found = Vec::new();
    loop {
        match socket.read() {
            Ok(Message::Text(text)) => found.push(text.as_bytes().to_vec()),
            Ok(Message::Binary(octets)) => found.push(octets.to_vec()),
            Ok(_) => {}
            Err(Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)) => {
                return (found, false);
            }
            Err(Error::ConnectionClosed | Error::AlreadyClosed | Error::Io(_)) => return (found, false),
            Err(_) => return (found, true),
        }
    }
}

fn frames() -> impl Strategy<Value = Frame> {
    let payload = prop_oneof![
        "[a-zé€😀]{0,6}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..6),
        Just(vec![b'x'; 126]),
    ];
    let length = prop_oneof![9 => Just(Length::Minimal), 1 => Just(Length::Sixteen)];
    // A close ends the comparison: what follows one is read by nobody.
    let code = prop_oneof![0u8..3, 0u8..3, 3u8..8, 9u8..11];
    (
        prop::bool::weighted(0.7),
        prop_oneof![9 => Just(0u8), 1 => 1u8..8],
        code,
        any::<[u8; 4]>(),
        length,
        payload,
    )
        .prop_map(|(fin, rsv, opcode, mask, length, payload)| Frame {
            fin,
            rsv,
            opcode,
            mask: Some(mask),
            length,
            payload,
        })
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), server: bool, deflate: bool) {
        let mut assembly = Assembly::new(if server { Peer::Server } else { Peer::Client });
        if deflate {
            assembly = assembly.deflate(Inflater::new(9, true));
        }
        let _ = read(&bytes, assembly);
        let _ = websocket::describe(&bytes, 3, Peer::Client, 100);
    }

    /// What both take is the same. tungstenite takes lengths that have a shorter form, and refuses a text as
    /// soon as it can't become UTF-8 any more; ours looks at it when it is complete.
    #[test]
    fn agrees_with_tungstenite(frames in prop::collection::vec(frames(), 1..6)) {
        let bytes: Vec<u8> = frames.iter().flat_map(Frame::bytes).collect();
        let (messages, refused) = theirs(&bytes);
        match read(&bytes, Assembly::new(Peer::Client)) {
            Ok((events, midway)) => {
                prop_assert!(!refused || midway, "tungstenite refuses {bytes:02x?}");
                prop_assert_eq!(payloads(events), messages);
            }
            Err(malformed) => {
                let long = malformed.rule == websocket::Rule::LongLength;
                prop_assert!(refused || long, "only ours refuses {bytes:02x?}: {malformed}");
            }
        }
    }

    #[test]
    fn what_is_written_is_read(kind: bool, payload in prop::collection::vec(any::<u8>(), 0..400), mask: [u8; 4]) {
        let code = if kind { opcode::BINARY } else { opcode::TEXT };
        let payload = if kind { payload } else { payload.iter().map(|octet| octet & 0x7f).collect() };
        let bytes = Frame { mask: Some(mask), ..Frame::new(code, payload.clone()) }.bytes();
        let kind = if kind { Kind::Binary } else { Kind::Text };
        let expected = Event::Message { kind, payload, compressed: false };
        prop_assert_eq!(read(&bytes, Assembly::new(Peer::Client)), Ok((vec![expected], false)));
    }

    #[test]
    fn what_is_compressed_is_inflated(contents in prop::collection::vec("[ab]{0,300}", 0..5), takeover: bool) {
        let mut inflater = Inflater::new(15, takeover);
        for content in &contents {
            prop_assert_eq!(inflater.message(&compress(content.as_bytes())), Some(content.clone().into_bytes()));
            prop_assert_eq!(
                inflater.message(&compress_stored(content.as_bytes())),
                Some(content.clone().into_bytes())
            );
        }
    }
}
