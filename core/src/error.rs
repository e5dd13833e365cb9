//! What can go wrong before and around serving, with who has to act.

use std::io;
use std::path::PathBuf;

/// Why a server could not be started, reached or stopped. Master and command line only: what a peer
/// or a callback does wrong ends at its connection and never comes here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The program declared something that cannot be served.
    #[error("service {service}: {what}")]
    Misuse {
        /// Name of the service.
        service: String,
        /// What is wrong and what would be right.
        what: String,
    },
    /// An address is taken or not ours.
    #[error("service {service}: cannot listen on {address}: {source}")]
    Listen {
        /// Name of the service.
        service: String,
        /// The address as the program declared it.
        address: String,
        /// What the kernel said.
        source: io::Error,
    },
    /// Another master holds the pid file.
    #[error("already running: {path} is locked by process {pid}; stop it first or choose another pid file")]
    AlreadyRunning {
        /// The pid file.
        path: PathBuf,
        /// The process id it holds, or `?`.
        pid: String,
    },
    /// No master answers behind the pid file.
    #[error("not running: no server answers behind {path}")]
    NotRunning {
        /// The pid file.
        path: PathBuf,
    },
    /// The first generation of workers did not come up.
    #[error("cannot start: {reason}")]
    Boot {
        /// Which worker failed, how, and the tail of its output.
        reason: String,
    },
    /// The running server did not do what a command asked.
    #[error("{reason}")]
    Refused {
        /// What it said.
        reason: String,
    },
    /// A system call failed.
    #[error("cannot {attempt}: {source}")]
    System {
        /// What was attempted, and on what.
        attempt: String,
        /// What the kernel said.
        source: io::Error,
    },
}

impl Error {
    /// Wraps a failed system call with what was attempted.
    pub(crate) fn system(attempt: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
        let attempt = attempt.into();
        move |source| Error::System { attempt, source }
    }
}
