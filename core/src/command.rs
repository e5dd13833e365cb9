//! The command line of every program built on core.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use crate::error::Error;
use crate::master::{Asking, Patience, Request, request};
use crate::status::{self, Snapshot};

/// What a program is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Serve until told to stop.
    Start {
        /// Whether to go to the background: the command returns when the server serves, or has failed.
        daemon: bool,
        /// Accepted for the sake of Workerman's option: there is no banner to leave out (CLI-1).
        quiet: bool,
    },
    /// Stop the running server and wait until it is gone. Where that takes too long, a graceful stop is made a plain
    /// one, and after a plain one the master is killed (CLI-14).
    Stop {
        /// Whether to finish what is under way first, up to the drain timeout.
        graceful: bool,
        /// Whether to print errors only.
        quiet: bool,
    },
    /// Stop the running server, if there is one, and start.
    Restart {
        /// As in [`Command::Stop`].
        graceful: bool,
        /// As in [`Command::Start`].
        daemon: bool,
        /// As in [`Command::Stop`].
        quiet: bool,
    },
    /// Replace the workers by new ones that run the program that is on disk now; wait, and report.
    Reload {
        /// As in [`Command::Stop`].
        quiet: bool,
    },
    /// Replace the master too by the program that is on disk now; wait, and report.
    Upgrade {
        /// As in [`Command::Stop`].
        quiet: bool,
    },
    /// Show what master and workers do.
    Status {
        /// As JSON, one line a snapshot.
        json: bool,
        /// Again each second, with requests per second.
        watch: bool,
    },
    /// Show all connections.
    Connections {
        /// As JSON.
        json: bool,
    },
}

/// The exit codes of [`Server::main`](crate::Server::main).
pub mod exit {
    use crate::error::Error;

    /// It was done.
    pub const OK: u8 = 0;
    /// It failed: the server could not start, a reload was rolled back, an upgrade was given up, or a server had to
    /// be killed to stop it.
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
Usage: PROGRAM <COMMAND> [OPTIONS]

Commands:
  start [-d]          serve; with -d in the background
  stop [-g]           stop the running server and wait until it is gone
  restart [-g] [-d]   stop it if it runs, then start
  reload              replace its workers without dropping a request; wait, and report
  upgrade             replace its master and workers by the program on disk, likewise
  status [-d]         show what it does; with -d again each second
  connections         show its connections

Options:
  -d, --daemon        start, restart: go to the background when the server serves
  -d, --watch         status: again each second, with requests per second
  -g, --graceful      stop, restart: finish what is under way first (a reload always does)
  -q, --quiet         print errors only
      --json          status, connections: as JSON
  -h, --help          show this
  -V, --version       show the version

Options combine in any order: -gd is -g -d.

Examples:
  PROGRAM start -d            serve in the background
  PROGRAM reload              after a deployment: new code, no lost request
  PROGRAM status --json       for a monitor
  PROGRAM restart -g -d       a new process, gracefully

Signals: INT, TERM, HUP stop; QUIT stops gracefully; USR1, USR2 reload.
Exit codes: 0 done, 1 failed (also a reload that was rolled back), 2 usage, 3 not running, 4 already running.
";

/// Arguments that are no command, or a cry for help.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoCommand {
    /// `--help` was among them.
    #[error("help was asked for")]
    Help,
    /// `--version` was among them.
    #[error("the version was asked for")]
    Version,
    /// What is wrong with them.
    #[error("{0}")]
    Wrong(String),
}

impl NoCommand {
    /// Prints the help, the version of this library or what is wrong; the exit code for it.
    pub fn show(self) -> ExitCode {
        match self {
            Self::Help => {
                print!("{HELP}");
                ExitCode::from(exit::OK)
            }
            Self::Version => {
                println!("workerspec-core {}", env!("CARGO_PKG_VERSION"));
                ExitCode::from(exit::OK)
            }
            Self::Wrong(what) => {
                eprint!("error: {what}\n\n{HELP}");
                ExitCode::from(exit::USAGE)
            }
        }
    }
}

