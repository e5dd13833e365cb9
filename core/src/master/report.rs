//! What operators and callers are told, in words.

use super::outcome::{Failure, Outcome};
use super::run::Master;
use super::state::{CallerId, Progress};

impl Master {
    pub(super) fn report(&mut self, progress: Progress) {
        let line = self.describe(progress);
        match progress {
            Progress::RolledBack { .. } => tracing::error!("{line}"),
            Progress::Respawn { .. } => tracing::warn!("{line}"),
            _ => tracing::info!("{line}"),
        }
        for (commander, _) in self.commanders.values_mut() {
            commander.tell(&line);
        }
    }

    pub(super) fn describe(&self, progress: Progress) -> String {
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
            Progress::Respawn { slot, delay, ending } => {
                format!("{} {ending}; starting another in {} ms", self.place(slot), delay.as_millis())
            }
            Progress::Running => "running".to_owned(),
            Progress::Stopping { graceful: false } => "stopping".to_owned(),
            Progress::Stopping { graceful: true } => "stopping gracefully".to_owned(),
        }
    }

    pub(super) fn place(&self, slot: usize) -> String {
        let (service, slot) = self.places[slot];
        format!("worker {slot} of {}", self.config.services[service].name)
    }

    pub(super) fn fault(failure: Failure) -> String {
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
        let mut text = format!("{} {}", self.place(slot), Self::fault(failure));
        for line in tail.lines() {
            text.push_str("\n  | ");
            text.push_str(line);
        }
        text
    }

    pub(super) fn answer(&mut self, caller: CallerId, outcome: Outcome) {
        let line = match outcome {
            Outcome::Committed { generation } => format!("ok reloaded: generation {generation} serves"),
            Outcome::RolledBack { failure } => {
                let reason = self.explain(failure);
                let (first, rest) = reason.split_once('\n').unwrap_or((&reason, ""));
                // The tail first: the line that begins with `failed` ends the conversation.
                let tail = rest.lines().map(|line| format!("{line}\n")).collect::<String>();
                format!("{tail}failed rolled back, the old workers go on: {first}")
            }
            Outcome::Superseded => "failed superseded by a newer reload".to_owned(),
            Outcome::Stopping => "failed the server is stopping".to_owned(),
        };
        if let Some((commander, _)) = self.commanders.get_mut(&caller) {
            commander.tell(&line);
        }
        self.dismiss(caller);
    }
}
