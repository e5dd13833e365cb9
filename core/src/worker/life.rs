//! A worker at work: what it hears from its master and by signals, and how it leaves.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::rc::{Rc, Weak};
use std::time::Duration;

use mio::Interest;
use mio::unix::SourceFd;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::row::write_rows;
use super::serving::{Door, Drain, Handover, OnWorker, Open, Serving};
use super::{Birth, ConnectionRow, Worker};
use crate::connection::Hand;
use crate::control::{Control, FromMaster, FromWorker, Heard};
use crate::logging;
use crate::reactor::{Reactor, Source};
use crate::service::{Settings, Staff};
use crate::tally::Call;

/// A worker at work.
pub(super) struct Life {
    worker: Worker,
    birth: Birth,
    reloadable: bool,
    pub(super) reactor: Rc<Reactor>,
    control: Control,
    listener: Cell<Option<OwnedFd>>,
    open: Cell<Option<Open>>,
    door: RefCell<Option<Rc<dyn Door>>>,
    drain: Drain,
    handover: Rc<dyn Handover>,
    connections: Box<dyn Fn() -> Vec<ConnectionRow>>,
    staff: Staff,
    reloaded: Cell<bool>,
    leaving: Cell<bool>,
    /// Signals that came before this worker was told to accept; `None` from then on.
    early: RefCell<Option<Vec<Signal>>>,
}

thread_local! {
    static CURRENT: RefCell<Weak<Life>> = const { RefCell::new(Weak::new()) };
}

impl Life {
    pub(super) fn begin(
        worker: Worker,
        birth: Birth,
        settings: &Settings,
        control: Control,
        listener: Option<OwnedFd>,
        serving: Serving,
        reactor: &Rc<Reactor>,
    ) -> Rc<Self> {
        let life = Rc::new(Self {
            worker,
            birth,
            reloadable: settings.reloadable,
            reactor: Rc::clone(reactor),
            control,
            listener: Cell::new(listener),
            open: Cell::new(Some(serving.open)),
            door: RefCell::new(None),
            drain: serving.drain,
            handover: serving.handover,
            connections: serving.connections,
            staff: serving.staff,
            reloaded: Cell::new(false),
            leaving: Cell::new(false),
            early: RefCell::new(Some(Vec::new())),
        });
        CURRENT.set(Rc::downgrade(&life));
        life
    }

    /// The life of this thread's worker, while it lasts.
    pub(super) fn current() -> Option<Rc<Self>> {
        CURRENT.with_borrow(Weak::upgrade)
    }

    pub(super) fn ready(&self) {
        self.tell(FromWorker::Ready);
    }

    /// Serves on until a successor accepts.
    pub(super) fn ask_for_successor(&self) {
        if !self.leaving.get() {
            self.tell(FromWorker::Recycle);
        }
    }

    pub(super) fn leave_at_once(self: &Rc<Self>) {
        self.leave(Duration::ZERO, self.birth.stop, false);
    }

    fn tell(&self, word: FromWorker) {
        if let Err(error) = self.control.tell(&word) {
            tracing::error!(%error, ?word, "cannot tell the master");
        }
    }

