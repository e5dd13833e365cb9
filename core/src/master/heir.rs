//! Two masters: the one that serves, and the one that is to take over (`upgrade`).

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::process::Child;

use mio::{Interest, Token};
use nix::sys::prctl;

use super::hear::end_of;
use super::legacy::Estate;
use super::notify;
use super::outcome::Ending;
use super::output::BootOutput;
use super::run::{COMMANDS, Master, Watched};
use super::state::Event;
use crate::control::{Control, FromHeir, FromPredecessor, Heard};

/// A new master, as the one before it holds it.
#[derive(Debug)]
pub(super) struct Heir {
    child: Child,
    control: Control,
    token: Token,
    output: Option<(BootOutput, Token)>,
    tail: String,
}

impl Master {
    // The old master.

    pub(super) fn start_heir(&mut self) {
        self.heir_epitaph.clear();
        if let Err(error) = self.try_start_heir() {
            let path = self.program.path().display();
            self.heir_epitaph = format!("cannot start {path}: {error}");
            self.aftermath.push_back(Event::HeirGone(Ending::Code(127)));
        }
    }

    fn try_start_heir(&mut self) -> io::Result<()> {
        let (control, theirs) = Control::pair()?;
        let (mut output, boot) = BootOutput::pipe()?;
        let stderr = self.output.stderr()?;
        let listeners = self.listeners.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let estate = Estate {
            daemon: self.daemon,
            control: theirs.as_fd(),
            stderr: stderr.as_fd(),
            pid_file: self.pid_file.file(),
            admin: self.admin.socket(),
            services: self.config.services.iter().zip(listeners.iter().map(Option::as_ref)).collect(),
        };
        // Until it takes over it must not outlive this master: two would own the same sockets.
        let mut spawn = self.program.spawn().dies_with_us();
        if let Some(socket) = &self.notifier.name {
            spawn = spawn.env(notify::VARIABLE, socket);
        }
        let child = estate.to(spawn).stdout(self.output.stdout()?).stderr(boot).start()?;
        let (token, output_token) = (self.watch(Watched::Heir), self.watch(Watched::HeirOutput));
        self.watch_fd(control.as_raw_fd(), token)?;
        self.poll.registry().register(output.pipe_mut(), output_token, Interest::READABLE)?;
        tracing::info!(pid = child.id(), "a new master boots");
        let (output, tail) = (Some((output, output_token)), String::new());
        self.heir = Some(Heir { child, control, token, output, tail });
        Ok(())
    }

    pub(super) fn hear_heir(&mut self) {
        loop {
            let Some(heir) = &self.heir else { return };
            // Its end comes by SIGCHLD.
            let Heard::Said(word, _) = heir.control.hear() else { return };
            match word {
                FromHeir::Ready => self.tell(Event::HeirReady),
                FromHeir::Settled => self.tell(Event::HeirSettled),
                FromHeir::Says(line) => self.tell_commanders(&format!("new master: {line}")),
                FromHeir::Serves { slot, namesake, service } => {
                    if let Some(place) = self.find_place(slot, namesake, &service) {
                        self.tell(Event::HeirServes(place));
                    }
                }
            }
        }
    }

    fn find_place(&self, slot: usize, namesake: usize, name: &str) -> Option<usize> {
        let named = |service: &usize| self.config.services[*service].name == name;
        let service = (0..self.config.services.len()).filter(named).nth(namesake)?;
        self.places.iter().position(|place| *place == (service, slot))
    }

    pub(super) fn read_heir_output(&mut self) {
        let Some(heir) = &mut self.heir else { return };
        let Some((output, token)) = &mut heir.output else { return };
        if output.read()
            && self.poll.registry().reregister(output.pipe_mut(), *token, Interest::READABLE).is_ok()
        {
            return;
        }
        let (fd, token) = (output.as_raw_fd(), *token);
        heir.tail = output.tail();
        heir.output = None;
        self.unwatch(fd, token);
    }

