//! What a worker process does from its first instruction in core to its exit.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{self, ExitCode};
use std::rc::Rc;
use std::time::Duration;

use mio::Interest;
use mio::unix::SourceFd;
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::serving::{Door, Drain, Open};
use super::{Serving, Worker};
use crate::control::{Control, FromMaster, FromWorker, Heard};
use crate::error::Error;
use crate::reactor::{Reactor, Source};
use crate::service::Declaration;
use crate::sys::inherited;

/// The variable that tells a process it is a worker, and which.
pub(crate) const VARIABLE: &str = "WORKERSPEC_CORE_WORKER";

/// The exit code of a worker whose `on_worker_start` failed (WORKER-3).
const START_FAILED: u8 = 250;

/// What the master tells a worker in its environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Birth {
    pub(crate) service: usize,
    pub(crate) slot: usize,
    pub(crate) generation: u64,
    /// The master's process id, to notice that it died before it could be watched.
    pub(crate) master: i32,
    /// Deadlines for a worker that has to leave on its own account.
    pub(crate) grace: Duration,
    pub(crate) drain: Duration,
    pub(crate) stop: Duration,
}

impl Birth {
    /// The handed descriptors, in order: control, the standard error for after the boot, listener.
    const CONTROL: i32 = 3;
    const STDERR: i32 = 4;
    const LISTENER: i32 = 5;

    pub(crate) fn encode(&self) -> String {
        format!(
            "{} {} {} {} {} {} {}",
            self.service,
            self.slot,
            self.generation,
            self.master,
            self.grace.as_millis(),
            self.drain.as_millis(),
            self.stop.as_millis()
        )
    }

    pub(crate) fn decode(text: &str) -> Option<Self> {
        let numbers: Vec<u64> = text.split(' ').map(|word| word.parse().ok()).collect::<Option<_>>()?;
        let [service, slot, generation, master, grace, drain, stop, ..] = numbers[..] else { return None };
        Some(Self {
            service: usize::try_from(service).ok()?,
            slot: usize::try_from(slot).ok()?,
            generation,
            master: i32::try_from(master).ok()?,
            grace: Duration::from_millis(grace),
            drain: Duration::from_millis(drain),
            stop: Duration::from_millis(stop),
        })
    }

    /// Whether this process was started as a worker. Removes the note of it from the environment.
    pub(crate) fn take() -> Option<Self> {
        inherited::take_variable(VARIABLE).as_deref().and_then(Self::decode)
    }
}

/// A worker at work.
struct Life {
    worker: Worker,
    birth: Birth,
    reactor: Rc<Reactor>,
    control: Control,
    listener: Cell<Option<OwnedFd>>,
    open: Cell<Option<Open>>,
    door: RefCell<Option<Rc<dyn Door>>>,
    drain: Drain,
    leaving: Cell<bool>,
}

