use std::collections::BTreeSet;
use std::io::{Cursor, Read, Write};

use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

use crate::case::{Case, Check, Content, Ending, Grade, Heard, Talk};
use crate::suites::registry;

/// The limit of the contract.
const LIMIT: usize = 65_536;

/// Bytes in, and what comes out is not looked at.
struct Wire(Cursor<Vec<u8>>);

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(into)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What tungstenite reads as a server, until the octets end: messages, and whether it refused.
fn tungstenite(octets: Vec<u8>) -> (Vec<Message>, bool) {
    let config = WebSocketConfig::default().max_message_size(Some(LIMIT)).max_frame_size(Some(LIMIT));
    let mut socket = WebSocket::from_raw_socket(Wire(Cursor::new(octets)), Role::Server, Some(config));
    let mut messages = Vec::new();
    loop {
        match socket.read() {
            // A close that is malformed is read as one that says so.
            Ok(Message::Close(Some(frame))) if frame.reason.as_str() == "Protocol violation" => {
                return (messages, true);
            }
            Ok(message) => messages.push(message),
            // The octets end where the peer would have gone on.
            Err(
                tungstenite::Error::Io(_)
                | tungstenite::Error::ConnectionClosed
                | tungstenite::Error::AlreadyClosed,
            ) => return (messages, false),
            Err(tungstenite::Error::Protocol(
                tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
            )) => return (messages, false),
            Err(_) => return (messages, true),
        }
    }
}

fn bytes(content: &Content) -> Vec<u8> {
    content.bytes(LIMIT)
}

/// Talks without an extension, with their octets.
fn talks() -> impl Iterator<Item = (&'static Case, Talk, Vec<u8>)> {
    registry().into_iter().filter_map(|case| match case.check {
        Check::Talk(talk) if talk.offer.is_none() => {
            let octets = talk.send.iter().flat_map(|step| step.bytes(LIMIT)).flatten().collect();
            Some((case, talk, octets))
        }
        _ => None,
    })
}

#[test]
fn tungstenite_reads_what_the_cases_call_valid() {
    let mut seen = 0;
    for (case, talk, octets) in talks() {
        let Some(best) = talk.accept.iter().find(|reply| reply.grade == Grade::Preferred) else { continue };
        if best.end != Ending::Open || best.heard.is_empty() {
            continue;
        }
        let (messages, refused) = tungstenite(octets);
        assert!(!refused, "{}: tungstenite refuses it", case.id);
        let expected: Vec<Vec<u8>> = best
            .heard
            .iter()
            .filter_map(|heard| match heard {
                Heard::Text(content) | Heard::Binary(content) => Some(bytes(content)),
                Heard::Pong(_) => None,
            })
            .collect();
        let read: Vec<Vec<u8>> = messages
            .into_iter()
            .filter(|message| message.is_text() || message.is_binary())
            .map(|message| message.into_data().to_vec())
            .collect();
        assert!(read == expected, "{}: tungstenite reads other messages", case.id);
        seen += 1;
    }
    assert!(100 < seen, "only {seen} cases");
}

/// What tungstenite takes, and a case refuses: by a rule that it leaves to its user, or that it reads otherwise.
const TAKEN_BY_TUNGSTENITE: &[&str] = &[
    // RFC 6455 5.2 demands the minimal number of octets; many parsers don't look.
    "websocket.length.five-in-16-bits",
    "websocket.length.five-in-64-bits",
    "websocket.length.none-in-16-bits",
    "websocket.length.ping-in-16-bits",
];

/// A close with a code that is valid, and comes back: `websocket.close-code.1001`.
fn echoes_its_code(case: &Case, talk: &Talk) -> bool {
    let code = case.id.rsplit('.').next().and_then(|word| word.parse::<u16>().ok());
    code.is_some_and(|code| {
        case.id.starts_with("websocket.close-code.")
            && talk
                .accept
                .iter()
                .any(|reply| matches!(reply.end, Ending::Closes(codes) if codes.contains(&code)))
    })
}

#[test]
fn tungstenite_refuses_what_the_cases_call_invalid() {
    let taken: BTreeSet<&str> = talks()
        .filter(|(_, talk, _)| {
            talk.accept.iter().all(|reply| {
                matches!(reply.end, Ending::Closes(codes) if !codes.contains(&1000)) && reply.heard.is_empty()
                    || reply.end == Ending::Dropped
                    || reply.grade != Grade::Preferred
            })
        })
        .filter(|(case, talk, _)| !echoes_its_code(case, talk))
        .filter(|(_, _, octets)| !tungstenite(octets.clone()).1)
        .map(|(case, _, _)| case.id)
        .collect();
    let listed: BTreeSet<&str> = TAKEN_BY_TUNGSTENITE.iter().copied().collect();
    assert_eq!(taken, listed);
}
