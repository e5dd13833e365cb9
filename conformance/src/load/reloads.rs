//! The thread that reloads while the driver drives.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::load::control::Control;
use crate::load::random::Random;
use crate::load::subject::{Newcomers, Subject, Trigger, Worker, comes_up, is_alive};
use crate::testee::{Mode, Release};

/// When to reload, and what each reload brings.
#[derive(Debug, Clone)]
pub struct ReloadPlan {
    /// One release after the other; release `r1` is the first, `r0` is what the server starts with.
    pub releases: Vec<Mode>,
    /// Load without a reload before the first trigger: nothing may be lost in it. Default 1 s.
    pub baseline: Duration,
    /// From one trigger to the next, if the reload is over by then. Default 1 s.
    pub every: Duration,
    /// How long a release that can't come up is watched. Default 1 s.
    pub hold: Duration,
    /// At least so long is the load kept up. Default 0.
    pub duration: Duration,
}

impl ReloadPlan {
    /// `count` reloads that all come up.
    pub fn ups(count: usize) -> ReloadPlan {
        ReloadPlan {
            releases: vec![Mode::Up; count],
            baseline: Duration::from_secs(1),
            every: Duration::from_secs(1),
            hold: Duration::from_secs(1),
            duration: Duration::ZERO,
        }
    }

    /// Release names of the whole run, the starting one first.
    pub fn names(&self) -> Vec<String> {
        (0..=self.releases.len()).map(|index| format!("r{index}")).collect()
    }
}

/// One reload as it went.
#[derive(Debug, Clone)]
pub struct Reloaded {
    /// What the release was to do.
    pub mode: Mode,
    /// When the trigger was meant to go off.
    pub planned: Duration,
    /// Just before the signal or the command; `None` if it could not be asked for.
    pub before: Option<Duration>,
    /// Just after the signal, or at the end of the command.
    pub after: Option<Duration>,
    /// How it was triggered, or why it could not be.
    pub trigger: Result<Trigger, String>,
    /// Whether workers of after it were seen, other than in the answers.
    pub newcomers: Newcomers,
    /// Workers when it was triggered.
    pub old: Vec<Worker>,
    /// When the last of them was found gone.
    pub old_gone: Option<Duration>,
    /// When it was over, or given up.
    pub over: Duration,
    /// Whether everything that was waited for came in time.
    pub finished: bool,
}

/// Waits for the baseline, reloads by plan, and stops the load.
///
/// It looks at the clock and at /proc every few milliseconds: processes that end send nobody an event.
pub(crate) fn reload(
    subject: &Arc<dyn Subject>,
    plan: &ReloadPlan,
    seed: u64,
    control: &Control,
    interrupt: &AtomicBool,
) -> Vec<Reloaded> {
    let mut jitter = Random::new(seed).fork(4);
    let mut reloads = Vec::with_capacity(plan.releases.len());
    let mut due = plan.baseline;
    for (index, mode) in plan.releases.iter().enumerate() {
        // Never in step with anything periodic of the server.
        due += plan.every.mul_f64(jitter.unit() * 0.1);
        let planned = due.max(control.now());
        if !wait(control, interrupt, || planned <= control.now()) {
            return reloads;
        }
        let release = Release::new(format!("r{}", index + 1), *mode);
        let reloaded = one(subject, &release, index + 1, planned, plan, control, interrupt);
        due = reloaded.before.unwrap_or(planned) + plan.every;
        let went_wrong = reloaded.trigger.is_err();
        reloads.push(reloaded);
        if went_wrong {
            break;
        }
    }
    let end = plan.duration.max(control.now() + TAIL);
    wait(control, interrupt, || end <= control.now());
    control.stop();
    reloads
}

fn one(
    subject: &Arc<dyn Subject>,
    release: &Release,
    index: usize,
    planned: Duration,
    plan: &ReloadPlan,
    control: &Control,
    interrupt: &AtomicBool,
) -> Reloaded {
    let old = subject.workers();
    let (sender, receiver) = mpsc::channel();
    control.aim(index);
    control.open_window();
    let asked = control.now();
    let (agent, wanted) = (Arc::clone(subject), release.clone());
    // A command may take long; an interrupted run doesn't wait for its end.
    thread::spawn(move || sender.send(agent.reload(&wanted)));

    let up = comes_up(release.mode);
    let patience = subject.reload_timeout();
    let mut trigger = None;
    let mut old_gone = None;
    let mut finished = false;
    let mut newcomers = Newcomers::None;
    let enough = || {
        if trigger.is_none() {
            trigger = match receiver.try_recv() {
                Ok(outcome) => Some(outcome),
                Err(mpsc::TryRecvError::Empty) => None,
                Err(mpsc::TryRecvError::Disconnected) => Some(Err("the trigger panicked".to_owned())),
            };
        }
        if old_gone.is_none() && !old.iter().any(|worker| is_alive(*worker)) {
            old_gone = Some(control.now());
        }
        if !matches!(newcomers, Newcomers::Told | Newcomers::Seen) {
            newcomers = subject.newcomers(&old);
        }
        let renewed = matches!(newcomers, Newcomers::Told | Newcomers::Seen);
        let now = control.now();
        finished = match &trigger {
            Some(Err(_)) => return true,
            None => false,
            Some(Ok(_)) if up => renewed && index <= control.newest_release() && old_gone.is_some(),
            Some(Ok(trigger)) => control.moment(trigger.after).max(asked) + plan.hold <= now,
        };
        finished || asked + patience + plan.hold <= now
    };
    if !wait(control, interrupt, enough) {
        subject.cancel();
    }
    let trigger = trigger.unwrap_or_else(|| match receiver.recv_timeout(Duration::ZERO) {
        Ok(outcome) => outcome,
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
            Err("the reload command had not ended".to_owned())
        }
    });
    control.close_window();
    let moment = |pick: fn(&Trigger) -> std::time::Instant| {
        trigger.as_ref().ok().map(|trigger| control.moment(pick(trigger)))
    };
    Reloaded {
        mode: release.mode,
        planned,
        before: moment(|trigger| trigger.before),
        after: moment(|trigger| trigger.after),
        newcomers,
        old_gone: old_gone.filter(|_| !old.is_empty()),
        old,
        over: control.now(),
        finished,
        trigger,
    }
}

/// Until `enough`, looked at every few milliseconds; false if the run was aborted meanwhile.
fn wait(control: &Control, interrupt: &AtomicBool, mut enough: impl FnMut() -> bool) -> bool {
    loop {
        if interrupt.load(Relaxed) {
            control.abort();
        }
        if control.aborts() {
            return false;
        }
        if enough() {
            return true;
        }
        thread::sleep(LOOK);
    }
}

const LOOK: Duration = Duration::from_millis(3);

/// Load after the last reload, for what goes wrong late.
const TAIL: Duration = Duration::from_millis(500);
