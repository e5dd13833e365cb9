//! What the reload cases have in common: ask for one, see its end, keep asking meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::probe::{HttpProbe, Receipt};
use crate::run::Stage;
use crate::testee::{Mode, Pid, Release, ReloadTrigger};
use crate::verdict::Surprise;

/// Asks for a reload that brings a release.
pub(super) fn reload(stage: &Stage, name: &str, mode: Mode) -> Result<ReloadTrigger, Surprise> {
    let testee = stage.testee();
    testee.set_release(&Release::new(name, mode)).map_err(Surprise::of("can't set the release"))?;
    // Cut off before the case is: a command that never ends is for the case to judge.
    let deadline = stage.deadline() - LAST_WORD;
    testee.reload_until(deadline).map_err(Surprise::of("can't ask for a reload"))
}

/// What a case needs to judge after a command that had to be cut off.
const LAST_WORD: Duration = Duration::from_millis(500);

/// Pids of the workers, once they are complete.
pub(super) fn worker_pids(stage: &Stage) -> Result<Vec<Pid>, Surprise> {
    Ok(stage.all_workers()?.iter().map(|worker| worker.pid).collect())
}

/// Waits until none of the old workers is left and the count is reached. `None` if it never is.
pub(super) fn wait_replaced(stage: &Stage, old: &[Pid]) -> Option<Vec<Pid>> {
    let wanted = stage.expected_workers();
    stage.eventually(|| {
        let now: Vec<Pid> = stage.testee().workers().iter().map(|worker| worker.pid).collect();
        (now.len() == wanted && !now.iter().any(|pid| old.contains(pid))).then_some(now)
    })
}

/// Waits until a fresh connection is answered by that release.
pub(super) fn wait_release(stage: &Stage, name: &str) -> Option<Receipt> {
    stage.eventually(|| fresh(stage).ok().filter(|receipt| receipt.release == name))
}

/// Lets that much time go by: for what has no event to wait for. Ends early at the deadline.
pub(super) fn watch(stage: &Stage, time: Duration) {
    let until = stage.within(time);
    stage.eventually(|| (until <= Instant::now()).then_some(()));
}

/// Asks for a reload in a thread of its own, and looks meanwhile.
pub(super) fn meanwhile<Value>(
    stage: &Stage,
    name: &str,
    mode: Mode,
    look: impl FnOnce() -> Result<Value, Surprise>,
) -> Result<Value, Surprise> {
    thread::scope(|scope| {
        let trigger = scope.spawn(|| reload(stage, name, mode));
        let value = look();
        let told = trigger.join().map_err(|_| Surprise("asking for a reload panicked".to_owned()))?;
        let value = value?;
        // Where the server was stopped meanwhile there is nobody to tell.
        let _ = told;
        Ok(value)
    })
}

/// Waits until children of the master beyond the old workers are there.
pub(super) fn successors(stage: &Stage, old: &[Pid]) -> Option<Vec<Pid>> {
    stage.eventually(|| {
        let now: Vec<Pid> = stage.testee().workers().iter().map(|worker| worker.pid).collect();
        let new: Vec<Pid> = now.into_iter().filter(|pid| !old.contains(pid)).collect();
        (!new.is_empty()).then_some(new)
    })
}

/// Three reloads one after the other; a sentence if one of them does not end.
pub(super) fn three_reloads(stage: &Stage) -> Result<Option<String>, Surprise> {
    for number in 0..3 {
        let old = worker_pids(stage)?;
        let name = format!("release-{number}");
        reload(stage, &name, Mode::Up)?;
        if wait_release(stage, &name).is_none() || wait_replaced(stage, &old).is_none() {
            return Ok(Some(format!("the reload to {name} did not end")));
        }
    }
    Ok(None)
}

/// One request on a connection of its own; a sentence if it is lost.
pub(super) fn fresh(stage: &Stage) -> Result<Receipt, String> {
    let deadline = stage.within(ANSWER);
    let probe = match stage.connect_apart("http", None, deadline) {
        Ok(Ok(probe)) => probe,
        Ok(Err(error)) => return Err(format!("connection: {error}")),
        Err(Surprise(reason)) => return Err(reason),
    };
    let transcript = probe.transcript().clone();
    let loss = match HttpProbe::new(probe, deadline).load("fresh") {
        Ok(Ok(receipt)) => return Ok(receipt),
        Ok(Err(no_answer)) => format!("request: {no_answer}"),
        Err(Surprise(reason)) => reason,
    };
    stage.keep(&transcript);
    Err(loss)
}

/// A request that is not answered by then is lost.
const ANSWER: Duration = Duration::from_secs(3);

/// Connections that were accepted, several on each worker, each after one answer.
pub(super) fn used(stage: &Stage, count: usize) -> Result<Vec<HttpProbe>, Surprise> {
    let mut probes = Vec::new();
    for number in 0..count {
        let mut probe = stage.http()?;
        probe
            .load(&format!("first-{number}"))?
            .map_err(|no_answer| Surprise(format!("no answer before the reload: {no_answer}")))?;
        probes.push(probe);
    }
    Ok(probes)
}

/// What fresh requests met that were sent one after the other.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// Answers, with the instant of each.
    pub(super) answers: Vec<(Instant, Receipt)>,
    /// Losses, in words, with the instant of each.
    pub(super) losses: Vec<(Instant, String)>,
}

impl Traffic {
    /// Sends fresh requests while `scene` runs, and a few more.
    pub(super) fn during<Value>(
        stage: &Stage,
        scene: impl FnOnce() -> Result<Value, Surprise>,
    ) -> Result<(Self, Value), Surprise> {
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let traffic = scope.spawn(|| {
                let mut traffic = Self::default();
                while !over.load(Ordering::Relaxed) && Instant::now() + ANSWER < stage.deadline() {
                    traffic.once(stage);
                }
                for _ in 0..5 {
                    traffic.once(stage);
                }
                traffic
            });
            let value = scene();
            over.store(true, Ordering::Relaxed);
            let traffic = traffic.join().map_err(|_| Surprise("the traffic panicked".to_owned()))?;
            Ok((traffic, value?))
        })
    }

    fn once(&mut self, stage: &Stage) {
        match fresh(stage) {
            Ok(receipt) => self.answers.push((Instant::now(), receipt)),
            Err(loss) => self.losses.push((Instant::now(), loss)),
        }
        // A pace, not a wait: gaps are measured against 500 ms.
        thread::sleep(Duration::from_millis(2));
    }

    /// The longest time between two answers.
    pub(super) fn longest_gap(&self) -> Duration {
        self.answers
            .windows(2)
            .map(|pair| pair[1].0.saturating_duration_since(pair[0].0))
            .max()
            .unwrap_or_default()
    }

    /// The first loss in words, if there is one.
    pub(super) fn first_loss(&self) -> Option<String> {
        let (_, loss) = self.losses.first()?;
        Some(format!(
            "{} of {} requests lost; the first: {loss}",
            self.losses.len(),
            self.losses.len() + self.answers.len()
        ))
    }
}
