use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};

use super::transcript::{Direction, Manner, Transcript, Transport};
use crate::verdict::Surprise;

/// A connection to the testee. No call outlasts the deadline that it is given.
#[derive(Debug)]
pub struct Probe {
    stream: Arc<TcpStream>,
    received: Vec<u8>,
    ended: Option<End>,
    transcript: Transcript,
}

/// Why reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// What was waited for is there.
    Enough,
    /// The server closed (FIN).
    Closed,
    /// The server reset (RST).
    Reset,
    /// The deadline came first.
    TimedOut,
}

impl End {
    /// The connection is over.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Closed | Self::Reset)
    }

    /// For reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enough => "the expected bytes came",
            Self::Closed => "the server closed the connection",
            Self::Reset => "the server reset the connection",
            Self::TimedOut => "nothing more came in time",
        }
    }
}

impl Probe {
    /// Connects.
    ///
    /// # Errors
    /// What the system said.
    pub fn connect(
        name: &str,
        address: SocketAddr,
        receive_buffer_bytes: Option<usize>,
        deadline: Instant,
    ) -> io::Result<Self> {
        let now = Instant::now();
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        if let Some(bytes) = receive_buffer_bytes {
            // Before the handshake: the window is settled there.
            socket.set_recv_buffer_size(bytes)?;
        }
        socket.connect_timeout(&address.into(), left(deadline, now))?;
        // Each write is a segment of its own: a case decides how its bytes are cut.
        socket.set_tcp_nodelay(true)?;
        let local = socket.local_addr()?.as_socket().unwrap_or(address);
        let transcript = Transcript::new(name, address, Transport::Tcp(local, address), now);
        Ok(Self { stream: Arc::new(socket.into()), received: Vec::new(), ended: None, transcript })
    }

    /// Connects to a unix socket. Its stream is one like any other.
    ///
    /// # Errors
    /// What the system said.
    pub fn connect_unix(name: &str, path: &Path) -> io::Result<Self> {
        let transcript = Transcript::new(name, path.display(), Transport::Unix, Instant::now());
        let stream = UnixStream::connect(path)?;
        let stream = TcpStream::from(OwnedFd::from(stream));
        Ok(Self { stream: Arc::new(stream), received: Vec::new(), ended: None, transcript })
    }

    /// What it saw.
    #[must_use]
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// A handle with which the runner can end a connection that a case has lost. It does not keep the
    /// connection open.
    #[must_use]
    pub fn handle(&self) -> Weak<TcpStream> {
        Arc::downgrade(&self.stream)
    }

    /// Writes everything. A server that has closed is no error here: reading shows how it ended.
    ///
    /// # Errors
    /// The server does not read and the deadline has come, or the system failed.
    pub fn send(&mut self, bytes: &[u8], deadline: Instant) -> Result<(), Surprise> {
        self.transcript.bytes(Direction::Sent, bytes, Instant::now());
        self.stream
            .set_write_timeout(Some(left(deadline, Instant::now())))
            .map_err(Surprise::of("can't set a write timeout"))?;
        match (&*self.stream).write_all(bytes) {
            Ok(()) => Ok(()),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::NotConnected
                ) =>
            {
                self.transcript.event("the server no longer takes bytes", Instant::now());
                Ok(())
            }
            Err(error) => Err(Surprise(format!("can't write {} bytes: {error}", bytes.len()))),
        }
    }

    /// Half-closes: nothing more will be sent.
    pub fn finish_sending(&mut self) {
        self.transcript.end(Direction::Sent, Manner::Closed, Instant::now());
        // The server may have closed already; reading shows that.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Ends the connection with a reset, as a client that crashed does.
    ///
    /// # Errors
    /// When the system does not take the option that makes a close a reset.
    pub fn reset(self) -> Result<(), Surprise> {
        self.transcript.end(Direction::Sent, Manner::Reset, Instant::now());
        socket2::SockRef::from(&*self.stream)
            .set_linger(Some(Duration::ZERO))
            .map_err(Surprise::of("can't set the linger option"))
    }

    /// Opens the window of a connection whose receive buffer was small, so that it catches up fast.
    ///
    /// # Errors
    /// When the system does not take the size.
    pub fn widen(&self) -> Result<(), Surprise> {
        socket2::SockRef::from(&*self.stream)
            .set_recv_buffer_size(1 << 20)
            .map_err(Surprise::of("can't widen the receive buffer"))
    }

    /// All that was received and not yet consumed.
    #[must_use]
    pub fn received(&self) -> &[u8] {
        &self.received
    }

    /// Takes the first bytes away.
    pub fn consume(&mut self, count: usize) -> Vec<u8> {
        let count = count.min(self.received.len());
        self.received.drain(..count).collect()
    }

    /// How the connection ended, if it did.
    #[must_use]
    pub fn ended(&self) -> Option<End> {
        self.ended
    }

    /// Reads until `enough` says so, the connection ends, or the deadline comes.
    ///
    /// # Errors
    /// When the system fails in a way that is none of these.
    pub fn read_until(
        &mut self,
        mut enough: impl FnMut(&[u8]) -> bool,
        deadline: Instant,
    ) -> Result<End, Surprise> {
        let mut buffer = [0; 16 << 10];
        let mut looked = false;
        loop {
            if enough(&self.received) {
                return Ok(End::Enough);
            }
            if let Some(end) = self.ended {
                return Ok(end);
            }
            let now = Instant::now();
            // What has arrived by the deadline counts, also when nobody looked before it.
            if deadline <= now && looked {
                return Ok(End::TimedOut);
            }
            looked = true;
            self.stream
                .set_read_timeout(Some(left(deadline, now)))
                .map_err(Surprise::of("can't set a read timeout"))?;
            match (&*self.stream).read(&mut buffer) {
                Ok(0) => self.over(End::Closed, Manner::Closed),
                Ok(count) => {
                    self.transcript.bytes(Direction::Received, &buffer[..count], Instant::now());
                    self.received.extend_from_slice(&buffer[..count]);
                }
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                    self.over(End::Reset, Manner::Reset);
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                    ) => {}
                Err(error) => return Err(Surprise(format!("can't read: {error}"))),
            }
        }
    }

    /// Waits until the connection ends or the deadline comes.
    ///
    /// # Errors
    /// As [`Probe::read_until`].
    pub fn wait_end(&mut self, deadline: Instant) -> Result<End, Surprise> {
        self.read_until(|_| false, deadline)
    }

    /// Notes something in the transcript.
    pub fn note(&self, event: impl Into<String>) {
        self.transcript.event(event, Instant::now());
    }

    fn over(&mut self, end: End, manner: Manner) {
        self.ended = Some(end);
        self.transcript.end(Direction::Received, manner, Instant::now());
    }
}

/// What is left until the deadline; never zero, which would mean "for ever" to the system.
fn left(deadline: Instant, now: Instant) -> Duration {
    deadline.saturating_duration_since(now).max(Duration::from_millis(1))
}
