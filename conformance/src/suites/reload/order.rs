use std::time::{Duration, Instant};

use super::scene::{meanwhile, reload, wait_release, wait_replaced, worker_pids};
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::{Capability, Mode, Pid};
use crate::verdict::{Outcome, broken, kept};

const HTTP: Need = Need::Can(Capability::Http);
const MODES: Need = Need::Can(Capability::ReleaseModes);
const JOURNAL: Need = Need::Can(Capability::Journal);

/// SF-5 and STOP-5: who leaves before whom.
pub(super) const CASES: &[Case] = &[
    act! {
        "reload.order.old-until-ready", Must, Source::Model("SF-5");
        claim: "No old worker must leave before every successor is ready.";
        reading: "Successors need 1.2 s: none of them can be ready before.";
        needs: [HTTP, Need::Reload, MODES]; Isolated; seconds: 15;
        accepts: ["all old workers alive for 1.2 s"]; aliases: [];
        run: old_until_ready
    },
    act! {
        "reload.order.stop-after-start", Must, Source::Model("SF-5");
        claim: "No old worker must say that it stops before every successor has said that it starts.";
        reading: "By the order of lines in the journal; successors need 300 ms. A server that goes one by one has no such order.";
        needs: [HTTP, Need::Reload, MODES, JOURNAL, Need::Can(Capability::Generations)]; Isolated; seconds: 15;
        accepts: ["every `worker_start` of the new release before the first `worker_stop`"]; aliases: [];
        run: stop_after_start
    },
    act! {
        "reload.order.each-stops-once", Must, Source::Model("STOP-5");
        claim: "Every old worker must say once that it stops.";
        reading: "One `worker_stop` in the journal of each, and none of a successor.";
        needs: [HTTP, Need::Reload, JOURNAL]; Isolated; seconds: 15;
        accepts: ["one `worker_stop` of each old worker"]; aliases: [];
        run: each_stops_once
    },
];

fn alive(pids: &[Pid], stage: &Stage) -> bool {
    let now: Vec<Pid> = stage.testee().workers().iter().map(|worker| worker.pid).collect();
    pids.iter().all(|pid| now.contains(pid))
}

fn old_until_ready(stage: &Stage) -> Outcome {
    let old = worker_pids(stage)?;
    let boot = Duration::from_millis(1_200);
    let begun = Instant::now();
    meanwhile(stage, "slow", Mode::Slow(boot), || {
        let left = stage.eventually(|| (!alive(&old, stage)).then(|| begun.elapsed()));
        match left {
            None => broken("no old worker ever leaves"),
            Some(after) if after < boot => broken(format!(
                "an old worker left after {} ms, when no successor could be ready",
                after.as_millis()
            )),
            Some(_) => match wait_release(stage, "slow") {
                Some(_) => kept(),
                None => broken("the new release never answers"),
            },
        }
    })
}

fn stop_after_start(stage: &Stage) -> Outcome {
    let old = worker_pids(stage)?;
    reload(stage, "slow", Mode::Slow(Duration::from_millis(300)))?;
    if wait_replaced(stage, &old).is_none() {
        return broken("old workers are still there at the deadline");
    }
    let journal = stage.testee().journal();
    let first_stop = journal.iter().position(|line| line.event == "worker_stop");
    let last_start = journal.iter().rposition(|line| line.event == "worker_start" && line.release == "slow");
    match (last_start, first_stop) {
        (None, _) => broken("no `worker_start` of the new release"),
        (Some(_), None) => broken("no `worker_stop`"),
        (Some(start), Some(stop)) if start < stop => kept(),
        (Some(start), Some(stop)) => {
            broken(format!("`worker_stop` is line {stop}, the last `worker_start` line {start}"))
        }
    }
}

fn each_stops_once(stage: &Stage) -> Outcome {
    let old = worker_pids(stage)?;
    reload(stage, "fresh", Mode::Up)?;
    if wait_replaced(stage, &old).is_none() {
        return broken("old workers are still there at the deadline");
    }
    let stops: Vec<i32> = stage
        .testee()
        .journal()
        .iter()
        .filter(|line| line.event == "worker_stop")
        .map(|line| line.pid)
        .collect();
    for pid in &old {
        let count = stops.iter().filter(|other| **other == pid.as_raw()).count();
        if count != 1 {
            return broken(format!("{count} `worker_stop` of the old worker {pid}"));
        }
    }
    match stops.len() == old.len() {
        true => kept(),
        false => broken(format!("{} `worker_stop` of {} old workers", stops.len(), old.len())),
    }
}