/// The options of a command line, before it is known which of them the command takes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Options {
    graceful: bool,
    daemon: bool,
    watch: bool,
    quiet: bool,
    json: bool,
}

impl Options {
    fn set(&mut self, option: &str) -> Option<()> {
        match option {
            "g" | "graceful" => self.graceful = true,
            // Workerman's -d: to the background, or again each second.
            "d" => (self.daemon, self.watch) = (true, true),
            "daemon" => self.daemon = true,
            "watch" => self.watch = true,
            "q" | "quiet" => self.quiet = true,
            "json" => self.json = true,
            _ => return None,
        }
        Some(())
    }

    /// The first option that was given and is not among `allowed`.
    fn surplus(self, allowed: &[&'static str]) -> Option<&'static str> {
        let Self { graceful, daemon, watch, quiet, json } = self;
        let both = daemon && watch;
        let given = [
            ("--graceful", graceful),
            ("--daemon", daemon && !(both && allowed.contains(&"--watch"))),
            ("--watch", watch && !(both && allowed.contains(&"--daemon"))),
            ("--quiet", quiet),
            ("--json", json),
        ];
        given.iter().find(|(name, given)| *given && !allowed.contains(name)).map(|(name, _)| *name)
    }
}

impl Command {
    /// Reads the arguments that follow the program's name.
    ///
    /// # Errors
    /// [`NoCommand`]: help or the version was asked for, or an argument is not known.
    pub fn from_arguments(arguments: impl Iterator<Item = String>) -> Result<Self, NoCommand> {
        let (mut verb, mut options) = (None, Options::default());
        for argument in arguments {
            match argument.as_str() {
                "-h" | "--help" | "help" => return Err(NoCommand::Help),
                "-V" | "--version" => return Err(NoCommand::Version),
                word if word.starts_with("--") => options.set(&word[2..]),
                word if word.starts_with('-') && 1 < word.len() => {
                    word[1..].chars().try_for_each(|letter| options.set(letter.encode_utf8(&mut [0; 4])))
                }
                _ if verb.is_none() => {
                    verb = Some(argument.clone());
                    Some(())
                }
                _ => return Err(NoCommand::Wrong(format!("unexpected argument {argument}"))),
            }
            .ok_or_else(|| NoCommand::Wrong(format!("unknown option {argument}")))?;
        }
        let verb = verb.ok_or_else(|| NoCommand::Wrong("no command".to_owned()))?;
        let Options { graceful, daemon, watch, quiet, json } = options;
        let (command, allowed): (Self, &[&str]) = match verb.as_str() {
            "start" => (Self::Start { daemon, quiet }, &["--daemon", "--quiet"]),
            "stop" => (Self::Stop { graceful, quiet }, &["--graceful", "--quiet"]),
            "restart" => (Self::Restart { graceful, daemon, quiet }, &["--graceful", "--daemon", "--quiet"]),
            // Every reload is graceful here; Workerman's two commands are one (RELOAD-1).
            "reload" => (Self::Reload { quiet }, &["--graceful", "--quiet"]),
            "upgrade" => (Self::Upgrade { quiet }, &["--graceful", "--quiet"]),
            "status" => (Self::Status { json, watch }, &["--watch", "--json", "--quiet"]),
            "connections" => (Self::Connections { json }, &["--json", "--quiet"]),
            other => return Err(NoCommand::Wrong(format!("unknown command {other}"))),
        };
        match options.surplus(allowed) {
            Some(surplus) => Err(NoCommand::Wrong(format!("{verb} takes no {surplus}"))),
            None => Ok(command),
        }
    }
}

/// Asks the running server to reload and shows how it goes.
pub(crate) fn reload(pid_file: &Path, quiet: bool) -> Result<ExitCode, Error> {
    converse(pid_file, Request::Reload, quiet)
}

/// Asks the running server to have its master replaced and shows how it goes.
pub(crate) fn upgrade(pid_file: &Path, quiet: bool) -> Result<ExitCode, Error> {
    converse(pid_file, Request::Upgrade, quiet)
}

fn converse(pid_file: &Path, what: Request, quiet: bool) -> Result<ExitCode, Error> {
    let mut last = String::new();
    let done = Asking::begin(pid_file, what)?.listen(|line| {
        last = line.to_owned();
        say(line, quiet);
    })?;
    match done {
        Some(true) => return Ok(ExitCode::from(exit::OK)),
        Some(false) if quiet => eprintln!("error: {last}"),
        Some(false) => {}
        None => eprintln!("error: the server is gone without an answer"),
    }
    Ok(ExitCode::from(exit::FAILED))
}

/// Asks the running server to stop and waits until it is gone.
pub(crate) fn stop(
    pid_file: &Path,
    graceful: bool,
    quiet: bool,
    patience: Patience,
) -> Result<ExitCode, Error> {
    let stopping = Asking::begin(pid_file, Request::Stop { graceful })?;
    let by_itself = stopping.outlive(graceful, patience, |line| say(line, quiet))?;
    if by_itself {
        say("stopped", quiet);
        return Ok(ExitCode::from(exit::OK));
    }
    eprintln!("error: the server had to be killed; its workers leave by themselves");
    Ok(ExitCode::from(exit::FAILED))
}

/// Shows the status, once or each second until interrupted (CLI-17).
pub(crate) fn status(pid_file: &Path, json: bool, watch: bool) -> Result<ExitCode, Error> {
    let mut before: Option<Snapshot> = None;
    loop {
        let text = request(pid_file, Request::Status)?;
        let mut snapshot: Snapshot = parsed(&text)?;
        if let Some(before) = &before {
            snapshot.count_since(before);
        }
        let text = if json {
            serde_json::to_string(&snapshot).expect("strings and numbers have a JSON form") + "\n"
        } else {
            status::status(&snapshot)
        };
        // Clears the screen; a file or a pipe gets one report after the other.
        let clear =
            if watch && !json && io::IsTerminal::is_terminal(&io::stdout()) { "\x1b[2J\x1b[H" } else { "" };
        if !print(&format!("{clear}{text}")) || !watch {
            return Ok(ExitCode::from(exit::OK));
        }
        before = Some(snapshot);
        thread::sleep(Duration::from_secs(1));
    }
}

/// Shows all connections.
pub(crate) fn connections(pid_file: &Path, json: bool) -> Result<ExitCode, Error> {
    let text = request(pid_file, Request::Connections)?;
    let text = if json { text + "\n" } else { status::connections(&parsed(&text)?) };
    print(&text);
    Ok(ExitCode::from(exit::OK))
}

fn parsed<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text)
        .map_err(io::Error::from)
        .map_err(Error::system("understand the server's answer"))
}

