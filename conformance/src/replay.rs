//! Sends again what a report says that was sent: the same octets, cut in the same places.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::probe::{End, Probe, Transcript};
use crate::report::{CaseDocument, ConnectionDocument, EventDocument, What};
use crate::verdict::Surprise;

/// How one connection went this time.
#[derive(Debug)]
pub struct Replayed {
    /// What it saw.
    pub transcript: Transcript,
    /// Where it came to differ from the recording.
    pub difference: Option<Difference>,
}

/// The first thing that came otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// This octet of what the server sent, from 0.
    Octet(usize),
    /// So many octets came, and so many before.
    Length(usize, usize),
    /// It ended so, and so before.
    End(Option<What>, Option<What>),
}

impl std::fmt::Display for Difference {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = |end: &Option<What>| match end {
            Some(What::ReceivedReset) => "a reset by the server",
            Some(_) => "a close by the server",
            None => "an open connection",
        };
        match self {
            Self::Octet(at) => write!(out, "octet {at} of what came differs"),
            Self::Length(now, then) => write!(out, "{now} octets came, and {then} then"),
            Self::End(now, then) => write!(out, "it ended with {}, and with {} then", word(now), word(then)),
        }
    }
}

/// Why a case can't be sent again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It passed, or it opened no connection.
    #[error("the report holds no connection of {0}; only what did not pass is recorded")]
    NothingRecorded(String),
    /// Something else than TCP.
    #[error("{0} opened a connection over {1}; only TCP is sent again")]
    NotTcp(String, String),
    /// The testee lacks a port.
    #[error("it was on port {0}, and nothing is known to listen there")]
    NoPort(String),
    /// No connection.
    #[error("port {port} at {address}: {why}")]
    NoConnection {
        /// The port.
        port: String,
        /// Where it is said to listen.
        address: SocketAddr,
        /// What the system said.
        why: io::Error,
    },
    /// The probe could not go on.
    #[error(transparent)]
    Probe(#[from] Surprise),
}

/// Opens the connections of a case at the distances of the recording, sends what they sent, and waits where they
/// waited. What a case did besides (signals, reloads) is not done again.
///
/// # Errors
/// Nothing is recorded, or a connection does not come about.
pub fn replay(
    case: &CaseDocument,
    addresses: &BTreeMap<String, SocketAddr>,
) -> Result<Vec<Replayed>, ReplayError> {
    if case.connections.is_empty() {
        return Err(ReplayError::NothingRecorded(case.id.clone()));
    }
    if let Some(other) = case.connections.iter().find(|connection| connection.transport != "tcp") {
        return Err(ReplayError::NotTcp(case.id.clone(), other.transport.clone()));
    }
    let begun = Instant::now();
    thread::scope(|scope| {
        let threads: Vec<_> = case
            .connections
            .iter()
            .map(|connection| scope.spawn(move || play(connection, addresses, begun)))
            .collect();
        let joined = threads.into_iter().map(|thread| {
            thread.join().unwrap_or_else(|_| Err(Surprise("a replaying thread panicked".to_owned()).into()))
        });
        joined.collect()
    })
}

/// What is waited for that came at once then.
const PATIENCE: Duration = Duration::from_secs(3);
/// The longest pause that is kept.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

