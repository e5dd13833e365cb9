use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::run::{CaseResult, Progress, RunReport};
use crate::verdict::Verdict;

/// A line on standard error that shows how far a run is; nothing where that is no terminal.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
}

impl Bar {
    /// Not drawn before the run begins.
    #[must_use]
    pub fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(10));
        if let Ok(style) = ProgressStyle::with_template("{pos}/{len} cases  {elapsed}  {msg}") {
            bar.set_style(style);
        }
        Self { bar }
    }
}

impl Default for Bar {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress for Bar {
    fn begin(&self, _: &str, cases: usize) {
        self.bar.set_length(cases as u64);
    }

    fn done(&self, result: &CaseResult) {
        if matches!(result.verdict, Verdict::Fail | Verdict::Flaky | Verdict::Error) {
            self.bar.set_message(format!("last: {} {}", result.verdict, result.case.id));
        }
        self.bar.inc(1);
    }

    fn end(&self, _: &RunReport) {
        self.bar.finish_and_clear();
    }
}
