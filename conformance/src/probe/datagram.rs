use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use super::transcript::{Direction, Transcript, Transport};
use crate::verdict::Surprise;

/// A peer of port `udp`.
#[derive(Debug)]
pub struct DatagramProbe {
    socket: UdpSocket,
    transcript: Transcript,
}

impl DatagramProbe {
    /// A socket of its own that hears the server alone.
    ///
    /// # Errors
    /// The system has no socket.
    pub fn new(address: SocketAddr) -> Result<Self, Surprise> {
        let transcript = Transcript::new("udp", address, Transport::Udp, Instant::now());
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|socket| socket.connect(address).map(|()| socket))
            .map_err(Surprise::of("can't make a datagram socket"))?;
        Ok(Self { socket, transcript })
    }

    /// What it saw.
    #[must_use]
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// Sends one datagram.
    ///
    /// # Errors
    /// The system does not take it.
    pub fn send(&self, datagram: &[u8]) -> Result<(), Surprise> {
        self.transcript.bytes(Direction::Sent, datagram, Instant::now());
        self.transcript.event(format!("that was one datagram of {} octets", datagram.len()), Instant::now());
        match self.socket.send(datagram) {
            // An earlier one was not wanted, which the system says here: nothing listens.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                self.transcript.event("refused (ICMP)", Instant::now());
                Ok(())
            }
            sent => sent.map(drop).map_err(Surprise::of("can't send a datagram")),
        }
    }

    /// The next datagram; `None` if none came by that deadline.
    ///
    /// # Errors
    /// When the system fails in another way.
    pub fn hear(&self, deadline: Instant) -> Result<Option<Vec<u8>>, Surprise> {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            self.socket.set_read_timeout(Some(left)).map_err(Surprise::of("can't set a timeout"))?;
            match self.socket.recv(&mut buffer) {
                Ok(count) => {
                    buffer.truncate(count);
                    self.transcript.bytes(Direction::Received, &buffer, Instant::now());
                    self.transcript.event(format!("that was one datagram of {count} octets"), Instant::now());
                    return Ok(Some(buffer));
                }
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                    self.transcript.event("refused (ICMP)", Instant::now());
                    if deadline <= Instant::now() {
                        return Ok(None);
                    }
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Ok(None);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Surprise(format!("can't receive: {error}"))),
            }
        }
    }
}
