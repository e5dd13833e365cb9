//! The master from its start to its end: what it holds, and its loop.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::process::{Child, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::admin::{Admin, Commander};
use super::handoff::Handoffs;
use super::heir::Heir;
use super::inquiry::Inquiry;
use super::legacy::{self, Legacy};
use super::log;
use super::notify::Notifier;
use super::outcome::Failure;
use super::output::{BootOutput, Output};
use super::pidfile::PidFile;
use super::report::guarded;
use super::spawn::Program;
use super::state::{CallerId, Event, State, Timing, WorkerId};
use crate::control::Control;
use crate::error::Error;
use crate::listen::Listeners;
use crate::logging::{self, LogSettings};
use crate::reactor::{now, wall};
use crate::service::{OnExit, Settings};
use crate::tally::Board;
use crate::worker::Identity;

/// What a master needs to know.
pub(crate) struct Config {
    pub(crate) services: Vec<Settings>,
    pub(crate) pid_file: PathBuf,
    pub(crate) timing: Timing,
    pub(crate) log: LogSettings,
    /// Where the output of a daemon goes.
    pub(crate) stdout_file: PathBuf,
    pub(crate) callbacks: MasterCallbacks,
}

/// Application code that runs in the master.
#[derive(Default)]
pub(crate) struct MasterCallbacks {
    pub(crate) reload: Option<Box<dyn Fn()>>,
    pub(crate) stop: Option<Box<dyn Fn()>>,
    /// One for each service.
    pub(crate) exits: Vec<Option<OnExit>>,
}

/// How a master is started.
#[derive(Debug)]
pub(crate) enum Mode {
    /// At a terminal, or under a service manager.
    Foreground,
    /// In the background; the command that started it waits to read here that it serves.
    Daemon(OwnedFd),
    /// By the master that it takes over from.
    Heir(Legacy),
}

pub(super) const SIGNALS: Token = Token(0);
pub(super) const COMMANDS: Token = Token(1);
/// The first token of what comes and goes.
const FIRST: usize = 2;

/// What a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watched {
    Control(WorkerId),
    Output(WorkerId),
    Commander(CallerId),
    Heir,
    HeirOutput,
    Predecessor,
}

/// A worker process. It is signalled only through its handle, which std keeps unreaped until its end
/// was taken: a number that may stand for another process is never used (SF-9, I8).
pub(super) struct Held {
    pub(super) child: Child,
    pub(super) slot: usize,
    pub(super) generation: u64,
    /// Its seat on the scoreboard.
    pub(super) seat: usize,
    pub(super) control: Control,
    pub(super) control_token: Token,
    pub(super) output: Option<(BootOutput, Token)>,
    /// The tail of what it wrote while it booted.
    pub(super) tail: String,
}

pub(super) struct Master {
    pub(super) poll: Poll,
    pub(super) config: Config,
    pub(super) state: State,
    pub(super) program: Program,
    /// (service, slot within it) by the number that the state machine uses.
    pub(super) places: Vec<(usize, usize)>,
    pub(super) listeners: Option<Vec<Option<Listeners>>>,
    pub(super) signals: SignalFd,
    pub(super) pid_file: PidFile,
    pub(super) admin: Admin,
    pub(super) board: Board,
    pub(super) log: Option<OwnedFd>,
    /// Workers that may still write to the file before the present one.
    pub(super) log_laggards: HashSet<WorkerId>,
    /// This process's own lines have filled it.
    pub(super) log_is_full: Arc<AtomicBool>,
    pub(super) output: Output,
    pub(super) notifier: Notifier,
    /// Where the command that started a daemon waits.
    pub(super) waiting: Option<File>,
    pub(super) daemon: bool,
    pub(super) started_at: SystemTime,
    pub(super) workers: HashMap<WorkerId, Held>,
    pub(super) commanders: HashMap<CallerId, (Commander, Token)>,
    pub(super) inquiries: Vec<Inquiry>,
    pub(super) handoffs: Handoffs,
    /// The tails of workers that are gone, for the report of a reload that they failed.
    pub(super) epitaphs: HashMap<WorkerId, String>,
    /// How many workers of a service ended how.
    pub(super) exits: HashMap<(usize, i32), u64>,
    /// The master that is to take over.
    pub(super) heir: Option<Heir>,
    /// What one that is gone wrote last.
    pub(super) heir_epitaph: String,
    /// The master that this one takes over from.
    pub(super) predecessor: Option<(Control, Token)>,
    pub(super) abdicated: bool,
    watched: HashMap<Token, Watched>,
    last_token: usize,
    pub(super) last_caller: u64,
    pub(super) finished: Option<Result<(), Failure>>,
    /// What has happened while orders were carried out.
    pub(super) aftermath: VecDeque<Event>,
}