    /// Polls the control socket and the signals; reports a full log.
    pub(super) fn watch(self: &Rc<Self>, signals: Signals) -> io::Result<()> {
        let reporting = self.control.share()?;
        logging::when_full(move || drop(reporting.tell(&FromWorker::LogFull)));
        let life = Rc::clone(self);
        watch_fd(&self.reactor, self.control.as_raw_fd(), move || life.hear_master())?;
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
            match self.control.hear() {
                Heard::Said(word, file) => self.obey(word, file),
                Heard::Nothing => return,
                Heard::Gone => {
                    // SF-12: nobody would replace or stop this worker any more.
                    if !self.leaving.get() {
                        tracing::warn!(slot = self.worker.slot, "the master is gone: leaving");
                    }
                    return self.leave_at_once();
                }
            }
        }
    }

    fn obey(self: &Rc<Self>, word: FromMaster, file: Option<OwnedFd>) {
        match word {
            FromMaster::Accept => self.accept(),
            FromMaster::Reload => self.call_reload(),
            FromMaster::Drain { grace, within, successor } => self.leave(grace, within, successor),
            FromMaster::Adopt(passage) => self.adopt(passage, file),
            FromMaster::Handed(number) => self.handover.handed(number),
            FromMaster::Keep(number) => self.handover.kept(number),
            FromMaster::Connections(asked) => self.show_connections(asked),
            FromMaster::Log => {
                file.into_iter().for_each(logging::replace);
                self.tell(FromWorker::LogMoved);
            }
            FromMaster::Output => file.iter().for_each(|file| {
                let moved = nix::unistd::dup2_stdout(file).and_then(|()| nix::unistd::dup2_stderr(file));
                if let Err(error) = moved {
                    tracing::warn!(%error, "output stays where it went");
                }
            }),
        }
    }

    /// A signal sent to this worker alone (SIGNAL-2 to SIGNAL-8, RELOAD-11). One that serves nobody yet obeys once it
    /// does: were it to leave, its whole generation would be given up, and its server with it if that is the first.
    fn hear_signal(self: &Rc<Self>, signal: Signal) {
        let early = match &mut *self.early.borrow_mut() {
            Some(early) if !self.leaving.get() => {
                early.push(signal);
                true
            }
            _ => false,
        };
        tracing::info!(slot = self.worker.slot, %signal, early, "signal");
        if early {
            return;
        }
        match signal {
            Signal::SIGUSR1 | Signal::SIGUSR2 => {
                self.call_reload();
                if self.reloadable {
                    self.ask_for_successor();
                }
            }
            Signal::SIGQUIT => self.ask_for_successor(),
            _ => self.leave_at_once(),
        }
    }

    /// RELOAD-8. Once for one that is replaced, each time for one that stays.
    fn call_reload(&self) {
        if self.leaving.get() || (self.reloadable && self.reloaded.replace(true)) {
            return;
        }
        self.call(Call::WorkerReload, &self.staff.reload);
    }

    fn call(&self, call: Call, callback: &Option<OnWorker>) {
        let Some(callback) = callback else { return };
        let run = || catch_unwind(AssertUnwindSafe(|| callback(&self.worker)));
        if self.reactor.tally().during(call, run).is_err() {
            tracing::error!(slot = self.worker.slot, "{} panicked", call.name());
        }
    }

    fn show_connections(&self, asked: u64) {
        let mut rows = (self.connections)();
        rows.extend(self.reactor.client_rows());
        let tell = |file: OwnedFd| self.control.tell_with(&FromWorker::Rows(asked), file.as_fd());
        let told = write_rows(&rows).and_then(tell);
        if let Err(error) = told {
            tracing::warn!(%error, "cannot tell the master the connections");
        }
    }

    fn accept(self: &Rc<Self>) {
        if self.leaving.get() {
            return;
        }
        if let (Some(listener), Some(open)) = (self.listener.take(), self.open.take()) {
            match open(listener) {
                Ok(door) => *self.door.borrow_mut() = Some(door),
                Err(error) => {
                    tracing::error!(%error, "cannot watch the listener");
                    process::exit(1);
                }
            }
        }
        self.tell(FromWorker::Accepting);
        let early = self.early.take().unwrap_or_default();
        early.into_iter().for_each(|signal| self.hear_signal(signal));
    }

    /// Takes over a connection of the worker before this one; what can't be served stays there.
    fn adopt(&self, passage: u64, socket: Option<OwnedFd>) {
        let adopted = match socket {
            Some(socket) if !self.leaving.get() => self.handover.adopt(socket),
            _ => Err(io::ErrorKind::NotConnected.into()),
        };
        self.tell(match adopted {
            Ok(()) => FromWorker::Taken(passage),
            Err(error) => {
                tracing::debug!(%error, "cannot serve a connection that was handed over");
                FromWorker::Declined(passage)
            }
        });
    }

    /// Hands connections to the master, for the successor.
    fn hand(self: &Rc<Self>) -> Hand {
        let life = Rc::clone(self);
        Rc::new(move |number, socket| life.control.tell_with(&FromWorker::Hand(number), socket))
    }

    /// STOP-5: the application is told, then the listener is left, then the connections go.
    fn leave(self: &Rc<Self>, grace: Duration, within: Duration, successor: bool) {
        let again = self.leaving.replace(true);
        if again && !grace.is_zero() {
            return;
        }
        if !again {
            self.call(Call::WorkerStop, &self.staff.stop);
        }
        if let Some(door) = self.door.borrow_mut().take() {
            door.leave();
        }
        let reactor = Rc::clone(&self.reactor);
        let emptied = move || {
            let stopping = Rc::clone(&reactor);
            reactor.leave_clients(within, move || stopping.stop());
        };
        let hand = successor.then(|| self.hand());
        (self.drain)(grace, within, hand, Box::new(emptied));
    }
}

/// The signals of a worker, as a descriptor.
pub(super) struct Signals {
    fd: SignalFd,
}

impl Signals {
    pub(super) fn watch() -> io::Result<Self> {
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
