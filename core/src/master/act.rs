//! What is to be done: processes started, told and killed.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use mio::Interest;

use super::outcome::Ending;
use super::report::guarded;
use super::run::{Held, Master, Watched};
use super::spawn::{Outfit, Started};
use super::state::{Action, Event, WorkerId};
use crate::control::{FromHeir, FromMaster};
use crate::worker::Birth;

impl Master {
    pub(super) fn act(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Spawn { worker, slot, generation } => self.spawn(worker, slot, generation),
                Action::Accept(worker) => self.order(worker, FromMaster::Accept),
                Action::Reload(worker) => self.order(worker, FromMaster::Reload),
                Action::Drain { worker, grace, within } => {
                    let successor = self.state.successor_of(worker).is_some();
                    self.order(worker, FromMaster::Drain { grace, within, successor });
                }
                Action::Kill { worker, because } => self.kill(worker, because),
                Action::Reloading => self.begin_reload(),
                Action::CloseListeners => {
                    self.notifier.stopping();
                    drop(self.listeners.take());
                }
                Action::Progress(progress) => self.report(progress),
                Action::Answer(caller, outcome) => self.answer(caller, outcome),
                Action::StartHeir => self.start_heir(),
                Action::KillHeir { because } => self.kill_heir(because),
                Action::Abdicate => self.abdicate(),
                Action::Reclaim => self.reclaim(),
                Action::TakeOver => self.take_over(),
                Action::TellReady => self.tell_predecessor(&FromHeir::Ready),
                Action::TellServes(slot) => self.tell_serves(slot),
                Action::TellSettled => self.tell_predecessor(&FromHeir::Settled),
                Action::Finish(result) => self.finished = Some(result),
            }
        }
    }

    /// RELOAD-2: files are opened anew, and the application is told, before anything is started.
    fn begin_reload(&mut self) {
        self.notifier.reloading();
        self.reopen_log();
        match self.output.reopen() {
            Ok(None) => {}
            Ok(Some(file)) => {
                for held in self.workers.values() {
                    if let Err(error) = held.control.tell_with(&FromMaster::Output, file) {
                        tracing::warn!(pid = held.child.id(), %error, "cannot hand a worker the output file");
                    }
                }
            }
            Err(error) => tracing::error!(%error, "output stays where it went"),
        }
        if let Some(reload) = &self.config.callbacks.reload {
            guarded("on_master_reload", reload);
        }
    }

    fn spawn(&mut self, worker: WorkerId, slot: usize, generation: u64) {
        let started = self.start_process(slot, generation);
        let held = started.and_then(|(started, seat)| self.hold(worker, slot, generation, seat, started));
        if let Err(error) = held {
            let path = self.program.path().display();
            tracing::error!(slot, %error, "cannot start a worker from {path}");
            self.epitaphs.insert(worker, format!("cannot start {path}: {error}"));
            // As if it had started and exited: the same path decides what follows. 127 as in sh. Told
            // only when the orders that came with this one are carried out: they may concern others of
            // the same generation that are still to be started.
            self.aftermath.push_back(Event::Ended(worker, Ending::Code(127)));
        }
    }

    fn start_process(&mut self, place: usize, generation: u64) -> io::Result<(Started, usize)> {
        let (service, slot) = self.places[place];
        let timing = self.config.timing;
        let listeners = self.listeners.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let seat = self.board.seat().ok_or_else(|| io::Error::other("too many workers are leaving"))?;
        let birth = Birth {
            service,
            slot,
            generation,
            master: nix::unistd::getpid().as_raw(),
            seat,
            grace: timing.grace,
            drain: timing.drain,
            stop: timing.stop,
            echo: !self.daemon,
            descriptors: String::new(),
        };
        let title = self.place(place);
        let outfit = Outfit {
            title: &title,
            board: self.board.memory(),
            log: self.log.as_ref().map(AsFd::as_fd),
            listener: listeners[service].as_ref().map(|listeners| listeners.of_slot(slot)),
            output: &self.output,
        };
        match self.program.start(birth, &outfit) {
            Ok(started) => Ok((started, seat)),
            Err(error) => {
                self.board.vacate(seat);
                Err(error)
            }
        }
    }

    fn hold(
        &mut self,
        worker: WorkerId,
        slot: usize,
        generation: u64,
        seat: usize,
        started: Started,
    ) -> io::Result<()> {
        let Started { child, control, mut output } = started;
        let control_token = self.watch(Watched::Control(worker));
        let output_token = self.watch(Watched::Output(worker));
        self.watch_fd(control.as_raw_fd(), control_token)?;
        self.poll.registry().register(output.pipe_mut(), output_token, Interest::READABLE)?;
        let output = Some((output, output_token));
        let tail = String::new();
        let held = Held { child, slot, generation, seat, control, control_token, output, tail };
        self.workers.insert(worker, held);
        Ok(())
    }

    pub(super) fn order(&mut self, worker: WorkerId, word: FromMaster) {
        let Some(held) = self.workers.get(&worker) else { return };
        if let Err(error) = held.control.tell(&word) {
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
}
