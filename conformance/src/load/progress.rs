//! One line on standard error while the load runs.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::load::control::Control;

/// The line; it shows nothing where standard error is no terminal.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    reloads: usize,
}

impl Progress {
    /// For a run of so many reloads.
    pub fn new(reloads: usize) -> Progress {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner} {msg}").expect("the template is right");
        bar.set_style(style);
        Progress { bar, reloads }
    }

    /// None at all.
    pub fn hidden() -> Progress {
        Progress { bar: ProgressBar::hidden(), reloads: 0 }
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
