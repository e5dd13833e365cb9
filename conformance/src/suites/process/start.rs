use std::time::{Duration, Instant};

use super::stop::refused;
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::{Capability, Exit, Mode, Release};
use crate::verdict::{Outcome, Surprise, broken, kept};

const HTTP: Need = Need::Can(Capability::Http);
const PID_FILE: Need = Need::Can(Capability::PidFile);

/// MASTER-1, MASTER-2, SF-16 and SF-19: the start and a second one.
pub(super) const CASES: &[Case] = &[
    act! {
        "process.pid-file.names-master", Must, Source::Contract("Commands of the process");
        claim: "The pid file must hold the master's pid: a decimal number and a newline.";
        reading: "The master is the process of start.command, and it stays in the foreground.";
        needs: [PID_FILE]; Shared; seconds: 5;
        accepts: ["the pid of the process that was started"]; aliases: [];
        run: names_master
    },
    act! {
        "process.start.second-refused", Must, Source::Model("SF-19");
        claim: "A second start with the same pid file must fail and leave the first server alone.";
        reading: "A status other than 0 within eight seconds; the pid file and the answers are as before.";
        needs: [PID_FILE, HTTP]; Isolated; seconds: 12;
        accepts: ["a status other than 0, the first server unharmed"]; aliases: [];
        run: second_refused
    },
    act! {
        "process.start.port-in-use", Must, Source::Model("SF-16");
        claim: "A start on a port that is in use must fail with a status other than 0.";
        reading: "The second server has a pid file of its own, so only the port stands in its way.";
        needs: [HTTP]; Isolated; seconds: 12;
        accepts: ["a status other than 0, the first server unharmed"]; aliases: [];
        run: port_in_use
    },
    act! {
        "process.start.broken-release", Must, Source::Model("SF-16");
        claim: "A start whose workers can't come up must fail with a status other than 0, and leave nothing behind.";
        reading: "Each worker exits with 3 as it starts; within eight seconds the start has ended, no process is left, and nothing listens.";
        needs: [HTTP, Need::Can(Capability::ReleaseModes)]; Isolated; seconds: 20;
        accepts: ["a status other than 0, no process left, connections refused"]; aliases: [];
        run: broken_release
    },
];

fn names_master(stage: &Stage) -> Outcome {
    let testee = stage.testee();
    let wanted = format!("{}\n", testee.master());
    let found =
        stage.eventually(|| std::fs::read_to_string(testee.pid_file()).ok().filter(|text| *text == wanted));
    match found {
        Some(_) => kept(),
        None => broken(format!(
            "it holds {:?}, the master is {}",
            std::fs::read_to_string(testee.pid_file()),
            testee.master()
        )),
    }
}

/// How long a start that has to fail may take: some servers try to bind several times.
const REFUSAL: Duration = Duration::from_secs(8);

fn second_refused(stage: &Stage) -> Outcome {
    let testee = stage.testee();
    stage
        .eventually(|| testee.pid_file().exists().then_some(()))
        .ok_or_else(|| Surprise("there never was a pid file".to_owned()))?;
    let (exit, output) =
        testee.start_again(stage.within(REFUSAL)).map_err(Surprise::of("can't start a second time"))?;
    let pid = std::fs::read_to_string(testee.pid_file()).unwrap_or_default();
    if pid != format!("{}\n", testee.master()) {
        return broken(format!("the pid file of the first server now holds {pid:?}"));
    }
    judge(stage, exit, &output)
}

fn port_in_use(stage: &Stage) -> Outcome {
    let (exit, output) = stage
        .testee()
        .start_beside(stage.within(REFUSAL))
        .map_err(Surprise::of("can't start a second one"))?;
    judge(stage, exit, &output)
}

fn broken_release(stage: &Stage) -> Outcome {
    let testee = stage.testee();
    let stop = testee.file().stop();
    testee.signal(testee.master(), stop.signal).map_err(Surprise::of("can't signal the master"))?;
    if testee.wait_exit(stage.within(stop.timeout)).is_none() {
        return Err(Surprise("the server does not stop".to_owned()));
    }
    let release = Release::new("broken", Mode::Exit);
    testee.set_release(&release).map_err(Surprise::of("can't set the release"))?;
    let started = testee.begin_start(stage.deadline()).map_err(Surprise::of("can't start"))?;
    match started.wait_exit(stage.within(REFUSAL)) {
        None => {
            return broken(format!("the start still runs after {REFUSAL:?}; it says {:?}", started.end()));
        }
        Some(Exit::Code(0)) => {
            return broken(format!("the start ends with status 0 and says {:?}", started.end()));
        }
        Some(_) => {}
    }
    // What it has told to end may need a moment.
    let patience = stage.within(Duration::from_secs(1));
    stage.eventually(|| (started.tree().is_empty() || patience <= Instant::now()).then_some(()));
    match started.tree().len() {
        0 => refused(stage),
        left => broken(format!("{left} processes outlive the start that failed")),
    }
}

fn judge(stage: &Stage, exit: Option<Exit>, output: &str) -> Outcome {
    match exit {
        None => return broken(format!("the second start still runs after {REFUSAL:?}")),
        Some(Exit::Code(0)) => {
            return broken(format!("the second start ends with status 0 and says {output:?}"));
        }
        Some(_) => {}
    }
    if let Some(exit) = stage.testee().exited() {
        return broken(format!("the first server is gone: {exit}"));
    }
    match stage.http()?.load("afterwards")? {
        Ok(receipt) if stage.testee().tree().iter().any(|process| process.pid.as_raw() == receipt.pid) => {
            kept()
        }
        Ok(receipt) => {
            broken(format!("process {} answers, which is none of the first server's", receipt.pid))
        }
        Err(no_answer) => broken(format!("the first server does not answer: {no_answer}")),
    }
}
