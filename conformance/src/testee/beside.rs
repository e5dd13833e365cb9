use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::NamedTempFile;

use super::keeper::{KeeperLink, tail};
use super::launch::Exit;
use super::process::{Process, ProcessState, descendants};

/// A command that runs beside a testee, with all that it starts. Dropped, all of that is killed.
#[derive(Debug)]
pub struct Beside {
    pub(super) keeper: KeeperLink,
    pub(super) pid: Pid,
    pub(super) log: NamedTempFile,
}

impl Beside {
    /// The process of the command.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// How it ended, if it did.
    #[must_use]
    pub fn exited(&self) -> Option<Exit> {
        self.keeper.exited().map(|(exit, _)| exit)
    }

    /// Waits for its end.
    #[must_use]
    pub fn wait_exit(&self, deadline: Instant) -> Option<Exit> {
        self.keeper.wait_exit(deadline).map(|(exit, _)| exit)
    }

    /// All that descends from it and lives, orphans too.
    #[must_use]
    pub fn tree(&self) -> Vec<Process> {
        let mut tree = descendants(self.keeper.pid());
        tree.retain(|process| process.state != ProcessState::Zombie);
        tree
    }

    /// Sends a signal to a process of its tree; false if it is none.
    pub fn signal(&self, pid: Pid, signal: Signal) -> bool {
        self.tree().iter().any(|process| process.pid == pid) && kill(pid, signal).is_ok()
    }

    /// The last lines of its output.
    #[must_use]
    pub fn output(&self) -> String {
        tail(self.log.path(), 40)
    }

    /// Ends it with all that it started; what it wrote to the last is returned.
    #[must_use]
    pub fn end(self) -> String {
        let Self { keeper, log, .. } = self;
        // Its last words are in the file when the keeper is gone.
        drop(keeper);
        tail(log.path(), 40)
    }
}
