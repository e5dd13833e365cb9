//! Fork and exec of a program with chosen descriptors at chosen numbers. Master only.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A program to start, with descriptors to hand over.
///
/// Every descriptor of the parent is close-on-exec; only the copies made here, in the child and
/// after fork, survive the exec. So no other child started meanwhile can inherit them.
#[derive(Debug)]
pub(crate) struct Spawn<'a> {
    command: Command,
    /// The descriptors of the child from number 3 on, in order.
    handed: Vec<BorrowedFd<'a>>,
    tie: Tie,
}

impl<'a> Spawn<'a> {
    /// The lowest number that handed descriptors get in the child.
    pub(crate) const FIRST_FD: RawFd = 3;

    /// A child that runs `program` with `arguments`; it inherits standard input and output.
    pub(crate) fn new(program: &Path, arguments: impl IntoIterator<Item = OsString>) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        Self { command, handed: Vec::new(), tie: Tie::None }
    }

    /// The name that the child has in a list of processes, in place of the program's.
    pub(crate) fn title(mut self, title: &str) -> Self {
        self.command.arg0(title);
        self
    }

    /// Sets a variable of the child's environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Gives the child `fd` as its next descriptor number, from [`Self::FIRST_FD`] on.
    pub(crate) fn hand(mut self, fd: BorrowedFd<'a>) -> Self {
        self.handed.push(fd);
        self
    }

    /// Sends the child's standard error there.
    pub(crate) fn stderr(mut self, fd: OwnedFd) -> Self {
        self.command.stderr(Stdio::from(fd));
        self
    }

    /// Sends the child's standard output there.
    pub(crate) fn stdout(mut self, fd: OwnedFd) -> Self {
        self.command.stdout(Stdio::from(fd));
        self
    }

    /// Has the kernel kill the child when this thread ends.
    pub(crate) fn dies_with_us(mut self) -> Self {
        self.tie = Tie::Dies;
        self
    }

    /// Puts the child into a session of its own, without a terminal and without us as its parent: the child that is
    /// returned ends at once, and its own child executes the program.
    pub(crate) fn detached(mut self) -> Self {
        self.tie = Tie::Detached;
        self
    }

    /// Forks and executes.
    ///
    /// # Errors
    /// What fork, dup or exec said; nothing is left running then.
    pub(crate) fn start(mut self) -> io::Result<Child> {
        let sources: Vec<RawFd> = self.handed.iter().map(AsRawFd::as_raw_fd).collect();
        let mut parked = vec![0 as RawFd; sources.len()];
        let above = Self::FIRST_FD + sources.len() as RawFd;
        let (tie, parent) = (self.tie, std::process::id());
        let arrange = move || {
            // First out of the way of the target numbers, then into place: a source may already
            // have the number of a target. dup2 clears close-on-exec on the copy, and on it alone.
            for (slot, fd) in parked.iter_mut().zip(&sources) {
                *slot = check(dup_above(*fd, above))?;
            }
            for (target, fd) in (Self::FIRST_FD..).zip(&parked) {
                check(dup_to(*fd, target))?;
            }
            match tie {
                Tie::None => Ok(()),
                Tie::Dies => die_with(parent),
                Tie::Detached => detach(),
            }
        };
        // SAFETY: between fork and exec the closure only calls fcntl, dup2, prctl, getppid, setsid, fork and
        // _exit, which are async-signal-safe (signal-safety(7)) or plain system calls; it allocates
        // nothing and takes no lock. std resets the signal mask of the child before the exec.
        unsafe { self.command.pre_exec(arrange) };
        self.command.spawn()
    }
}

/// How the child is bound to this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tie {
    None,
    Dies,
    Detached,
}

fn die_with(parent: u32) -> io::Result<()> {
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?;
    let there = nix::unistd::getppid().as_raw() as u32 == parent;
    if there { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::ESRCH)) }
}

/// Two forks: the leader of the new session, which could acquire a terminal, is gone.
fn detach() -> io::Result<()> {
    nix::unistd::setsid()?;
    // SAFETY: the process was just forked and has one thread; its child goes on to exec.
    let child = unsafe { libc::fork() };
    if 0 < check(child)? {
        // SAFETY: _exit runs no handlers and flushes nothing, so what was copied from the parent stays untouched.
        unsafe { libc::_exit(0) };
    }
    Ok(())
}

fn dup_above(fd: RawFd, lowest: RawFd) -> RawFd {
    // SAFETY: fcntl(F_DUPFD_CLOEXEC) reads no memory; a bad descriptor is reported as EBADF.
    unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, lowest) }
}

fn dup_to(fd: RawFd, target: RawFd) -> RawFd {
    // SAFETY: dup2 reads no memory; whatever was open at the target number is std's and dies with exec.
    unsafe { libc::dup2(fd, target) }
}

fn check(result: RawFd) -> io::Result<RawFd> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
