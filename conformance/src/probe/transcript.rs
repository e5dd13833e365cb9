use std::fmt::{Display, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use workerspec_wire::dump::{DumpLine, dump};
use workerspec_wire::websocket::{Peer, describe};

/// All that one connection saw, in order. Shared, so that the runner can print it when the case is gone.
#[derive(Clone, Debug)]
pub struct Transcript {
    port: String,
    remote: String,
    transport: Transport,
    begun: Instant,
    entries: Arc<Mutex<Vec<Entry>>>,
}

/// What carries the octets of a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP, from the probe's address to the server's.
    Tcp(SocketAddr, SocketAddr),
    /// A unix socket.
    Unix,
    /// UDP.
    Udp,
    /// TLS: what a transcript shows went through it.
    Tls,
}

impl Transport {
    /// The word in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp(..) => "tcp",
            Self::Unix => "unix",
            Self::Udp => "udp",
            Self::Tls => "tls",
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Since the connection was opened, with microseconds.
    pub at: Duration,
    /// What.
    pub what: Happening,
}

/// What can happen to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Bytes went one way, in pieces.
    Bytes(Direction, Vec<u8>, Vec<Piece>),
    /// One side ended its direction, or all of it.
    End(Direction, Manner),
    /// Something else, in words.
    Event(String),
}

/// What one write or read moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Since the connection was opened.
    pub at: Duration,
    /// Octets.
    pub octets: usize,
}

/// How a direction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// FIN.
    Closed,
    /// RST.
    Reset,
}

/// Which way bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the probe to the server.
    Sent,
    /// From the server to the probe.
    Received,
}

/// Bytes of one entry that are printed.
const SHOWN: usize = 1_024;

impl Transcript {
    pub(crate) fn new(port: &str, remote: impl Display, transport: Transport, begun: Instant) -> Self {
        Self { port: port.to_owned(), remote: remote.to_string(), transport, begun, entries: Arc::default() }
    }

    /// The port of the testee: `http`.
    #[must_use]
    pub fn port(&self) -> &str {
        &self.port
    }

    /// What carried the octets.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// When the connection was opened.
    #[must_use]
    pub fn begun(&self) -> Instant {
        self.begun
    }

    pub(crate) fn bytes(&self, direction: Direction, bytes: &[u8], now: Instant) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let at = now.saturating_duration_since(self.begun);
        let piece = Piece { at, octets: bytes.len() };
        // Octets that were sent one by one are shown together.
        if let Some(Entry { what: Happening::Bytes(last, joined, pieces), .. }) = entries.last_mut()
            && *last == direction
        {
            joined.extend_from_slice(bytes);
            pieces.push(piece);
            return;
        }
        entries.push(Entry { at, what: Happening::Bytes(direction, bytes.to_vec(), vec![piece]) });
    }

    pub(crate) fn event(&self, event: impl Into<String>, now: Instant) {
        self.push(Happening::Event(event.into()), now);
    }

    pub(crate) fn end(&self, direction: Direction, manner: Manner, now: Instant) {
        self.push(Happening::End(direction, manner), now);
    }

    fn push(&self, what: Happening, now: Instant) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let at = now.saturating_duration_since(self.begun);
        entries.push(Entry { at, what });
    }

    /// What happened so far.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The bytes of one entry: websocket frame by frame, everything else as it is.
    fn lines(&self, direction: Direction, bytes: &[u8]) -> Vec<DumpLine> {
        if self.port != "websocket" {
            return dump(bytes, SHOWN);
        }
        let (peer, start): (_, &[u8]) = match direction {
            Direction::Sent => (Peer::Client, b"GET "),
            Direction::Received => (Peer::Server, b"HTTP/"),
        };
        let head =
            bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(bytes.len(), |end| end + 4);
        describe(bytes, if bytes.starts_with(start) { head } else { 0 }, peer, SHOWN)
    }

    /// For people: `>` is sent, `<` received, with time, offset and remarks.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = format!("{} {}\n", self.port, self.remote);
        for entry in self.entries() {
            let micros = entry.at.as_micros();
            let time = format!("{:>5}.{:03} ms", micros / 1_000, micros % 1_000);
            match entry.what {
                Happening::Event(event) => {
                    writeln!(text, "{time}  - {event}").expect("writing to a string can't fail");
                }
                Happening::End(direction, manner) => {
                    let words = end(direction, manner);
                    writeln!(text, "{time}  - {words}").expect("writing to a string can't fail");
                }
                Happening::Bytes(direction, bytes, _) => {
                    let arrow = match direction {
                        Direction::Sent => '>',
                        Direction::Received => '<',
                    };
                    for (index, line) in self.lines(direction, &bytes).into_iter().enumerate() {
                        let time = if index == 0 { time.as_str() } else { "" };
                        // Bodies and text lines end with LF alone by right.
                        let plain = match self.port.as_str() {
                            "websocket" => false,
                            "http" => direction == Direction::Received,
                            _ => true,
                        };
                        let remark = match plain || line.remark.is_empty() {
                            true => String::new(),
                            false => format!("    <- {}", line.remark),
                        };
                        writeln!(text, "{time:>12}  {arrow} {:04} {}{remark}", line.offset, line.text)
                            .expect("writing to a string can't fail");
                    }
                }
            }
        }
        text
    }
}

/// An end in words.
#[must_use]
pub const fn end(direction: Direction, manner: Manner) -> &'static str {
    match (direction, manner) {
        (Direction::Sent, Manner::Closed) => "half-closed by the probe (FIN)",
        (Direction::Sent, Manner::Reset) => "reset by the probe (RST)",
        (Direction::Received, Manner::Closed) => "closed by the server (FIN)",
        (Direction::Received, Manner::Reset) => "reset by the server (RST)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transcript(port: &str, begun: Instant) -> Transcript {
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Transcript::new(port, address(80), Transport::Tcp(address(50_000), address(80)), begun)
    }

    #[test]
    fn shows_both_directions_with_times_offsets_and_remarks() {
        let begun = Instant::now();
        let transcript = transcript("http", begun);
        transcript.bytes(Direction::Sent, b"GET / HTTP/1.1\r\n", begun);
        transcript.bytes(Direction::Sent, b"X: \x01\r\n", begun + Duration::from_micros(9));
        transcript.bytes(Direction::Received, b"HTTP/1.1 400 \r\n", begun + Duration::from_micros(1_234));
        transcript.end(Direction::Received, Manner::Closed, begun + Duration::from_micros(2_000));
        assert_eq!(
            transcript.render(),
            "http 127.0.0.1:80\n\
             \x20   0.000 ms  > 0000 GET / HTTP/1.1\\r\\n\n\
             \x20             > 0016 X: \\x01\\r\\n    <- control byte\n\
             \x20   1.234 ms  < 0000 HTTP/1.1 400 \\r\\n\n\
             \x20   2.000 ms  - closed by the server (FIN)\n"
        );
    }

    #[test]
    fn shows_websocket_frame_by_frame_and_the_octet_that_is_wrong() {
        let begun = Instant::now();
        let transcript = transcript("websocket", begun);
        transcript.bytes(Direction::Sent, b"\x81\x82\0\0\0\0hi", begun);
        transcript.bytes(Direction::Received, b"\x81\x82\0\0\0\0hi", begun);
        assert_eq!(
            transcript.render(),
            "websocket 127.0.0.1:80\n\
             \x20   0.000 ms  > 0000 81 82 00 00 00 00  text, 2 octets \"hi\"\n\
             \x20   0.000 ms  < 0000 81 82 00 00 00 00 68 69    <- octet 0x82: a masked frame from a server at offset 1\n"
        );
    }
}
