//! What has happened: signals, words of workers, commands.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use mio::{Interest, Token};
use nix::sys::signal::Signal;

use super::admin::{Asked, Request};
use super::outcome::Ending;
use super::report::guarded;
use super::run::{COMMANDS, Master, SIGNALS, Watched};
use super::state::{CallerId, Event, WorkerId};
use crate::control::{FromMaster, FromWorker, Heard};
use crate::worker::WorkerExit;

impl Master {
    pub(super) fn dispatch(&mut self, token: Token, writable: bool) {
        match (token, self.watched(token)) {
            (SIGNALS, _) => self.hear_signals(),
            (COMMANDS, _) => self.welcome_commanders(),
            (_, Some(Watched::Control(worker))) => self.hear_worker(worker),
            (_, Some(Watched::Output(worker))) => self.read_output(worker),
            (_, Some(Watched::Commander(caller))) => {
                if !writable || self.goes_on(caller) {
                    self.hear_commander(caller);
                }
            }
            (_, Some(Watched::Heir)) => self.hear_heir(),
            (_, Some(Watched::HeirOutput)) => self.read_heir_output(),
            (_, Some(Watched::Predecessor)) => self.hear_predecessor(),
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
            if signal != Signal::SIGCHLD {
                tracing::info!(%signal, "received signal");
            }
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
            self.bury(worker, ending);
            self.tell(Event::Ended(worker, ending));
        }
        self.reap_heir();
    }

    /// WORKER-5 and WORKER-7: the log line, then the callback; the replacement comes after both.
    fn bury(&mut self, worker: WorkerId, ending: Ending) {
        let Some(mut held) = self.workers.remove(&worker) else { return };
        self.unwatch(held.control.as_raw_fd(), held.control_token);
        if let Some((output, token)) = held.output.take() {
            held.tail = output.tail();
            self.unwatch(output.as_raw_fd(), token);
        }
        if !held.tail.is_empty() {
            self.epitaphs.insert(worker, held.tail);
        }
        self.board.vacate(held.seat);
        self.log_moved(worker);
        self.end_handoffs(worker);
        let ((service, slot), pid) = (self.places[held.slot], held.child.id());
        let name = self.config.services[service].name.clone();
        match ending {
            Ending::Code(0) => tracing::info!(pid, "worker {slot} of {name} exited"),
            _ => tracing::warn!(pid, "worker {slot} of {name} {ending}"),
        }
        *self.exits.entry((service, ending.raw())).or_default() += 1;
        if let Some(callback) = self.config.callbacks.exits.get(service).and_then(Option::as_ref) {
            let exit = WorkerExit { service: name, slot, pid, status: ending.raw() };
            guarded("on_worker_exit", || callback(&exit));
        }
    }

    pub(super) fn hear_worker(&mut self, worker: WorkerId) {
        loop {
            let heard = self.workers.get(&worker).map(|held| held.control.hear());
            let Some(Heard::Said(word, file)) = heard else {
                // Its end comes by SIGCHLD.
                return;
            };
            match word {
                FromWorker::Ready => self.tell(Event::Ready(worker)),
                FromWorker::Accepting => self.tell(Event::Accepting(worker)),
                FromWorker::Recycle => self.tell(Event::Recycle(worker)),
                FromWorker::LogFull => self.rotate_log(),
                FromWorker::LogMoved => self.log_moved(worker),
                FromWorker::Rows(asked) => self.take_rows(worker, asked, file),
                FromWorker::Hand(number) => self.hand_over(worker, number, file),
                FromWorker::Taken(passage) => self.end_handoff(worker, passage, FromMaster::Handed),
                FromWorker::Declined(passage) => self.end_handoff(worker, passage, FromMaster::Keep),
            }
        }
    }

    pub(super) fn read_output(&mut self, worker: WorkerId) {
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

    // Commands.

    fn welcome_commanders(&mut self) {
        while let Some(mut commander) = self.admin.accept() {
            self.last_caller += 1;
            let caller = CallerId(self.last_caller);
            let token = self.watch(Watched::Commander(caller));
            let interest = Interest::READABLE | Interest::WRITABLE;
            if let Err(error) = self.poll.registry().register(commander.stream(), token, interest) {
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
            Asked::For(Request::Upgrade) => self.tell(Event::Upgrade(caller)),
            // Its connection ends with this process, and that is the answer.
            Asked::For(Request::Stop { graceful }) => self.tell(Event::Stop { graceful }),
            Asked::For(Request::Status) => {
                let snapshot = self.snapshot();
                self.answer_with(caller, &snapshot);
            }
            Asked::For(Request::Connections) => self.inquire(caller),
            Asked::Nonsense => self.say_last(caller, "failed command not known"),
            Asked::Gone => self.dismiss(caller),
        }
    }

    /// Sends what is left; false once the conversation is over.
    fn goes_on(&mut self, caller: CallerId) -> bool {
        let Some((commander, _)) = self.commanders.get_mut(&caller) else { return false };
        commander.flush();
        let over = commander.is_over();
        if over {
            self.dismiss(caller);
        }
        !over
    }

    /// Says the last line of a conversation.
    pub(super) fn say_last(&mut self, caller: CallerId, line: &str) {
        if let Some((commander, _)) = self.commanders.get_mut(&caller) {
            commander.answer(line);
            self.goes_on(caller);
        }
    }

    pub(super) fn answer_with(&mut self, caller: CallerId, report: &impl serde::Serialize) {
        let text = serde_json::to_string(report).expect("strings and numbers have a JSON form");
        self.say_last(caller, &format!("ok {text}"));
    }

    fn dismiss(&mut self, caller: CallerId) {
        if let Some((mut commander, token)) = self.commanders.remove(&caller) {
            self.forget(token);
            let _ = self.poll.registry().deregister(commander.stream());
        }
    }
}

pub(super) fn ending(status: ExitStatus) -> Ending {
    status.code().map_or_else(|| Ending::Signal(status.signal().unwrap_or(0)), Ending::Code)
}

/// What try_wait said of a process that may have ended.
pub(super) fn end_of(waited: io::Result<Option<ExitStatus>>) -> Option<Ending> {
    waited.ok().flatten().map(ending)
}
