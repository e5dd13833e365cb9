use std::io;
use std::time::Duration;

use super::command::Verb;
use super::launch::Exit;
use super::problem::TesteeFileError;

/// Why a testee could not be started, told or stopped. Where it wrote a log, the tail is part of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TesteeError {
    /// Its file can't be used.
    #[error(transparent)]
    File(#[from] TesteeFileError),
    /// Something of ours failed before or beside the testee.
    #[error("{what}: {source}")]
    System {
        /// What was attempted, on what.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// The command could not be executed at all.
    #[error("testee {name}: can't start `{command}`: {reason} (correct start.command in {path})")]
    NotStarted {
        /// The testee.
        name: String,
        /// The command as executed.
        command: String,
        /// What the system said.
        reason: String,
        /// Its file.
        path: String,
    },
    /// Its file names no such command.
    #[error("testee {name}: no {verb} in its file")]
    NoCommand {
        /// The testee.
        name: String,
        /// What was wanted.
        verb: Verb,
    },
    /// It ended before it was ready.
    #[error("testee {name}: ended before it was ready: {exit}{}", log_part(.log))]
    Died {
        /// The testee.
        name: String,
        /// How it ended.
        exit: Exit,
        /// The end of its output.
        log: String,
    },
    /// It runs but a port stayed closed.
    #[error(
        "testee {name}: not ready within {timeout:?}: nothing accepts on port {port} (raise ready.timeout, or see why it does not listen){}",
        log_part(.log)
    )]
    NotReady {
        /// The testee.
        name: String,
        /// The port that stayed closed: its name and number.
        port: String,
        /// What it was given.
        timeout: Duration,
        /// The end of its output.
        log: String,
    },
    /// The process to signal is not, or no longer, one of the testee's.
    #[error("process {pid} is not, or no longer, one of the testee's")]
    NotOurs {
        /// The number.
        pid: i32,
    },
    /// A reload was asked for, and the file has none.
    #[error("testee {name} has no [reload]")]
    NoReload {
        /// The testee.
        name: String,
    },
    /// The process that guards the testee is gone or says nonsense.
    #[error("the keeper of testee {name} failed: {reason}")]
    Keeper {
        /// The testee.
        name: String,
        /// What happened.
        reason: String,
    },
}

impl TesteeError {
    /// Wraps what the system said about something of ours.
    pub(super) fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::System { what, source }
    }
}

/// The log as an indented block, or a remark that there is none.
fn log_part(log: &str) -> String {
    if log.trim().is_empty() {
        return "\n  it wrote nothing".to_owned();
    }
    let mut part = "\n  the end of its output:".to_owned();
    for line in log.lines() {
        part.push_str("\n    ");
        part.push_str(line);
    }
    part
}
