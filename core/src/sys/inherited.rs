//! Descriptors and variables that an exec brought along. Before any thread exists.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// Takes ownership of a descriptor that another process handed over, and makes it close-on-exec again.
///
/// # Errors
/// `EBADF` where no such descriptor is open.
pub(crate) fn take_fd(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: fcntl(F_SETFD) reads no memory; a number that is not open is reported as EBADF.
    let result = unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is open (checked above), and this process got it for this purpose alone:
    // each number is taken once.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Reads a variable and removes it, so that programs started by this worker do not take themselves
/// for workers.
pub(crate) fn take_variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok();
    if value.is_some() {
        // SAFETY: called at the start of the program's server code, before core starts any thread;
        // `Server` documents that it must be run from the main thread while it is the only one.
        unsafe { std::env::remove_var(name) };
    }
    value
}
