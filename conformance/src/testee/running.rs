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

use super::beside::Beside;
use super::command::Verb;
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
use super::status::Status;
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

    /// Runs a command of the command line to its end. `None` if it still ran at the deadline; it is killed
    /// then, with all that it started.
    ///
    /// # Errors
    /// The file has no such command, or it can't be executed.
    pub fn command(&self, verb: Verb, deadline: Instant) -> Result<(Option<Exit>, String), TesteeError> {
        let command = self.words(verb)?;
        self.run(&command, deadline)
    }

    /// The status, as the status command prints it.
    ///
    /// # Errors
    /// There is no such command, it fails, or what it prints is no status; in words.
    pub fn status(&self, deadline: Instant) -> Result<Status, String> {
        let (exit, output) = self.command(Verb::Status, deadline).map_err(|error| error.to_string())?;
        match exit {
            Some(Exit::Code(0)) => Status::parse(&output),
            Some(exit) => Err(format!("the status command: {exit}; it says {output:?}")),
            None => Err("the status command does not end".to_owned()),
        }
    }

    /// Starts a command of the command line, which may stay.
    ///
    /// # Errors
    /// As [`Testee::command`].
    pub fn begin(&self, verb: Verb, deadline: Instant) -> Result<Beside, TesteeError> {
        let command = self.words(verb)?;
        let placeholders = self.placeholders.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.begin_in(self.folder.path(), &placeholders, &command, deadline)
    }

    /// Starts the start command once more in the same folder, and does not wait for it.
    ///
    /// # Errors
    /// When it can't be executed.
    pub fn begin_start(&self, deadline: Instant) -> Result<Beside, TesteeError> {
        let placeholders = self.placeholders.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.begin_in(self.folder.path(), &placeholders, &self.file.command, deadline)
    }

    fn words(&self, verb: Verb) -> Result<Vec<String>, TesteeError> {
        let name = || self.file.name.clone();
        if matches!(verb, Verb::Stop | Verb::StopGraceful | Verb::Restart) {
            self.dismissed.store(true, Ordering::Relaxed);
        }
        self.file.commands.get(&verb).cloned().ok_or_else(|| TesteeError::NoCommand { name: name(), verb })
    }

    /// Starts the start command once more, with the same pid file, ports and folder, and waits for its
    /// end. `None` if it still ran at the deadline; it is killed then.
    ///
    /// # Errors
    /// When it can't be executed.
    pub fn start_again(&self, deadline: Instant) -> Result<(Option<Exit>, String), TesteeError> {
        self.run(&self.file.command, deadline)
    }

    /// Starts the start command once more, on the same ports but in a folder of its own, so with a pid
    /// file of its own. As [`Testee::start_again`].
    ///
    /// # Errors
    /// When it can't be executed.
    pub fn start_beside(&self, deadline: Instant) -> Result<(Option<Exit>, String), TesteeError> {
        let (beside, placeholders) = self.folder_beside()?;
        self.run_in(beside.path(), &placeholders, &self.file.command, deadline)
    }

    /// Starts the start command once more, on the same ports but in a folder of its own, which stays until
    /// the testee is dropped; and does not wait for it.
    ///
    /// # Errors
    /// When it can't be executed.
    pub fn begin_beside(&self, deadline: Instant) -> Result<Beside, TesteeError> {
        let (folder, placeholders) = self.folder_beside()?;
        self.begin_in(&folder.keep(), &placeholders, &self.file.command, deadline)
    }

    /// A folder within that of the run, ready for a start.
    fn folder_beside(&self) -> Result<(TempDir, Placeholders), TesteeError> {
        let beside = tempfile::Builder::new()
            .prefix("beside-")
            .tempdir_in(self.folder.path())
            .map_err(TesteeError::system("can't make a folder for a second start"))?;
        write_certificate(beside.path()).map_err(TesteeError::system("can't write a certificate"))?;
        self.launch
            .release
            .write(&beside.path().join(RELEASE_FILE))
            .map_err(TesteeError::system("can't write the release file"))?;
        let placeholders = placeholders(&self.file, &self.launch, beside.path(), &self.ports);
        write_templates(&self.file, &placeholders)?;
        Ok((beside, placeholders))
    }

    /// Runs a command of the file beside the testee, in its environment.
    fn run(&self, command: &[String], deadline: Instant) -> Result<(Option<Exit>, String), TesteeError> {
        let placeholders = self.placeholders.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.run_in(self.folder.path(), &placeholders, command, deadline)
    }

    fn run_in(
        &self,
        folder: &Path,
        placeholders: &Placeholders,
        command: &[String],
        deadline: Instant,
    ) -> Result<(Option<Exit>, String), TesteeError> {
        let beside = self.begin_in(folder, placeholders, command, deadline)?;
        let exit = beside.wait_exit(deadline);
        Ok((exit, beside.end()))
    }

    fn begin_in(
        &self,
        folder: &Path,
        placeholders: &Placeholders,
        command: &[String],
        deadline: Instant,
    ) -> Result<Beside, TesteeError> {
        let words: Vec<String> = command.iter().map(|word| placeholders.render(word)).collect();
        let env = environment(&self.file, &self.launch, folder, &self.ports, placeholders);
        let log = tempfile::Builder::new()
            .prefix("command-")
            .suffix(".log")
            .tempfile_in(self.folder.path())
            .map_err(TesteeError::system("can't make a log for the command"))?;
        let keeper = KeeperLink::start(&self.launch.program, log.path(), None, folder, env, &words)
            .map_err(TesteeError::system("can't start a keeper"))?;
        let pid = keeper.wait_started(deadline).map_err(|reason| TesteeError::NotStarted {
            name: self.file.name.clone(),
            command: words.join(" "),
            reason,
            path: self.file.path.display().to_string(),
        })?;
        Ok(Beside { keeper, pid, log })
    }

    /// The first line that the version command prints; `None` if the file names none or it fails.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        if self.file.version.is_empty() {
            return None;
        }
        let (_, output) = self.run(&self.file.version, Instant::now() + Duration::from_secs(5)).ok()?;
        output.lines().next().map(str::to_owned)
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
