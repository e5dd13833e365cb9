//! Listeners that several workers poll and that wake one of them: `EPOLLEXCLUSIVE`, which mio does
//! not offer. Workers only.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use mio::{Registry, Token};

/// Watches `listener` for connections, level-triggered and exclusive, so that one waiting worker is
/// woken per connection and not every one of them (epoll_ctl(2), `EPOLLEXCLUSIVE`).
///
/// # Errors
/// What epoll_ctl said.
pub(crate) fn watch(registry: &Registry, listener: BorrowedFd<'_>, token: Token) -> io::Result<()> {
    let mut event =
        libc::epoll_event { events: (libc::EPOLLIN | libc::EPOLLEXCLUSIVE) as u32, u64: token.0 as u64 };
    // SAFETY: the event is a valid, initialised epoll_event that lives across the call, and both
    // descriptors are borrowed from open objects. mio reads a token from the same 64 bits.
    let result = unsafe {
        libc::epoll_ctl(registry.as_raw_fd(), libc::EPOLL_CTL_ADD, listener.as_raw_fd(), &raw mut event)
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Stops watching. Must come before the descriptor is closed: another process holds the same
/// description, and epoll would go on reporting it (KF-11).
///
/// # Errors
/// What epoll_ctl said.
pub(crate) fn unwatch(registry: &Registry, listener: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: EPOLL_CTL_DEL ignores the event pointer (Linux 2.6.9 and later); both descriptors are open.
    let result = unsafe {
        libc::epoll_ctl(registry.as_raw_fd(), libc::EPOLL_CTL_DEL, listener.as_raw_fd(), std::ptr::null_mut())
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
