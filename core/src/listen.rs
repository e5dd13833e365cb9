//! Listening sockets: opened once by the master, never closed before it stops (I1).

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, Socket, TcpKeepalive, Type};

use crate::error::Error;
use crate::service::{Settings, Transport};
use crate::transport::{Address, Endpoint};

/// The kernel clamps it to `net.core.somaxconn`.
const BACKLOG: i32 = 65_535;

/// The sockets of one service: one that all slots share, or one for each slot.
#[derive(Debug)]
pub(crate) struct Listeners {
    sockets: Vec<Bound>,
    /// The name of a Unix socket, removed when the server stops.
    _file: Option<SocketFile>,
}

/// A socket that is bound to its address.
#[derive(Debug)]
enum Bound {
    Tcp(TcpListener),
    Udp(UdpSocket),
    Unix(UnixListener),
}

impl Listeners {
    /// Opens them.
    ///
    /// # Errors
    /// [`Error::Listen`] where the address does not resolve, is taken or is not ours.
    pub(crate) fn open(settings: &Settings) -> Result<Self, Error> {
        let fail = |source| Error::Listen {
            service: settings.name.clone(),
            address: settings.address.clone(),
            source,
        };
        match Endpoint::parse(&settings.address) {
            Endpoint::Unix(path) => Self::open_unix(&path, settings.socket_mode).map_err(fail),
            Endpoint::Ip(text) => Self::open_ip(&text, settings).map_err(fail),
        }
    }

    fn open_ip(text: &str, settings: &Settings) -> io::Result<Self> {
        // A name may stand for several addresses; the first is the one that is meant.
        let address = Endpoint::resolve(text)?[0];
        let bind = |address, reuse_port| match settings.transport {
            Transport::Stream => bind_tcp(address, reuse_port).map(Bound::Tcp),
            Transport::Datagram => bind_udp(address, reuse_port).map(Bound::Udp),
        };
        let first = bind(address, false)?;
        if !settings.reuse_port {
            return Ok(Self { sockets: vec![first], _file: None });
        }
        // Bound once without SO_REUSEPORT, to find out whether somebody else is there: two servers
        // would otherwise share the port without a word (RL-7).
        let address = first.ip()?;
        drop(first);
        let sockets = (0..settings.count).map(|_| bind(address, true)).collect::<io::Result<_>>()?;
        Ok(Self { sockets, _file: None })
    }

    fn open_unix(path: &Path, mode: Option<u32>) -> io::Result<Self> {
        remove_stale(path)?;
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.bind(&SockAddr::unix(path)?)?;
        let file = SocketFile::note(path)?;
        if let Some(mode) = mode {
            fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        }
        // Only now: nobody connects before the mode is right.
        socket.listen(BACKLOG)?;
        Ok(Self { sockets: vec![Bound::Unix(socket.into())], _file: Some(file) })
    }

    /// The socket that the worker of `slot` serves.
    pub(crate) fn of_slot(&self, slot: usize) -> BorrowedFd<'_> {
        match &self.sockets[slot % self.sockets.len()] {
            Bound::Tcp(socket) => socket.as_fd(),
            Bound::Udp(socket) => socket.as_fd(),
            Bound::Unix(socket) => socket.as_fd(),
        }
    }

    /// Where it listens: the real port, also where 0 was asked for.
    pub(crate) fn address(&self) -> io::Result<Address> {
        match &self.sockets[0] {
            Bound::Unix(socket) => Ok(socket.local_addr()?.into()),
            other => other.ip().map(Address::from),
        }
    }
}

impl Bound {
    fn ip(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Tcp(socket) => socket.local_addr(),
            Self::Udp(socket) => socket.local_addr(),
            Self::Unix(_) => Err(io::ErrorKind::AddrNotAvailable.into()),
        }
    }
}

/// A name in the file system that this server has made.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    fn note(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.into(), identity: identity(path)? })
    }
}

/// What tells a file from another that has taken its name.
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let found = fs::symlink_metadata(path)?;
    Ok((found.dev(), found.ino()))
}

impl Drop for SocketFile {
    /// Removes the name (STOP-4), unless it stands for another socket by now.
    fn drop(&mut self) {
        let ours = identity(&self.path).is_ok_and(|now| now == self.identity);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "cannot remove the socket");
        }
    }
}

/// Removes what a crash has left (SF-25): a socket that nobody listens on. Anything else stays.
fn remove_stale(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the file is no socket"));
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) => Err(error),
        Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
    }
}

fn bind_tcp(address: SocketAddr, reuse_port: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(reuse_port)?;
    // Accepted sockets inherit these (CONN-4).
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(55))
        .with_interval(Duration::from_secs(55))
        .with_retries(1);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn bind_udp(address: SocketAddr, reuse_port: bool) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_port(reuse_port)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}
