//! TLS under any protocol, through rustls (TLS-1 to TLS-6).

use std::fmt;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mio::net::TcpStream;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, Connection, RootCertStore, ServerConfig, ServerConnection};

/// Plain octets that a session keeps for a kernel or a handshake that is not ready for them.
const SESSION_BUFFER: usize = 64 * 1024;

/// The server's side of TLS: certificate and key of a service. Read in each worker when it starts, so a
/// reload brings a new certificate, and one that cannot be read rolls the reload back.
///
/// TLS 1.2 and 1.3 (TLS-5).
#[derive(Debug, Clone)]
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    client_roots: Option<PathBuf>,
    alpn: Vec<Vec<u8>>,
}

impl Tls {
    /// The certificate chain and the private key, as PEM files.
    pub fn from_pem(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self { certificate: certificate.into(), key: key.into(), client_roots: None, alpn: Vec::new() }
    }

    /// Demands a certificate of each client, issued by one of those in the PEM file `roots`. Default:
    /// none is asked for.
    #[must_use]
    pub fn verify_clients(mut self, roots: impl Into<PathBuf>) -> Self {
        self.client_roots = Some(roots.into());
        self
    }

    /// Protocol names to choose from when the client offers some (ALPN), best first. Default: none.
    #[must_use]
    pub fn alpn(mut self, names: &[&str]) -> Self {
        self.alpn = names.iter().map(|name| name.as_bytes().to_vec()).collect();
        self
    }

    pub(crate) fn load(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let (chain, key) = identity(&self.certificate, &self.key)?;
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Refused)?;
        let builder = match &self.client_roots {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots(path)?), provider())
                        .build()
                        .map_err(|error| TlsError::Unusable { path: path.clone(), why: error.to_string() })?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder.with_single_cert(chain, key).map_err(TlsError::Refused)?;
        config.alpn_protocols.clone_from(&self.alpn);
        Ok(Arc::new(config))
    }
}

/// The client's side of TLS: whom to trust, and who one is.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    roots: Option<PathBuf>,
    identity: Option<(PathBuf, PathBuf)>,
    alpn: Vec<Vec<u8>>,
}

impl Trust {
    /// The certificate authorities that the system trusts.
    pub fn system() -> Self {
        Self::default()
    }

    /// The certificate authorities in a PEM file and no others.
    pub fn only(roots: impl Into<PathBuf>) -> Self {
        Self { roots: Some(roots.into()), ..Self::default() }
    }

    /// Shows this certificate to servers that ask for one.
    #[must_use]
    pub fn identity(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.identity = Some((certificate.into(), key.into()));
        self
    }

    /// Offers these protocol names (ALPN), best first. Default: none.
    #[must_use]
    pub fn alpn(mut self, names: &[&str]) -> Self {
        self.alpn = names.iter().map(|name| name.as_bytes().to_vec()).collect();
        self
    }

    pub(crate) fn load(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let store = match &self.roots {
            Some(path) => roots(path)?,
            None => system_roots(),
        };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Refused)?
            .with_root_certificates(store);
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let (chain, key) = identity(certificate, key)?;
                builder.with_client_auth_cert(chain, key).map_err(TlsError::Refused)?
            }
        };
        config.alpn_protocols.clone_from(&self.alpn);
        Ok(Arc::new(config))
    }
}

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error("{path}: {why}")]
    Unusable { path: PathBuf, why: String },
    #[error("TLS cannot be set up: {0}")]
    Refused(rustls::Error),
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn identity(
    certificate: &Path,
    key: &Path,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| TlsError::Unusable { path: key.into(), why: format!("no private key: {error}") })?;
    Ok((certificates(certificate)?, key))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unusable = |why: String| TlsError::Unusable { path: path.into(), why };
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable(format!("no certificates: {error}")))?;
    if found.is_empty() { Err(unusable("holds no certificate".into())) } else { Ok(found) }
}

fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(path)? {
        store
            .add(certificate)
            .map_err(|error| TlsError::Unusable { path: path.into(), why: error.to_string() })?;
    }
    Ok(store)
}

fn system_roots() -> RootCertStore {
    let mut store = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "a certificate authority of the system cannot be read");
    }
    store.add_parsable_certificates(found.certs);
    store
}

/// A TCP stream with a TLS session over it, of either side.
pub(crate) struct TlsStream {
    socket: TcpStream,
    session: Connection,
}

impl TlsStream {
    /// The server's side of an accepted connection.
    pub(crate) fn accept(socket: TcpStream, config: &Arc<ServerConfig>) -> Result<Self, TlsError> {
        let session = ServerConnection::new(Arc::clone(config)).map_err(TlsError::Refused)?;
        Ok(Self::new(socket, session.into()))
    }

    /// The client's side of a connection to `host`.
    pub(crate) fn connect(
        socket: TcpStream,
        config: &Arc<ClientConfig>,
        host: &str,
    ) -> Result<Self, TlsError> {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host.clone())
            .map_err(|error| TlsError::Unusable { path: host.into(), why: error.to_string() })?;
        let session = ClientConnection::new(Arc::clone(config), name).map_err(TlsError::Refused)?;
        Ok(Self::new(socket, session.into()))
    }

    fn new(socket: TcpStream, mut session: Connection) -> Self {
        session.set_buffer_limit(Some(SESSION_BUFFER));
        Self { socket, session }
    }

    pub(crate) fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }

    pub(crate) fn socket_ref(&self) -> &TcpStream {
        &self.socket
    }

    pub(crate) fn is_handshaking(&self) -> bool {
        self.session.is_handshaking()
    }

    /// Sends the session's records; false where the kernel takes no more.
    pub(crate) fn push(&mut self) -> io::Result<bool> {
        while self.session.wants_write() {
            match self.session.write_tls(&mut self.socket) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Says that no more comes, so that the peer can tell the end from a cut, and ends this side.
    pub(crate) fn shut(&mut self) -> io::Result<()> {
        self.session.send_close_notify();
        self.push()?;
        self.socket.shutdown(Shutdown::Write)
    }

    /// Takes records from the kernel; false where it has none, or no more will come.
    fn pull(&mut self) -> io::Result<bool> {
        match self.session.read_tls(&mut self.socket) {
            Ok(taken) => {
                if let Err(error) = self.session.process_new_packets() {
                    // The alert tells the peer why.
                    let _ = self.push();
                    return Err(io::Error::new(io::ErrorKind::InvalidData, error));
                }
                self.push()?;
                Ok(taken > 0)
            }
            Err(error) => Err(error),
        }
    }
}

impl Read for TlsStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.session.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // The peer ended without saying so. What it sent is whole or not by its own framing.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                other => return other,
            }
            if !self.pull()? && self.session.is_handshaking() {
                return Ok(0);
            }
        }
    }
}

impl Write for TlsStream {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if !self.push()? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        match self.session.writer().write(octets)? {
            0 if !octets.is_empty() => Err(io::ErrorKind::WouldBlock.into()),
            taken => {
                self.push()?;
                Ok(taken)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for TlsStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream").field("socket", &self.socket).finish_non_exhaustive()
    }
}
