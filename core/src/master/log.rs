//! The log file of master and workers: opened, opened anew, and rotated when it is full.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use super::run::{Config, Master};
use super::state::WorkerId;
use crate::control::FromMaster;
use crate::error::Error;
use crate::logging;

/// Opens it, if there is to be one.
pub(super) fn open(config: &Config) -> Result<Option<OwnedFd>, Error> {
    let open = |path: &PathBuf| {
        logging::open(path).map_err(Error::system(format!("open the log file {}", path.display())))
    };
    config.log.file.as_ref().map(open).transpose()
}

impl Master {
    /// Opens the log file anew, here and in the workers: it may have been moved away.
    pub(super) fn reopen_log(&mut self) {
        let opened = match open(&self.config) {
            Ok(None) => return,
            Ok(Some(log)) => {
                log.try_clone().map(|ours| (log, ours)).map_err(Error::system("share the log file"))
            }
            Err(error) => Err(error),
        };
        let (log, ours) = match opened {
            Ok(both) => both,
            Err(error) => return tracing::error!(%error, "the log stays where it went"),
        };
        logging::replace(ours);
        for (worker, held) in &self.workers {
            match held.control.tell_with(&FromMaster::Log, log.as_fd()) {
                Ok(()) => drop(self.log_laggards.insert(*worker)),
                Err(error) => {
                    tracing::warn!(pid = held.child.id(), %error, "cannot hand a worker the log file")
                }
            }
        }
        self.log = Some(log);
    }

    /// The log file has grown past its cap (MASTER-9): it gets another name, and all go on in a new one. A line that
    /// a worker writes before it hears of that stands in the old one, and the old one is not replaced before all
    /// have moved on: none is lost (SF-26).
    pub(super) fn rotate_log(&mut self) {
        let Some(path) = self.config.log.file.clone() else { return };
        // Several workers may report the same file, and after an upgrade it is the new master's.
        let full = fs::metadata(&path).is_ok_and(|data| self.config.log.max_bytes < data.len());
        if !full || self.abdicated || !self.log_laggards.is_empty() {
            return;
        }
        let mut old = path.clone().into_os_string();
        old.push(".1");
        match fs::rename(&path, &old) {
            Ok(()) => self.reopen_log(),
            Err(error) => tracing::error!(%error, "cannot rotate the log file"),
        }
    }

    /// A worker writes to the present file, or nowhere any more.
    pub(super) fn log_moved(&mut self, worker: WorkerId) {
        if self.log_laggards.remove(&worker) && self.log_laggards.is_empty() {
            self.rotate_log();
        }
    }

    /// Rotates where this process's own lines have filled it.
    pub(super) fn check_own_log(&mut self) {
        if self.log_is_full.swap(false, Ordering::Relaxed) {
            self.rotate_log();
        }
    }
}
