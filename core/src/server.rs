//! The public front door: services and settings, and a `main` that is master, worker or command.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use crate::command::{self, Command, NoCommand, exit};
use crate::daemon;
use crate::error::Error;
use crate::logging::{self, LogLevel, LogSettings};
use crate::master::{self, Config, Legacy, MasterCallbacks, Mode, Patience, Timing};
use crate::service::{AnyService, Declaration};
use crate::worker::{self, Birth};

/// A program's services and how they are supervised.
///
/// [`main`](Self::main) runs in three roles: as the master when it is started, as a worker when the
/// master executes the program again, and as a command that talks to a running master. It must be
/// called from the main thread while that is the only one.
pub struct Server {
    services: Vec<Box<dyn Declaration>>,
    pid_file: Option<PathBuf>,
    stdout_file: Option<PathBuf>,
    log: LogSettings,
    timing: Timing,
    version: Option<String>,
    callbacks: MasterCallbacks,
}

impl Default for Server {
    fn default() -> Self {
        let timing = Timing {
            boot: Duration::from_secs(30),
            grace: Duration::from_secs(10),
            drain: Duration::from_secs(30),
            stop: Duration::from_secs(2),
        };
        Self {
            services: Vec::new(),
            pid_file: None,
            stdout_file: None,
            log: LogSettings::default(),
            timing,
            version: None,
            callbacks: MasterCallbacks::default(),
        }
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

    /// Writes the log to a file; in the foreground to standard error as well (MASTER-5). A line is
    /// `YYYY-MM-DD HH:MM:SS pid:N level text` in local time (MASTER-7). Opened by the master before any rights are
    /// given up (SF-24), and anew at each reload. Default: standard error alone.
    #[must_use]
    pub fn log_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.log.file = Some(path.into());
        self
    }

    /// How much is logged; the variable `WORKERSPEC_LOG` overrides it. Default [`LogLevel::Info`].
    #[must_use]
    pub fn log_level(mut self, level: LogLevel) -> Self {
        self.log.level = level;
        self
    }

    /// Bytes after which the log file is renamed, with `.1` added, in the place of the one that was renamed before.
    /// Default 10 MiB; 0 lets it grow for ever (MASTER-9, SF-26).
    #[must_use]
    pub fn log_max_bytes(mut self, bytes: u64) -> Self {
        self.log.max_bytes = bytes;
        self
    }

