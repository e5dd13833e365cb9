//! Carries out what [`State`] decides: processes, sockets, signals, deadlines.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ExitCode, ExitStatus};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::admin::{Admin, Asked, Commander, Request};
use super::outcome::{Ending, Failure};
use super::output::BootOutput;
use super::pidfile::PidFile;
use super::spawn::{Program, Started};
use super::state::{Action, CallerId, Event, State, Timing, WorkerId};
use crate::control::{Control, FromMaster, FromWorker, Heard};
use crate::error::Error;
use crate::listen::Listeners;
use crate::reactor::now;
use crate::service::Settings;
use crate::worker::Birth;

/// What a master needs to know.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) services: Vec<Settings>,
    pub(crate) pid_file: PathBuf,
    pub(crate) timing: Timing,
}

const SIGNALS: Token = Token(0);
const COMMANDS: Token = Token(1);
/// The first token of what comes and goes.
const FIRST: usize = 2;

/// What a token stands for.
#[derive(Debug, Clone, Copy)]
enum Watched {
    Control(WorkerId),
    Output(WorkerId),
    Commander(CallerId),
}

/// A worker process. It is signalled only through its handle, which std keeps unreaped until its end
/// was taken: a number that may stand for another process is never used (SF-9, I8).
pub(super) struct Held {
    child: Child,
    slot: usize,
    control: Control,
    control_token: Token,
    pub(super) output: Option<(BootOutput, Token)>,
    /// The tail of what it wrote while it booted.
    pub(super) tail: String,
}

pub(super) struct Master {
    poll: Poll,
    pub(super) config: Config,
    state: State,
    program: Program,
    /// (service, slot within it) by the number that the state machine uses.
    pub(super) places: Vec<(usize, usize)>,
    listeners: Option<Vec<Listeners>>,
    signals: SignalFd,
    admin: Admin,
    pub(super) workers: HashMap<WorkerId, Held>,
    pub(super) commanders: HashMap<CallerId, (Commander, Token)>,
    /// The tails of workers that are gone, for the report of a reload that they failed.
    pub(super) epitaphs: HashMap<WorkerId, String>,
    watched: HashMap<Token, Watched>,
    last_token: usize,
    last_caller: u64,
    finished: Option<Result<(), Failure>>,
    /// Ends of workers that could not be started.
    stillborn: VecDeque<Event>,
}

/// Runs as the master until it is told to stop.
///
/// # Errors
/// Where it cannot start: an address or the pid file is taken, or the first workers do not come up.
pub(crate) fn run(config: Config) -> Result<ExitCode, Error> {
    // Signals before everything else: whoever finds the pid file or a port may send one at once, and
    // none may end this process without its cleaning up.
    let signals = take_signals().map_err(Error::system("watch for signals"))?;
    // Then the lock: it decides who is the server, before anything is opened that could disturb it.
    let pid_file = PidFile::take(&config.pid_file)?;
    // A command that finds a port open finds this socket too.
    let admin = Admin::open(&config.pid_file)?;
    let listeners = config.services.iter().map(Listeners::open).collect::<Result<Vec<_>, _>>()?;
    for (settings, listener) in config.services.iter().zip(&listeners) {
        let address = listener.address().map_err(Error::system("read the listening address"))?;
        tracing::info!(service = settings.name, %address, workers = settings.count, "listening");
    }
    let mut master = Master::new(config, listeners, signals, admin)?;
    let result = master.live();
    drop(master);
    drop(pid_file);
    result
}

impl Master {
    fn new(
        config: Config,
        listeners: Vec<Listeners>,
        signals: SignalFd,
        mut admin: Admin,
    ) -> Result<Self, Error> {
        let system = |attempt: &'static str| Error::system(attempt);
        let poll = Poll::new().map_err(system("make the master's loop"))?;
        let registry = poll.registry();
        registry
            .register(&mut SourceFd(&signals.as_raw_fd()), SIGNALS, Interest::READABLE)
            .map_err(system("watch for signals"))?;
        registry
            .register(admin.listener(), COMMANDS, Interest::READABLE)
            .map_err(system("watch for commands"))?;
        let places: Vec<(usize, usize)> = config
            .services
            .iter()
            .enumerate()
            .flat_map(|(service, settings)| (0..settings.count).map(move |slot| (service, slot)))
            .collect();
        Ok(Self {
            state: State::new(places.len(), config.timing),
            program: Program::this().map_err(system("find this program's path"))?,
            poll,
            config,
            places,
            listeners: Some(listeners),
            signals,
            admin,
            workers: HashMap::new(),
            commanders: HashMap::new(),
            epitaphs: HashMap::new(),
            watched: HashMap::new(),
            last_token: FIRST,
            last_caller: 0,
            finished: None,
            stillborn: VecDeque::new(),
        })
    }

