//! What operators and callers are told, in words; and the fence around application code in the master.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::outcome::{Failure, HeirFailure, Outcome};
use super::run::Master;
use super::state::{CRASH_LOOP, CallerId, PhaseView, Progress};
use crate::control::FromHeir;

impl Master {
    pub(super) fn report(&mut self, progress: Progress) {
        let line = self.describe(progress);
        match progress {
            Progress::RolledBack { .. } | Progress::UpgradeFailed(_) => tracing::error!("{line}"),
            Progress::Respawn { failures, .. } if CRASH_LOOP <= failures => {
                tracing::error!("{line}: degraded, {failures} quick deaths in a row");
            }
            Progress::Respawn { .. } => tracing::warn!("{line}"),
            _ => tracing::info!("{line}"),
        }
        match progress {
            Progress::Running => self.announce(),
            // The first generation is announced when it accepts.
            Progress::Committed { .. } if self.state.phase() != PhaseView::Starting => {
                self.notifier.ready("running");
            }
            Progress::RolledBack { .. } => self.notifier.ready(&line),
            Progress::Booting { .. } | Progress::Stopping { .. } | Progress::Upgrading => {
                self.notifier.status(&line)
            }
            _ => {}
        }
        self.tell_predecessor(&FromHeir::Says(line.clone()));
        self.tell_commanders(&line);
    }

    pub(super) fn tell_commanders(&mut self, line: &str) {
        for (commander, _) in self.commanders.values_mut() {
            commander.tell(line);
        }
    }

    fn describe(&self, progress: Progress) -> String {
        match progress {
            Progress::Booting { generation, workers } => {
                format!("generation {generation}: booting {workers} workers")
            }
            Progress::Ready { ready, of } => format!("ready {ready} of {of}"),
            Progress::Committed { generation } => format!("generation {generation}: all ready, taking over"),
            Progress::Replaced { slot } => format!("{} replaced", self.place(slot)),
            Progress::RolledBack { generation, failure } => {
                let (Failure::Ended { slot, .. } | Failure::Late { slot, .. }) = failure;
                format!("generation {generation}: rolled back, {} {}", self.place(slot), Self::fault(failure))
            }
            Progress::Respawn { slot, delay, ending, .. } => {
                format!("{} {ending}; starting another in {} ms", self.place(slot), delay.as_millis())
            }
            Progress::Running => "running".to_owned(),
            Progress::Stopping { graceful: false } => "stopping".to_owned(),
            Progress::Stopping { graceful: true } => "stopping gracefully".to_owned(),
            Progress::Upgrading => "upgrading: starting a new master".to_owned(),
            Progress::Abdicated => "the new master's workers are ready: it takes over".to_owned(),
            Progress::UpgradeFailed(failure) => format!("upgrade failed: {failure}"),
        }
    }

    pub(super) fn place(&self, slot: usize) -> String {
        let (service, slot) = self.places[slot];
        format!("worker {slot} of {}", self.config.services[service].name)
    }

    fn fault(failure: Failure) -> String {
        match failure {
            Failure::Ended { ending, .. } => format!("{ending} before it was ready"),
            Failure::Late { .. } => "was not ready in time".to_owned(),
        }
    }

    /// The failure in words, with the tail of what the worker wrote.
    pub(super) fn explain(&self, failure: Failure) -> String {
        let (Failure::Ended { worker, slot, .. } | Failure::Late { worker, slot }) = failure;
        let alive = self.workers.get(&worker).map(|held| match &held.output {
            Some((output, _)) => output.tail(),
            None => held.tail.clone(),
        });
        let tail = alive.or_else(|| self.epitaphs.get(&worker).cloned()).unwrap_or_default();
        with_tail(&format!("{} {}", self.place(slot), Self::fault(failure)), &tail)
    }

    pub(super) fn answer(&mut self, caller: CallerId, outcome: Outcome) {
        let line = match outcome {
            Outcome::Committed { generation } => format!("ok reloaded: generation {generation} serves"),
            Outcome::RolledBack { failure } => {
                failed("rolled back, the old workers go on", &self.explain(failure))
            }
            Outcome::Superseded => "failed superseded by a newer reload".to_owned(),
            Outcome::Stopping => "failed the server is stopping".to_owned(),
            Outcome::Upgraded => "ok upgraded: the new master serves, the old one is gone".to_owned(),
            Outcome::NotUpgraded(failure) => self.explain_upgrade(failure),
            Outcome::Busy => {
                "failed a reload or an upgrade is under way; try again when it is over".to_owned()
            }
        };
        self.say_last(caller, &line);
    }

    fn explain_upgrade(&self, failure: HeirFailure) -> String {
        failed("not upgraded, the old master goes on", &with_tail(&failure.to_string(), &self.heir_epitaph))
    }
}

/// Lines that explain come first: the one that begins with `failed` ends the conversation.
fn failed(what: &str, reason: &str) -> String {
    let (first, rest) = reason.split_once('\n').unwrap_or((reason, ""));
    let tail = rest.lines().map(|line| format!("{line}\n")).collect::<String>();
    format!("{tail}failed {what}: {first}")
}

fn with_tail(text: &str, tail: &str) -> String {
    tail.lines().fold(text.to_owned(), |text, line| format!("{text}\n  | {line}"))
}

/// Runs application code in the master. A panic is logged and nothing else (SF-14).
pub(super) fn guarded(name: &str, run: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(run)).is_err() {
        tracing::error!("{name} panicked; the server goes on");
    }
}