fn play(
    connection: &ConnectionDocument,
    addresses: &BTreeMap<String, SocketAddr>,
    begun: Instant,
) -> Result<Replayed, ReplayError> {
    let port = &connection.port;
    let address = *addresses.get(port).ok_or_else(|| ReplayError::NoPort(port.clone()))?;
    let opened = begun + Duration::from_secs_f64((connection.opened_ms / 1e3).clamp(0.0, 60.0));
    thread::sleep(opened.saturating_duration_since(Instant::now()));
    let mut probe = Probe::connect(port, address, None, Instant::now() + PATIENCE)
        .map_err(|why| ReplayError::NoConnection { port: port.clone(), address, why })?;
    let mut expected = Vec::new();
    let mut end = None;
    let mut before = 0;
    for event in &connection.events {
        let pause = Duration::from_micros(event.at_us.saturating_sub(before)).min(LONGEST_PAUSE);
        before = event.at_us;
        match event.what {
            What::Received => {
                expected.extend(event.bytes());
                let wanted = expected.len();
                probe.read_until(|came| wanted <= came.len(), Instant::now() + pause + PATIENCE)?;
            }
            What::ReceivedFin | What::ReceivedReset => {
                end = Some(event.what);
                probe.wait_end(Instant::now() + pause + PATIENCE)?;
            }
            What::Sent => {
                // A pause is often the point: whoever waited to send waits again, and reads meanwhile.
                if LEAST_PAUSE < pause {
                    probe.wait_end(Instant::now() + pause)?;
                }
                for piece in pieces(event) {
                    probe.send(&piece, Instant::now() + PATIENCE)?;
                }
            }
            What::SentFin => probe.finish_sending(),
            What::SentReset => {
                let transcript = probe.transcript().clone();
                let difference = difference(probe.received(), &expected, None, None);
                probe.reset()?;
                return Ok(Replayed { transcript, difference });
            }
            What::Note => probe.note(event.text.clone()),
        }
    }
    // What comes on top would come at once.
    probe.wait_end(Instant::now() + LEAST_PAUSE)?;
    let now = match probe.ended() {
        Some(End::Reset) => Some(What::ReceivedReset),
        Some(End::Closed) => Some(What::ReceivedFin),
        _ => None,
    };
    let difference = difference(probe.received(), &expected, now, end);
    Ok(Replayed { transcript: probe.transcript().clone(), difference })
}

/// Pauses up to this are the machine's, not the case's.
const LEAST_PAUSE: Duration = Duration::from_millis(10);

fn pieces(event: &EventDocument) -> Vec<Vec<u8>> {
    let bytes = event.bytes();
    let mut rest = bytes.as_slice();
    let mut pieces = Vec::new();
    for octets in &event.pieces {
        let (piece, later) = rest.split_at((*octets).min(rest.len()));
        pieces.push(piece.to_vec());
        rest = later;
    }
    if !rest.is_empty() {
        pieces.push(rest.to_vec());
    }
    pieces
}

fn difference(now: &[u8], then: &[u8], end_now: Option<What>, end_then: Option<What>) -> Option<Difference> {
    if let Some(at) = now.iter().zip(then).position(|(left, right)| left != right) {
        return Some(Difference::Octet(at));
    }
    // The case may have stopped listening before the server stopped talking.
    if end_then.is_none() && then.len() <= now.len() {
        return None;
    }
    if now.len() != then.len() {
        return Some(Difference::Length(now.len(), then.len()));
    }
    (end_now != end_then).then_some(Difference::End(end_now, end_then))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_counts() {
        let fin = Some(What::ReceivedFin);
        assert_eq!(difference(b"abc", b"abc", fin, fin), None);
        assert_eq!(difference(b"abc", b"axc", None, fin), Some(Difference::Octet(1)));
        assert_eq!(difference(b"ab", b"abc", fin, fin), Some(Difference::Length(2, 3)));
        assert_eq!(difference(b"ab", b"ab", None, fin), Some(Difference::End(None, fin)));
        assert_eq!(difference(b"abc", b"ab", fin, None), None);
        assert_eq!(difference(b"a", b"ab", fin, None), Some(Difference::Length(1, 2)));
    }

    #[test]
    fn pieces_are_those_of_the_recording() {
        let event = |pieces: &[usize]| EventDocument {
            at_us: 0,
            what: What::Sent,
            octets: "YWJjZA==".to_owned(),
            pieces: pieces.to_vec(),
            text: String::new(),
        };
        assert_eq!(pieces(&event(&[])), [b"abcd".to_vec()]);
        assert_eq!(pieces(&event(&[1, 3])), [b"a".to_vec(), b"bcd".to_vec()]);
        // A report that was edited by hand: nothing is lost, and nothing is made up.
        assert_eq!(pieces(&event(&[3, 9])), [b"abc".to_vec(), b"d".to_vec()]);
        assert_eq!(pieces(&event(&[1])), [b"a".to_vec(), b"bcd".to_vec()]);
    }
}
