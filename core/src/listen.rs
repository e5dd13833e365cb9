//! Listening sockets: opened once by the master, never closed before it stops (I1).

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, Socket, TcpKeepalive, Type};

use crate::error::Error;
use crate::service::{Settings, Transport};
use crate::transport::{Address, Endpoint};
use crate::worker::Identity;

/// The kernel clamps it to `net.core.somaxconn`.
const BACKLOG: i32 = 65_535;

/// The sockets of one service: one that all slots share, or one for each slot.
#[derive(Debug)]
pub(crate) struct Listeners {
    sockets: Vec<Bound>,
    /// The name of a Unix socket, removed when the server stops.
    file: Option<SocketFile>,
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
            Endpoint::Unix(path) => {
                let owner = Identity::of(settings)?;
                Self::open_unix(&path, settings.socket_mode, owner).map_err(fail)
            }
            Endpoint::Ip(text) => Self::open_ip(&text, settings).map_err(fail),
        }
    }

    /// Takes over sockets that are bound already. With `reuse_port` more are opened beside them where there are more
    /// slots.
    ///
    /// # Errors
    /// [`Error::Misuse`] where there are more than slots: what is queued on the others would be lost;
    /// [`Error::Listen`] where one does not fit the service, or another can't be opened.
    pub(crate) fn inherited(settings: &Settings, sockets: Vec<OwnedFd>, from: Giver) -> Result<Self, Error> {
        let fail = |source| Error::Listen {
            service: settings.name.clone(),
            address: settings.address.clone(),
            source,
        };
        let slots = if settings.reuse_port { settings.count } else { 1 };
        if slots < sockets.len() {
            return Err(Error::Misuse {
                service: settings.name.clone(),
                what: format!(
                    "{} sockets are open for it: with reuse_port count can't go below that, without it \
                     restart the server",
                    sockets.len()
                ),
            });
        }
        let take = |socket| Bound::inherited(socket, settings.transport);
        let mut sockets = sockets.into_iter().map(take).collect::<io::Result<Vec<_>>>().map_err(fail)?;
        let Some(first) = sockets.first() else { return Self::open(settings) };
        let file = match (Endpoint::parse(&settings.address), from) {
            (Endpoint::Unix(path), Giver::Predecessor) => Some(SocketFile::note(&path).map_err(fail)?),
            _ => None,
        };
        if !matches!(first, Bound::Unix(_)) {
            let address = first.ip().map_err(fail)?;
            while sockets.len() < slots {
                sockets.push(bind_ip(settings.transport, address, true).map_err(fail)?);
            }
        }
        Ok(Self { sockets, file })
    }

    /// Leaves the name of a Unix socket in the file system: another master has taken it over.
    pub(crate) fn disown(&mut self) {
        self.file.iter_mut().for_each(|file| file.ours = false);
    }

    /// All of them, for a master that takes over.
    pub(crate) fn sockets(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.sockets.iter().map(AsFd::as_fd)
    }

    fn open_ip(text: &str, settings: &Settings) -> io::Result<Self> {
        // A name may stand for several addresses; the first is the one that is meant.
        let address = Endpoint::resolve(text)?[0];
        let bind = |address, reuse_port| bind_ip(settings.transport, address, reuse_port);
        let first = bind(address, false)?;
        if !settings.reuse_port {
            return Ok(Self { sockets: vec![first], file: None });
        }
        // Bound once without SO_REUSEPORT, to find out whether somebody else is there: two servers
        // would otherwise share the port without a word (RL-7).
        let address = first.ip()?;
        drop(first);
        let sockets = (0..settings.count).map(|_| bind(address, true)).collect::<io::Result<_>>()?;
        Ok(Self { sockets, file: None })
    }

    fn open_unix(path: &Path, mode: Option<u32>, owner: Option<Identity>) -> io::Result<Self> {
        remove_stale(path)?;
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.bind(&SockAddr::unix(path)?)?;
        let file = SocketFile::note(path)?;
        if let Some(mode) = mode {
            fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        }
        if let Some((user, group)) = owner.map(|owner| owner.numbers()) {
            // MASTER-10
            chown(path, Some(user), Some(group))?;
        }
        // Only now: nobody connects before owner and mode are right.
        socket.listen(BACKLOG)?;
        Ok(Self { sockets: vec![Bound::Unix(socket.into())], file: Some(file) })
    }

    /// The socket that the worker of `slot` serves.
    pub(crate) fn of_slot(&self, slot: usize) -> BorrowedFd<'_> {
        self.sockets[slot % self.sockets.len()].as_fd()
    }

    /// Where it listens: the real port, also where 0 was asked for.
    pub(crate) fn address(&self) -> io::Result<Address> {
        match &self.sockets[0] {
            Bound::Unix(socket) => Ok(socket.local_addr()?.into()),
            other => other.ip().map(Address::from),
        }
    }
}

/// Whom inherited sockets come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Giver {
    /// The master before this one: what it made is this one's now.
    Predecessor,
    /// A service manager, which keeps what it made.
    Manager,
}

impl AsFd for Bound {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(socket) => socket.as_fd(),
            Self::Udp(socket) => socket.as_fd(),
            Self::Unix(socket) => socket.as_fd(),
        }
    }
}

impl Bound {
    /// A socket that came from elsewhere: it must be of the kind that is wanted, and must not block.
    fn inherited(socket: OwnedFd, wanted: Transport) -> io::Result<Self> {
        let socket = Socket::from(socket);
        socket.set_nonblocking(true)?;
        let unfit = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, why.to_owned()));
        match (wanted, socket.r#type()?) {
            (Transport::Datagram, Type::DGRAM) => Ok(Self::Udp(socket.into())),
            (Transport::Datagram, _) => unfit("the inherited descriptor is no datagram socket"),
            (Transport::Stream, _) if !socket.is_listener()? => {
                unfit("the inherited descriptor is no listening socket")
            }
            (Transport::Stream, _) if socket.domain()? == Domain::UNIX => Ok(Self::Unix(socket.into())),
            (Transport::Stream, _) => Ok(Self::Tcp(socket.into())),
        }
    }

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
    ours: bool,
}

impl SocketFile {
    fn note(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.into(), identity: identity(path)?, ours: true })
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
        let ours = self.ours && identity(&self.path).is_ok_and(|now| now == self.identity);
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

fn bind_ip(transport: Transport, address: SocketAddr, reuse_port: bool) -> io::Result<Bound> {
    match transport {
        Transport::Stream => bind_tcp(address, reuse_port).map(Bound::Tcp),
        Transport::Datagram => bind_udp(address, reuse_port).map(Bound::Udp),
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
