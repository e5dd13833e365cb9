//! Where cases run: threads, testees of their own, tries, verdicts.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::blame::blamed;
use super::knock;
use super::outcome::{CaseResult, Progress};
use super::play::play;
use super::runner::Options;
use super::stage::{Pace, Stage};
use super::talk;
use crate::case::{Case, Check, Level, Sharing};
use crate::testee::{Launch, Process, Testee};
use crate::verdict::{Finding, Outcome, Surprise, Verdict};

/// Testees of their own that run at the same time.
const ISOLATED_JOBS: usize = 4;
/// What a case may take beyond its budget before it is abandoned: its probes stop at the budget.
const GRACE: Duration = Duration::from_secs(2);
/// How often the runner looks whether it was interrupted.
const GLANCE: Duration = Duration::from_millis(50);

/// What the threads of a run share.
pub(super) struct Hall<'run> {
    options: &'run Options,
    progress: &'run dyn Progress,
    launch: Launch,
    testee: &'run Arc<Testee>,
    pace: Pace,
    /// The testee's processes before the first case.
    before: Vec<Process>,
    results: Mutex<Vec<CaseResult>>,
}

type Queue = Mutex<VecDeque<&'static Case>>;

impl<'run> Hall<'run> {
    /// For a testee that was just started.
    pub(super) fn new(
        options: &'run Options,
        progress: &'run dyn Progress,
        launch: Launch,
        testee: &'run Arc<Testee>,
        pace: Pace,
    ) -> Self {
        let before = testee.tree();
        Self { options, progress, launch, testee, pace, before, results: Mutex::default() }
    }

