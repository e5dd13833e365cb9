//! The pid file, locked for as long as a server lives (SF-19): by one master after the other, when they upgrade.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg, OFlag};

use crate::error::Error;

/// A pid file that this process holds. Dropped by its owner, it is removed.
#[derive(Debug)]
pub(crate) struct PidFile {
    path: PathBuf,
    /// Never unlocked, only closed: the lock belongs to the open file, which another master may share.
    lock: ManuallyDrop<Flock<File>>,
    owned: bool,
}

impl PidFile {
    /// Takes the file and writes this process's id into it.
    ///
    /// # Errors
    /// [`Error::AlreadyRunning`] where another process holds it; [`Error::System`] where it cannot be written.
    pub(crate) fn take(path: &Path) -> Result<Self, Error> {
        let system =
            |source| Error::System { attempt: format!("write the pid file {}", path.display()), source };
        loop {
            let file = open(path).map_err(system)?;
            let lock = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(lock) => lock,
                Err((_, nix::Error::EWOULDBLOCK)) => {
                    let pid = read_pid(path).map_or_else(|| "?".to_owned(), |pid| pid.to_string());
                    return Err(Error::AlreadyRunning { path: path.into(), pid });
                }
                Err((_, error)) => return Err(system(error.into())),
            };
            // The one who held it may have removed the name between our open and our lock.
            if !same_file(&lock, path) {
                continue;
            }
            let mut held = Self { path: path.into(), lock: ManuallyDrop::new(lock), owned: false };
            held.own().map_err(system)?;
            return Ok(held);
        }
    }

    /// Shares the lock of the master before this one; the file stays that one's.
    ///
    /// # Errors
    /// [`Error::System`] where it is not locked, or is another file than the one at `path`.
    pub(crate) fn inherit(path: &Path, file: OwnedFd) -> Result<Self, Error> {
        let attempt = || Error::system(format!("take over the pid file {}", path.display()));
        let file = File::from(file);
        if !same_file(&file, path) {
            return Err(attempt()(io::Error::other("the new program names another one")));
        }
        let locked = Flock::lock(file, FlockArg::LockExclusiveNonblock);
        let lock = locked.map_err(|(_, error)| attempt()(error.into()))?;
        Ok(Self { path: path.into(), lock: ManuallyDrop::new(lock), owned: false })
    }

    /// Writes this process's id: from now on the file is its own.
    pub(crate) fn own(&mut self) -> io::Result<()> {
        self.owned = true;
        // Longer text is cut after the new one is written, so that a reader never finds the file empty.
        let text = format!("{}\n", std::process::id());
        self.lock.rewind()?;
        self.lock.write_all(text.as_bytes())?;
        self.lock.set_len(text.len() as u64)
    }

    /// Leaves it to another master that shares the lock.
    pub(crate) fn disown(&mut self) {
        self.owned = false;
    }

    /// The locked file, for a master that takes over.
    pub(crate) fn file(&self) -> BorrowedFd<'_> {
        self.lock.as_fd()
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Removed while still locked, so that nobody can lock a name that is about to go.
        if self.owned
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "cannot remove the pid file");
        }
    }
}

/// The process id in the file.
pub(crate) fn read_pid(path: &Path) -> Option<i32> {
    let mut text = String::new();
    File::open(path).and_then(|file| file.take(32).read_to_string(&mut text)).ok()?;
    text.trim().parse().ok()
}

/// Whether a master holds the file now.
pub(crate) fn is_held(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    matches!(Flock::lock(file, FlockArg::LockSharedNonblock), Err((_, nix::Error::EWOULDBLOCK)))
}

/// Readable by all, writable by us alone (SF-20); a symbolic link in its place is not followed.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NOFOLLOW.bits();
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o644)
        .custom_flags(flags)
        .open(path)
}

fn same_file(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(ours), Ok(named)) => (ours.dev(), ours.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}
