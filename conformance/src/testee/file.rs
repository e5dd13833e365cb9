use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::capability::{Capability, Tier};
use super::check::Checker;
use super::command::Verb;
use super::problem::TesteeFileError;
use super::schema::Raw;
use super::transport::Transport;

/// `testee.toml`, parsed and checked: what can't be used does not get this far.
#[derive(Clone, Debug)]
pub struct TesteeFile {
    pub(super) path: PathBuf,
    pub(super) here: PathBuf,
    pub(super) contract: u8,
    pub(super) name: String,
    pub(super) tier: Tier,
    pub(super) version: Vec<String>,
    pub(super) capabilities: BTreeSet<Capability>,
    pub(super) command: Vec<String>,
    pub(super) one_worker: bool,
    pub(super) env: BTreeMap<String, String>,
    pub(super) ready_timeout: Duration,
    pub(super) reload: Option<Reload>,
    pub(super) stop: Stop,
    pub(super) ports: Vec<String>,
    pub(super) commands: BTreeMap<Verb, Vec<String>>,
    pub(super) limits: Limits,
    pub(super) templates: Vec<Template>,
}

/// How a reload is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reload {
    /// A signal to the master, or a command.
    pub means: ReloadMeans,
    /// A reload that has not shown a new worker by then has failed. Default 30 s.
    pub timeout: Duration,
}

/// A signal to the master, or a command; never both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReloadMeans {
    /// This signal.
    Signal(Signal),
    /// This command.
    Command {
        /// Program and arguments, with placeholders.
        command: Vec<String>,
        /// It returns when the reload is over, and its exit code is the result.
        waits: bool,
    },
}

/// How the testee is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The signal that stops it. Default TERM.
    pub signal: Signal,
    /// The signal that finishes what is under way before it stops.
    pub graceful: Option<Signal>,
    /// Then everything is killed. Default 10 s.
    pub timeout: Duration,
}

/// Bounds of the testee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the largest message, its framing included. Default 65536.
    pub max_package: usize,
    /// Bytes of the largest HTTP header block, if it is bounded apart from the message.
    pub max_header: Option<usize>,
    /// Bytes of unsent output at which a connection's buffer is full: always 1048576.
    pub max_send_buffer: usize,
}

/// A file that is written before the start and again before every reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Beside `testee.toml`.
    pub from: PathBuf,
    /// With placeholders.
    pub to: String,
}

impl TesteeFile {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// The file can't be read, or says something that can't be used: with line, column, field, remedy.
    pub fn read(path: &Path) -> Result<Self, TesteeFileError> {
        let text = fs::read_to_string(path).map_err(|error| {
            TesteeFileError::whole(
                path,
                format!("can't be read: {error}"),
                "give the path of a testee.toml after --testee",
            )
        })?;
        let full = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let here = full.parent().unwrap_or(Path::new(".")).to_owned();
        Self::parse(&text, path, &here)
    }

    /// Checks the text of a file.
    ///
    /// `path` is what errors call it; `here` is the folder that `{here}` and templates refer to.
    ///
    /// # Errors
    /// As [`TesteeFile::read`].
    pub fn parse(text: &str, path: &Path, here: &Path) -> Result<Self, TesteeFileError> {
        let raw: Raw = toml::from_str(text).map_err(|error| TesteeFileError::syntax(path, text, &error))?;
        Checker { text, path, here }.check(raw)
    }

    /// The name, for reports.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it was read from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder that `{here}` stands for.
    #[must_use]
    pub fn here(&self) -> &Path {
        &self.here
    }

    /// How much of the contract's application it runs.
    #[must_use]
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// What it says it can do.
    #[must_use]
    pub fn capabilities(&self) -> &BTreeSet<Capability> {
        &self.capabilities
    }

    /// Whether it says it can do that.
    #[must_use]
    pub fn can(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }

    /// It has one worker process by nature, however many it is asked for. Default: no.
    #[must_use]
    pub fn has_one_worker(&self) -> bool {
        self.one_worker
    }

    /// How it is reloaded, if it can be.
    #[must_use]
    pub fn reload(&self) -> Option<&Reload> {
        self.reload.as_ref()
    }

    /// How it is stopped.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.stop
    }

    /// Its bounds.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Whether its command line can do that.
    #[must_use]
    pub fn has(&self, verb: Verb) -> bool {
        self.commands.contains_key(&verb)
    }

    /// What a port of its travels over.
    #[must_use]
    pub fn transport(&self, port: &str) -> Transport {
        Transport::of_port(port)
    }

    /// Names of its ports.
    #[must_use]
    pub fn ports(&self) -> &[String] {
        &self.ports
    }
}

#[cfg(test)]
mod tests;
