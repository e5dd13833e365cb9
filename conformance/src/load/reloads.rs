//! The thread that reloads while the driver drives.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::load::control::Control;
use crate::load::disturb::{Disturbance, Disturbed, Kind, STOPPED};
use crate::load::listeners::Listener;
use crate::load::random::Random;
use crate::load::subject::{Newcomers, Subject, Trigger, Worker, comes_up, is_alive};
use crate::testee::{Mode, Release, Signal};

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
    /// What happens in every reload besides. Default nothing.
    pub disturb: Vec<Disturbance>,
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
            disturb: Vec::new(),
        }
    }

    /// The reloads in order: what each brings, and how long after the one before it follows without waiting for its end.
    fn steps(&self) -> Vec<(Mode, Option<Duration>)> {
        let mut steps = Vec::new();
        for mode in &self.releases {
            steps.push((*mode, None));
            for disturbance in &self.disturb {
                match disturbance.kind {
                    Kind::Again => steps.push((Mode::Up, Some(disturbance.after))),
                    Kind::Broken => steps.push((Mode::Exit, Some(disturbance.after))),
                    _ => {}
                }
            }
        }
        steps
    }

    /// How many reloads there will be, those of disturbances included.
    pub fn count(&self) -> usize {
        self.steps().len()
    }

    /// Release names of the whole run, the starting one first.
    pub fn names(&self) -> Vec<String> {
        (0..=self.count()).map(|index| format!("r{index}")).collect()
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
    /// The next one was triggered while it was under way: nothing is asked of it.
    pub superseded: bool,
    /// What happened besides.
    pub disturbed: Vec<Disturbed>,
    /// The listening sockets just before it; of the first alone.
    pub listened: Option<Vec<Listener>>,
    /// The listening sockets when it had been over for a while; `None` where it was not over, or they can't be seen.
    pub listeners: Option<Vec<Listener>>,
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
    let steps = plan.steps();
    let mut reloads = Vec::with_capacity(steps.len());
    let mut due = plan.baseline;
    for (index, (mode, follows)) in steps.iter().enumerate() {
        // Never in step with anything periodic of the server.
        let apart = jitter.unit();
        if follows.is_none() {
            due += plan.every.mul_f64(apart * 0.1);
        }
        // A look at all processes takes its time on a busy machine: it comes before the moment, not into it.
        let early = due.saturating_sub(AHEAD);
        if !wait(control, interrupt, || early <= control.now()) {
            return reloads;
        }
        let old = subject.workers();
        // Not before the load: a port is open before all workers of it have come up.
        let listened = if index == 0 { subject.listeners() } else { None };
        look_at_listeners(subject, reloads.last_mut());
        let planned = due.max(control.now());
        if !wait(control, interrupt, || planned <= control.now()) {
            return reloads;
        }
        let release = Release::new(format!("r{}", index + 1), *mode);
        let next = steps.get(index + 1).and_then(|(_, follows)| *follows);
        let aim = Aim { release: &release, index: index + 1, planned, next, victim: jitter.next(), old };
        let reloaded = Reloaded { listened, ..one(subject, aim, plan, control, interrupt) };
        due = match next {
            Some(next) => planned + next,
            None => reloaded.before.unwrap_or(planned) + plan.every,
        };
        let went_wrong = reloaded.trigger.is_err();
        reloads.push(reloaded);
        if went_wrong {
            break;
        }
    }
    let end = plan.duration.max(control.now() + TAIL);
    wait(control, interrupt, || end <= control.now());
    if !control.aborts() {
        look_at_listeners(subject, reloads.last_mut());
    }
    control.stop();
    reloads
}

/// Enters the sockets that listen now into the last reload, if that is over.
fn look_at_listeners(subject: &Arc<dyn Subject>, last: Option<&mut Reloaded>) {
    if let Some(last) = last.filter(|last| !last.superseded) {
        last.listeners = subject.listeners();
    }
}

