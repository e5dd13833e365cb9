use std::time::Duration;

use super::exit::ExitKind;
use super::known::Stale;
use crate::case::Case;
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
    /// Transcripts of its connections.
    pub evidence: Vec<String>,
    /// How long it took, the start of a testee of its own not included.
    pub took: Duration,
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
    /// This many cases will run.
    fn begin(&self, cases: usize);
    /// One is over.
    fn done(&self, result: &CaseResult);
    /// All are over.
    fn end(&self);
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
        if self.count(Verdict::Fail) + self.count(Verdict::Inconclusive) != 0 {
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
