use std::collections::BTreeMap;
use std::time::Duration;

use crate::case::{Case, Need, Source};
use crate::probe::HttpProbe;
use crate::run::Stage;
use crate::suites::text::two_of_one_worker;
use crate::testee::{Capability, Pid, Process, ProcessState, Signal};
use crate::verdict::{Outcome, Surprise, broken, kept, unproved};

const HTTP: Need = Need::Can(Capability::Http);
const TEXT: Need = Need::Can(Capability::Text);

/// WORKER-1 to WORKER-5 and what happens to a worker from outside.
pub(super) const CASES: &[Case] = &[
    // MASTER-12
    act! {
        "process.worker.count", Must, Source::Model("WORKER-1");
        claim: "There must be as many worker processes as were asked for.";
        reading: "Children of the master that are not zombies; every port may have that many of its own.";
        needs: [Need::SeveralWorkers]; Shared; seconds: 5;
        accepts: ["that many, or that many for each port"]; aliases: [];
        run: count
    },
    act! {
        "process.worker.killed-is-replaced", Must, Source::Model("WORKER-4");
        claim: "A worker that is killed must be replaced.";
        reading: "The count is reached again with a new process under the same master, and requests are answered.";
        needs: [HTTP]; Isolated; seconds: 8;
        accepts: ["as many workers as before, and an answer"]; aliases: [];
        run: killed_is_replaced
    },
    act! {
        "process.worker.slot-kept", Must, Source::Model("WORKER-1");
        claim: "A replacement must get the slot of the worker it replaces.";
        reading: "Slots run from 0 to the count less one, each held by one worker, before and after.";
        needs: [HTTP, Need::Can(Capability::WorkerSlots)]; Isolated; seconds: 8;
        accepts: ["the same slots; the killed worker's held by a new process, the other's by the same"]; aliases: [];
        run: slot_kept
    },
    act! {
        "process.worker.exit-is-replaced", Must, Source::Model("WORKER-4");
        claim: "A worker that exits by itself must be replaced.";
        reading: "Whatever its status: `!exit 5` ends the process that serves the connection.";
        needs: [TEXT]; Isolated; seconds: 8;
        accepts: ["as many workers as before, and an answer"]; aliases: [];
        run: exit_is_replaced
    },
    act! {
        "process.worker.stopped-stays", Must, Source::Model("SF-10");
        claim: "A worker that is stopped by a signal must not be taken for dead.";
        reading: "After SIGSTOP to one and SIGKILL to another, the killed one is replaced and the stopped one is still counted.";
        needs: [HTTP, Need::SeveralWorkers]; Isolated; seconds: 8;
        accepts: ["the stopped worker and the replacement, and no third"]; aliases: [];
        run: stopped_stays
    },
    act! {
        "process.worker.crash-harms-nobody", Must, Source::Model("SF-13");
        claim: "A failing callback must cost at most its own connection.";
        reading: "A bystander on the same worker is answered by the same process afterwards.";
        needs: [TEXT, Need::Can(Capability::Isolation)]; Isolated; seconds: 8;
        accepts: ["the bystander is answered by the same worker"]; aliases: [];
        run: crash_harms_nobody
    },
];

fn count(stage: &Stage) -> Outcome {
    let wanted = stage.expected_workers();
    let found = stage.eventually(|| Some(stage.testee().workers().len()).filter(|count| *count == wanted));
    match found {
        Some(_) => kept(),
        None => broken(format!("{} workers and not {wanted}", stage.testee().workers().len())),
    }
}

pub(super) fn pids(workers: &[Process]) -> Vec<Pid> {
    workers.iter().map(|worker| worker.pid).collect()
}

/// Waits for the count without `gone`, and for an answer on port `http`.
pub(super) fn replaced(stage: &Stage, gone: Pid) -> Outcome {
    let wanted = stage.expected_workers();
    let complete = stage.eventually(|| {
        let now = pids(&stage.testee().workers());
        (now.len() == wanted && !now.contains(&gone)).then_some(())
    });
    let now = pids(&stage.testee().workers());
    let fate = if now.contains(&gone) { "is still there" } else { "is gone" };
    match (stage.testee().exited(), complete) {
        (Some(exit), _) => {
            let log = stage.testee().log_tail(12);
            broken(format!("the master is gone: {exit}; worker {gone} {fate}; {log}"))
        }
        (None, None) => {
            broken(format!("worker {gone} {fate}; of {wanted} workers there are {}: {now:?}", now.len()))
        }
        (None, Some(())) => kept(),
    }
}

/// Waits for an answer on port `http`: where each worker listens for itself, a connection is refused until its
/// replacement does.
pub(super) fn answers(stage: &Stage) -> Outcome {
    let mut last = "not tried".to_owned();
    let answered = stage.eventually(|| match afterwards(stage) {
        Ok(()) => Some(()),
        Err(why) => {
            last = why;
            None
        }
    });
    match answered {
        Some(()) => kept(),
        None => broken(format!("no answer afterwards: {last}")),
    }
}

