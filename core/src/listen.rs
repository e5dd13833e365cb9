//! Listening sockets: opened once by the master, never closed before it stops (I1).

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
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

    /// The socket that the worker of `slot` accepts from.
    pub(crate) fn of_slot(&self, slot: usize) -> &TcpListener {
        &self.sockets[slot % self.sockets.len()]
    }

    /// Where it listens: the real port, also where 0 was asked for.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.sockets[0].local_addr()
    }
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
