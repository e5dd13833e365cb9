use super::scene::{Traffic, reload, wait_release, wait_replaced, worker_pids};
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::{Capability, Mode, ProcessState};
use crate::verdict::{Outcome, broken, kept};

const HTTP: Need = Need::Can(Capability::Http);

/// What must not be noticed of several reloads.
pub(super) const CASES: &[Case] = &[
    act! {
        "reload.listener.never-refuses", Must, Source::Reload("RL-1");
        claim: "The listener must take connections at every instant of a reload, and each must be answered.";
        reading: "Fresh connections one after the other during three reloads.";
        needs: [HTTP, Need::Reload]; Isolated; seconds: 20;
        accepts: ["every connection is accepted and answered"]; aliases: [];
        run: never_refuses
    },
    act! {
        "reload.process.leaks-nothing", Must, Source::Reload("RL-28");
        claim: "Reloads must not leave processes or descriptors behind.";
        reading: "After five reloads the tree has as many processes, and the master as many descriptors, as after the first.";
        needs: [HTTP, Need::Reload]; Isolated; seconds: 25;
        accepts: ["no more processes and no more descriptors of the master than after the first reload"]; aliases: [];
        run: leaks_nothing
    },
];

fn never_refuses(stage: &Stage) -> Outcome {
    let (traffic, complete) = Traffic::during(stage, || {
        for number in 0..3 {
            let old = worker_pids(stage)?;
            let name = format!("release-{number}");
            reload(stage, &name, Mode::Up)?;
            if wait_release(stage, &name).is_none() || wait_replaced(stage, &old).is_none() {
                return Ok(Some(name));
            }
        }
        Ok(None)
    })?;
    match (complete, traffic.first_loss()) {
        (_, Some(loss)) => broken(loss),
        (Some(name), None) => broken(format!("the reload to {name} did not end")),
        (None, None) => kept(),
    }
}

/// Processes of the tree and descriptors of the master.
fn census(stage: &Stage) -> (usize, Option<usize>) {
    let tree = stage.testee().tree();
    let master = stage.testee().master();
    let descriptors =
        tree.iter().find(|process| process.pid == master).and_then(|process| process.descriptors);
    (tree.iter().filter(|process| process.state != ProcessState::Zombie).count(), descriptors)
}

fn leaks_nothing(stage: &Stage) -> Outcome {
    let mut first = None;
    for number in 0..5 {
        let old = worker_pids(stage)?;
        reload(stage, &format!("release-{number}"), Mode::Up)?;
        if wait_replaced(stage, &old).is_none() {
            return broken(format!("reload {number} did not end"));
        }
        if first.is_none() {
            // What the first reload opens for good is no leak.
            first = Some(census(stage));
        }
    }
    let Some(first) = first else { return kept() };
    // Ends of pipes may be closed a moment after a process is gone.
    let back = stage.eventually(|| {
        let now = census(stage);
        (now.0 <= first.0 && now.1 <= first.1).then_some(())
    });
    let now = census(stage);
    match back {
        Some(()) => kept(),
        None => broken(format!(
            "{} processes and {:?} descriptors of the master; after the first reload {} and {:?}",
            now.0, now.1, first.0, first.1
        )),
    }
}