fn afterwards(stage: &Stage) -> Result<(), String> {
    let deadline = stage.within(Duration::from_secs(2));
    let probe = stage.try_connect("http", None, deadline).map_err(|surprise| surprise.to_string())?;
    let mut probe = HttpProbe::new(probe.map_err(|error| error.to_string())?, deadline);
    let answer = probe.load("afterwards").map_err(|surprise| surprise.to_string())?;
    answer.map(drop).map_err(|no_answer| no_answer.to_string())
}

fn killed_is_replaced(stage: &Stage) -> Outcome {
    let victim = stage.all_workers()?[0].pid;
    stage.testee().signal(victim, Signal::SIGKILL).map_err(Surprise::of("can't kill a worker"))?;
    match replaced(stage, victim)? {
        crate::verdict::Finding::Kept(_) => answers(stage),
        other => Ok(other),
    }
}

/// Which process holds which slot, once every slot has answered.
pub(in crate::suites) fn slots(stage: &Stage) -> Result<BTreeMap<i64, i32>, Surprise> {
    let wanted = stage.testee().launch().workers;
    stage.all_workers()?;
    stage
        .eventually(|| {
            let mut slots = BTreeMap::new();
            for round in 0..32 {
                let receipt = stage.http().ok()?.load(&format!("slot-{round}")).ok()?.ok()?;
                slots.insert(receipt.slot?, receipt.pid);
                if slots.len() == wanted {
                    return Some(slots);
                }
            }
            None
        })
        .ok_or_else(|| Surprise(format!("{wanted} slots never answered")))
}

fn slot_kept(stage: &Stage) -> Outcome {
    let before = slots(stage)?;
    let Some((slot, pid)) = before.iter().next().map(|(slot, pid)| (*slot, *pid)) else {
        return unproved("no slot");
    };
    let victim = Pid::from_raw(pid);
    stage.testee().signal(victim, Signal::SIGKILL).map_err(Surprise::of("can't kill a worker"))?;
    if let other @ crate::verdict::Finding::Broken(_) = replaced(stage, victim)? {
        return Ok(other);
    }
    let after = slots(stage)?;
    let same_others =
        before.iter().filter(|(other, _)| **other != slot).all(|(slot, pid)| after.get(slot) == Some(pid));
    match after.get(&slot) {
        Some(now) if *now != pid && same_others && after.len() == before.len() => kept(),
        _ => broken(format!("slots and processes were {before:?} and are {after:?}; {pid} was killed")),
    }
}

fn exit_is_replaced(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    let mut probe = stage.text()?;
    let victim = Pid::from_raw(probe.who()?.pid);
    probe.say(b"!exit 5")?;
    if !probe.raw().wait_end(stage.deadline())?.is_over() {
        return broken("the connection outlives `!exit 5`");
    }
    match replaced(stage, victim)? {
        crate::verdict::Finding::Kept(_) => match stage.text()?.ask(b"afterwards")? {
            Ok(line) if line == b"afterwards" => kept(),
            other => broken(format!("no answer afterwards: {other:?}")),
        },
        other => Ok(other),
    }
}

fn stopped_stays(stage: &Stage) -> Outcome {
    let workers = pids(&stage.all_workers()?);
    let [stopped, killed, ..] = workers.as_slice() else { return unproved("needs two workers") };
    stage.testee().signal(*stopped, Signal::SIGSTOP).map_err(Surprise::of("can't stop a worker"))?;
    let is_stopped = || Process::read(*stopped).is_some_and(|process| process.state == ProcessState::Stopped);
    if stage.eventually(|| is_stopped().then_some(())).is_none() {
        return unproved("the worker does not stop on SIGSTOP");
    }
    // A second death makes the master look at its children: what it thinks of the first one shows.
    stage.testee().signal(*killed, Signal::SIGKILL).map_err(Surprise::of("can't kill a worker"))?;
    let verdict = match replaced(stage, *killed)? {
        crate::verdict::Finding::Kept(_) => {
            let mut now = Vec::new();
            let stays = stage.holds_for(SECOND_THOUGHTS, || {
                now = pids(&stage.testee().workers());
                now.contains(stopped) && now.len() == workers.len()
            });
            if stays { kept() } else { broken(format!("{stopped} was stopped; the workers are {now:?}")) }
        }
        other => Ok(other),
    };
    // So that it can end with the others.
    let _ = stage.testee().signal(*stopped, Signal::SIGCONT);
    verdict
}

/// How long a master may take to see that a worker is stopped, if it looks at all: several poll.
const SECOND_THOUGHTS: Duration = Duration::from_millis(300);

fn crash_harms_nobody(stage: &Stage) -> Outcome {
    let Some((mut bystander, mut victim)) = two_of_one_worker(stage)? else {
        return unproved("no two of 32 connections came to one worker");
    };
    let before = bystander.who()?.pid;
    victim.say(b"!crash\nstill there")?;
    // Either it is closed, or it goes on: both are allowed, and both say that the crash is over.
    let _ = victim.hear()?;
    match bystander.ask(b"!who")? {
        Ok(line) if String::from_utf8_lossy(&line).contains(&before.to_string()) => kept(),
        Ok(line) => {
            broken(format!("the bystander is answered by another worker: {}", String::from_utf8_lossy(&line)))
        }
        Err(end) => broken(format!("the bystander is not answered: {}", end.name())),
    }
}