fn say(line: &str, quiet: bool) {
    if !quiet {
        print(&format!("{line}\n"));
    }
}

/// Prints; false where nobody reads any more.
fn print(text: &str) -> bool {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Command> {
        Command::from_arguments(line.split_whitespace().map(str::to_owned)).ok()
    }

    #[test]
    fn verbs_and_their_options_in_any_order() {
        let start = |daemon, quiet| Some(Command::Start { daemon, quiet });
        assert_eq!(parse("start"), start(false, false));
        assert_eq!(parse("-d start -q"), start(true, true));
        assert_eq!(parse("stop -g"), Some(Command::Stop { graceful: true, quiet: false }));
        // SF-18: -g and -d do not exclude each other.
        let restart = Some(Command::Restart { graceful: true, daemon: true, quiet: false });
        for line in ["restart -g -d", "-d restart -g", "restart -gd", "--graceful --daemon restart"] {
            assert_eq!(parse(line), restart, "{line}");
        }
        assert_eq!(parse("reload -g"), Some(Command::Reload { quiet: false }));
        assert_eq!(parse("upgrade -q"), Some(Command::Upgrade { quiet: true }));
        assert_eq!(parse("status -d --json"), Some(Command::Status { json: true, watch: true }));
        assert_eq!(parse("connections"), Some(Command::Connections { json: false }));
        let wrong = [
            "",
            "sing",
            "start -x",
            "start stop",
            "start -g",
            "stop -d",
            "stop --watch",
            "start --watch",
            "-",
        ];
        for wrong in wrong {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
