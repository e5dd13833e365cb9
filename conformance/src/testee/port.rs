use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net;

/// A port at 127.0.0.1 that is free and stays ours while this value lives.
///
/// The number is taken below the range that the kernel hands to outgoing connections: a probe's own
/// connection can't sit on it when the testee binds. Other runners on this machine keep away because
/// each lease holds an abstract socket named after its port, which the kernel drops with the process.
#[derive(Debug)]
pub(super) struct PortLease {
    port: u16,
    _claim: net::UnixListener,
}

impl PortLease {
    /// Finds a port.
    ///
    /// # Errors
    /// `AddrNotAvailable` if none of the candidates is free.
    pub(super) fn take() -> io::Result<Self> {
        let ceiling = ephemeral_floor().clamp(FLOOR + 1_000, u16::MAX);
        let span = ceiling - FLOOR;
        let start = seed() % span;
        for step in 0..span {
            let port = FLOOR + (start + step) % span;
            if let Some(lease) = Self::claim(port) {
                return Ok(lease);
            }
        }
        Err(io::Error::new(io::ErrorKind::AddrNotAvailable, "no free port below the ephemeral range"))
    }

    /// The number.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    fn claim(port: u16) -> Option<Self> {
        let name = net::SocketAddr::from_abstract_name(format!("workerspec/port/{port}")).ok()?;
        let claim = net::UnixListener::bind_addr(&name).ok()?;
        // Both must be free: a server that listens on every address would take the connections too.
        for address in [Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED] {
            TcpListener::bind(SocketAddr::from((address, port))).ok()?;
            UdpSocket::bind(SocketAddr::from((address, port))).ok()?;
        }
        Some(Self { port, _claim: claim })
    }
}

/// Lowest port considered; below are well-known services.
const FLOOR: u16 = 10_240;

/// Where the kernel's range for outgoing connections begins; 32768 if it can't be read.
fn ephemeral_floor() -> u16 {
    fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
        .ok()
        .and_then(|range| range.split_whitespace().next()?.parse().ok())
        .unwrap_or(32_768)
}

/// A different start for each lease, so that runners don't queue up at the same number.
fn seed() -> u16 {
    use std::hash::{BuildHasher, RandomState};
    (RandomState::new().hash_one(0) & 0xffff) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_leases_never_share_a_port() {
        let leases: Vec<PortLease> = (0..50).map(|_| PortLease::take().unwrap()).collect();
        let mut ports: Vec<u16> = leases.iter().map(PortLease::port).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 50);
    }

    #[test]
    fn a_port_in_use_is_not_leased() {
        let taken = PortLease::take().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, taken.port())).unwrap();
        let port = taken.port();
        drop(taken);
        assert!(PortLease::claim(port).is_none());
        drop(listener);
        assert!(PortLease::claim(port).is_some());
    }
}
