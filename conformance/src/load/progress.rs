//! One line on standard error while the load runs.

use std::fmt;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::load::control::Control;
use crate::load::report::Report;

/// The line; it shows nothing where standard error is no terminal.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    reloads: usize,
    lines: Option<Lines>,
}

/// Where the lines for programs go.
struct Lines(Mutex<Box<dyn Write + Send>>);

impl fmt::Debug for Lines {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Lines")
    }
}

impl Progress {
    /// For a run of so many reloads.
    pub fn new(reloads: usize) -> Progress {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner} {msg}").expect("the template is right");
        bar.set_style(style);
        Progress { bar, reloads, lines: None }
    }

    /// None at all.
    pub fn hidden() -> Progress {
        Progress { bar: ProgressBar::hidden(), reloads: 0, lines: None }
    }

    /// Writes a JSON object a line besides, ten times a second, to `lines`.
    pub fn lines(self, lines: Box<dyn Write + Send>) -> Progress {
        Progress { lines: Some(Lines(Mutex::new(lines))), ..self }
    }

    /// One line for programs. Whoever reads may have seen enough.
    pub(crate) fn tell(&self, control: &Control) {
        let Some(Lines(lines)) = &self.lines else { return };
        let (answered, lost, connections) = control.progress();
        let line = serde_json::json!({
            "event": "progress",
            "at_seconds": control.now().as_secs_f64(),
            "reload": control.aimed(),
            "reloading": control.window().0,
            "answered": answered,
            "lost": lost,
            "connections": connections,
        });
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(lines, "{line}").and_then(|()| lines.flush());
    }

    /// The end of the lines: a line for each loss that is listed, and one with the verdict.
    pub fn conclude(&self, report: &Report) {
        let Some(Lines(lines)) = &self.lines else { return };
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        for loss in &report.losses {
            let _ = writeln!(lines, "{}", serde_json::json!({ "event": "loss", "loss": loss }));
        }
        let end = serde_json::json!({
            "event": "verdict",
            "verdict": report.verdict,
            "diagnosis": report.diagnosis,
            "budgets": report.budgets,
        });
        let _ = writeln!(lines, "{end}").and_then(|()| lines.flush());
    }

    pub(crate) fn show(&self, control: &Control) {
        if self.bar.is_hidden() {
            return;
        }
        let (answered, lost, open) = control.progress();
        let (aimed, reloads) = (control.aimed(), self.reloads);
        let phase = if control.window().0 { "reloading" } else { "steady" };
        self.bar.set_message(format!(
            "{:.1} s, reload {aimed} of {reloads}, {phase}: {answered} answered, {lost} lost, {open} connections",
            control.now().as_secs_f64(),
        ));
        self.bar.tick();
    }

    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
