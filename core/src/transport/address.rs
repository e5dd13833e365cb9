//! Addresses: as a program writes them, and as a connection has them.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

/// Where an end of a connection is (CONN-8). Displayed as `ip:port`, `[ip]:port` for IPv6, `unix:path`,
/// or `unix:` for the unnamed end of a Unix socket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// An IP address and a port. An IPv4 client of a listener on `[::]` shows as `[::ffff:a.b.c.d]`.
    Ip(SocketAddr),
    /// A Unix socket, by its path where it has one.
    Unix(Option<PathBuf>),
}

impl Address {
    /// The IP address, where it has one. Workerman: `getRemoteIp`, `getLocalIp`, here without brackets.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(address) => Some(address.ip()),
            Self::Unix(_) => None,
        }
    }

    /// The port, where it has one. Workerman: `getRemotePort`, `getLocalPort`.
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Ip(address) => Some(address.port()),
            Self::Unix(_) => None,
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Ip(address)
    }
}

impl From<std::os::unix::net::SocketAddr> for Address {
    fn from(address: std::os::unix::net::SocketAddr) -> Self {
        Self::Unix(address.as_pathname().map(Path::to_owned))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Unix(Some(path)) => write!(f, "unix:{}", path.display()),
            Self::Unix(None) => f.write_str("unix:"),
        }
    }
}

/// An address as a program writes it: `host:port`, `[ipv6]:port`, or `unix:path` (also `unix://path`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// Host and port, to be resolved.
    Ip(String),
    Unix(PathBuf),
}

impl Endpoint {
    pub(crate) fn parse(text: &str) -> Self {
        match text.strip_prefix("unix:") {
            Some(path) => Self::Unix(path.strip_prefix("//").unwrap_or(path).into()),
            None => Self::Ip(text.to_owned()),
        }
    }

    /// The address if no name has to be looked up for it, which could block.
    pub(crate) fn numeric(host_and_port: &str) -> Option<SocketAddr> {
        host_and_port.parse().ok()
    }

    /// Looks the name up. Blocks.
    ///
    /// # Errors
    /// Where the name is not known or the port is missing.
    pub(crate) fn resolve(host_and_port: &str) -> io::Result<Vec<SocketAddr>> {
        let addresses: Vec<_> = host_and_port.to_socket_addrs()?.collect();
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, "the name has no address"));
        }
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_told_apart_by_their_prefix() {
        assert_eq!(Endpoint::parse("127.0.0.1:80"), Endpoint::Ip("127.0.0.1:80".into()));
        assert_eq!(Endpoint::parse("unix:/run/a.sock"), Endpoint::Unix("/run/a.sock".into()));
        assert_eq!(Endpoint::parse("unix:///run/a.sock"), Endpoint::Unix("/run/a.sock".into()));
    }

    #[test]
    fn addresses_show_as_the_model_writes_them() {
        // CONN-8
        let shown = |address: &str| Address::Ip(address.parse().expect("an address")).to_string();
        assert_eq!(shown("127.0.0.1:80"), "127.0.0.1:80");
        assert_eq!(shown("[::1]:80"), "[::1]:80");
        assert_eq!(Address::Unix(Some("/a".into())).to_string(), "unix:/a");
        assert_eq!(Address::Unix(None).port(), None);
    }
}
