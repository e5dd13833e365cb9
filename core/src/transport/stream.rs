//! A connected stream: TCP, Unix, or TLS over TCP.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};

use mio::net::{TcpStream, UnixStream};
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, Socket, Type};

use super::{Address, TlsStream};

/// A non-blocking stream.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<TlsStream>),
}

impl Stream {
    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        match self {
            Self::Tcp(stream) => registry.register(stream, token, interest),
            Self::Unix(stream) => registry.register(stream, token, interest),
            Self::Tls(stream) => registry.register(stream.socket(), token, interest),
        }
    }

    pub(crate) fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => registry.deregister(stream),
            Self::Unix(stream) => registry.deregister(stream),
            Self::Tls(stream) => registry.deregister(stream.socket()),
        }
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
            Self::Tls(stream) => stream.socket_ref().as_fd(),
        }
    }

    /// Whether a read that fills less than the buffer has emptied what there was.
    pub(crate) fn short_read_is_all(&self) -> bool {
        !matches!(self, Self::Tls(_))
    }

    /// Whether the peers have not agreed yet, so that nothing of the application's can pass.
    pub(crate) fn is_handshaking(&self) -> bool {
        matches!(self, Self::Tls(stream) if stream.is_handshaking())
    }

    /// Sends what writing has left in between; false where the kernel takes no more.
    pub(crate) fn push(&mut self) -> io::Result<bool> {
        match self {
            Self::Tls(stream) => stream.push(),
            _ => Ok(true),
        }
    }

    /// Ends this side: the peer reads what was sent, then the end.
    pub(crate) fn shut(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
            Self::Tls(stream) => stream.shut(),
        }
    }

    /// What became of a connection that was begun: `None` while it is under way.
    pub(crate) fn connected(&mut self) -> io::Result<Option<Address>> {
        let (error, peer) = match self {
            Self::Tcp(stream) => (stream.take_error()?, stream.peer_addr().map(Address::from)),
            Self::Unix(stream) => (stream.take_error()?, stream.peer_addr().map(Address::from)),
            Self::Tls(stream) => {
                (stream.socket().take_error()?, stream.socket().peer_addr().map(Address::from))
            }
        };
        match (error, peer) {
            (Some(error), _) => Err(error),
            (None, Ok(peer)) => Ok(Some(peer)),
            (None, Err(error)) if error.kind() == io::ErrorKind::NotConnected => Ok(None),
            (None, Err(error)) => Err(error),
        }
    }

    pub(crate) fn local_address(&self) -> io::Result<Address> {
        Ok(match self {
            Self::Tcp(stream) => stream.local_addr()?.into(),
            Self::Unix(stream) => stream.local_addr()?.into(),
            Self::Tls(stream) => stream.socket_ref().local_addr()?.into(),
        })
    }

    /// The transport's name in `connections` (CONNS-1).
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Tcp(_) => "tcp",
            Self::Unix(_) => "unix",
            Self::Tls(_) => "ssl",
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(octets),
            Self::Unix(stream) => stream.write(octets),
            Self::Tls(stream) => stream.write(octets),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to connect to `peer`, from `bind` where given (port 0: any).
///
/// # Errors
/// What socket, bind or connect said.
pub(crate) fn dial(peer: SocketAddr, bind: Option<SocketAddr>) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(peer), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    if let Some(bind) = bind {
        socket.bind(&bind.into())?;
    }
    match socket.connect(&peer.into()) {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => return Err(error),
        _ => {}
    }
    Ok(TcpStream::from_std(socket.into()))
}