    pub(super) fn kill_heir(&mut self, because: &'static str) {
        let Some(heir) = &mut self.heir else { return };
        tracing::warn!(pid = heir.child.id(), because, "killing the new master");
        if let Err(error) = heir.child.kill() {
            tracing::error!(%error, "cannot kill the new master");
        }
    }

    pub(super) fn reap_heir(&mut self) {
        let Some(heir) = &mut self.heir else { return };
        let Some(ending) = end_of(heir.child.try_wait()) else { return };
        self.hear_heir();
        self.read_heir_output();
        let Some(heir) = self.heir.take() else { return };
        self.unwatch(heir.control.as_raw_fd(), heir.token);
        self.heir_epitaph = heir.tail;
        if let Some((output, token)) = heir.output {
            self.heir_epitaph = output.tail();
            self.unwatch(output.as_raw_fd(), token);
        }
        self.tell(Event::HeirGone(ending));
    }

    /// Takes the end of a new master that was killed because this one stops.
    pub(super) fn bury_heir(&mut self) {
        if let Some(mut heir) = self.heir.take().filter(|_| !self.abdicated) {
            let _ = heir.child.wait();
        }
    }

    /// The new master is the server from here on.
    pub(super) fn abdicate(&mut self) {
        let _ = self.poll.registry().deregister(self.admin.listener());
        self.admin.own(false);
        self.pid_file.disown();
        self.listeners.iter_mut().flatten().flatten().for_each(crate::listen::Listeners::disown);
        self.abdicated = true;
        let Some(heir) = &self.heir else { return };
        self.notifier.main_pid(heir.child.id());
        if let Err(error) = heir.control.tell(&FromPredecessor::Yours) {
            // It is gone: SIGCHLD says so.
            tracing::warn!(%error, "cannot tell the new master");
        }
    }

    /// It is gone before this one had left.
    pub(super) fn reclaim(&mut self) {
        self.abdicated = false;
        self.admin.own(true);
        if let Err(error) = self.watch_commands() {
            tracing::error!(%error, "cannot watch for commands");
        }
        if let Err(error) = self.pid_file.own() {
            tracing::error!(%error, "cannot write the pid file");
        }
        self.notifier.ready("running");
        self.dispatch(COMMANDS, false);
    }

    // The new master.

    pub(super) fn hear_predecessor(&mut self) {
        let Some((control, _)) = &self.predecessor else { return };
        match control.hear() {
            Heard::Nothing => {}
            Heard::Said(FromPredecessor::Yours, _) => {
                self.tell(Event::Inherited);
                self.hear_predecessor();
            }
            Heard::Gone => {
                if let Some((control, token)) = self.predecessor.take() {
                    self.unwatch(control.as_raw_fd(), token);
                }
                self.tell(Event::PredecessorGone);
            }
        }
    }

    pub(super) fn tell_predecessor(&mut self, word: &FromHeir) {
        if let Some((control, _)) = &self.predecessor
            && let Err(error) = control.tell(word)
        {
            tracing::debug!(%error, "cannot tell the master before this one");
        }
    }

    pub(super) fn tell_serves(&mut self, place: usize) {
        let (service, slot) = self.places[place];
        let name = &self.config.services[service].name;
        let before = self.config.services[..service].iter();
        let namesake = before.filter(|settings| settings.name == *name).count();
        let word = FromHeir::Serves { slot, namesake, service: name.clone() };
        self.tell_predecessor(&word);
    }

    /// The command socket and the pid file are this master's now.
    pub(super) fn take_over(&mut self) {
        if let Err(error) = prctl::set_pdeathsig(None) {
            tracing::error!(%error, "cannot let go of the master before this one");
        }
        self.admin.own(true);
        if let Err(error) = self.pid_file.own() {
            tracing::error!(%error, "cannot write the pid file");
        }
        if let Err(error) = self.watch_commands() {
            tracing::error!(%error, "cannot watch for commands");
        }
        if let Err(error) = self.output.follow() {
            tracing::warn!(%error, "output stays where it went");
        }
        // It may have been rotated meanwhile.
        self.reopen_log();
        tracing::info!("this master takes over");
        self.dispatch(COMMANDS, false);
    }
}
