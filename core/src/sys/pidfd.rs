//! Signalling a process through a descriptor, which never comes to mean another process (I8). Command line only:
//! the master holds its children unreaped instead.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// A process.
#[derive(Debug)]
pub(crate) struct PidFd {
    descriptor: OwnedFd,
}

impl PidFd {
    /// The process that has that id now.
    ///
    /// # Errors
    /// `ESRCH` where there is none.
    pub(crate) fn open(pid: i32) -> io::Result<Self> {
        // SAFETY: pidfd_open(2) takes two integers and touches no memory.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a new descriptor, close-on-exec, that nothing else owns.
        let descriptor = unsafe { OwnedFd::from_raw_fd(fd as RawFd) };
        Ok(Self { descriptor })
    }

    /// Kills it.
    ///
    /// # Errors
    /// `ESRCH` where it is gone, `EPERM` where it is not ours.
    pub(crate) fn kill(&self) -> io::Result<()> {
        let fd = self.descriptor.as_raw_fd();
        let no_details = std::ptr::null::<libc::siginfo_t>();
        // SAFETY: pidfd_send_signal(2) with a null siginfo reads no memory.
        let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, libc::SIGKILL, no_details, 0) };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}
