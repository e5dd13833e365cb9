use std::time::{Duration, SystemTime};

use super::exit::ExitKind;
use super::known::Stale;
use super::profile::Profile;
use crate::case::Case;
use crate::probe::Transcript;
use crate::testee::Exit;
use crate::verdict::Verdict;

/// What came of one case.
#[derive(Clone, Debug)]
pub struct CaseResult {
    /// The case.
    pub case: &'static Case,
    /// The verdict.
    pub verdict: Verdict,
    /// What came, or why it did not run.
    pub message: String,
    /// Of a known one: the reason in `known.toml`.
    pub reason: Option<String>,
    /// Verdicts of all tries, where there was more than one.
    pub tries: Vec<Verdict>,
    /// What its connections saw; nothing once it is in a report and has passed.
    pub evidence: Vec<Transcript>,
    /// How long it took, the start of a testee of its own not included.
    pub took: Duration,
}

impl CaseResult {
    /// Of a case that was not tried.
    #[must_use]
    pub fn without_run(case: &'static Case, verdict: Verdict, message: String) -> Self {
        let (tries, evidence) = (Vec::new(), Vec::new());
        Self { case, verdict, message, reason: None, tries, evidence, took: Duration::ZERO }
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every case was reached.
    Complete,
    /// Interrupted.
    Interrupted,
    /// The shared testee died.
    Died {
        /// How.
        exit: Exit,
        /// The end of its output.
        log: String,
    },
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// The testee's name.
    pub testee: String,
    /// What its version command says.
    pub version: Option<String>,
    /// When it began.
    pub begun: SystemTime,
    /// What shuffled the cases; 0 is the order of the registry.
    pub seed: u64,
    /// Whose rules made the verdicts.
    pub profile: Profile,
    /// In the order of the registry.
    pub results: Vec<CaseResult>,
    /// What is not as `testee.toml` says.
    pub dishonest: Vec<String>,
    /// What `known.toml` says and is no longer so.
    pub stale: Vec<Stale>,
    /// How it ended.
    pub ending: Ending,
    /// How long it took.
    pub took: Duration,
}

/// Told while the cases run.
pub trait Progress: Sync {
    /// So many cases will run against that testee, or be skipped.
    fn begin(&self, testee: &str, cases: usize);
    /// One is over; its evidence is still there, also if it passed.
    fn done(&self, result: &CaseResult);
    /// All are over.
    fn end(&self, report: &RunReport);
}

/// Tells several.
#[derive(Default)]
pub struct Audience(pub Vec<Box<dyn Progress>>);

impl std::fmt::Debug for Audience {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Audience of {}", self.0.len())
    }
}

impl Progress for Audience {
    fn begin(&self, testee: &str, cases: usize) {
        self.0.iter().for_each(|listener| listener.begin(testee, cases));
    }

    fn done(&self, result: &CaseResult) {
        self.0.iter().for_each(|listener| listener.done(result));
    }

    fn end(&self, report: &RunReport) {
        self.0.iter().for_each(|listener| listener.end(report));
    }
}

impl RunReport {
    /// How many cases have that verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.results.iter().filter(|result| result.verdict == verdict).count()
    }

    /// The exit code. What most needs a look comes first.
    #[must_use]
    pub fn exit(&self) -> ExitKind {
        let ran = self.results.iter().any(|result| result.verdict != Verdict::Skip);
        match self.ending {
            Ending::Interrupted => return ExitKind::Interrupted,
            Ending::Died { .. } => return ExitKind::Testee,
            Ending::Complete => {}
        }
        if [Verdict::Fail, Verdict::Flaky, Verdict::Inconclusive]
            .iter()
            .any(|verdict| self.count(*verdict) != 0)
        {
            ExitKind::Failed
        } else if !self.dishonest.is_empty() {
            ExitKind::Testee
        } else if self.count(Verdict::Error) != 0 {
            ExitKind::Ours
        } else if !self.stale.is_empty() {
            ExitKind::Stale
        } else if !ran {
            ExitKind::NothingRan
        } else {
            ExitKind::Ok
        }
    }
}
