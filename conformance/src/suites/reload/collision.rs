use std::thread;
use std::time::{Duration, Instant};

use workerspec_wire::http::Request;

use super::scene::{
    Traffic, fresh, meanwhile, reload, successors, used, wait_release, wait_replaced, watch, worker_pids,
};
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::{Capability, Exit, Mode, ProcessState, Release, Signal, Tier};
use crate::verdict::{Outcome, Surprise, broken, kept, unproved};

const HTTP: Need = Need::Can(Capability::Http);
const MODES: Need = Need::Can(Capability::ReleaseModes);

/// RELOAD-7: a death, a stop or another reload while one is under way.
pub(super) const CASES: &[Case] = &[
    act! {
        "reload.death.of-the-old", Must, Source::Model("RELOAD-7");
        claim: "The death of an old worker during a reload must not undo the reload.";
        reading: "It is killed while successors boot; the new release has the service in the end, with as many workers.";
        needs: [HTTP, Need::Reload, MODES]; Isolated; seconds: 20;
        accepts: ["the new release, and as many workers as before"]; aliases: [];
        run: death_of_the_old
    },
    act! {
        "reload.death.of-a-successor", Must, Source::Reload("RL-24");
        claim: "The death of a successor before it is ready must leave the service whole.";
        reading: "It is killed while it boots; requests are answered all the while, and in the end there are as many workers.";
        needs: [HTTP, Need::Reload, MODES]; Isolated; seconds: 20;
        accepts: ["no request lost, and as many workers as before"]; aliases: [];
        run: death_of_a_successor
    },
    act! {
        "reload.stop.wins", Must, Source::Model("RELOAD-7");
        claim: "A stop during a reload must stop the server.";
        reading: "Successors need three seconds; the stop comes meanwhile, and has the time of any stop.";
        needs: [HTTP, Need::Reload, MODES]; Isolated; seconds: 20;
        accepts: ["status 0, and no process left"]; aliases: [];
        run: stop_wins
    },
    act! {
        "reload.stop.not-revived", Must, Source::Model("SIGNAL-5");
        claim: "A reload that is asked for during a graceful stop must not keep the server alive.";
        reading: "A request of 700 ms holds the stop; it is answered, and then the server is gone.";
        needs: [HTTP, Need::Reload, Need::GracefulStop, Need::Can(Capability::Deferred), Need::FullTier]; Isolated; seconds: 20;
        accepts: ["the answer, status 0, and no process left"]; aliases: [];
        run: not_revived
    },
    act! {
        "reload.twice.burst", Must, Source::Reload("RL-29");
        claim: "After a burst of ten reloads the newest release must have the service, with as many workers as before.";
        reading: "One after the other without waiting; signals coalesce.";
        needs: [HTTP, Need::Reload, Need::Can(Capability::Coalesce)]; Isolated; seconds: 30;
        accepts: ["every worker of the newest release, as many as before"]; aliases: [];
        run: burst
    },
    act! {
        "reload.twice.during-hang", Must, Source::Reload("RL-29");
        claim: "A good release that is asked for while another hangs must have the service in the end.";
        reading: "The hanging one is given up at its deadline, eight seconds at the most.";
        needs: [HTTP, Need::Reload, MODES, Need::Can(Capability::Coalesce)]; Isolated; seconds: 20;
        accepts: ["the good release answers"]; aliases: [];
        run: during_hang
    },
];

fn complete(stage: &Stage) -> bool {
    let wanted = stage.expected_workers();
    stage.eventually(|| (stage.testee().workers().len() == wanted).then_some(())).is_some()
}

fn death_of_the_old(stage: &Stage) -> Outcome {
    let old = worker_pids(stage)?;
    meanwhile(stage, "slow", Mode::Slow(Duration::from_millis(700)), || {
        if successors(stage, &old).is_none() {
            return unproved("no successor was seen beside the old workers");
        }
        // One by one, the first of them may have left by now.
        if !old.iter().any(|pid| stage.testee().signal(*pid, Signal::SIGKILL).is_ok()) {
            return unproved("no old worker was left when a successor was seen");
        }
        if wait_release(stage, "slow").is_none() {
            return broken("the new release never answers");
        }
        match wait_replaced(stage, &old) {
            Some(_) => kept(),
            None => broken(format!(
                "{} of {} workers in the end",
                stage.testee().workers().len(),
                stage.expected_workers()
            )),
        }
    })
}

