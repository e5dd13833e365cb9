use std::time::Duration;

use super::scene::{fresh, reload, wait_release, wait_replaced, worker_pids};
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::{Capability, Exit, Mode, Release, Signal, Testee};
use crate::verdict::{Outcome, Surprise, broken, kept};

const HTTP: Need = Need::Can(Capability::Http);
const MODES: Need = Need::Can(Capability::ReleaseModes);

/// How a reload is asked for, and what the caller is told.
pub(super) const CASES: &[Case] = &[
    act! {
        "reload.command.tells-hang", Must, Source::Reload("RL-32");
        claim: "A reload command that waits must end with a status other than 0 if the release hangs.";
        reading: "Within eight seconds.";
        needs: [HTTP, Need::ReloadThatWaits, MODES]; Isolated; seconds: 20;
        accepts: ["a status other than 0"]; aliases: [];
        run: tells_hang
    },
    act! {
        "reload.command.new-at-once", Must, Source::Reload("RL-18");
        claim: "When a reload command that waits has ended, the old release must not answer any more.";
        reading: "Forty fresh connections at once.";
        needs: [HTTP, Need::ReloadThatWaits]; Isolated; seconds: 20;
        accepts: ["status 0, then the new release alone"]; aliases: [];
        run: new_at_once
    },
    act! {
        "reload.signal.usr1", Must, Source::Model("SIGNAL-5");
        claim: "SIGUSR1 to the master must reload.";
        reading: "The new release answers, and the master is the same.";
        needs: [HTTP, Need::FullTier, MODES, Need::Can(Capability::Signals)]; Isolated; seconds: 15;
        accepts: ["the new release from the same master"]; aliases: [];
        run: |stage| by_signal(stage, Signal::SIGUSR1)
    },
    act! {
        "reload.signal.usr2", Must, Source::Model("SIGNAL-7");
        claim: "SIGUSR2 to the master must reload gracefully.";
        reading: "The new release answers, and the master is the same.";
        needs: [HTTP, Need::FullTier, MODES, Need::Can(Capability::Signals)]; Isolated; seconds: 15;
        accepts: ["the new release from the same master"]; aliases: [];
        run: |stage| by_signal(stage, Signal::SIGUSR2)
    },
    act! {
        "reload.signal.at-once", Must, Source::Reload("RL-33");
        claim: "A reload that is asked for the instant the server accepts must not end it.";
        reading: "Its handlers have to be there before its ports are.";
        needs: [HTTP, Need::Reload, Need::FullTier]; Isolated; seconds: 20;
        accepts: ["the master alive, and an answer"]; aliases: [];
        run: at_once
    },
];

fn tells_hang(stage: &Stage) -> Outcome {
    worker_pids(stage)?;
    let testee = stage.testee();
    testee.set_release(&Release::new("hanging", Mode::Hang)).map_err(Surprise::of("can't set a release"))?;
    let trigger =
        testee.reload_until(stage.within(Duration::from_secs(8))).map_err(Surprise::of("can't reload"))?;
    match trigger.exit {
        Some(Exit::Code(0)) => broken("status 0 for a release that hangs"),
        Some(_) => kept(),
        None => broken("the command still waits after 8 s"),
    }
}

fn new_at_once(stage: &Stage) -> Outcome {
    worker_pids(stage)?;
    let trigger = reload(stage, "fresh", Mode::Up)?;
    if trigger.exit != Some(Exit::Code(0)) {
        return broken(format!("the command: {:?}, {:?}", trigger.exit, trigger.output));
    }
    for number in 0..40 {
        match fresh(stage) {
            Ok(receipt) if receipt.release == "fresh" => {}
            Ok(receipt) => return broken(format!("answer {number} is of release {}", receipt.release)),
            Err(loss) => return broken(format!("request {number} was lost: {loss}")),
        }
    }
    kept()
}

fn by_signal(stage: &Stage, signal: Signal) -> Outcome {
    let old = worker_pids(stage)?;
    let testee = stage.testee();
    testee.set_release(&Release::up("fresh")).map_err(Surprise::of("can't set a release"))?;
    testee.signal(testee.master(), signal).map_err(Surprise::of("can't signal the master"))?;
    match (wait_release(stage, "fresh"), testee.exited()) {
        (_, Some(exit)) => return broken(format!("the master is gone: {exit}")),
        (None, None) => return broken("the new release never answers"),
        (Some(_), None) => {}
    }
    match wait_replaced(stage, &old) {
        Some(_) => kept(),
        None => broken("old workers are still there at the deadline"),
    }
}

fn at_once(stage: &Stage) -> Outcome {
    let first = stage.testee();
    for round in 0..3 {
        // It counts as started the instant that its ports accept.
        let testee =
            Testee::start(first.file(), first.launch()).map_err(Surprise::of("can't start a testee"))?;
        testee.signal(testee.master(), Signal::SIGUSR1).map_err(Surprise::of("can't signal the master"))?;
        let exit = testee.wait_exit(stage.within(Duration::from_millis(300)));
        if let Some(exit) = exit {
            return broken(format!("start {round}: the master ended with {exit}; {}", testee.log_tail(5)));
        }
    }
    kept()
}