    fn live(&mut self) -> Result<ExitCode, Error> {
        let actions = self.state.start(now());
        self.act(actions);
        self.tell(Event::Tick);
        let mut events = Events::with_capacity(128);
        loop {
            if let Some(result) = self.finished.take() {
                return match result {
                    Ok(()) => {
                        tracing::info!("stopped");
                        Ok(ExitCode::SUCCESS)
                    }
                    Err(failure) => Err(Error::Boot { reason: self.explain(failure) }),
                };
            }
            let patience = self.state.next_deadline().map(|at| at.saturating_duration_since(now()));
            match self.poll.poll(&mut events, patience) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => events.clear(),
                other => other.map_err(Error::system("wait for events"))?,
            }
            for event in &events {
                self.dispatch(event.token());
            }
            self.tell(Event::Tick);
        }
    }

    fn tell(&mut self, event: Event) {
        let mut next = Some(event);
        while let Some(event) = next {
            let actions = self.state.next(event, now());
            self.act(actions);
            next = self.stillborn.pop_front();
        }
    }

    // What has happened.

    fn dispatch(&mut self, token: Token) {
        match (token, self.watched.get(&token).copied()) {
            (SIGNALS, _) => self.hear_signals(),
            (COMMANDS, _) => self.welcome_commanders(),
            (_, Some(Watched::Control(worker))) => self.hear_worker(worker),
            (_, Some(Watched::Output(worker))) => self.read_output(worker),
            (_, Some(Watched::Commander(caller))) => self.hear_commander(caller),
            (_, None) => {}
        }
    }

    /// SIGNAL-1 to SIGNAL-7.
    fn hear_signals(&mut self) {
        while let Ok(Some(info)) = self.signals.read_signal() {
            let Some(signal) =
                i32::try_from(info.ssi_signo).ok().and_then(|number| Signal::try_from(number).ok())
            else {
                continue;
            };
            match signal {
                Signal::SIGCHLD => self.reap(),
                Signal::SIGUSR1 | Signal::SIGUSR2 => self.tell(Event::Reload(None)),
                Signal::SIGQUIT => self.tell(Event::Stop { graceful: true }),
                _ => self.tell(Event::Stop { graceful: false }),
            }
        }
    }

    /// Takes the end of every worker that has one. A worker that was stopped with SIGSTOP has not
    /// ended (SF-10).
    fn reap(&mut self) {
        let mut ended = Vec::new();
        for (worker, held) in &mut self.workers {
            match held.child.try_wait() {
                Ok(Some(status)) => ended.push((*worker, ending(status))),
                Ok(None) => {}
                Err(error) => tracing::error!(%error, "cannot wait for a worker"),
            }
        }
        // In the order of their birth, so that runs are alike.
        ended.sort_by_key(|(worker, _)| *worker);
        for (worker, ending) in ended {
            // What it said and wrote before its end comes first.
            self.hear_worker(worker);
            self.read_output(worker);
            self.bury(worker);
            self.tell(Event::Ended(worker, ending));
        }
    }

    fn bury(&mut self, worker: WorkerId) {
        let Some(mut held) = self.workers.remove(&worker) else { return };
        self.unwatch(held.control.as_raw_fd(), held.control_token);
        if let Some((output, token)) = held.output.take() {
            held.tail = output.tail();
            self.unwatch(output.as_raw_fd(), token);
        }
        if !held.tail.is_empty() {
            self.epitaphs.insert(worker, held.tail);
        }
    }

    fn hear_worker(&mut self, worker: WorkerId) {
        loop {
            let heard = self.workers.get(&worker).map(|held| held.control.hear_worker());
            match heard {
                Some(Heard::Said(FromWorker::Ready)) => self.tell(Event::Ready(worker)),
                Some(Heard::Said(FromWorker::Accepting)) => self.tell(Event::Accepting(worker)),
                Some(Heard::Said(FromWorker::Recycle)) => self.tell(Event::Recycle(worker)),
                // Its end comes by SIGCHLD.
                Some(Heard::Nothing | Heard::Gone) | None => return,
            }
        }
    }

    fn read_output(&mut self, worker: WorkerId) {
        let Some(held) = self.workers.get_mut(&worker) else { return };
        let Some((output, token)) = &mut held.output else { return };
        if output.read() {
            // It may have more: edge-triggered readiness is not repeated, so ask again.
            let again = self.poll.registry().reregister(output.pipe_mut(), *token, Interest::READABLE);
            if again.is_ok() {
                return;
            }
        }
        let (fd, token) = (output.as_raw_fd(), *token);
        held.tail = output.tail();
        held.output = None;
        self.unwatch(fd, token);
    }

    fn welcome_commanders(&mut self) {
        while let Some(mut commander) = self.admin.accept() {
            self.last_caller += 1;
            let caller = CallerId(self.last_caller);
            let token = self.watch(Watched::Commander(caller));
            if let Err(error) = self.poll.registry().register(commander.stream(), token, Interest::READABLE) {
                tracing::error!(%error, "cannot listen to a command");
                continue;
            }
            self.commanders.insert(caller, (commander, token));
            self.hear_commander(caller);
        }
    }

    fn hear_commander(&mut self, caller: CallerId) {
        let Some((commander, _)) = self.commanders.get_mut(&caller) else { return };
        match commander.hear() {
            Asked::Nothing => {}
            Asked::For(Request::Reload) => self.tell(Event::Reload(Some(caller))),
            // Its connection ends with this process, and that is the answer.
            Asked::For(Request::Stop { graceful }) => self.tell(Event::Stop { graceful }),
            Asked::Nonsense => {
                commander.tell("failed command not known");
                self.dismiss(caller);
            }
            Asked::Gone => self.dismiss(caller),
        }
    }

    pub(super) fn dismiss(&mut self, caller: CallerId) {
        if let Some((mut commander, token)) = self.commanders.remove(&caller) {
            self.watched.remove(&token);
            let _ = self.poll.registry().deregister(commander.stream());
        }
    }

    // What is to be done.

    fn act(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Spawn { worker, slot, generation } => self.spawn(worker, slot, generation),
                Action::Accept(worker) => self.order(worker, FromMaster::Accept),
                Action::Drain { worker, grace, within } => {
                    self.order(worker, FromMaster::Drain { grace, within })
                }
                Action::Kill { worker, because } => self.kill(worker, because),
                Action::CloseListeners => drop(self.listeners.take()),
                Action::Progress(progress) => self.report(progress),
                Action::Answer(caller, outcome) => self.answer(caller, outcome),
                Action::Finish(result) => self.finished = Some(result),
            }
        }
    }

    fn spawn(&mut self, worker: WorkerId, slot: usize, generation: u64) {
        let started =
            self.start_process(slot, generation).and_then(|started| self.hold(worker, slot, started));
        if let Err(error) = started {
            let path = self.program.path().display();
            tracing::error!(slot, %error, "cannot start a worker from {path}");
            self.epitaphs.insert(worker, format!("cannot start {path}: {error}"));
            // As if it had started and exited: the same path decides what follows. 127 as in sh. Told
            // only when the orders that came with this one are carried out: they may concern others of
            // the same generation that are still to be started.
            self.stillborn.push_back(Event::Ended(worker, Ending::Code(127)));
        }
    }

    fn start_process(&self, slot: usize, generation: u64) -> io::Result<Started> {
        let (service, slot) = self.places[slot];
        let timing = self.config.timing;
        let birth = Birth {
            service,
            slot,
            generation,
            master: nix::unistd::getpid().as_raw(),
            grace: timing.grace,
            drain: timing.drain,
            stop: timing.stop,
        };
        let listeners = self.listeners.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        self.program.start(&birth, listeners[service].of_slot(slot))
    }

    fn hold(&mut self, worker: WorkerId, slot: usize, started: Started) -> io::Result<()> {
        let Started { child, control, mut output } = started;
        let control_token = self.watch(Watched::Control(worker));
        let output_token = self.watch(Watched::Output(worker));
        let registry = self.poll.registry();
        registry.register(&mut SourceFd(&control.as_raw_fd()), control_token, Interest::READABLE)?;
        registry.register(output.pipe_mut(), output_token, Interest::READABLE)?;
        let output = Some((output, output_token));
        self.workers
            .insert(worker, Held { child, slot, control, control_token, output, tail: String::new() });
        Ok(())
    }

    fn order(&mut self, worker: WorkerId, word: FromMaster) {
        let Some(held) = self.workers.get(&worker) else { return };
        if let Err(error) = held.control.tell_worker(word) {
            tracing::warn!(pid = held.child.id(), %error, ?word, "cannot tell a worker");
        }
    }

    fn kill(&mut self, worker: WorkerId, because: &'static str) {
        let Some(held) = self.workers.get_mut(&worker) else { return };
        tracing::warn!(pid = held.child.id(), slot = held.slot, because, "killing a worker");
        if let Err(error) = held.child.kill() {
            tracing::error!(%error, "cannot kill a worker");
        }
    }

    // Tokens.

    fn watch(&mut self, what: Watched) -> Token {
        let token = Token(self.last_token);
        self.last_token += 1;
        self.watched.insert(token, what);
        token
    }

    fn unwatch(&mut self, fd: i32, token: Token) {
        self.watched.remove(&token);
        let _ = self.poll.registry().deregister(&mut SourceFd(&fd));
    }
}

/// Blocks the master's signals and takes them as a descriptor instead. Children get a mask of their own.
fn take_signals() -> io::Result<SignalFd> {
    let mut set = SigSet::empty();
    for signal in STOP.iter().chain(&[Signal::SIGQUIT, Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGCHLD]) {
        set.add(*signal);
    }
    set.thread_block()?;
    Ok(SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?)
}

/// The signals that stop at once (SIGNAL-1).
const STOP: [Signal; 4] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGTSTP];

fn ending(status: ExitStatus) -> Ending {
    status.code().map_or_else(|| Ending::Signal(status.signal().unwrap_or(0)), Ending::Code)
}