/// Runs as the master until it is told to stop.
///
/// # Errors
/// Where it cannot start: an address or the pid file is taken, a user is not known, or the first workers do not
/// come up.
pub(crate) fn run(config: Config, mode: Mode) -> Result<ExitCode, Error> {
    // Signals before everything else: whoever finds the pid file or a port may send one at once, and
    // none may end this process without its cleaning up.
    let signals = take_signals().map_err(Error::system("watch for signals"))?;
    for settings in &config.services {
        Identity::of(settings)?;
    }
    let mut master = Master::new(config, mode, signals)?;
    let result = master.live();
    let stopped = result.is_ok() && !master.abdicated;
    let stop = master.config.callbacks.stop.take();
    let commanders = std::mem::take(&mut master.commanders);
    // The files go.
    drop(master);
    if stopped {
        // STOP-4: the callback comes when nothing is left.
        tracing::info!("stopped");
        stop.iter().for_each(|stop| guarded("on_master_stop", stop));
    }
    // Last, because whoever waits for the end starts another server at once.
    commanders.into_values().for_each(|(commander, _)| commander.finish());
    result
}

impl Master {
    fn new(config: Config, mode: Mode, signals: SignalFd) -> Result<Self, Error> {
        let system = |attempt: &'static str| Error::system(attempt);
        let open_output = |config: &Config| {
            let attempt = format!("open the output file {}", config.stdout_file.display());
            Output::daemon(config.stdout_file.clone()).map_err(Error::system(attempt))
        };
        // First the lock: it decides who is the server, before anything is opened that could disturb it. A command
        // that finds a port open finds the command socket too.
        let pid_path = config.pid_file.clone();
        let (mut left, mut waiting, mut predecessor, mut stderr) = (None, None, None, None);
        let (pid_file, admin, daemon) = match mode {
            Mode::Foreground => (PidFile::take(&pid_path)?, Admin::open(&pid_path)?, false),
            Mode::Daemon(waits) => {
                waiting = Some(File::from(waits));
                (PidFile::take(&pid_path)?, Admin::open(&pid_path)?, true)
            }
            Mode::Heir(legacy) => {
                let Legacy { daemon, control, stderr: after, pid_file, admin, sockets } = legacy;
                (left, predecessor, stderr) = (Some(sockets), Some(control), Some(after));
                (PidFile::inherit(&pid_path, pid_file)?, Admin::inherit(&pid_path, admin), daemon)
            }
        };
        let output = if daemon { open_output(&config)? } else { Output::Foreground { stderr } };
        let log = log::open(&config)?;
        let logging =
            log.as_ref().map(OwnedFd::try_clone).transpose().map_err(system("open the log file"))?;
        logging::init(&config.log, logging, !daemon);
        let notifier = Notifier::take();
        let listeners = legacy::listeners(&config.services, left)?;
        for (settings, listener) in config.services.iter().zip(&listeners) {
            let Some(listener) = listener else { continue };
            let address = listener.address().map_err(system("read the listening address"))?;
            tracing::info!(service = settings.name, %address, workers = settings.count, "listening");
        }
        let places: Vec<(usize, usize)> = config
            .services
            .iter()
            .enumerate()
            .flat_map(|(service, settings)| (0..settings.count).map(move |slot| (service, slot)))
            .collect();
        let reloadable: Vec<bool> =
            places.iter().map(|(service, _)| config.services[*service].reloadable).collect();
        let state = match predecessor {
            None => State::new(&reloadable, config.timing),
            Some(_) => State::heir(&reloadable, config.timing),
        };
        let mut master = Self {
            state,
            board: Board::new(places.len() * SEATS_PER_SLOT).map_err(system("make the scoreboard"))?,
            program: Program::this().map_err(system("find this program's path"))?,
            poll: Poll::new().map_err(system("make the master's loop"))?,
            config,
            places,
            listeners: Some(listeners),
            signals,
            pid_file,
            admin,
            log,
            log_laggards: HashSet::new(),
            log_is_full: Arc::default(),
            output,
            notifier,
            waiting,
            daemon,
            started_at: wall(),
            workers: HashMap::new(),
            commanders: HashMap::new(),
            inquiries: Vec::new(),
            handoffs: Handoffs::default(),
            epitaphs: HashMap::new(),
            exits: HashMap::new(),
            heir: None,
            heir_epitaph: String::new(),
            predecessor: None,
            abdicated: false,
            watched: HashMap::new(),
            last_token: FIRST,
            last_caller: 0,
            finished: None,
            aftermath: VecDeque::new(),
        };
        let full = Arc::clone(&master.log_is_full);
        logging::when_full(move || full.store(true, Ordering::Relaxed));
        master.watch_fd(master.signals.as_raw_fd(), SIGNALS).map_err(system("watch for signals"))?;
        match predecessor {
            None => master.watch_commands().map_err(system("watch for commands"))?,
            Some(control) => {
                let token = master.watch(Watched::Predecessor);
                master.watch_fd(control.as_raw_fd(), token).map_err(system("hear the running master"))?;
                master.predecessor = Some((control, token));
            }
        }
        Ok(master)
    }

