//! Where output goes: what a worker writes to standard error while it boots is passed on, and its tail kept for the
//! report of a reload that fails; afterwards it goes where the server's output goes.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use mio::unix::pipe;

use crate::logging;

/// Octets kept of each worker's output.
const TAIL: usize = 4096;

/// The reading end of a booting worker's standard error.
#[derive(Debug)]
pub(super) struct BootOutput {
    pipe: pipe::Receiver,
    tail: VecDeque<u8>,
}

impl BootOutput {
    /// A pipe; the worker gets the second part.
    pub(super) fn pipe() -> io::Result<(Self, OwnedFd)> {
        let (sender, receiver) = pipe::new()?;
        // The worker's end blocks, as programs expect of standard error.
        sender.set_nonblocking(false)?;
        Ok((Self { pipe: receiver, tail: VecDeque::new() }, sender.into()))
    }

    /// Takes what has come; false once the worker has let go of its end.
    pub(super) fn read(&mut self) -> bool {
        let mut chunk = [0; 4096];
        // Bounded, so that a worker that floods does not hold the master.
        for _ in 0..16 {
            match self.pipe.read(&mut chunk) {
                Ok(0) => return false,
                Ok(length) => {
                    let _ = io::stderr().write_all(&chunk[..length]);
                    self.tail.extend(&chunk[..length]);
                    let surplus = self.tail.len().saturating_sub(TAIL);
                    self.tail.drain(..surplus);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
        true
    }

    /// The last lines of the output.
    pub(super) fn tail(&self) -> String {
        let octets: Vec<u8> = self.tail.iter().copied().collect();
        String::from_utf8_lossy(&octets).trim_end().to_owned()
    }

    pub(super) fn pipe_mut(&mut self) -> &mut pipe::Receiver {
        &mut self.pipe
    }
}

impl AsRawFd for BootOutput {
    fn as_raw_fd(&self) -> i32 {
        self.pipe.as_raw_fd()
    }
}

/// Where standard output and error of master and workers go.
#[derive(Debug)]
pub(super) enum Output {
    /// Where the program was started.
    /// A new master's own standard error is a pipe until it takes over; then it is this one.
    Foreground { stderr: Option<OwnedFd> },
    /// To a file, or nowhere (SF-21).
    Daemon { path: PathBuf, file: OwnedFd },
}

impl Output {
    /// Of a daemon: appended to `path`, which may be `/dev/null`.
    ///
    /// # Errors
    /// What open said.
    pub(super) fn daemon(path: PathBuf) -> io::Result<Self> {
        let file = logging::open(&path)?;
        Ok(Self::Daemon { path, file })
    }

    pub(super) fn stdout(&self) -> io::Result<OwnedFd> {
        match self {
            Self::Foreground { .. } => io::stdout().as_fd().try_clone_to_owned(),
            Self::Daemon { file, .. } => file.try_clone(),
        }
    }

    pub(super) fn stderr(&self) -> io::Result<OwnedFd> {
        match self {
            Self::Foreground { stderr: Some(stderr) } => stderr.try_clone(),
            Self::Foreground { stderr: None } => io::stderr().as_fd().try_clone_to_owned(),
            Self::Daemon { file, .. } => file.try_clone(),
        }
    }

    /// Sends this process's own output there.
    pub(super) fn follow(&self) -> io::Result<()> {
        match self {
            Self::Foreground { stderr: None } => {}
            Self::Foreground { stderr: Some(stderr) } => nix::unistd::dup2_stderr(stderr)?,
            Self::Daemon { file, .. } => {
                nix::unistd::dup2_stdout(file)?;
                nix::unistd::dup2_stderr(file)?;
            }
        }
        Ok(())
    }

    /// Opens the file anew, after somebody may have moved it away; the new one, for the workers that stay
    /// (RELOAD-2, RELOAD-8).
    pub(super) fn reopen(&mut self) -> io::Result<Option<BorrowedFd<'_>>> {
        match self {
            Self::Foreground { .. } => return Ok(None),
            Self::Daemon { path, file } => *file = logging::open(path)?,
        }
        self.follow()?;
        match self {
            Self::Foreground { .. } => Ok(None),
            Self::Daemon { file, .. } => Ok(Some(OwnedFd::as_fd(file))),
        }
    }
}
