use std::time::{Duration, Instant};

use super::figure::status;
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::Verb;
use crate::verdict::{Outcome, Surprise, broken, kept};

const STATUS: Need = Need::Command(Verb::Status);

/// STATUS-1 and STATUS-2: the master, its workers and their slots.
pub(super) const CASES: &[Case] = &[
    act! {
        "status.master.pid", Must, Source::Model("STATUS-2");
        claim: "The status must name the master.";
        reading: "The process of the start command.";
        needs: [STATUS]; Isolated; seconds: 12;
        accepts: ["its pid"]; aliases: [];
        run: master
    },
    act! {
        "status.worker.each", Must, Source::Model("STATUS-3");
        claim: "The status must list every worker and nobody else.";
        reading: "Children of the master that live.";
        needs: [STATUS]; Isolated; seconds: 12;
        accepts: ["the same pids"]; aliases: [];
        run: each
    },
    act! {
        "status.worker.slots", Must, Source::Model("WORKER-1");
        claim: "The status must name the slots of the workers.";
        reading: "As many workers have each slot from 0 on as there are services.";
        needs: [STATUS]; Isolated; seconds: 12;
        accepts: ["every slot from 0 to the count less one"]; aliases: [];
        run: slots
    },
    act! {
        "status.worker.replaced", Must, Source::Model("STATUS-3");
        claim: "The status must list a replacement and not the worker that died.";
        reading: "After one was killed and replaced.";
        needs: [STATUS]; Isolated; seconds: 12;
        accepts: ["the pids of the workers there are"]; aliases: [];
        run: replaced_is_listed
    },
];

fn master(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    match (status(stage)?.pid, stage.testee().master().as_raw()) {
        (named, master) if named == master => kept(),
        (named, master) => broken(format!("it names {named}; the master is {master}")),
    }
}

/// The workers in the status, sorted, and those there are.
fn both(stage: &Stage) -> Result<(Vec<i32>, Vec<i32>), Surprise> {
    let mut named: Vec<i32> = status(stage)?.workers.iter().map(|worker| worker.pid).collect();
    let mut there: Vec<i32> = stage.testee().workers().iter().map(|worker| worker.pid.as_raw()).collect();
    named.sort_unstable();
    there.sort_unstable();
    Ok((named, there))
}

fn each(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    let late = stage.within(Duration::from_millis(1_500));
    loop {
        match both(stage)? {
            (named, there) if named == there => return kept(),
            (named, there) if late <= Instant::now() => {
                return broken(format!("it lists {named:?}; the workers are {there:?}"));
            }
            _ => stage.holds_for(Duration::from_millis(20), || true),
        };
    }
}

fn slots(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    let late = stage.within(Duration::from_millis(1_500));
    let count = stage.testee().launch().workers;
    let services = stage.expected_workers() / count;
    loop {
        let mut slots: Vec<i64> = status(stage)?.workers.iter().map(|worker| worker.slot).collect();
        slots.sort_unstable();
        let wanted: Vec<i64> = (0..count as i64).flat_map(|slot| vec![slot; services]).collect();
        if slots == wanted {
            return kept();
        }
        if late <= Instant::now() {
            return broken(format!("the slots are {slots:?} and not {wanted:?}"));
        }
        stage.holds_for(Duration::from_millis(20), || true);
    }
}

fn replaced_is_listed(stage: &Stage) -> Outcome {
    let victim = stage.all_workers()?[0].pid;
    stage
        .testee()
        .signal(victim, crate::testee::Signal::SIGKILL)
        .map_err(Surprise::of("can't kill a worker"))?;
    stage.eventually(|| {
        let gone = !stage.testee().workers().iter().any(|worker| worker.pid == victim);
        (gone && stage.testee().workers().len() == stage.expected_workers()).then_some(())
    });
    each(stage)
}
