//! The thread that looks at the processes, at the user's interrupt and at the testee's life.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use crate::load::census::Census;
use crate::load::control::Control;
use crate::load::progress::Progress;
use crate::load::subject::Subject;

/// What the sampler saw.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    /// Every process that ever was in the testee's tree.
    pub(crate) census: Census,
    /// How the testee ended, if it did during the run.
    pub(crate) gone: Option<String>,
}

/// Samples until `done`. A testee that ends, or an interrupt, aborts the run.
pub(crate) fn sample(
    subject: &dyn Subject,
    control: &Control,
    interrupt: &AtomicBool,
    done: &AtomicBool,
    progress: &Progress,
) -> Samples {
    let mut samples = Samples::default();
    let mut turn: u32 = 0;
    loop {
        // The last look comes after the end, so that nobody who answered is missed.
        let last = done.load(Relaxed);
        // In a reload processes come and go; reading all of /proc takes its time, so else it is done rarely.
        let is_due = control.window().0 || last || turn.is_multiple_of(10);
        if is_due && let Some(processes) = subject.processes() {
            samples.census.see(control.now(), &processes, control.has_begun());
        }
        if samples.gone.is_none() && (last || turn.is_multiple_of(4)) {
            samples.gone = subject.gone();
        }
        if samples.gone.is_some() || interrupt.load(Relaxed) {
            control.abort();
        }
        progress.show(control);
        if turn.is_multiple_of(4) {
            progress.tell(control);
        }
        if last {
            return samples;
        }
        turn = turn.wrapping_add(1);
        thread::sleep(STEP);
    }
}

const STEP: Duration = Duration::from_millis(25);
