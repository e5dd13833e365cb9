use std::io::Write;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::document::CaseDocument;
use crate::run::{CaseResult, Progress, RunReport};
use crate::verdict::Verdict;

/// The report as it comes about: one JSON object a line, each written at once.
///
/// `{"event":"begin",…}`, one `{"event":"case",…}` for each case with the fields of [`CaseDocument`], then
/// `{"event":"end",…}`. A line that can't be written is lost; the last error is kept.
pub struct Lines {
    out: Mutex<Box<dyn Write + Send>>,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line<'run> {
    Begin { tool: &'static str, testee: &'run str, cases: usize },
    Case(Box<CaseDocument>),
    End { exit_code: u8, seconds: f64, counts: Vec<(Verdict, usize)> },
}

impl Lines {
    /// Writes there.
    #[must_use]
    pub fn new(out: impl Write + Send + 'static) -> Self {
        Self { out: Mutex::new(Box::new(out)) }
    }

    fn write(&self, line: &Line<'_>) {
        let mut text = serde_json::to_string(line).expect("a line is plain data");
        text.push('\n');
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever reads may have seen enough.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Lines")
    }
}

impl Progress for Lines {
    fn begin(&self, testee: &str, cases: usize) {
        self.write(&Line::Begin { tool: concat!("workerspec ", env!("CARGO_PKG_VERSION")), testee, cases });
    }

    fn done(&self, result: &CaseResult) {
        let mut case = CaseDocument::new(result);
        if result.verdict == Verdict::Pass {
            case.forget_evidence();
        }
        self.write(&Line::Case(Box::new(case)));
    }

    fn end(&self, report: &RunReport) {
        let counts = Verdict::ALL.map(|verdict| (verdict, report.count(verdict)));
        self.write(&Line::End {
            exit_code: report.exit().code(),
            seconds: report.took.as_secs_f64(),
            counts: counts.into_iter().filter(|(_, count)| *count != 0).collect(),
        });
    }
}
