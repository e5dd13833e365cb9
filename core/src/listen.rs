//! Listening sockets: opened once by the master, never closed before it stops (I1).

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};

use crate::error::Error;
use crate::service::Settings;

/// The kernel clamps it to `net.core.somaxconn`.
const BACKLOG: i32 = 65_535;

/// The sockets of one service: one that all slots share, or one for each slot.
#[derive(Debug)]
pub(crate) struct Listeners {
    sockets: Vec<TcpListener>,
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
        let address = resolve(&settings.address).map_err(fail)?;
        let first = bind(address, false).map_err(fail)?;
        if !settings.reuse_port {
            return Ok(Self { sockets: vec![first] });
        }
        // Bound once without SO_REUSEPORT, to find out whether somebody else is there: two servers
        // would otherwise share the port without a word (RL-7).
        let address = first.local_addr().map_err(fail)?;
        drop(first);
        let sockets =
            (0..settings.count).map(|_| bind(address, true)).collect::<io::Result<_>>().map_err(fail)?;
        Ok(Self { sockets })
    }

    /// Takes over sockets that listen already: from systemd, or from the master before this one. With
    /// `reuse_port` more are opened beside them where there are more slots.
    ///
    /// # Errors
    /// [`Error::Misuse`] where there are more than slots: what is queued on the others would be lost;
    /// [`Error::Listen`] where one is no listening socket, or another can't be opened.
    pub(crate) fn inherited(settings: &Settings, sockets: Vec<OwnedFd>) -> Result<Self, Error> {
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
        let mut sockets = sockets.into_iter().map(listening).collect::<io::Result<Vec<_>>>().map_err(fail)?;
        let Some(first) = sockets.first() else { return Self::open(settings) };
        let address = first.local_addr().map_err(fail)?;
        while sockets.len() < slots {
            sockets.push(bind(address, true).map_err(fail)?);
        }
        Ok(Self { sockets })
    }

    /// All of them, for a master that takes over.
    pub(crate) fn sockets(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.sockets.iter().map(AsFd::as_fd)
    }

    /// The socket that the worker of `slot` accepts from.
    pub(crate) fn of_slot(&self, slot: usize) -> BorrowedFd<'_> {
        self.sockets[slot % self.sockets.len()].as_fd()
    }

    /// Where it listens: the real port, also where 0 was asked for.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.sockets[0].local_addr()
    }
}

/// A socket that came from elsewhere: it must listen, and must not block.
fn listening(socket: OwnedFd) -> io::Result<TcpListener> {
    let socket = Socket::from(socket);
    if !socket.is_listener()? {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the inherited descriptor is no listening socket",
        ));
    }
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn resolve(address: &str) -> io::Result<SocketAddr> {
    address.to_socket_addrs()?.next().ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}

fn bind(address: SocketAddr, reuse_port: bool) -> io::Result<TcpListener> {
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
