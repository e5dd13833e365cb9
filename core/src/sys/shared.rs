//! Memory that master and workers see alike: a memfd, mapped as words that are read and written
//! atomically.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::AtomicU64;

/// A mapping of a descriptor's first words, shared with every process that maps the same.
#[derive(Debug)]
pub(crate) struct Shared {
    start: NonNull<AtomicU64>,
    words: usize,
}

impl Shared {
    /// Maps the first `words` words of `memory`, which must be as large as that: reading past its end
    /// would be answered by SIGBUS, so the size is checked.
    ///
    /// # Errors
    /// What fstat or mmap said; `InvalidInput` where the descriptor is too short or `words` is 0.
    pub(crate) fn map(memory: BorrowedFd<'_>, words: usize) -> io::Result<Self> {
        let length = words * size_of::<AtomicU64>();
        let held = nix::sys::stat::fstat(memory)?.st_size;
        if length == 0 || held < length as i64 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the shared memory is too short"));
        }
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
        // SAFETY: a new mapping at an address of the kernel's choice touches no memory that exists
        // (mmap(2)); the descriptor is open and at least `length` long.
        let start = unsafe { libc::mmap(ptr::null_mut(), length, protection, flags, memory.as_raw_fd(), 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).expect("the kernel maps nothing at 0 unasked");
        Ok(Self { start, words })
    }

    pub(crate) fn words(&self) -> &[AtomicU64] {
        // SAFETY: the mapping is page-aligned, as long as that, readable and writable, and lives as long
        // as self; any bits make a valid AtomicU64, and all processes access them atomically.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.words) }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let length = self.words * size_of::<AtomicU64>();
        // SAFETY: exactly what map() mapped, and no reference to it outlives self.
        unsafe { libc::munmap(self.start.as_ptr().cast(), length) };
    }
}
