mod commands;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::error::TesteeError;
use super::file::{Limits, ReloadMeans, TesteeFile};
use super::folder::{
    JOURNAL_FILE, LOG_FILE, PID_FILE, RELEASE_FILE, SOCKET_FILE, environment, placeholders,
    write_certificate, write_templates,
};
use super::journal::{self, JournalLine};
use super::keeper::{KeeperLink, tail};
use super::launch::{Exit, Launch, ReloadTrigger, Stopped};
use super::placeholder::Placeholders;
use super::port::PortLease;
use super::process::{Process, ProcessState, descendants};
use super::release::Release;
use super::transport::{Place, Transport};

/// A running testee. Dropped, everything that it started is killed.
#[derive(Debug)]
pub struct Testee {
    file: TesteeFile,
    launch: Launch,
    keeper: KeeperLink,
    master: Pid,
    ports: BTreeMap<String, Place>,
    placeholders: Mutex<Placeholders>,
    /// Somebody has told it to end.
    dismissed: AtomicBool,
    // Last: everything above may use the folder until it is gone.
    folder: TempDir,
}

impl Testee {
    /// Starts a testee and waits until every port accepts a connection.
    ///
    /// # Errors
    /// It can't be executed, dies, or is not ready in time: with the end of its output, and nothing of
    /// it left running.
    pub fn start(file: &TesteeFile, launch: &Launch) -> Result<Self, TesteeError> {
        let folder = tempfile::Builder::new()
            .prefix("workerspec-")
            .tempdir()
            .map_err(TesteeError::system("can't make a folder for the run"))?;
        let mut ports = BTreeMap::new();
        for name in &file.ports {
            let place = match file.transport(name) {
                Transport::Unix => Place::Path(folder.path().join(SOCKET_FILE)),
                transport => {
                    let lease = PortLease::take()
                        .map_err(TesteeError::system(format!("can't find a port for {name}")))?;
                    Place::Number(lease, transport)
                }
            };
            ports.insert(name.clone(), place);
        }
        let placeholders = placeholders(file, launch, folder.path(), &ports);
        launch
            .release
            .write(&folder.path().join(RELEASE_FILE))
            .map_err(TesteeError::system("can't write the release file"))?;
        write_certificate(folder.path())
            .and_then(|()| {
                launch.prepare.run(&folder.path().join(PID_FILE), &folder.path().join(SOCKET_FILE))
            })
            .map_err(TesteeError::system("can't prepare the folder of the run"))?;
        write_templates(file, &placeholders)?;
        let command: Vec<String> = file.command.iter().map(|word| placeholders.render(word)).collect();
        let env = environment(file, launch, folder.path(), &ports, &placeholders);
        let keeper = KeeperLink::start(
            &launch.program,
            &folder.path().join(LOG_FILE),
            Some(folder.path()),
            folder.path(),
            env,
            &command,
        )
        .map_err(TesteeError::system(format!("can't start the keeper {}", launch.program.display())))?;
        let deadline = Instant::now() + file.ready_timeout;
        let master = keeper.wait_started(deadline).map_err(|reason| TesteeError::NotStarted {
            name: file.name.clone(),
            command: command.join(" "),
            reason,
            path: file.path.display().to_string(),
        })?;
        let testee = Self {
            file: file.clone(),
            launch: launch.clone(),
            keeper,
            master,
            ports,
            placeholders: Mutex::new(placeholders),
            dismissed: AtomicBool::new(false),
            folder,
        };
        testee.wait_ready(deadline)?;
        Ok(testee)
    }

    /// Its file.
    #[must_use]
    pub fn file(&self) -> &TesteeFile {
        &self.file
    }

    /// How it was started.
    #[must_use]
    pub fn launch(&self) -> &Launch {
        &self.launch
    }

