//! A whole reload check: load, reloads, samples, and the verdict over what they saw.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use thiserror::Error;

use crate::load::census::Census;
use crate::load::control::Control;
use crate::load::disturb::Kind;
use crate::load::driver::{DriveError, Record, drive};
use crate::load::executions::Executions;
use crate::load::grade::{Evidence, Verdict};
use crate::load::kernel::Counters;
use crate::load::ledger::Imbalance;
use crate::load::listeners::Listener;
use crate::load::plan::LoadPlan;
use crate::load::progress::Progress;
use crate::load::receipt::Releases;
use crate::load::reloads::{ReloadPlan, Reloaded, reload};
use crate::load::sampler::{Samples, sample};
use crate::load::sockets::{Later, ListenersReport};
use crate::load::subject::Subject;

/// What a check found.
#[derive(Debug)]
pub struct Outcome {
    /// What the driver knows.
    pub record: Record,
    /// The reloads, in order.
    pub reloads: Vec<Reloaded>,
    /// What it proves.
    pub verdict: Verdict,
    /// How the testee ended, if it did during the run.
    pub gone: Option<String>,
    /// The user interrupted the run: the numbers are those until then.
    pub interrupted: bool,
    /// The testee's processes, as far as they can be seen.
    pub census: Census,
    /// What the kernel's TCP counters grew by.
    pub kernel: BTreeMap<&'static str, u64>,
    /// The sockets that listen on its ports; `None` where they can't be seen.
    pub listeners: Option<ListenersReport>,
    /// The server's own ledger, where it keeps one.
    pub executions: Option<Executions>,
    /// Seconds since 1970 at which the load began.
    pub started_at: u64,
}

/// The check itself failed; nothing is learnt about the server.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The driver could not work.
    #[error(transparent)]
    Drive(#[from] DriveError),
    /// The books do not close.
    #[error(transparent)]
    Books(#[from] Imbalance),
    /// A request was sent on a connection that had been announced to close.
    #[error("{0} requests were sent on connections announced to close: a defect of this driver")]
    ClientFault(u64),
    /// A thread of the check panicked.
    #[error("the {0} panicked: a defect of this program")]
    Panic(&'static str),
}

/// Loads `target` while `subject` reloads by plan. `interrupt`, once true, ends it with what is known then.
///
/// # Errors
/// [`CheckError`] where the check itself is at fault.
pub fn check(
    subject: &Arc<dyn Subject>,
    target: SocketAddr,
    load: &LoadPlan,
    plan: &ReloadPlan,
    interrupt: &AtomicBool,
    progress: &Progress,
) -> Result<Outcome, CheckError> {
    let strangers = subject.strangers();
    let knows_all = subject.knows_all();
    let counters = Counters::read();
    let listening = subject.listeners();
    let started_at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let control = Control::new();
    let releases = Releases::new(plan.names());
    let done = AtomicBool::new(false);
    let (record, reloads, samples) = thread::scope(|scope| {
        let reloader = scope.spawn(|| reload(subject, plan, load.seed, &control, interrupt));
        let sampler = scope.spawn(|| sample(subject.as_ref(), &control, interrupt, &done, progress));
        let record = drive(target, load, releases, &control);
        if record.is_err() {
            control.abort();
        }
        let reloads = reloader.join().map_err(|_| CheckError::Panic("reload thread"));
        done.store(true, Relaxed);
        let samples = sampler.join().map_err(|_| CheckError::Panic("sampling thread"));
        Ok::<(Record, Vec<Reloaded>, Samples), CheckError>((record?, reloads?, samples?))
    })?;
    progress.end();
    record.ledger.close()?;
    let faults = record.ledger.fate_total(crate::load::fate::Fate::ClientFault);
    if 0 < faults {
        return Err(CheckError::ClientFault(faults));
    }
    let interrupted = interrupt.load(Relaxed);
    let evidence = Evidence {
        record: &record,
        reloads: &reloads,
        planned: plan.count(),
        strangers: &strangers,
        census: (knows_all && samples.census.first_and_last().is_some()).then_some(&samples.census),
        cut_short: interrupted || samples.gone.is_some(),
    };
    let mut verdict = evidence.verdict();
    let executions = subject.executions();
    if let Some(twice) = executions.as_ref().map(|found| found.report().twice).filter(|twice| 0 < *twice) {
        verdict.failures.push(format!("{twice} requests were executed more than once (RL-19)"));
        verdict.doubled(twice);
    }
    let listening = reloads.first().and_then(|first| first.listened.clone()).or(listening);
    let listeners = listening.map(|before| {
        let mut later = later(&reloads);
        settle(subject.as_ref(), &before, &mut later);
        ListenersReport::new(before, &later)
    });
    let changes = listeners.iter().flat_map(|listeners| &listeners.changes).filter(|change| change.fails);
    verdict.failures.extend(changes.map(|change| format!("{} ({})", change.text, change.rule)));
    if plan.disturb.iter().any(|one| one.kind == Kind::KillMaster) {
        verdict.failures.extend(survivors(subject.as_ref()));
    }
    Ok(Outcome {
        verdict,
        record,
        reloads,
        gone: samples.gone,
        interrupted,
        census: samples.census,
        listeners,
        executions,
        kernel: Counters::read().since(&counters),
        started_at,
    })
}

/// What is on its way out at the end, such as the old master of an upgrade, gets a while for it.
fn settle(subject: &dyn Subject, before: &[Listener], later: &mut [Later]) {
    let Some(last) = later.last_mut() else { return };
    let deadline = Instant::now() + PATIENCE / 2;
    let is_wrong = |last: &Later| {
        let report = ListenersReport::new(before.to_vec(), std::slice::from_ref(last));
        report.changes.iter().any(|change| change.fails)
    };
    while is_wrong(last) && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(20));
        let Some(sockets) = subject.listeners() else { return };
        last.sockets = sockets;
    }
}

/// The listening sockets after each reload; one that was disturbed is looked at in the end alone.
fn later(reloads: &[Reloaded]) -> Vec<Later> {
    let seen = |(at, reload): (usize, &Reloaded)| {
        let sockets = reload.listeners.clone()?;
        Some(Later { release: format!("r{}", at + 1), finished: reload.finished, sockets })
    };
    let last = reloads.len();
    let told =
        reloads.iter().enumerate().filter(|(at, reload)| reload.disturbed.is_empty() || at + 1 == last);
    told.filter_map(seen).collect()
}

/// What lives on although the master was killed, if anything does after a while (RL-35).
fn survivors(subject: &dyn Subject) -> Option<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = subject.processes().unwrap_or_default();
        if left.is_empty() {
            return None;
        }
        if deadline <= Instant::now() {
            let pids: Vec<String> = left.iter().map(|seen| seen.pid.to_string()).collect();
            return Some(format!("the master was killed, and these live on: {}", pids.join(", ")));
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// How long workers may take to notice that their master is gone.
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