    fn live(&mut self) -> Result<ExitCode, Error> {
        let actions = self.state.start(now());
        self.act(actions);
        self.tell(Event::Tick);
        let mut events = Events::with_capacity(128);
        loop {
            if let Some(result) = self.finished.take() {
                self.bury_heir();
                let result = result.map_err(|failure| Error::Boot { reason: self.explain(failure) });
                return result.map(|()| ExitCode::SUCCESS);
            }
            match self.poll.poll(&mut events, self.patience()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => events.clear(),
                other => other.map_err(Error::system("wait for events"))?,
            }
            for event in &events {
                self.dispatch(event.token(), event.is_writable());
            }
            self.close_inquiries();
            self.check_own_log();
            self.tell(Event::Tick);
        }
    }

    fn patience(&self) -> Option<Duration> {
        let inquiries = self.inquiries.iter().map(|inquiry| inquiry.deadline);
        let next = inquiries.chain(self.state.next_deadline()).min();
        next.map(|at| at.saturating_duration_since(now()))
    }

    pub(super) fn tell(&mut self, event: Event) {
        let mut next = Some(event);
        while let Some(event) = next {
            let actions = self.state.next(event, now());
            self.act(actions);
            next = self.aftermath.pop_front();
        }
    }

    /// The first generation serves: whoever waits for that is told.
    pub(super) fn announce(&mut self) {
        self.notifier.ready("running");
        let Some(mut waiting) = self.waiting.take() else { return };
        if let Err(error) = self.output.follow() {
            tracing::warn!(%error, "output stays where it went");
        }
        // The command may have been interrupted; that is no matter of ours.
        let _ = waiting.write_all(b"ready");
    }

    // Tokens.

    pub(super) fn watch(&mut self, what: Watched) -> Token {
        let token = Token(self.last_token);
        self.last_token += 1;
        self.watched.insert(token, what);
        token
    }

    pub(super) fn watched(&self, token: Token) -> Option<Watched> {
        self.watched.get(&token).copied()
    }

    pub(super) fn forget(&mut self, token: Token) {
        self.watched.remove(&token);
    }

    pub(super) fn watch_fd(&self, fd: i32, token: Token) -> io::Result<()> {
        self.poll.registry().register(&mut SourceFd(&fd), token, Interest::READABLE)
    }

    pub(super) fn unwatch(&mut self, fd: i32, token: Token) {
        self.forget(token);
        let _ = self.poll.registry().deregister(&mut SourceFd(&fd));
    }

    pub(super) fn watch_commands(&mut self) -> io::Result<()> {
        self.poll.registry().register(self.admin.listener(), COMMANDS, Interest::READABLE)
    }
}

/// A slot has at most so many workers at a time: one that serves, one that boots, those that leave, and some that
/// were killed and are not gone yet.
const SEATS_PER_SLOT: usize = 16;

/// Blocks the master's signals and takes them as a descriptor instead. Children get a mask of their own.
fn take_signals() -> io::Result<SignalFd> {
    let mut set = SigSet::empty();
    let others = [Signal::SIGQUIT, Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGCHLD];
    for signal in STOP.iter().chain(&others) {
        set.add(*signal);
    }
    set.thread_block()?;
    Ok(SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?)
}

/// The signals that stop at once (SIGNAL-1).
const STOP: [Signal; 4] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGTSTP];
