//! What the probes saw as packets, for Wireshark and its kin.
//!
//! The octets, their pieces and their times are what a probe wrote and read; addresses and ports are the real
//! ones. The rest of TCP, handshake and sequence numbers, is drawn around them: what the kernels did in
//! between is not known here. What went over TLS, UDP or a unix socket is left out.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use etherparse::PacketBuilder;

use crate::probe::{Direction, Happening, Manner, Transcript, Transport};
use crate::run::{CaseResult, Progress, RunReport};

/// A file in pcapng format, written case by case. Each connection's first packet has a comment that names
/// its case.
pub struct Capture {
    out: Mutex<Box<dyn Write + Send>>,
    /// The same moment on both clocks.
    moment: (Instant, SystemTime),
}

/// Octets of one packet's payload: an IPv4 packet holds less than 64 KiB.
const LARGEST: usize = 32 << 10;

impl Capture {
    /// Writes there, the head at once.
    ///
    /// # Errors
    /// The head can't be written.
    pub fn new(mut out: impl Write + Send + 'static) -> std::io::Result<Self> {
        out.write_all(&head())?;
        Ok(Self { out: Mutex::new(Box::new(out)), moment: (Instant::now(), SystemTime::now()) })
    }

    fn blocks(&self, case: &str, transcripts: &[Transcript]) -> Vec<u8> {
        let mut blocks = Vec::new();
        for (number, transcript) in transcripts.iter().enumerate() {
            let comment = format!("{case}, connection {} on port {}", number + 1, transcript.port());
            let begun = self.wall(transcript.begun());
            let Transport::Tcp(local, remote) = transcript.transport() else { continue };
            let mut wire = Wire { begun, sent: 0, received: 0, blocks: Vec::new(), comment: Some(comment) };
            wire.draw(transcript, local, remote);
            blocks.append(&mut wire.blocks);
        }
        blocks
    }

    fn wall(&self, at: Instant) -> Duration {
        let (instant, wall) = self.moment;
        let wall = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        match at.checked_duration_since(instant) {
            Some(later) => wall + later,
            None => wall.saturating_sub(instant.duration_since(at)),
        }
    }
}

impl std::fmt::Debug for Capture {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Capture")
    }
}

impl Progress for Capture {
    fn begin(&self, _: &str, _: usize) {}

    fn done(&self, result: &CaseResult) {
        let blocks = self.blocks(result.case.id, &result.evidence);
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        // The report is what counts; a disk that is full is said by whoever writes it.
        let _ = out.write_all(&blocks);
    }

    fn end(&self, _: &RunReport) {
        let _ = self.out.lock().unwrap_or_else(PoisonError::into_inner).flush();
    }
}

/// One connection while it is drawn.
struct Wire {
    begun: Duration,
    sent: u32,
    received: u32,
    blocks: Vec<u8>,
    comment: Option<String>,
}

/// What a packet says.
#[derive(Clone, Copy)]
enum Flag {
    Open,
    Data,
    Fin,
    Reset,
}

impl Wire {
    fn draw(&mut self, transcript: &Transcript, local: SocketAddr, remote: SocketAddr) {
        let start = Duration::ZERO;
        for (direction, flag) in
            [(Direction::Sent, Flag::Open), (Direction::Received, Flag::Open), (Direction::Sent, Flag::Data)]
        {
            self.packet(local, remote, direction, flag, &[], start);
        }
        for entry in transcript.entries() {
            match entry.what {
                Happening::Event(_) => {}
                Happening::End(direction, manner) => {
                    let flag = if manner == Manner::Closed { Flag::Fin } else { Flag::Reset };
                    self.packet(local, remote, direction, flag, &[], entry.at);
                }
                Happening::Bytes(direction, bytes, pieces) => {
                    let mut rest = bytes.as_slice();
                    for piece in pieces {
                        let (now, later) = rest.split_at(piece.octets.min(rest.len()));
                        rest = later;
                        for part in now.chunks(LARGEST) {
                            self.packet(local, remote, direction, Flag::Data, part, piece.at);
                        }
                    }
                }
            }
        }
    }

    fn packet(
        &mut self,
        local: SocketAddr,
        remote: SocketAddr,
        direction: Direction,
        flag: Flag,
        payload: &[u8],
        at: Duration,
    ) {
        let (from, to, sequence, acknowledged) = match direction {
            Direction::Sent => (local, remote, self.sent, self.received),
            Direction::Received => (remote, local, self.received, self.sent),
        };
        let network = match (from.ip(), to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => PacketBuilder::ipv4(from.octets(), to.octets(), 64),
            (from, to) => PacketBuilder::ipv6(six(from), six(to), 64),
        };
        let segment = network.tcp(from.port(), to.port(), sequence, u16::MAX);
        let segment = match flag {
            Flag::Open => segment.syn(),
            Flag::Data if payload.is_empty() => segment,
            Flag::Data => segment.psh(),
            Flag::Fin => segment.fin(),
            Flag::Reset => segment.rst(),
        };
        // The very first packet has nothing to acknowledge.
        let opens = matches!((flag, direction), (Flag::Open, Direction::Sent));
        let segment = if opens { segment } else { segment.ack(acknowledged) };
        let mut packet = Vec::with_capacity(segment.size(payload.len()));
        if segment.write(&mut packet, payload).is_err() {
            return;
        }
        let counted = payload.len() as u32 + u32::from(matches!(flag, Flag::Open | Flag::Fin));
        match direction {
            Direction::Sent => self.sent = self.sent.wrapping_add(counted),
            Direction::Received => self.received = self.received.wrapping_add(counted),
        }
        let comment = self.comment.take();
        self.blocks.extend(enhanced_packet(self.begun + at, &packet, comment.as_deref()));
    }
}