fn death_of_a_successor(stage: &Stage) -> Outcome {
    let old = worker_pids(stage)?;
    let (traffic, outcome) = Traffic::during(stage, || {
        meanwhile(stage, "slow", Mode::Slow(Duration::from_millis(700)), || {
            let Some(new) = successors(stage, &old) else {
                return unproved("no successor was seen beside the old workers");
            };
            // It may be gone by itself: its release was given up.
            let _ = stage.testee().signal(new[0], Signal::SIGKILL);
            watch(stage, Duration::from_millis(1_200));
            match (complete(stage), stage.testee().exited()) {
                (_, Some(exit)) => broken(format!("the master is gone: {exit}")),
                (true, None) => kept(),
                (false, None) => broken(format!("{} workers in the end", stage.testee().workers().len())),
            }
        })
    })?;
    match traffic.first_loss() {
        Some(loss) => broken(loss),
        None => Ok(outcome),
    }
}

fn gone(stage: &Stage) -> Outcome {
    match stage.testee().wait_exit(stage.within(stage.testee().file().stop().timeout)) {
        Some(Exit::Code(0)) => {}
        Some(exit) => return broken(format!("the master ended with {exit}")),
        None => return broken("the master is still there"),
    }
    let left = stage.testee().tree().iter().filter(|process| process.state != ProcessState::Zombie).count();
    match left {
        0 => kept(),
        left => broken(format!("{left} processes outlive the master")),
    }
}

fn stop_wins(stage: &Stage) -> Outcome {
    let old = worker_pids(stage)?;
    let testee = stage.testee();
    meanwhile(stage, "slow", Mode::Slow(Duration::from_secs(3)), || {
        if successors(stage, &old).is_none() {
            return unproved("no successor was seen beside the old workers");
        }
        testee
            .signal(testee.master(), testee.file().stop().signal)
            .map_err(Surprise::of("can't stop the server"))?;
        gone(stage)
    })
}

fn not_revived(stage: &Stage) -> Outcome {
    worker_pids(stage)?;
    let testee = stage.testee();
    let mut probe = used(stage, 1)?.remove(0);
    probe.send(&Request::get("/sleep/700").end())?;
    stage.holds_for(stage.quiet(), || true);
    let signal = testee.file().stop().graceful.ok_or_else(|| Surprise("no graceful signal".to_owned()))?;
    testee.signal(testee.master(), signal).map_err(Surprise::of("can't stop the server"))?;
    stage.holds_for(Duration::from_millis(100), || true);
    meanwhile(stage, "late", Mode::Up, || {
        match probe.hear(false)? {
            Ok(response) if response.status == 200 => {}
            Ok(response) => return broken(format!("{} for the request under way", response.status)),
            Err(no_answer) => return broken(format!("the request under way was not answered: {no_answer}")),
        }
        drop(probe);
        gone(stage)
    })
}

fn burst(stage: &Stage) -> Outcome {
    let old = worker_pids(stage)?;
    for number in 0..9 {
        let testee = stage.testee();
        let name = format!("burst-{number}");
        testee.set_release(&Release::up(name)).map_err(Surprise::of("can't set a release"))?;
        // Where the means is a command it waits: only a signal makes a burst, and the master takes one.
        match testee.file().tier() {
            Tier::Full => {
                testee.signal(testee.master(), Signal::SIGUSR1).map_err(Surprise::of("can't reload"))?;
            }
            Tier::Http => drop(testee.reload().map_err(Surprise::of("can't reload"))?),
        }
        stage.holds_for(Duration::from_millis(5), || true);
    }
    reload(stage, "newest", Mode::Up)?;
    if wait_replaced(stage, &old).is_none() {
        return broken("workers of before the burst are still there at the deadline");
    }
    let settled = stage.eventually(|| {
        let newest = (0..20).all(|_| fresh(stage).is_ok_and(|receipt| receipt.release == "newest"));
        (newest && stage.testee().workers().len() == stage.expected_workers()).then_some(())
    });
    match settled {
        Some(()) => kept(),
        None => broken(format!("{} workers; fresh: {:?}", stage.testee().workers().len(), fresh(stage))),
    }
}

fn during_hang(stage: &Stage) -> Outcome {
    let old = worker_pids(stage)?;
    meanwhile(stage, "hanging", Mode::Hang, || {
        if successors(stage, &old).is_none() {
            return unproved("no successor was seen beside the old workers");
        }
        let answered = thread::scope(|scope| {
            let trigger = scope.spawn(|| reload(stage, "good", Mode::Up));
            let patience = stage.within(Duration::from_secs(8));
            let seen = stage.eventually(|| match fresh(stage) {
                Ok(receipt) if receipt.release == "good" => Some(true),
                _ => (patience <= Instant::now()).then_some(false),
            });
            drop(trigger.join());
            seen
        });
        match answered {
            Some(true) => kept(),
            _ => broken("the good release does not answer within 8 s"),
        }
    })
}
