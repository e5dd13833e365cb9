//! The command line of every program built on core.

use std::path::Path;
use std::process::ExitCode;

use crate::error::Error;
use crate::master::{Request, request};

/// What a program is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Serve in the foreground until told to stop.
    Start,
    /// Stop the running server and wait until it is gone. Graceful: finish what is under way first.
    Stop {
        /// Whether to wait for what is under way, up to the drain timeout.
        graceful: bool,
    },
    /// Stop the running server, if there is one, and start in the foreground.
    Restart {
        /// As in [`Command::Stop`].
        graceful: bool,
    },
    /// Replace the workers by new ones that run the program that is on disk now; wait, and report.
    Reload,
}

/// The exit codes of [`Server::main`](crate::Server::main).
pub mod exit {
    use crate::error::Error;

    /// It was done.
    pub const OK: u8 = 0;
    /// It failed: the server could not start, or a reload was rolled back.
    pub const FAILED: u8 = 1;
    /// The arguments were not understood.
    pub const USAGE: u8 = 2;
    /// No server is running.
    pub const NOT_RUNNING: u8 = 3;
    /// A server is running already.
    pub const ALREADY_RUNNING: u8 = 4;

    /// The code for an error.
    pub(crate) fn code_of(error: &Error) -> u8 {
        match error {
            Error::NotRunning { .. } => NOT_RUNNING,
            Error::AlreadyRunning { .. } => ALREADY_RUNNING,
            _ => FAILED,
        }
    }
}

const HELP: &str = "\
Usage: PROGRAM <COMMAND>

Commands:
  start          serve in the foreground
  stop [-g]      stop the running server and wait until it is gone
  restart [-g]   stop it if it runs, then start
  reload         replace its workers without dropping a request; wait, and report

Options:
  -g, --graceful  finish what is under way before stopping
  -h, --help      show this

Signals: INT, TERM, HUP stop; QUIT stops gracefully; USR1, USR2 reload.
Exit codes: 0 done, 1 failed (also a reload that was rolled back), 2 usage, 3 not running, 4 already running.
";

/// Arguments that are no command, or a cry for help.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoCommand {
    /// `--help` was among them.
    #[error("help was asked for")]
    Help,
    /// What is wrong with them.
    #[error("{0}")]
    Wrong(String),
}

impl NoCommand {
    /// Prints the help or what is wrong; the exit code for it.
    pub fn show(self) -> ExitCode {
        match self {
            Self::Help => {
                print!("{HELP}");
                ExitCode::from(exit::OK)
            }
            Self::Wrong(what) => {
                eprint!("error: {what}\n\n{HELP}");
                ExitCode::from(exit::USAGE)
            }
        }
    }
}

impl Command {
    /// Reads the arguments that follow the program's name.
    ///
    /// # Errors
    /// [`NoCommand`]: help was asked for, or an argument is not known.
    pub fn from_arguments(arguments: impl Iterator<Item = String>) -> Result<Self, NoCommand> {
        let (mut verb, mut graceful) = (None, false);
        for argument in arguments {
            match argument.as_str() {
                "-h" | "--help" | "help" => return Err(NoCommand::Help),
                "-g" | "--graceful" => graceful = true,
                _ if argument.starts_with('-') => {
                    return Err(NoCommand::Wrong(format!("unknown option {argument}")));
                }
                _ if verb.is_none() => verb = Some(argument),
                _ => return Err(NoCommand::Wrong(format!("unexpected argument {argument}"))),
            }
        }
        match verb.as_deref() {
            Some("stop") => Ok(Self::Stop { graceful }),
            Some("restart") => Ok(Self::Restart { graceful }),
            Some("start") if !graceful => Ok(Self::Start),
            // Every reload is graceful here; Workerman's two commands are one (RELOAD-1).
            Some("reload") => Ok(Self::Reload),
            Some("start") => Err(NoCommand::Wrong("start takes no --graceful".to_owned())),
            Some(other) => Err(NoCommand::Wrong(format!("unknown command {other}"))),
            None => Err(NoCommand::Wrong("no command".to_owned())),
        }
    }
}

/// Asks the running server to reload and shows how it goes.
pub(crate) fn reload(pid_file: &Path) -> Result<ExitCode, Error> {
    converse(pid_file, Request::Reload)
}

/// Asks the running server to stop and waits until it is gone.
pub(crate) fn stop(pid_file: &Path, graceful: bool) -> Result<ExitCode, Error> {
    converse(pid_file, Request::Stop { graceful })
}

fn converse(pid_file: &Path, what: Request) -> Result<ExitCode, Error> {
    let done = request(pid_file, what, None, |line| println!("{line}"))?;
    Ok(ExitCode::from(if done { exit::OK } else { exit::FAILED }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Command> {
        Command::from_arguments(line.split_whitespace().map(str::to_owned)).ok()
    }

    #[test]
    fn verbs_and_their_option_in_any_order() {
        assert_eq!(parse("start"), Some(Command::Start));
        assert_eq!(parse("stop -g"), Some(Command::Stop { graceful: true }));
        assert_eq!(parse("--graceful restart"), Some(Command::Restart { graceful: true }));
        assert_eq!(parse("reload"), Some(Command::Reload));
        for wrong in ["", "sing", "start -x", "start stop", "start -g"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