    /// Runs the cases: those that share beside those that don't, and last the ones that look back.
    pub(super) fn run(self, cases: Vec<&'static Case>) -> Vec<CaseResult> {
        let queue = |sharing| -> Queue {
            Mutex::new(cases.iter().copied().filter(|case| case.sharing == sharing).collect())
        };
        let (shared, isolated, last) =
            (queue(Sharing::Shared), queue(Sharing::Isolated), queue(Sharing::Last));
        thread::scope(|scope| {
            for _ in 0..self.options.jobs.max(1) {
                scope.spawn(|| self.work(&shared, |case| self.run_shared(case)));
            }
            for _ in 0..ISOLATED_JOBS {
                scope.spawn(|| self.work(&isolated, |case| self.run_isolated(case)));
            }
        });
        self.work(&last, |case| self.run_shared(case));
        self.results.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one case after the other until none is left or the run is interrupted.
    fn work(&self, queue: &Queue, once: impl Fn(&'static Case) -> Option<CaseResult>) {
        while !self.options.interrupted.load(Ordering::Relaxed) {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(case) = next else { return };
            let Some(mut result) = self.tried(case, &once) else { continue };
            self.options.known.recognise(&mut result);
            self.progress.done(&result);
            // What it saw has been told; of what passed nothing more is kept.
            if result.verdict == Verdict::Pass {
                result.evidence.clear();
            }
            self.results.lock().unwrap_or_else(PoisonError::into_inner).push(result);
        }
    }

    /// Tries a case again that failed: one that fails now and then says so, and is no better for it.
    fn tried(
        &self,
        case: &'static Case,
        once: impl Fn(&'static Case) -> Option<CaseResult>,
    ) -> Option<CaseResult> {
        let mut result = once(case)?;
        if result.verdict != Verdict::Fail || self.options.known.lists(&result) {
            return Some(result);
        }
        let mut tries = vec![result.verdict];
        while tries.len() < self.options.tries {
            let Some(again) = once(case) else { break };
            tries.push(again.verdict);
            if matches!(again.verdict, Verdict::Pass | Verdict::Warn) {
                result.verdict = Verdict::Flaky;
                let came = format!("; in try {}: {}", tries.len(), again.verdict);
                result.message.push_str(&came);
                break;
            }
        }
        if 1 < tries.len() {
            result.tries = tries;
        }
        Some(result)
    }

    fn run_shared(&self, case: &'static Case) -> Option<CaseResult> {
        if let Some(exit) = self.testee.exited() {
            return Some(CaseResult::without_run(
                case,
                Verdict::Error,
                format!("the testee died before: {exit}"),
            ));
        }
        let mut found = self.perform(case, Arc::clone(self.testee))?;
        if let Some(exit) = self.testee.exited() {
            found.verdict = Verdict::Error;
            found.message = format!("the testee died meanwhile ({exit}); {}", found.message);
        }
        Some(found)
    }

    fn run_isolated(&self, case: &'static Case) -> Option<CaseResult> {
        match Testee::start(&self.options.file, &self.launch) {
            Ok(testee) => self.perform(case, Arc::new(testee)),
            Err(error) => Some(CaseResult::without_run(case, Verdict::Error, error.to_string())),
        }
    }

    /// Runs a case in a thread of its own, so that it can be left behind. `None` if interrupted.
    fn perform(&self, case: &'static Case, testee: Arc<Testee>) -> Option<CaseResult> {
        let begun = Instant::now();
        let budget = case.budget.mul_f64(self.options.slowness);
        let deadline = begun + budget;
        let stage = Stage::new(testee, deadline, self.pace).slow(self.options.slowness);
        let stage = Arc::new(stage.since(self.before.clone()));
        let (sender, receiver) = mpsc::channel();
        let theirs = Arc::clone(&stage);
        let thread = thread::Builder::new().name(case.id.to_owned()).spawn(move || {
            let outcome = match &case.check {
                Check::Exchange(exchange) => play(exchange, &theirs),
                Check::Talk(spoken) => talk::play(spoken, &theirs),
                Check::Knock(knocked) => knock::play(knocked, &theirs),
                Check::Act { act, .. } => act(&theirs),
            };
            drop(theirs);
            // Nobody listens any more if the case was abandoned.
            let _ = sender.send(outcome);
        });
        if let Err(error) = thread {
            return Some(CaseResult::without_run(
                case,
                Verdict::Error,
                format!("can't start a thread: {error}"),
            ));
        }
        let outcome = loop {
            match receiver.recv_timeout(GLANCE) {
                Ok(outcome) => break outcome,
                Err(RecvTimeoutError::Disconnected) => {
                    break Err(Surprise("the case panicked; its message is on standard error".to_owned()));
                }
                Err(RecvTimeoutError::Timeout) => {
                    if self.options.interrupted.load(Ordering::Relaxed) {
                        stage.abandon();
                        return None;
                    }
                    if deadline + GRACE <= Instant::now() {
                        stage.abandon();
                        break Err(Surprise(format!(
                            "the case did not end within {budget:?} and was abandoned"
                        )));
                    }
                }
            }
        };
        let level = if self.options.profile.binds(case.source) { case.level } else { Level::May };
        let (verdict, message) = weigh(level, blamed(outcome, &stage));
        Some(CaseResult {
            evidence: stage.evidence(),
            took: begun.elapsed(),
            ..CaseResult::without_run(case, verdict, message)
        })
    }
}

/// A verdict from what was found and how binding the claim is.
fn weigh(level: Level, outcome: Outcome) -> (Verdict, String) {
    match outcome {
        Ok(Finding::Kept(message)) => (Verdict::Pass, message),
        Ok(Finding::Tolerated(message)) => (Verdict::Warn, message),
        Ok(Finding::Broken(message)) => match level {
            Level::Must => (Verdict::Fail, message),
            Level::Should | Level::May => (Verdict::Warn, message),
        },
        Ok(Finding::Unproved(message)) => (Verdict::Inconclusive, message),
        Err(Surprise(message)) => (Verdict::Error, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_should_is_a_warning_and_a_surprise_is_ours() {
        let broken = || Ok(Finding::Broken(String::new()));
        assert_eq!(weigh(Level::Must, broken()).0, Verdict::Fail);
        assert_eq!(weigh(Level::Should, broken()).0, Verdict::Warn);
        assert_eq!(weigh(Level::Must, Err(Surprise(String::new()))).0, Verdict::Error);
        assert_eq!(weigh(Level::Must, Ok(Finding::Unproved(String::new()))).0, Verdict::Inconclusive);
    }
}
