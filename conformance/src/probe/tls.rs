use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion};

use super::transcript::{Direction, Transcript, Transport};
use crate::testee::CERTIFICATE;
use crate::verdict::Surprise;

/// A connection to port `tls`: lines inside TLS. What it sees is kept as the lines, not as the records.
#[derive(Debug)]
pub struct TlsProbe {
    stream: TcpStream,
    session: ClientConnection,
    received: Vec<u8>,
    deadline: Instant,
    transcript: Transcript,
}

/// How a TLS connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsEnd {
    /// The server said its end (close_notify).
    Notified,
    /// TCP ended without that.
    Truncated,
    /// TCP was reset, or an alert told an error.
    Failed,
    /// The deadline came first.
    TimedOut,
}

impl TlsEnd {
    /// For reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Notified => "the server said its end (close_notify)",
            Self::Truncated => "the server closed TCP without close_notify",
            Self::Failed => "the connection failed",
            Self::TimedOut => "nothing more came in time",
        }
    }
}

impl TlsProbe {
    /// Connects and shakes hands, with that version alone if one is given; `Err` says in words why it failed.
    ///
    /// # Errors
    /// When the certificate of the runs can't be used.
    pub fn connect(
        address: SocketAddr,
        version: Option<&'static SupportedProtocolVersion>,
        deadline: Instant,
    ) -> Result<Result<Self, String>, Surprise> {
        let config = config(version)?;
        let name = ServerName::try_from("localhost").map_err(Surprise::of("no name"))?;
        let begun = Instant::now();
        let stream = match TcpStream::connect_timeout(&address, left(deadline)) {
            Ok(stream) => stream,
            Err(error) => return Ok(Err(format!("no connection: {error}"))),
        };
        stream.set_nodelay(true).map_err(Surprise::of("can't set TCP_NODELAY"))?;
        let mut session = ClientConnection::new(config, name).map_err(Surprise::of("no TLS session"))?;
        // What is sent is out before the call returns: nothing has to be bounded here.
        session.set_buffer_limit(None);
        let transcript = Transcript::new("tls", address, Transport::Tls, begun);
        let mut probe = Self { stream, session, received: Vec::new(), deadline, transcript };
        while probe.session.is_handshaking() {
            probe.arm(deadline)?;
            match probe.session.complete_io(&mut &probe.stream) {
                Ok(_) => {}
                Err(error) if is_wait(&error) && Instant::now() < deadline => {}
                Err(error) => return Ok(Err(format!("no handshake: {error}"))),
            }
        }
        probe.transcript.event(format!("{:?}", probe.session.protocol_version()), Instant::now());
        Ok(Ok(probe))
    }

    /// What it saw.
    #[must_use]
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    fn arm(&self, deadline: Instant) -> Result<(), Surprise> {
        let left = Some(left(deadline));
        self.stream
            .set_read_timeout(left)
            .and_then(|()| self.stream.set_write_timeout(left))
            .map_err(Surprise::of("can't set a timeout"))
    }

