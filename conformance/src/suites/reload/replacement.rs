use super::scene::{fresh, reload, wait_release, wait_replaced, worker_pids};
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::suites::process::slots;
use crate::testee::{Capability, Mode};
use crate::verdict::{Outcome, broken, kept};

const HTTP: Need = Need::Can(Capability::Http);

/// What a reload replaces, and with what.
pub(super) const CASES: &[Case] = &[
    // RELOAD-9
    act! {
        "reload.release.new-answers", Must, Source::Reload("RL-26");
        claim: "After a reload the new release must answer, and the old one no more.";
        reading: "The reload is over when no old worker is left; then forty fresh connections are all answered by the new release.";
        needs: [HTTP, Need::Reload]; Isolated; seconds: 15;
        accepts: ["every answer names the new release"]; aliases: [];
        run: new_answers
    },
    act! {
        "reload.worker.all-replaced", Must, Source::Model("RELOAD-4");
        claim: "A reload must replace every worker and keep the master and the count.";
        reading: "No process that was a worker before is one afterwards.";
        needs: [HTTP, Need::Reload]; Isolated; seconds: 15;
        accepts: ["as many workers as before, all of them new, the same master"]; aliases: [];
        run: all_replaced
    },
    act! {
        "reload.worker.slots-kept", Must, Source::Model("WORKER-1");
        claim: "The new workers must hold the slots of the old ones.";
        reading: "The same numbers, each with a new process.";
        needs: [HTTP, Need::Reload, Need::Can(Capability::WorkerSlots)]; Isolated; seconds: 15;
        accepts: ["the same slots, each held by a new process"]; aliases: [];
        run: slots_kept
    },
    // SF-7, RELOAD-1
    act! {
        "reload.twice.newest-wins", Must, Source::Reload("RL-29");
        claim: "A reload during a reload must not be lost: the newest release must answer in the end.";
        reading: "The second is asked for before the first can have ended; what the first one brings may be skipped.";
        needs: [HTTP, Need::Reload, Need::Can(Capability::Coalesce)]; Isolated; seconds: 20;
        accepts: ["in the end every worker is of the newest release"]; aliases: [];
        run: newest_wins
    },
];

fn new_answers(stage: &Stage) -> Outcome {
    let old = worker_pids(stage)?;
    reload(stage, "fresh", Mode::Up)?;
    if wait_replaced(stage, &old).is_none() {
        return broken("old workers are still there at the deadline");
    }
    for number in 0..40 {
        match fresh(stage) {
            Ok(receipt) if receipt.release == "fresh" => {}
            Ok(receipt) => return broken(format!("answer {number} is of release {}", receipt.release)),
            Err(loss) => return broken(format!("request {number} after the reload was lost: {loss}")),
        }
    }
    kept()
}

fn all_replaced(stage: &Stage) -> Outcome {
    let old = worker_pids(stage)?;
    reload(stage, "fresh", Mode::Up)?;
    match wait_replaced(stage, &old) {
        Some(_) if stage.testee().exited().is_none() => kept(),
        Some(_) => broken("the master is gone"),
        None => {
            let now = stage.testee().workers().iter().map(|worker| worker.pid).collect::<Vec<_>>();
            broken(format!("the workers were {old:?} and are {now:?}"))
        }
    }
}

fn slots_kept(stage: &Stage) -> Outcome {
    let before = slots(stage)?;
    let old = worker_pids(stage)?;
    reload(stage, "fresh", Mode::Up)?;
    if wait_replaced(stage, &old).is_none() {
        return broken("old workers are still there at the deadline");
    }
    let after = slots(stage)?;
    let same = before.keys().eq(after.keys());
    let new = before.iter().all(|(slot, pid)| after.get(slot) != Some(pid));
    match same && new {
        true => kept(),
        false => broken(format!("slots and processes were {before:?} and are {after:?}")),
    }
}

fn newest_wins(stage: &Stage) -> Outcome {
    let old = worker_pids(stage)?;
    reload(stage, "first", Mode::Up)?;
    reload(stage, "second", Mode::Up)?;
    if wait_release(stage, "second").is_none() {
        return broken("release `second` never answers");
    }
    if wait_replaced(stage, &old).is_none() {
        return broken("workers of before the reloads are still there at the deadline");
    }
    // Workers of `first` may still be on their way out: they take no fresh connection in the end.
    let all_second = stage.eventually(|| {
        let releases: Vec<_> = (0..20).map(|_| fresh(stage).map(|receipt| receipt.release)).collect();
        releases.iter().all(|release| release.as_deref() == Ok("second")).then_some(())
    });
    match all_second {
        Some(()) => kept(),
        None => broken("another release still answers"),
    }
}