    /// Its bounds.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.file.limits
    }

    /// Where a port of `[ports]` listens.
    #[must_use]
    pub fn address(&self, port: &str) -> Option<SocketAddr> {
        match self.ports.get(port)? {
            Place::Number(lease, _) => Some(SocketAddr::from((Ipv4Addr::LOCALHOST, lease.port()))),
            Place::Path(_) => None,
        }
    }

    /// The socket of a port that is a path.
    #[must_use]
    pub fn socket(&self, port: &str) -> Option<PathBuf> {
        match self.ports.get(port)? {
            Place::Path(path) => Some(path.clone()),
            Place::Number(..) => None,
        }
    }

    /// The folder of the run.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process of `start.command`.
    #[must_use]
    pub fn master(&self) -> Pid {
        self.master
    }

    /// Everything that descends from the start command, the master included while it lives, and
    /// orphans too.
    #[must_use]
    pub fn tree(&self) -> Vec<Process> {
        descendants(self.keeper.pid())
    }

    /// Children of the master that are not zombies.
    #[must_use]
    pub fn workers(&self) -> Vec<Process> {
        let mut workers = self.tree();
        workers.retain(|process| process.parent == self.master && process.state != ProcessState::Zombie);
        workers
    }

    /// Where the master writes its pid.
    #[must_use]
    pub fn pid_file(&self) -> PathBuf {
        self.folder.path().join(PID_FILE)
    }

    /// Replaces the release file and writes the templates again.
    ///
    /// # Errors
    /// When a file can't be written.
    pub fn set_release(&self, release: &Release) -> Result<(), TesteeError> {
        release
            .write(&self.folder.path().join(RELEASE_FILE))
            .map_err(TesteeError::system("can't write the release file"))?;
        let mut placeholders = self.placeholders.lock().unwrap_or_else(PoisonError::into_inner);
        placeholders.set("release", release.name.clone());
        write_templates(&self.file, &placeholders)
    }

    /// Sends the reload signal, or runs the reload command to its end.
    ///
    /// # Errors
    /// The file has no reload, the master is gone, or the command can't be executed.
    pub fn reload(&self) -> Result<ReloadTrigger, TesteeError> {
        let timeout = self.file.reload.as_ref().map_or(Duration::ZERO, |reload| reload.timeout);
        self.reload_until(Instant::now() + timeout)
    }

    /// As [`Testee::reload`], but a command is cut off at this instant.
    ///
    /// # Errors
    /// As [`Testee::reload`].
    pub fn reload_until(&self, deadline: Instant) -> Result<ReloadTrigger, TesteeError> {
        let Some(reload) = &self.file.reload else {
            return Err(TesteeError::NoReload { name: self.file.name.clone() });
        };
        let before = Instant::now();
        match &reload.means {
            ReloadMeans::Signal(signal) => {
                self.deliver(self.master, *signal)?;
                Ok(ReloadTrigger { before, after: Instant::now(), exit: None, output: String::new() })
            }
            ReloadMeans::Command { command, .. } => {
                let (exit, output) = self.run(command, deadline)?;
                Ok(ReloadTrigger { before, after: Instant::now(), exit, output })
            }
        }
    }

    /// Sends a signal to a process of the tree.
    ///
    /// # Errors
    /// The process is not one of the testee's, or no longer.
    pub fn signal(&self, pid: Pid, signal: Signal) -> Result<(), TesteeError> {
        let stop = &self.file.stop;
        if pid == self.master
            && (ENDING.contains(&signal) || signal == stop.signal || Some(signal) == stop.graceful)
        {
            self.dismissed.store(true, Ordering::Relaxed);
        }
        self.deliver(pid, signal)
    }

    fn deliver(&self, pid: Pid, signal: Signal) -> Result<(), TesteeError> {
        let ours = match pid == self.master {
            true => self.keeper.exited().is_none(),
            false => self.tree().iter().any(|process| process.pid == pid),
        };
        if !ours {
            return Err(TesteeError::NotOurs { pid: pid.as_raw() });
        }
        kill(pid, signal).map_err(|_| TesteeError::NotOurs { pid: pid.as_raw() })
    }

    /// How the master ended, if it did.
    #[must_use]
    pub fn exited(&self) -> Option<Exit> {
        self.keeper.exited().map(|(exit, _)| exit)
    }

    /// How the master ended, if it did and nothing that was sent to it or run beside it asked it to.
    #[must_use]
    pub fn ended_by_itself(&self) -> Option<Exit> {
        self.exited().filter(|_| !self.was_dismissed())
    }

    /// Whether somebody told it to end.
    #[must_use]
    pub fn was_dismissed(&self) -> bool {
        self.dismissed.load(Ordering::Relaxed)
    }

    /// Waits until the master ends; `None` if it does not before the deadline.
    #[must_use]
    pub fn wait_exit(&self, deadline: Instant) -> Option<Exit> {
        self.keeper.wait_exit(deadline).map(|(exit, _)| exit)
    }

    /// The last lines of its output.
    #[must_use]
    pub fn log_tail(&self, lines: usize) -> String {
        tail(&self.folder.path().join(LOG_FILE), lines)
    }

    /// The journal so far, without lines that are no journal lines.
    #[must_use]
    pub fn journal(&self) -> Vec<JournalLine> {
        journal::read(&self.folder.path().join(JOURNAL_FILE)).0
    }

    /// Lines of the journal that are none.
    #[must_use]
    pub fn broken_journal(&self) -> Vec<String> {
        journal::read(&self.folder.path().join(JOURNAL_FILE)).1
    }

    /// Sends the stop signal and waits; what is left at the stop's timeout is killed.
    ///
    /// # Errors
    /// None so far; a testee that is already gone counts as stopped.
    pub fn stop(self) -> Result<Stopped, TesteeError> {
        let begun = Instant::now();
        if self.exited().is_none() {
            // Gone between the two calls: the wait below sees that.
            let _ = self.signal(self.master, self.file.stop.signal);
        }
        let deadline = begun + self.file.stop.timeout;
        let exit = self.keeper.wait_exit(deadline);
        let took = exit.map_or(self.file.stop.timeout, |(_, at)| at.saturating_duration_since(begun));
        let mut left_behind = self.tree();
        left_behind.retain(|process| process.pid != self.master && process.state != ProcessState::Zombie);
        let killed = exit.is_none() || !left_behind.is_empty();
        let log = self.log_tail(40);
        Ok(Stopped { exit: exit.map(|(exit, _)| exit), killed, took, left_behind, log })
    }

    fn wait_ready(&self, deadline: Instant) -> Result<(), TesteeError> {
        let mut pause = Duration::from_millis(1);
        for (name, place) in &self.ports {
            while !accepts(place) {
                if let Some(exit) = self.exited() {
                    return Err(TesteeError::Died {
                        name: self.file.name.clone(),
                        exit,
                        log: self.last_words(),
                    });
                }
                if deadline <= Instant::now() {
                    return Err(TesteeError::NotReady {
                        name: self.file.name.clone(),
                        port: format!("{name} ({})", place.text(self.folder.path())),
                        timeout: self.file.ready_timeout,
                        log: self.log_tail(20),
                    });
                }
                // There is no event for "somebody listens": ask again, ever more slowly.
                thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(20));
            }
        }
        Ok(())
    }

    /// The log of a testee that is gone: what is still in the pipe arrives within a moment.
    fn last_words(&self) -> String {
        let deadline = Instant::now() + Duration::from_millis(200);
        loop {
            let log = self.log_tail(20);
            if !log.is_empty() || deadline <= Instant::now() {
                return log;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Whether somebody takes connections there. Of a UDP port nothing can be known.
fn accepts(place: &Place) -> bool {
    match place {
        Place::Number(lease, Transport::Tcp) => {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, lease.port()));
            TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
        }
        Place::Number(..) => true,
        Place::Path(path) => UnixStream::connect(path).is_ok(),
    }
}

/// Signals on which any master may end.
const ENDING: [Signal; 6] =
    [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGHUP, Signal::SIGTSTP, Signal::SIGKILL];
