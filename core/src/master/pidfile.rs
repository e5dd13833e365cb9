//! The pid file, locked for as long as the master lives (SF-19).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg, OFlag};

use crate::error::Error;

/// A pid file that this process holds. Dropped, it is removed.
#[derive(Debug)]
pub(crate) struct PidFile {
    path: PathBuf,
    lock: Flock<File>,
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
                    return Err(Error::AlreadyRunning { path: path.into(), pid: read_pid(path) });
                }
                Err((_, error)) => return Err(system(error.into())),
            };
            // The one who held it may have removed the name between our open and our lock.
            if !same_file(&lock, path) {
                continue;
            }
            let mut held = Self { path: path.into(), lock };
            held.write().map_err(system)?;
            return Ok(held);
        }
    }

    fn write(&mut self) -> io::Result<()> {
        self.lock.set_len(0)?;
        self.lock.rewind()?;
        writeln!(self.lock, "{}", std::process::id())
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Removed while still locked, so that nobody can lock a name that is about to go.
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "cannot remove the pid file");
        }
    }
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

fn read_pid(path: &Path) -> String {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(32).read_to_string(&mut text));
    let pid = text.trim();
    if read.is_ok() && !pid.is_empty() { pid.to_owned() } else { "?".to_owned() }
}