/// One reload as it is meant to be.
struct Aim<'a> {
    release: &'a Release,
    index: usize,
    planned: Duration,
    /// How long after its trigger the next one follows, without waiting for its end.
    next: Option<Duration>,
    /// Chooses the worker that a disturbance strikes.
    victim: u64,
    /// Workers of before.
    old: Vec<Worker>,
}

fn one(
    subject: &Arc<dyn Subject>,
    aim: Aim<'_>,
    plan: &ReloadPlan,
    control: &Control,
    interrupt: &AtomicBool,
) -> Reloaded {
    let Aim { release, index, planned, next, victim, old } = aim;
    let mut pending: Vec<&Disturbance> =
        plan.disturb.iter().filter(|one| !matches!(one.kind, Kind::Again | Kind::Broken)).collect();
    let mut disturbed = Vec::new();
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
        while let Some(at) = pending.iter().position(|one| asked + one.after <= control.now()) {
            disturbed.push(strike(subject, &pending.remove(at).kind, &old, victim, control));
        }
        if next.is_some_and(|next| asked + next <= control.now()) {
            return true;
        }
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
        // What is to disturb does so, also where the reload is over before its moment.
        finished && pending.is_empty() || asked + patience + plan.hold <= now
    };
    if !wait(control, interrupt, enough) {
        subject.cancel();
    }
    let superseded = next.is_some();
    let trigger = trigger.unwrap_or_else(|| match receiver.recv_timeout(Duration::ZERO) {
        Ok(outcome) => outcome,
        Err(RecvTimeoutError::Timeout) if superseded => {
            let at = control.instant(asked);
            let said = "superseded before it was over".to_owned();
            Ok(Trigger { before: at, after: at, waited: false, success: None, said })
        }
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
            Err("the reload command had not ended".to_owned())
        }
    });
    if !superseded {
        control.close_window();
    }
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
        finished: finished || superseded,
        superseded,
        disturbed,
        trigger,
        listened: None,
        listeners: None,
    }
}

/// Does what disturbs.
fn strike(
    subject: &Arc<dyn Subject>,
    kind: &Kind,
    old: &[Worker],
    victim: u64,
    control: &Control,
) -> Disturbed {
    let at = control.now();
    let send = |signal| -> (Option<Worker>, Result<(), String>) {
        let living = old.iter().copied().filter(|worker| is_alive(*worker)).collect::<Vec<Worker>>();
        // Where the reload was quick, those that it brought can be struck as well; and any may end just now.
        for mut workers in [living, subject.workers()] {
            if workers.is_empty() {
                continue;
            }
            let first = usize::try_from(victim % workers.len() as u64).unwrap_or(0);
            workers.rotate_left(first);
            if let Some(worker) = workers.into_iter().find(|worker| subject.signal(*worker, signal).is_ok()) {
                return (Some(worker), Ok(()));
            }
        }
        (None, Err("there is no worker that could be signalled".to_owned()))
    };
    let (pid, outcome) = match kind {
        Kind::KillWorker => send(Signal::SIGKILL),
        Kind::StopWorker => {
            let (chosen, outcome) = send(Signal::SIGSTOP);
            if let Some(worker) = chosen {
                let subject = Arc::clone(subject);
                thread::spawn(move || {
                    thread::sleep(STOPPED);
                    subject.signal(worker, Signal::SIGCONT)
                });
            }
            (chosen, outcome)
        }
        Kind::KillMaster => (None, subject.kill_master()),
        Kind::Command(line) => {
            let (subject, line) = (Arc::clone(subject), line.clone());
            // What it says is in its own hands; a reload goes on meanwhile.
            thread::spawn(move || subject.run(&line));
            (None, Ok(()))
        }
        Kind::Again | Kind::Broken => (None, Ok(())),
    };
    Disturbed { kind: kind.to_string(), at, pid: pid.map(|worker| worker.pid), error: outcome.err() }
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

/// How long before a trigger the workers are looked up.
const AHEAD: Duration = Duration::from_millis(100);

const LOOK: Duration = Duration::from_millis(3);

/// Load after the last reload, for what goes wrong late.
const TAIL: Duration = Duration::from_millis(500);
