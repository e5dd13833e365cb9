//! Where a report goes. A file is opened before the work begins, so that a wrong path costs nothing but
//! the mistake, and is emptied only when there is something to write.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

/// A place for a report.
#[derive(Debug)]
pub(crate) enum Output {
    /// Standard output, instead of the report for people.
    Standard,
    /// A file.
    File(PathBuf, File),
}

impl Output {
    /// Opens what an option names; `-` is standard output.
    ///
    /// # Errors
    /// The file can't be written: the option and the reason.
    pub(crate) fn open(option: &str, path: &Path) -> Result<Self, String> {
        if path.as_os_str() == "-" {
            return Ok(Self::Standard);
        }
        // Not emptied yet: until there is a new report the old one stays.
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        file.map(|file| Self::File(path.to_owned(), file))
            .map_err(|error| format!("{option} {}: can't be written: {error}", path.display()))
    }

    /// Opens what an option names, if it was given.
    pub(crate) fn maybe(option: &str, path: Option<&Path>) -> Result<Option<Self>, String> {
        path.map(|path| Self::open(option, path)).transpose()
    }

    /// What was there goes now, and what is written is there at once.
    pub(crate) fn live(self) -> Box<dyn Write + Send> {
        match self {
            Self::Standard => Box::new(io::stdout()),
            Self::File(_, file) => {
                // A file that can't be emptied (a pipe, a terminal) is written to as it is.
                let _ = file.set_len(0);
                Box::new(file)
            }
        }
    }

    /// Replaces what was there.
    pub(crate) fn write(self, text: &str) -> anyhow::Result<()> {
        match self {
            Self::Standard => say(text),
            Self::File(path, mut file) => {
                let replace = file.set_len(0).and_then(|()| file.write_all(text.as_bytes()));
                replace.with_context(|| format!("write {}", path.display()))
            }
        }
    }
}

/// Writes to standard output. Whoever reads may have seen enough: a closed pipe is no error.
pub(crate) fn say(text: &str) -> anyhow::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("write to standard output"),
    }
}