    /// Where standard output and error of master and workers go in the background; opened for appending, and anew at
    /// each reload (RELOAD-2). Default `/dev/null` (MASTER-3).
    #[must_use]
    pub fn stdout_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.stdout_file = Some(path.into());
        self
    }

    /// What `--version` prints. Default: that of this library.
    #[must_use]
    pub fn version(mut self, text: impl Into<String>) -> Self {
        self.version = Some(text.into());
        self
    }

    /// How long a worker may take to become ready; a reload whose workers take longer is rolled back.
    /// Default 30 s.
    #[must_use]
    pub fn boot_timeout(mut self, patience: Duration) -> Self {
        self.timing.boot = patience;
        self
    }

    /// How long a draining worker keeps connections that say nothing. Default 10 s. Should exceed
    /// the time for which clients keep idle connections in use.
    #[must_use]
    pub fn idle_grace(mut self, patience: Duration) -> Self {
        self.timing.grace = patience;
        self
    }

    /// How long a draining worker may take: 50 ms before, what is under way is cut and logged; then the process
    /// is killed if it is still there. Default 30 s.
    #[must_use]
    pub fn drain_timeout(mut self, patience: Duration) -> Self {
        self.timing.drain = patience;
        self
    }

    /// How long a worker may take to stop when the server is told to stop at once: 50 ms before, what is under way is
    /// cut; then the process is killed if it is still there. Default 2 s (STOP-2).
    #[must_use]
    pub fn stop_timeout(mut self, patience: Duration) -> Self {
        self.timing.stop = patience;
        self
    }

    /// Called in the master when a reload begins (RELOAD-2). It holds up the master: be quick. A panic in it is logged
    /// and nothing else (SF-14).
    #[must_use]
    pub fn on_master_reload(mut self, callback: impl Fn() + 'static) -> Self {
        self.callbacks.reload = Some(Box::new(callback));
        self
    }

    /// Called in the master when the server has stopped and nothing is left of it (STOP-4); not when a new master has
    /// taken over. A panic in it is logged.
    #[must_use]
    pub fn on_master_stop(mut self, callback: impl Fn() + 'static) -> Self {
        self.callbacks.stop = Some(Box::new(callback));
        self
    }

    /// Does what the arguments of the program say: `start`, `stop`, `restart`, `reload`, `upgrade`, `status`,
    /// `connections`, or `--help`. The exit codes are those of [`exit`].
    pub fn main(self) -> ExitCode {
        match Command::from_arguments(std::env::args().skip(1)) {
            Ok(command) => self.run(command),
            Err(NoCommand::Version) => {
                let own = || format!("workerspec-core {}", env!("CARGO_PKG_VERSION"));
                println!("{}", self.version.unwrap_or_else(own));
                ExitCode::from(exit::OK)
            }
            Err(error) => error.show(),
        }
    }

    /// Does what `command` says, for a program that reads its arguments itself (CLI-19). In a worker, which is
    /// started with the master's arguments, it serves whatever the command.
    pub fn run(self, command: Command) -> ExitCode {
        self.take_role(command).unwrap_or_else(|error| {
            eprintln!("error: {error}");
            ExitCode::from(exit::code_of(&error))
        })
    }

    fn take_role(self, command: Command) -> Result<ExitCode, Error> {
        if let Some(birth) = Birth::take() {
            return worker::serve(birth, self.services, &self.log);
        }
        if let Some(legacy) = Legacy::take()? {
            return self.serve(Mode::Heir(legacy));
        }
        if let Some(report) = daemon::take()? {
            let ours = report.try_clone().map_err(Error::system("report to the command"))?;
            let result = self.serve(Mode::Daemon(report));
            return Ok(result.unwrap_or_else(|error| daemon::fail(ours, &error)));
        }
        self.carry_out(command)
    }

    fn carry_out(self, command: Command) -> Result<ExitCode, Error> {
        let pid_file = self.pid_file.clone().unwrap_or_else(default_pid_file);
        let margin = Duration::from_secs(3);
        let patience = Patience { graceful: self.timing.drain + margin, plain: self.timing.stop + margin };
        match command {
            Command::Start { daemon, .. } => self.start(daemon),
            Command::Stop { graceful, quiet } => command::stop(&pid_file, graceful, quiet, patience),
            Command::Reload { quiet } => command::reload(&pid_file, quiet),
            Command::Upgrade { quiet } => command::upgrade(&pid_file, quiet),
            Command::Status { json, watch } => command::status(&pid_file, json, watch),
            Command::Connections { json } => command::connections(&pid_file, json),
            Command::Restart { graceful, daemon, quiet } => {
                match command::stop(&pid_file, graceful, quiet, patience) {
                    // Nothing to stop: a restart starts (CLI-15).
                    Ok(_) | Err(Error::NotRunning { .. }) => self.start(daemon),
                    Err(error) => Err(error),
                }
            }
        }
    }

    fn start(self, in_background: bool) -> Result<ExitCode, Error> {
        // Said here rather than by a daemon where it can be.
        self.check()?;
        if in_background { daemon::start() } else { self.serve(Mode::Foreground) }
    }

    fn check(&self) -> Result<(), Error> {
        for service in &self.services {
            service.check()?;
        }
        if self.services.is_empty() {
            return Err(Error::Misuse {
                service: "(none)".to_owned(),
                what: "declare at least one".to_owned(),
            });
        }
        if let Ok(word) = std::env::var(logging::LEVEL_VARIABLE) {
            let misuse = |what| Error::Misuse { service: logging::LEVEL_VARIABLE.to_owned(), what };
            word.parse::<LogLevel>().map_err(misuse)?;
        }
        Ok(())
    }

    fn serve(mut self, mode: Mode) -> Result<ExitCode, Error> {
        self.check()?;
        let exits = self.services.iter_mut().map(|service| service.staff().exit.take()).collect();
        let config = Config {
            services: self.services.iter().map(|service| service.settings().clone()).collect(),
            pid_file: self.pid_file.unwrap_or_else(default_pid_file),
            timing: self.timing,
            log: self.log,
            stdout_file: self.stdout_file.unwrap_or_else(|| "/dev/null".into()),
            callbacks: MasterCallbacks { exits, ..self.callbacks },
        };
        master::run(config, mode)
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