fn six(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(four) => four.to_ipv6_mapped().octets(),
        IpAddr::V6(six) => six.octets(),
    }
}

/// Section header and interface description: raw IP packets, times in microseconds.
fn head() -> Vec<u8> {
    let mut section = Vec::new();
    section.extend(0x1A2B_3C4D_u32.to_le_bytes());
    section.extend(1_u16.to_le_bytes());
    section.extend(0_u16.to_le_bytes());
    section.extend(u64::MAX.to_le_bytes());
    let mut interface = Vec::new();
    interface.extend(LINKTYPE_RAW.to_le_bytes());
    interface.extend(0_u16.to_le_bytes());
    interface.extend(0_u32.to_le_bytes());
    [block(0x0A0D_0D0A, section), block(1, interface)].concat()
}

/// Packets begin with the IP header.
const LINKTYPE_RAW: u16 = 101;

fn enhanced_packet(at: Duration, packet: &[u8], comment: Option<&str>) -> Vec<u8> {
    let micros = u64::try_from(at.as_micros()).unwrap_or(u64::MAX);
    let mut body = Vec::new();
    body.extend(0_u32.to_le_bytes());
    body.extend(((micros >> 32) as u32).to_le_bytes());
    body.extend((micros as u32).to_le_bytes());
    body.extend((packet.len() as u32).to_le_bytes());
    body.extend((packet.len() as u32).to_le_bytes());
    body.extend(packet);
    pad(&mut body);
    if let Some(comment) = comment {
        body.extend(1_u16.to_le_bytes());
        body.extend((comment.len() as u16).to_le_bytes());
        body.extend(comment.as_bytes());
        pad(&mut body);
        body.extend(0_u32.to_le_bytes());
    }
    block(6, body)
}

fn block(kind: u32, body: Vec<u8>) -> Vec<u8> {
    let length = (body.len() as u32 + 12).to_le_bytes();
    [kind.to_le_bytes().as_slice(), &length, &body, &length].concat()
}

fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use etherparse::{SlicedPacket, TransportSlice};

    use super::*;

    /// Packets of a file as `(from port, flags, payload)`.
    fn packets(mut file: &[u8]) -> Vec<(u16, String, Vec<u8>)> {
        let word = |bytes: &[u8], at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize
        };
        let mut found = Vec::new();
        while !file.is_empty() {
            let length = word(file, 4);
            assert_eq!(word(file, length - 4), length, "a block ends with its length");
            if word(file, 0) == 6 {
                let captured = word(file, 20);
                let sliced = SlicedPacket::from_ip(&file[28..28 + captured]).unwrap();
                let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("no tcp") };
                let flags = [(tcp.syn(), 'S'), (tcp.fin(), 'F'), (tcp.rst(), 'R'), (tcp.ack(), '.')];
                let flags = flags.iter().filter(|(set, _)| *set).map(|(_, flag)| *flag).collect();
                found.push((tcp.source_port(), flags, tcp.payload().to_vec()));
            }
            file = &file[length..];
        }
        found
    }

    #[test]
    fn a_connection_becomes_packets_that_a_parser_reads() {
        let begun = Instant::now();
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let transcript = Transcript::new("http", "", Transport::Tcp(address(50_000), address(80)), begun);
        transcript.bytes(Direction::Sent, b"GET", begun);
        transcript.bytes(Direction::Sent, b" /", begun);
        transcript.bytes(Direction::Received, &[b'x'; LARGEST + 1], begun);
        transcript.end(Direction::Received, Manner::Reset, begun);
        let capture = Capture::new(std::io::sink()).unwrap();
        let file = [head(), capture.blocks("http.a.b", &[transcript])].concat();
        let seen: Vec<(u16, String, usize)> =
            packets(&file).into_iter().map(|(port, flags, payload)| (port, flags, payload.len())).collect();
        let expected = [
            (50_000, "S", 0),
            (80, "S.", 0),
            (50_000, ".", 0),
            (50_000, ".", 3),
            (50_000, ".", 2),
            (80, ".", LARGEST),
            (80, ".", 1),
            (80, "R.", 0),
        ];
        assert_eq!(seen, expected.map(|(port, flags, octets)| (port, flags.to_owned(), octets)));
    }
}
