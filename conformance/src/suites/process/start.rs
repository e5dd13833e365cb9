use std::time::Duration;

use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::{Capability, Exit};
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