    /// Sends octets, in records as the library cuts them.
    ///
    /// # Errors
    /// The server does not read and the deadline has come.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Surprise> {
        self.transcript.bytes(Direction::Sent, bytes, Instant::now());
        self.session.writer().write_all(bytes).map_err(Surprise::of("can't encrypt"))?;
        self.flush()
    }

    /// Sends one line.
    ///
    /// # Errors
    /// As [`TlsProbe::send`].
    pub fn say(&mut self, line: &[u8]) -> Result<(), Surprise> {
        self.send(&[line, b"\n"].concat())
    }

    fn flush(&mut self) -> Result<(), Surprise> {
        self.arm(self.deadline)?;
        while self.session.wants_write() {
            match self.session.write_tls(&mut &self.stream) {
                Ok(_) => {}
                Err(error) if is_wait(&error) => {
                    return Err(Surprise(format!("the server does not read: {error}")));
                }
                // Reading shows how it ended.
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// The next line, by that deadline.
    ///
    /// # Errors
    /// When the system fails in a way that is no end.
    pub fn hear_until(&mut self, deadline: Instant) -> Result<Result<Vec<u8>, TlsEnd>, Surprise> {
        loop {
            if let Some(end) = self.received.iter().position(|octet| *octet == b'\n') {
                let mut line: Vec<u8> = self.received.drain(..=end).collect();
                line.pop();
                return Ok(Ok(line));
            }
            if let Some(end) = self.more(deadline)? {
                return Ok(Err(end));
            }
        }
    }

    /// The next line.
    ///
    /// # Errors
    /// As [`TlsProbe::hear_until`].
    pub fn hear(&mut self) -> Result<Result<Vec<u8>, TlsEnd>, Surprise> {
        self.hear_until(self.deadline)
    }

    /// Sends a line and waits for the next one.
    ///
    /// # Errors
    /// As [`TlsProbe::send`] and [`TlsProbe::hear_until`].
    pub fn ask(&mut self, line: &[u8]) -> Result<Result<Vec<u8>, TlsEnd>, Surprise> {
        self.say(line)?;
        self.hear()
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// As [`TlsProbe::hear_until`].
    pub fn wait_end(&mut self, deadline: Instant) -> Result<TlsEnd, Surprise> {
        loop {
            if let Some(end) = self.more(deadline)? {
                return Ok(end);
            }
        }
    }

    /// Reads once; the end, if there is one.
    fn more(&mut self, deadline: Instant) -> Result<Option<TlsEnd>, Surprise> {
        self.arm(deadline)?;
        let mut plain = [0; 16 << 10];
        match self.session.reader().read(&mut plain) {
            Ok(0) => return Ok(Some(self.over(TlsEnd::Notified))),
            Ok(count) => {
                self.transcript.bytes(Direction::Received, &plain[..count], Instant::now());
                self.received.extend_from_slice(&plain[..count]);
                return Ok(None);
            }
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                return Ok(Some(self.over(TlsEnd::Truncated)));
            }
            Err(_) => {}
        }
        match self.session.read_tls(&mut &self.stream) {
            Ok(_) => match self.session.process_new_packets() {
                Ok(_) => Ok(None),
                Err(_) => Ok(Some(self.over(TlsEnd::Failed))),
            },
            Err(error) if is_wait(&error) => {
                Ok((deadline <= Instant::now()).then(|| self.over(TlsEnd::TimedOut)))
            }
            Err(_) => Ok(Some(self.over(TlsEnd::Failed))),
        }
    }

    fn over(&self, end: TlsEnd) -> TlsEnd {
        self.transcript.event(end.name(), Instant::now());
        end
    }

    /// Says the own end (close_notify), and ends TCP on this side too if `tcp`.
    ///
    /// # Errors
    /// As [`TlsProbe::send`].
    pub fn finish(&mut self, tcp: bool) -> Result<(), Surprise> {
        self.session.send_close_notify();
        self.flush()?;
        self.transcript.event("close_notify by the probe", Instant::now());
        if tcp {
            self.cut();
        }
        Ok(())
    }

    /// Sends a line and says the own end (close_notify) in one write.
    ///
    /// # Errors
    /// As [`TlsProbe::send`].
    pub fn say_last(&mut self, line: &[u8]) -> Result<(), Surprise> {
        let bytes = [line, b"\n"].concat();
        self.transcript.bytes(Direction::Sent, &bytes, Instant::now());
        self.session.writer().write_all(&bytes).map_err(Surprise::of("can't encrypt"))?;
        self.session.send_close_notify();
        self.transcript.event("close_notify by the probe", Instant::now());
        self.flush()
    }

    /// Ends TCP on this side without close_notify, as somebody on the way can.
    pub fn cut(&mut self) {
        self.transcript.event("TCP ended by the probe (FIN)", Instant::now());
        // It may be gone already; reading shows that.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// TCP itself, for octets that are no TLS.
    #[must_use]
    pub fn tcp(&self) -> &TcpStream {
        &self.stream
    }

    /// The version that was agreed on.
    #[must_use]
    pub fn version(&self) -> String {
        format!("{:?}", self.session.protocol_version())
    }
}

/// Nothing came, or nothing went, in time.
fn is_wait(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

/// Trusts the certificate of the runs and no other.
fn config(version: Option<&'static SupportedProtocolVersion>) -> Result<Arc<ClientConfig>, Surprise> {
    static ROOTS: OnceLock<Result<RootCertStore, String>> = OnceLock::new();
    let roots = ROOTS.get_or_init(|| {
        let certificate =
            CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).map_err(|error| error.to_string())?;
        let mut roots = RootCertStore::empty();
        roots.add(certificate).map_err(|error| error.to_string())?;
        Ok(roots)
    });
    let roots = roots.clone().map_err(|error| Surprise(format!("the certificate of the runs: {error}")))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = version.map_or(rustls::ALL_VERSIONS.to_vec(), |version| vec![version]);
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .map_err(Surprise::of("no TLS versions"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