/// Serves as the worker that `birth` describes, until it is told to go.
///
/// # Errors
/// Where the descriptors that the master hands over are missing, or the loop cannot be made.
pub(crate) fn serve(birth: Birth, services: Vec<Box<dyn Declaration>>) -> Result<ExitCode, Error> {
    let system = |attempt: &'static str| Error::system(format!("{attempt} in a worker"));
    // Until it is ready a worker may hang in code of the application; then it must not outlive its
    // master. Tied to the master's only thread.
    prctl::set_pdeathsig(Signal::SIGKILL).map_err(io::Error::from).map_err(system("watch the master"))?;
    if nix::unistd::getppid().as_raw() != birth.master {
        return Ok(ExitCode::FAILURE);
    }
    let inherited = |number| inherited::take_fd(number).map_err(system("take what the master handed over"));
    let control = Control::inherited(inherited(Birth::CONTROL)?);
    let stderr = inherited(Birth::STDERR)?;
    let listener = inherited(Birth::LISTENER)?;

    let service = services.into_iter().nth(birth.service).ok_or_else(|| Error::Misuse {
        service: format!("number {}", birth.service),
        what: "main declares fewer services in a worker than in the master".to_owned(),
    })?;
    let worker =
        Worker { service: service.settings().name.clone(), slot: birth.slot, generation: birth.generation };
    let reactor = Reactor::start().map_err(system("make the loop"))?;
    let signals = Signals::watch().map_err(system("watch for signals"))?;
    let serving = match service.into_serving(&reactor) {
        Ok(serving) => serving,
        Err(error) => {
            tracing::error!(slot = worker.slot, "cannot serve: {error}");
            return Ok(ExitCode::from(START_FAILED));
        }
    };
    if !starts(&serving, &worker) {
        return Ok(ExitCode::from(START_FAILED));
    }
    let life = Rc::new(Life {
        worker,
        birth,
        reactor: Rc::clone(&reactor),
        control,
        listener: Cell::new(Some(listener)),
        open: Cell::new(Some(serving.open)),
        door: RefCell::new(None),
        drain: serving.drain,
        leaving: Cell::new(false),
    });
    let watched = life.watch(life.control.as_raw_fd(), Life::hear_master, signals);
    watched.map_err(system("watch the control socket"))?;
    prctl::set_pdeathsig(None).map_err(io::Error::from).map_err(system("let go of the master"))?;
    leave_boot_output(stderr);
    life.tell(FromWorker::Ready);
    reactor.run().map_err(system("run the loop"))?;
    if let Some(stop) = &serving.stop
        && catch_unwind(AssertUnwindSafe(|| stop(&life.worker))).is_err()
    {
        tracing::error!("on_worker_stop panicked");
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs `on_worker_start`; false, and a line in the log, where it fails.
fn starts(serving: &Serving, worker: &Worker) -> bool {
    let Some(start) = &serving.start else { return true };
    match catch_unwind(AssertUnwindSafe(|| start(worker))) {
        Ok(Ok(())) => true,
        Ok(Err(reason)) => {
            tracing::error!(slot = worker.slot, "on_worker_start failed: {reason}");
            false
        }
        Err(_) => {
            tracing::error!(slot = worker.slot, "on_worker_start panicked");
            false
        }
    }
}

/// While it boots, a worker's standard error goes to the master, which keeps the tail for its report.
/// From now on it goes where the master's goes.
fn leave_boot_output(stderr: OwnedFd) {
    if let Err(error) = nix::unistd::dup2_stderr(&stderr) {
        tracing::warn!(%error, "standard error stays with the master");
    }
}

impl Life {
    fn tell(&self, word: FromWorker) {
        if let Err(error) = self.control.tell_master(word) {
            tracing::error!(%error, ?word, "cannot tell the master");
        }
    }

    /// Polls the control socket and the signals.
    fn watch(self: &Rc<Self>, control: i32, hear: fn(&Rc<Self>), signals: Signals) -> io::Result<()> {
        let life = Rc::clone(self);
        watch_fd(&self.reactor, control, move || hear(&life))?;
        let life = Rc::clone(self);
        let fd = signals.fd.as_raw_fd();
        watch_fd(&self.reactor, fd, move || {
            while let Ok(Some(info)) = signals.fd.read_signal() {
                let signal =
                    i32::try_from(info.ssi_signo).ok().and_then(|number| Signal::try_from(number).ok());
                signal.into_iter().for_each(|signal| life.hear_signal(signal));
            }
        })
    }

    fn hear_master(self: &Rc<Self>) {
        loop {
            match self.control.hear_master() {
                Heard::Said(FromMaster::Accept) => self.accept(),
                Heard::Said(FromMaster::Drain { grace, within }) => self.leave(grace, within),
                Heard::Nothing => return,
                Heard::Gone => {
                    // SF-12: nobody would replace or stop this worker any more.
                    if !self.leaving.get() {
                        tracing::warn!(slot = self.worker.slot, "the master is gone: leaving");
                    }
                    return self.leave(Duration::ZERO, self.birth.stop);
                }
            }
        }
    }

    /// A signal sent to this worker alone (SIGNAL-2 to SIGNAL-8).
    fn hear_signal(self: &Rc<Self>, signal: Signal) {
        tracing::info!(slot = self.worker.slot, %signal, "signal");
        match signal {
            Signal::SIGUSR1 | Signal::SIGUSR2 | Signal::SIGQUIT => self.tell(FromWorker::Recycle),
            _ => self.leave(Duration::ZERO, self.birth.stop),
        }
    }

    fn accept(&self) {
        let (Some(listener), Some(open)) = (self.listener.take(), self.open.take()) else { return };
        match open(listener) {
            Ok(door) => {
                *self.door.borrow_mut() = Some(door);
                self.tell(FromWorker::Accepting);
            }
            Err(error) => {
                tracing::error!(%error, "cannot watch the listener");
                process::exit(1);
            }
        }
    }

    fn leave(self: &Rc<Self>, grace: Duration, within: Duration) {
        if self.leaving.replace(true) && !grace.is_zero() {
            return;
        }
        if let Some(door) = self.door.borrow_mut().take() {
            door.leave();
        }
        let reactor = Rc::clone(&self.reactor);
        let emptied = move || {
            let stopping = Rc::clone(&reactor);
            reactor.leave_clients(within, move || stopping.stop());
        };
        (self.drain)(grace, within, Box::new(emptied));
    }
}

/// The signals of a worker, as a descriptor.
struct Signals {
    fd: SignalFd,
}

impl Signals {
    fn watch() -> io::Result<Self> {
        let mut set = SigSet::empty();
        let all = [
            Signal::SIGTERM,
            Signal::SIGINT,
            Signal::SIGHUP,
            Signal::SIGTSTP,
            Signal::SIGQUIT,
            Signal::SIGUSR1,
            Signal::SIGUSR2,
        ];
        all.iter().for_each(|signal| set.add(*signal));
        set.thread_block()?;
        let fd = SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        Ok(Self { fd })
    }
}

/// Calls `job` whenever the descriptor is readable.
fn watch_fd(reactor: &Rc<Reactor>, fd: i32, job: impl Fn() + 'static) -> io::Result<()> {
    struct Watched<F>(F);
    impl<F: Fn()> Source for Watched<F> {
        fn ready(self: Rc<Self>, _: bool, _: bool) {
            (self.0)();
        }
    }
    let token = reactor.reserve();
    reactor.registry().register(&mut SourceFd(&fd), token, Interest::READABLE)?;
    reactor.adopt(token, Rc::new(Watched(job)));
    Ok(())
}
