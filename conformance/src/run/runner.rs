use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use super::hall::Hall;
use super::honesty::Honesty;
use super::known::Known;
use super::outcome::{CaseResult, Ending, Progress, RunReport};
use super::profile::Profile;
use crate::case::{Case, Need};
use crate::testee::{Launch, Testee, TesteeError, TesteeFile};
use crate::verdict::Verdict;

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
    /// Whose rules make a failure.
    pub profile: Profile,
    /// How often a case that fails is tried in all, before it is believed. At least 1.
    pub tries: usize,
    /// All waiting is stretched by this, for slow machines. At least 1.
    pub slowness: f64,
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
        .map(|(case, lack)| {
            CaseResult::without_run(case, Verdict::Skip, format!("lacks {}", lack.unwrap_or_default()))
        })
        .collect();
    shuffle(&mut ready, options.seed);
    let mut report = RunReport {
        testee: options.file.name().to_owned(),
        version: None,
        begun: SystemTime::now(),
        seed: options.seed,
        profile: options.profile,
        results: Vec::new(),
        dishonest: Vec::new(),
        stale: Vec::new(),
        ending: Ending::Complete,
        took: Duration::ZERO,
    };
    progress.begin(&report.testee, options.cases.len());
    results.iter().for_each(|result| progress.done(result));
    if !ready.is_empty() {
        let launch = Launch::new(&options.program);
        let testee = Arc::new(Testee::start(&options.file, &launch)?);
        report.version = testee.version();
        let mut honesty = Honesty::check(&testee);
        if ready.iter().any(|(case, _)| reloads(case)) {
            honesty.check_reload(&options.file, &launch);
        }
        report.dishonest = honesty.problems().map(str::to_owned).collect();
        let mut honest = Vec::new();
        // What is not as the file says, and whether every case that it keeps from being judged is known to come so.
        let mut accepted: BTreeMap<String, bool> = BTreeMap::new();
        for (case, _) in ready {
            let Some(problem) = honesty.against(case) else {
                honest.push(case);
                continue;
            };
            let message = format!("the testee is not what its file says: {problem}");
            let mut result = CaseResult::without_run(case, Verdict::Error, message);
            options.known.recognise(&mut result);
            *accepted.entry(problem.to_owned()).or_insert(true) &= result.verdict == Verdict::Known;
            progress.done(&result);
            results.push(result);
        }
        report.dishonest.retain(|problem| !accepted.get(problem).copied().unwrap_or(false));
        results.extend(Hall::new(options, progress, launch, &testee, honesty.pace()).run(honest));
        if options.interrupted.load(Ordering::Relaxed) {
            report.ending = Ending::Interrupted;
        } else if let Some(exit) = testee.exited() {
            report.ending = Ending::Died { exit, log: testee.log_tail(40) };
        }
    }
    let place = |case: &Case| options.registry.iter().position(|other| other.id == case.id);
    results.sort_by_key(|result| place(result.case));
    report.stale = options.known.stale(&options.registry, &results);
    report.results = results;
    report.took = begun.elapsed();
    progress.end(&report);
    Ok(report)
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
