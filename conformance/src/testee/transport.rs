use std::path::{Path, PathBuf};

use super::port::PortLease;

/// What the packets of a port travel over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP at 127.0.0.1.
    Tcp,
    /// UDP at 127.0.0.1.
    Udp,
    /// A unix socket in the run's folder.
    Unix,
}

impl Transport {
    /// The transport of that name in `testee.toml`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "tcp" => Some(Self::Tcp),
            "udp" => Some(Self::Udp),
            "unix" => Some(Self::Unix),
            _ => None,
        }
    }

    /// What a port of this name has to be.
    #[must_use]
    pub fn of_port(name: &str) -> Self {
        match name {
            "udp" => Self::Udp,
            "unix" => Self::Unix,
            _ => Self::Tcp,
        }
    }

    /// The name in `testee.toml`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Unix => "unix",
        }
    }
}

/// Where a port of a run is.
#[derive(Debug)]
pub(super) enum Place {
    /// A TCP or UDP port that is ours.
    Number(PortLease, Transport),
    /// The path of a unix socket.
    Path(PathBuf),
}

impl Place {
    /// As the contract's variables and placeholders say it. A path is that of a socket in `folder`, so
    /// that a second server beside the first has its own.
    pub(super) fn text(&self, folder: &Path) -> String {
        match self {
            Self::Number(lease, _) => lease.port().to_string(),
            Self::Path(path) => match path.file_name() {
                Some(name) => folder.join(name).display().to_string(),
                None => path.display().to_string(),
            },
        }
    }
}
