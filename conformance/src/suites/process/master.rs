use std::time::Duration;

use super::signal::is_stopped;
use crate::case::{Case, Need, Source};
use crate::probe::HttpProbe;
use crate::run::Stage;
use crate::testee::{Capability, Release, Signal};
use crate::verdict::{Outcome, Surprise, broken, kept, unproved};

const HTTP: Need = Need::Can(Capability::Http);

/// What workers owe to a master that does nothing.
pub(super) const CASES: &[Case] = &[act! {
    "process.master.stopped", Must, Source::Model("SF-10");
    claim: "Workers must go on answering while the master is stopped, and it must reload when it is continued.";
    reading: "After SIGSTOP to the master twenty fresh connections are answered within two seconds each; after SIGCONT a reload brings its release.";
    needs: [HTTP, Need::Reload]; Isolated; seconds: 20;
    accepts: ["every answer, then the new release"]; aliases: [];
    run: stopped
}];

/// Enough that each worker has some of them.
const CONNECTIONS: usize = 20;

fn stopped(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    let testee = stage.testee();
    testee.signal(testee.master(), Signal::SIGSTOP).map_err(Surprise::of("can't stop the master"))?;
    if stage.eventually(|| is_stopped(testee.master()).then_some(())).is_none() {
        return unproved("the master does not stop on SIGSTOP");
    }
    let problem = (0..CONNECTIONS).find_map(|number| meanwhile(stage, number).transpose());
    testee.signal(testee.master(), Signal::SIGCONT).map_err(Surprise::of("can't continue the master"))?;
    if let Some(what) = problem.transpose()? {
        return broken(format!("while the master was stopped, {what}"));
    }
    testee.set_release(&Release::up("continued")).map_err(Surprise::of("can't set the release"))?;
    testee.reload_until(stage.deadline()).map_err(Surprise::of("can't ask for a reload"))?;
    let new = stage.eventually(|| {
        let probe = stage.connect_apart("http", None, stage.deadline()).ok()?.ok()?;
        let receipt = HttpProbe::new(probe, stage.deadline()).load("afterwards").ok()?.ok()?;
        (receipt.release == "continued").then_some(())
    });
    match new {
        Some(()) => kept(),
        None => broken("a reload after SIGCONT never brings its release"),
    }
}

/// What went wrong with a fresh connection, if anything did.
fn meanwhile(stage: &Stage, number: usize) -> Result<Option<String>, Surprise> {
    let deadline = stage.within(Duration::from_secs(2));
    let probe = match stage.try_connect("http", None, deadline)? {
        Ok(probe) => probe,
        Err(error) => return Ok(Some(format!("connection {number} was not accepted: {error}"))),
    };
    let answer = HttpProbe::new(probe, deadline).load(&format!("stopped-{number}"))?;
    Ok(answer.err().map(|no_answer| format!("connection {number} was not answered: {no_answer}")))
}
