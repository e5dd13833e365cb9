//! Starting a worker: fork and exec of the program that is on disk now.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::Child;

use crate::control::Control;
use crate::sys::spawn::Spawn;
use crate::worker::{Birth, VARIABLE};

use super::output::BootOutput;

/// What is executed for each worker.
#[derive(Debug)]
pub(super) struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
}

/// A worker that was started.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) child: Child,
    pub(super) control: Control,
    pub(super) output: BootOutput,
}

impl Program {
    /// This program: its path as it was resolved at the start, and its arguments.
    pub(super) fn this() -> io::Result<Self> {
        let path = std::env::current_exe()?;
        // A file that was replaced before the start shows up with this mark; its successor has the name.
        let marked = path.to_string_lossy().strip_suffix(" (deleted)").map(PathBuf::from);
        Ok(Self { path: marked.unwrap_or(path), arguments: std::env::args_os().skip(1).collect() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Starts a worker.
    ///
    /// # Errors
    /// What fork or exec said: the program is gone, is no program, or there are no processes left.
    pub(super) fn start(&self, birth: &Birth, listener: BorrowedFd<'_>) -> io::Result<Started> {
        let (control, theirs) = Control::pair()?;
        let (output, stderr) = BootOutput::pipe()?;
        let child = self.spawn(birth, theirs.as_fd(), stderr, listener)?;
        Ok(Started { child, control, output })
    }

    fn spawn(
        &self,
        birth: &Birth,
        control: BorrowedFd<'_>,
        stderr: OwnedFd,
        listener: BorrowedFd<'_>,
    ) -> io::Result<Child> {
        // In the order that Birth documents.
        Spawn::new(&self.path, self.arguments.iter().cloned())
            .env(VARIABLE, &birth.encode())
            .hand(control)
            .hand(io::stderr().as_fd())
            .hand(listener)
            .stderr(stderr)
            .start()
    }
}
