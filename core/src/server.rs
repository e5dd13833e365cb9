//! The public front door: services and settings, and a `main` that is master, worker or command.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use crate::command::{self, Command, exit};
use crate::error::Error;
use crate::logging;
use crate::master::{self, Config, Timing};
use crate::service::{AnyService, Declaration};
use crate::worker::{self, Birth};

/// A program's services and how they are supervised.
///
/// [`main`](Self::main) runs in three roles: as the master when it is started, as a worker when the
/// master executes the program again, and as a command that talks to a running master. It must be
/// called from the main thread while that is the only one.
#[derive(Default)]
pub struct Server {
    services: Vec<Box<dyn Declaration>>,
    pid_file: Option<PathBuf>,
    timing: TimingChoice,
}

#[derive(Debug, Clone, Copy)]
struct TimingChoice(Timing);

impl Default for TimingChoice {
    fn default() -> Self {
        Self(Timing {
            boot: Duration::from_secs(30),
            grace: Duration::from_secs(10),
            drain: Duration::from_secs(30),
            stop: Duration::from_secs(2),
        })
    }
}

impl Server {
    /// A server without services.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a service. Workers are started in the order of declaration.
    #[must_use]
    pub fn service(mut self, service: impl Into<AnyService>) -> Self {
        self.services.push(service.into().0);
        self
    }

    /// The pid file, locked for the master's life. The command socket lies beside it, with `.sock`
    /// added. Default: `PROGRAM.pid` in `$XDG_RUNTIME_DIR`, or in the folder for temporary files.
    #[must_use]
    pub fn pid_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.pid_file = Some(path.into());
        self
    }

    /// How long a worker may take to become ready; a reload whose workers take longer is rolled back.
    /// Default 30 s.
    #[must_use]
    pub fn boot_timeout(mut self, patience: Duration) -> Self {
        self.timing.0.boot = patience;
        self
    }

    /// How long a draining worker keeps connections that say nothing. Default 10 s. Should exceed
    /// the time for which clients keep idle connections in use.
    #[must_use]
    pub fn idle_grace(mut self, patience: Duration) -> Self {
        self.timing.0.grace = patience;
        self
    }

    /// How long a draining worker may take; what is under way then is cut and logged. Default 30 s.
    #[must_use]
    pub fn drain_timeout(mut self, patience: Duration) -> Self {
        self.timing.0.drain = patience;
        self
    }

    /// How long a worker may take to stop when the server is told to stop at once. Default 2 s (STOP-2).
    #[must_use]
    pub fn stop_timeout(mut self, patience: Duration) -> Self {
        self.timing.0.stop = patience;
        self
    }

    /// Does what the arguments of the program say: `start`, `stop`, `restart`, `reload`, or `--help`. The exit codes
    /// are those of [`exit`].
    pub fn main(self) -> ExitCode {
        match Command::from_arguments(std::env::args().skip(1)) {
            Ok(command) => self.run(command),
            Err(error) => error.show(),
        }
    }

    /// Does what `command` says, for a program that reads its arguments itself. In a worker, which is
    /// started with the master's arguments, it serves whatever the command.
    pub fn run(self, command: Command) -> ExitCode {
        logging::init();
        let result = match Birth::take() {
            Some(birth) => worker::serve(birth, self.services),
            None => self.carry_out(command),
        };
        result.unwrap_or_else(|error| {
            eprintln!("error: {error}");
            ExitCode::from(exit::code_of(&error))
        })
    }

    fn carry_out(self, command: Command) -> Result<ExitCode, Error> {
        let pid_file = self.pid_file.clone().unwrap_or_else(default_pid_file);
        match command {
            Command::Start => self.start(pid_file),
            Command::Stop { graceful } => command::stop(&pid_file, graceful),
            Command::Reload => command::reload(&pid_file),
            Command::Restart { graceful } => {
                match command::stop(&pid_file, graceful) {
                    // Nothing to stop: a restart starts (CLI-15).
                    Ok(_) | Err(Error::NotRunning { .. }) => self.start(pid_file),
                    Err(error) => Err(error),
                }
            }
        }
    }

    fn start(self, pid_file: PathBuf) -> Result<ExitCode, Error> {
        for service in &self.services {
            service.check()?;
        }
        if self.services.is_empty() {
            return Err(Error::Misuse {
                service: "(none)".to_owned(),
                what: "declare at least one".to_owned(),
            });
        }
        let services = self.services.iter().map(|service| service.settings().clone()).collect();
        master::run(Config { services, pid_file, timing: self.timing.0 })
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("pid_file", &self.pid_file)
            .field("timing", &self.timing)
            .finish_non_exhaustive()
    }
}

fn default_pid_file() -> PathBuf {
    let program = std::env::current_exe().ok();
    let name = program.as_deref().and_then(Path::file_stem).unwrap_or("server".as_ref());
    let folder = std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let mut path = folder.join(name);
    path.as_mut_os_string().push(".pid");
    path
}
