use std::time::{Duration, Instant};

use super::scene::{Traffic, reload, wait_release, watch, worker_pids};
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::{Capability, Exit, Mode, Pid};
use crate::verdict::{Outcome, broken, kept, unproved};

const NEEDS: [Need; 3] = [Need::Can(Capability::Http), Need::Reload, Need::Can(Capability::ReleaseModes)];

/// Releases that don't come up, or not soon.
pub(super) const CASES: &[Case] = &[
    act! {
        "reload.release.that-exits", Must, Source::Reload("RL-24");
        claim: "A release whose workers exit at once must leave the old one serving.";
        reading: "No request is lost, none is answered by the new release, and the old workers stay.";
        needs: [NEEDS[0], NEEDS[1], NEEDS[2]]; Isolated; seconds: 15;
        accepts: ["every request answered by the old release, from the old workers"]; aliases: [];
        run: that_exits
    },
    // SF-5
    act! {
        "reload.release.that-hangs", Must, Source::Reload("RL-24");
        claim: "A release whose workers never become ready must leave the old one serving.";
        reading: "Observed for a second and a half: no request is lost and the old workers stay.";
        needs: [NEEDS[0], NEEDS[1], NEEDS[2]]; Isolated; seconds: 15;
        accepts: ["every request answered by the old release, from the old workers"]; aliases: [];
        run: that_hangs
    },
    // SF-5
    act! {
        "reload.release.slow-boot", Must, Source::Reload("RL-16");
        claim: "While a release boots slowly the old one must go on serving.";
        reading: "The new workers need a second; no two answers on fresh connections are more than half of that apart.";
        needs: [NEEDS[0], NEEDS[1], NEEDS[2]]; Isolated; seconds: 15;
        accepts: ["no request lost, no gap over 500 ms, then the new release"]; aliases: [];
        run: slow_boot
    },
    act! {
        "reload.release.next-after-broken", Must, Source::Reload("RL-24");
        claim: "A release that comes up must be taken after one that did not.";
        reading: "The failed reload is over when a good one can be asked for; it is asked for again for ten seconds.";
        needs: [NEEDS[0], NEEDS[1], NEEDS[2]]; Isolated; seconds: 20;
        accepts: ["the good release answers"]; aliases: [];
        run: next_after_broken
    },
    // SF-7, CLI-16
    act! {
        "reload.command.tells-failure", Must, Source::Reload("RL-32");
        claim: "A reload command that waits must end with a status other than 0 if the release did not come up.";
        reading: "And with 0 if it did: its exit code is what a deployment looks at.";
        needs: [NEEDS[0], Need::ReloadThatWaits, NEEDS[2]]; Isolated; seconds: 25;
        accepts: ["not 0 for the broken release, 0 for the good one"]; aliases: [];
        run: tells_failure
    },
];

/// How long the old release is watched after the trigger. A server that falls over does it at once.
const WATCHED: Duration = Duration::from_millis(1_500);

/// For how long a good release is asked for again after a broken one.
const RETRIED: Duration = Duration::from_secs(10);

fn that_exits(stage: &Stage) -> Outcome {
    stays(stage, Mode::Exit)
}

fn that_hangs(stage: &Stage) -> Outcome {
    stays(stage, Mode::Hang)
}

fn stays(stage: &Stage, mode: Mode) -> Outcome {
    let old = worker_pids(stage)?;
    let (traffic, ()) = Traffic::during(stage, || {
        reload(stage, "broken", mode)?;
        watch(stage, WATCHED);
        Ok(())
    })?;
    if let Some(loss) = traffic.first_loss() {
        return broken(loss);
    }
    if let Some((_, receipt)) = traffic.answers.iter().find(|(_, receipt)| receipt.release == "broken") {
        return broken(format!("process {} of the broken release answered", receipt.pid));
    }
    let now: Vec<Pid> = stage.testee().workers().iter().map(|worker| worker.pid).collect();
    match old.iter().all(|pid| now.contains(pid)) {
        true => kept(),
        false => broken(format!("the old workers were {old:?}, of which only some are left: {now:?}")),
    }
}

fn slow_boot(stage: &Stage) -> Outcome {
    worker_pids(stage)?;
    let (traffic, new) = Traffic::during(stage, || {
        reload(stage, "slow", Mode::Slow(Duration::from_millis(1_000)))?;
        Ok(wait_release(stage, "slow"))
    })?;
    if new.is_none() {
        return broken("the slow release never answers");
    }
    if let Some(loss) = traffic.first_loss() {
        return broken(loss);
    }
    match traffic.longest_gap() {
        gap if Duration::from_millis(500) < gap => broken(format!("no answer for {} ms", gap.as_millis())),
        _ => kept(),
    }
}

fn next_after_broken(stage: &Stage) -> Outcome {
    worker_pids(stage)?;
    reload(stage, "broken", Mode::Exit)?;
    // New workers read the release some time after the trigger: the broken one must have been tried.
    watch(stage, WATCHED);
    // Asked for again and again: one that comes during the failing one may be refused.
    let last_try = stage.within(RETRIED);
    let answered = loop {
        reload(stage, "good", Mode::Up)?;
        let pause = stage.within(Duration::from_secs(2));
        let seen = stage.eventually(|| match super::scene::fresh(stage) {
            Ok(receipt) if receipt.release == "good" => Some(true),
            _ => (pause <= Instant::now()).then_some(false),
        });
        match seen {
            Some(false) if Instant::now() < last_try => {}
            other => break other,
        }
    };
    match answered {
        Some(true) => kept(),
        _ => broken("the good release never answers"),
    }
}

fn tells_failure(stage: &Stage) -> Outcome {
    worker_pids(stage)?;
    match reload(stage, "broken", Mode::Exit)?.exit {
        Some(Exit::Code(0)) => return broken("status 0 for a release that did not come up"),
        Some(_) => {}
        None => return unproved("the command did not end for the broken release"),
    }
    match reload(stage, "good", Mode::Up)? {
        trigger if trigger.exit == Some(Exit::Code(0)) => kept(),
        trigger => {
            broken(format!("{:?} for a release that comes up; it said {:?}", trigger.exit, trigger.output))
        }
    }
}
