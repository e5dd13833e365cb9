use std::time::{Duration, Instant};

use super::figure::status;
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::suites::speaker::{Port, Speaker};
use crate::testee::{Capability, Verb};
use crate::verdict::{Finding, Outcome, Surprise, broken, kept};

const STATUS: Need = Need::Command(Verb::Status);

/// STATUS-4: who is stuck, and whom a look at the status holds up.
pub(super) const CASES: &[Case] = &[
    act! {
        "status.busy.blocked", Must, Source::Model("STATUS-3");
        claim: "A worker that is stuck in a callback must be said to be busy.";
        reading: "It has been for a second, of two and a half; the others are not.";
        needs: [STATUS, Port::Text.need()]; Isolated; seconds: 12;
        accepts: ["that one and no other"]; aliases: [];
        run: blocked
    },
    act! {
        "status.busy.nobody", Must, Source::Model("STATUS-3");
        claim: "A worker that waits for something to do must not be said to be busy.";
        reading: "Nobody has asked anything for a second.";
        needs: [STATUS]; Isolated; seconds: 12;
        accepts: ["nobody"]; aliases: [];
        run: nobody
    },
    act! {
        "status.busy.answers-at-once", Must, Source::Model("STATUS-1");
        claim: "The status must not wait for a worker that is stuck.";
        reading: "One is blocked for three seconds; the command ends within 1.5.";
        needs: [STATUS, Port::Text.need()]; Isolated; seconds: 12;
        accepts: ["the status, within 1.5 s"]; aliases: [];
        run: answers_at_once
    },
    act! {
        "status.harm.slow-client", Must, Source::Model("SF-30");
        claim: "Looking at the status must harm no client that is slow.";
        reading: "Megabytes are owed to a reader that stalls while the status is asked for five times; then all of it arrives.";
        needs: [STATUS, Port::Text.need(), Need::Can(Capability::Journal)]; Isolated; seconds: 12;
        accepts: ["every message"]; aliases: [];
        run: slow_client
    },
];

/// A worker that is stuck for so long.
fn stuck(stage: &Stage, ms: u64) -> Result<(Speaker, i32), Surprise> {
    stage.all_workers()?;
    let mut speaker = Speaker::open(stage, Port::Text)?;
    let pid = speaker.who(stage)?.pid;
    speaker.say(format!("!block {ms}").as_bytes())?;
    Ok((speaker, pid))
}

fn blocked(stage: &Stage) -> Outcome {
    let (_speaker, pid) = stuck(stage, 2_500)?;
    stage.holds_for(Duration::from_millis(1_000), || true);
    let busy: Vec<i32> =
        status(stage)?.workers.iter().filter(|worker| worker.is_busy()).map(|worker| worker.pid).collect();
    match busy == [pid] {
        true => kept(),
        false => broken(format!("{pid} is blocked; busy are {busy:?}")),
    }
}

fn nobody(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    stage.holds_for(Duration::from_millis(1_000), || true);
    let busy: Vec<i32> =
        status(stage)?.workers.iter().filter(|worker| worker.is_busy()).map(|worker| worker.pid).collect();
    match busy.is_empty() {
        true => kept(),
        false => broken(format!("busy are {busy:?}")),
    }
}

fn answers_at_once(stage: &Stage) -> Outcome {
    let (_speaker, pid) = stuck(stage, 3_000)?;
    stage.holds_for(Duration::from_millis(700), || true);
    let begun = Instant::now();
    let lists = status(stage)?.workers.iter().any(|worker| worker.pid == pid);
    match (begun.elapsed(), lists) {
        (took, _) if Duration::from_millis(1_500) < took => broken(format!("after {} ms", took.as_millis())),
        (_, false) => broken(format!("{pid} is blocked and is not listed")),
        (took, true) => Ok(Finding::Kept(format!("after {} ms", took.as_millis()))),
    }
}

fn slow_client(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    let mut speaker = Speaker::narrow(stage, Port::Text)?;
    let pid = speaker.who(stage)?.pid;
    // More than the kernel takes: the server itself has to hold some.
    speaker.say(b"!flood 200 60000")?;
    let flood = stage.eventually(|| {
        stage.testee().journal().into_iter().find(|line| line.event == "flood" && line.pid == pid)
    });
    let sent =
        flood.and_then(|line| line.sent).ok_or_else(|| Surprise("the journal has no `flood`".to_owned()))?;
    for _ in 0..5 {
        status(stage)?;
    }
    speaker.widen()?;
    for number in 0..sent {
        match speaker.hear(stage.deadline())? {
            Ok(message) if message.len() == 60_000 => {}
            other => {
                let what = other.map(|message| format!("{} octets", message.len()));
                return broken(format!("message {number} of {sent}: {what:?}"));
            }
        }
    }
    kept()
}
