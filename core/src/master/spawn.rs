//! Starting a process: fork and exec of the program that is on disk now.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::process::Child;

use super::output::{BootOutput, Output};
use crate::control::Control;
use crate::handed::Handed;
use crate::sys::spawn::Spawn;
use crate::worker::{Birth, VARIABLE};

/// What is executed for each worker, and for a new master.
#[derive(Debug)]
pub(crate) struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
}

/// A process that was started.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) child: Child,
    pub(super) control: Control,
    pub(super) output: BootOutput,
}

/// What a worker gets besides its birth.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outfit<'a> {
    /// Its name in a list of processes, behind that of the program (MASTER-6).
    pub(super) title: &'a str,
    pub(super) board: BorrowedFd<'a>,
    pub(super) log: Option<BorrowedFd<'a>>,
    pub(super) listener: Option<BorrowedFd<'a>>,
    pub(super) output: &'a Output,
}

impl Program {
    fn title(&self, of_worker: &str) -> String {
        let name = self.path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        format!("{name}: {of_worker}")
    }

    /// This program: its path as it was resolved at the start, and its arguments.
    pub(crate) fn this() -> io::Result<Self> {
        let path = std::env::current_exe()?;
        // A file that was replaced before the start shows up with this mark; its successor has the name.
        let marked = path.to_string_lossy().strip_suffix(" (deleted)").map(PathBuf::from);
        Ok(Self { path: marked.unwrap_or(path), arguments: std::env::args_os().skip(1).collect() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A start of it that is still to be fitted out.
    pub(crate) fn spawn<'a>(&self) -> Spawn<'a> {
        Spawn::new(&self.path, self.arguments.iter().cloned())
    }

    /// Starts a worker.
    ///
    /// # Errors
    /// What fork or exec said: the program is gone, is no program, or there are no processes left.
    pub(super) fn start(&self, mut birth: Birth, outfit: &Outfit<'_>) -> io::Result<Started> {
        let (control, theirs) = Control::pair()?;
        let (output, boot) = BootOutput::pipe()?;
        let stderr = outfit.output.stderr()?;
        let mut handed = Handed::default()
            .and(Birth::CONTROL, theirs.as_fd())
            .and(Birth::STDERR, stderr.as_fd())
            .and(Birth::BOARD, outfit.board);
        if let Some(log) = outfit.log {
            handed = handed.and(Birth::LOG, log);
        }
        if let Some(listener) = outfit.listener {
            handed = handed.and(Birth::LISTENER, listener);
        }
        birth.descriptors = handed.names();
        let spawn = handed.to(self.spawn().title(&self.title(outfit.title)).env(VARIABLE, &birth.encode()));
        let child = spawn.stdout(outfit.output.stdout()?).stderr(boot).start()?;
        Ok(Started { child, control, output })
    }
}
