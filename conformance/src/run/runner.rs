use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::honesty::Honesty;
use super::knock;
use super::known::Known;
use super::outcome::{CaseResult, Ending, Progress, RunReport};
use super::play::play;
use super::stage::{Pace, Stage};
use super::talk;
use crate::case::{Case, Check, Level, Need, Sharing};
use crate::testee::{Launch, Testee, TesteeError, TesteeFile};
use crate::verdict::{Finding, Outcome, Surprise, Verdict};

/// What to run, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The testee.
    pub file: TesteeFile,
    /// The workerspec program, which guards the testee.
    pub program: PathBuf,
    /// Every case there is: expectations are checked against it.
    pub registry: Vec<&'static Case>,
    /// The cases to run.
    pub cases: Vec<&'static Case>,
    /// Cases that share a testee run in this many threads. At least 1.
    pub jobs: usize,
    /// Shuffles the cases; 0 keeps the order of the registry.
    pub seed: u64,
    /// What is known to fail.
    pub known: Known,
    /// Set from outside to end the run early.
    pub interrupted: Arc<AtomicBool>,
}

/// Runs the cases.
///
/// # Errors
/// The testee can't be started.
pub fn run(options: &Options, progress: &dyn Progress) -> Result<RunReport, TesteeError> {
    let begun = Instant::now();
    let (skipped, mut ready): (Vec<_>, Vec<_>) = options
        .cases
        .iter()
        .map(|case| (*case, case.lacks(&options.file)))
        .partition(|(_, lack)| lack.is_some());
    let mut results: Vec<CaseResult> = skipped
        .into_iter()
        .map(|(case, lack)| result(case, Verdict::Skip, format!("lacks {}", lack.unwrap_or_default())))
        .collect();
    shuffle(&mut ready, options.seed);
    let mut report = RunReport {
        testee: options.file.name().to_owned(),
        version: None,
        results: Vec::new(),
        dishonest: Vec::new(),
        stale: Vec::new(),
        ending: Ending::Complete,
        took: Duration::ZERO,
    };
    if !ready.is_empty() {
        let launch = Launch::new(&options.program);
        let testee = Arc::new(Testee::start(&options.file, &launch)?);
        report.version = testee.version();
        let mut honesty = Honesty::check(&testee);
        if ready.iter().any(|(case, _)| reloads(case)) {
            honesty.check_reload(&options.file, &launch);
        }
        report.dishonest = honesty.problems().map(str::to_owned).collect();
        progress.begin(ready.len());
        let mut shared = VecDeque::new();
        let mut isolated = VecDeque::new();
        for (case, _) in ready {
            match (honesty.against(case), case.sharing) {
                (Some(problem), _) => {
                    let result = result(
                        case,
                        Verdict::Error,
                        format!("the testee is not what its file says: {problem}"),
                    );
                    progress.done(&result);
                    results.push(result);
                }
                (None, Sharing::Shared) => shared.push_back(case),
                (None, Sharing::Isolated) => isolated.push_back(case),
            }
        }
        let hall = Hall {
            options,
            progress,
            launch,
            testee: &testee,
            pace: honesty.pace(),
            shared: Mutex::new(shared),
            isolated: Mutex::new(isolated),
            results: Mutex::new(results),
        };
        thread::scope(|scope| {
            for _ in 0..options.jobs.max(1) {
                scope.spawn(|| hall.work(&hall.shared, |case| hall.run_shared(case)));
            }
            for _ in 0..ISOLATED_JOBS {
                scope.spawn(|| hall.work(&hall.isolated, |case| hall.run_isolated(case)));
            }
        });
        progress.end();
        results = hall.results.into_inner().unwrap_or_else(PoisonError::into_inner);
        if options.interrupted.load(Ordering::Relaxed) {
            report.ending = Ending::Interrupted;
        } else if let Some(exit) = testee.exited() {
            report.ending = Ending::Died { exit, log: testee.log_tail(40) };
        }
    }
    let place = |case: &Case| options.registry.iter().position(|other| other.id == case.id);
    results.sort_by_key(|result| place(result.case));
    report.stale = options.known.apply(&options.registry, &mut results);
    report.results = results;
    report.took = begun.elapsed();
    Ok(report)
}

/// Testees of their own that run at the same time.
const ISOLATED_JOBS: usize = 2;
/// What a case may take beyond its budget before it is abandoned: its probes stop at the budget.
const GRACE: Duration = Duration::from_secs(2);
/// How often the runner looks whether it was interrupted.
const GLANCE: Duration = Duration::from_millis(50);

/// What the threads of a run share.
struct Hall<'run> {
    options: &'run Options,
    progress: &'run dyn Progress,
    launch: Launch,
    testee: &'run Arc<Testee>,
    pace: Pace,
    shared: Mutex<VecDeque<&'static Case>>,
    isolated: Mutex<VecDeque<&'static Case>>,
    results: Mutex<Vec<CaseResult>>,
}

impl Hall<'_> {
    /// Takes one case after the other until none is left or the run is interrupted.
    fn work(
        &self,
        queue: &Mutex<VecDeque<&'static Case>>,
        run: impl Fn(&'static Case) -> Option<CaseResult>,
    ) {
        while !self.options.interrupted.load(Ordering::Relaxed) {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(case) = next else { return };
            if let Some(result) = run(case) {
                self.progress.done(&result);
                self.results.lock().unwrap_or_else(PoisonError::into_inner).push(result);
            }
        }
    }

    fn run_shared(&self, case: &'static Case) -> Option<CaseResult> {
        if let Some(exit) = self.testee.exited() {
            return Some(result(case, Verdict::Error, format!("the testee died before: {exit}")));
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
            Err(error) => Some(result(case, Verdict::Error, error.to_string())),
        }
    }

    /// Runs a case in a thread of its own, so that it can be left behind. `None` if interrupted.
    fn perform(&self, case: &'static Case, testee: Arc<Testee>) -> Option<CaseResult> {
        let begun = Instant::now();
        let deadline = begun + case.budget;
        let stage = Arc::new(Stage::new(testee, deadline, self.pace));
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
            return Some(result(case, Verdict::Error, format!("can't start a thread: {error}")));
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
                            "the case did not end within {:?} and was abandoned",
                            case.budget
                        )));
                    }
                }
            }
        };
        let (verdict, message) = weigh(case.level, outcome);
        let evidence = match verdict {
            Verdict::Pass => Vec::new(),
            _ => stage.evidence(),
        };
        Some(CaseResult { case, verdict, message, reason: None, evidence, took: begun.elapsed() })
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

fn result(case: &'static Case, verdict: Verdict, message: String) -> CaseResult {
    CaseResult { case, verdict, message, reason: None, evidence: Vec::new(), took: Duration::ZERO }
}

fn reloads(case: &Case) -> bool {
    case.needs.iter().any(|need| matches!(need, Need::Reload | Need::ReloadThatWaits))
}

/// Fisher and Yates with a small generator: the same seed gives the same order on every machine.
fn shuffle<Item>(items: &mut [Item], seed: u64) {
    if seed == 0 {
        return;
    }
    let mut state = seed;
    for last in (1..items.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(last, (state >> 33) as usize % (last + 1));
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

    #[test]
    fn a_seed_gives_one_order_that_keeps_everything() {
        let mut first: Vec<u32> = (0..50).collect();
        let mut second = first.clone();
        shuffle(&mut first, 7);
        shuffle(&mut second, 7);
        assert_eq!(first, second);
        assert_ne!(first, (0..50).collect::<Vec<_>>());
        first.sort_unstable();
        assert_eq!(first, (0..50).collect::<Vec<_>>());
    }
}
