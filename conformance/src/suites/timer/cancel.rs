use std::time::Duration;

use super::alarm::{comes, hear, nothing_more};
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::suites::speaker::{Port, Speaker};
use crate::testee::Capability;
use crate::verdict::{Outcome, broken, kept};

const TIMERS: Need = Need::Can(Capability::Timers);

/// TIMER-3 and TIMER-4: who deletes a timer, and what goes with a connection.
pub(super) const CASES: &[Case] = &[
    act! {
        "timer.cancel.pending", Must, Source::Model("TIMER-3");
        claim: "A timer that is deleted must not fire, and the deletion must say that it was pending.";
        reading: "150 ms, deleted at once; nothing within 350 ms.";
        needs: [Port::Text.need(), TIMERS]; Shared; seconds: 8;
        accepts: ["`cancelled`, and nothing more"]; aliases: [];
        run: pending
    },
    act! {
        "timer.cancel.repeating", Must, Source::Model("TIMER-3");
        claim: "A repeating timer that is deleted must run no more.";
        reading: "Every 50 ms, deleted behind its second run.";
        needs: [Port::Text.need(), TIMERS]; Shared; seconds: 8;
        accepts: ["`cancelled`, and nothing more"]; aliases: [];
        run: repeating
    },
    act! {
        "timer.cancel.unknown", Must, Source::Model("TIMER-3");
        claim: "The deletion of a timer that never was must say so.";
        reading: "A name that nobody used.";
        needs: [Port::Text.need(), TIMERS]; Shared; seconds: 8;
        accepts: ["`none`"]; aliases: [];
        run: |stage| says(stage, &[], "none ghost", b"!cancel ghost")
    },
    act! {
        "timer.cancel.fired", Must, Source::Model("TIMER-3");
        claim: "The deletion of a timer that has fired must say that it was not pending.";
        reading: "20 ms, deleted behind its run.";
        needs: [Port::Text.need(), TIMERS]; Shared; seconds: 8;
        accepts: ["`none`"]; aliases: [];
        run: |stage| says(stage, &["!after spent 20"], "none spent", b"!cancel spent")
    },
    act! {
        "timer.cancel.twice", Must, Source::Model("TIMER-3");
        claim: "The second deletion of a timer must say that it was not pending.";
        reading: "A timer of a minute, deleted twice.";
        needs: [Port::Text.need(), TIMERS]; Shared; seconds: 8;
        accepts: ["`none` the second time"]; aliases: [];
        run: twice
    },
    act! {
        "timer.callback.deletes-other", Must, Source::Model("TIMER-4");
        claim: "A timer that another one deletes in its callback must not fire.";
        reading: "100 ms deletes the one of 200 ms; nothing more within 300 ms.";
        needs: [Port::Text.need(), TIMERS]; Shared; seconds: 8;
        accepts: ["`cancelled`, and nothing more"]; aliases: [];
        run: deletes_other
    },
    act! {
        "timer.callback.deletes-itself", Must, Source::Model("TIMER-3");
        claim: "A timer that runs once must not be pending in its own callback.";
        reading: "It deletes itself there.";
        needs: [Port::Text.need(), TIMERS]; Shared; seconds: 8;
        accepts: ["`none`"]; aliases: [];
        run: deletes_itself
    },
    act! {
        "timer.connection.goes", Must, Source::Contract("Commands inside messages");
        claim: "Timers of a connection that is gone must harm nobody.";
        reading: "Twenty connections with a timer of 50 ms each go before it; a bystander of each worker is answered.";
        needs: [Port::Text.need(), TIMERS]; Shared; seconds: 8;
        accepts: ["the bystanders are answered"]; aliases: [];
        run: goes
    },
];

fn pending(stage: &Stage) -> Outcome {
    let mut speaker = Speaker::open(stage, Port::Text)?;
    speaker.say(b"!after doomed 150")?;
    speaker.say(b"!cancel doomed")?;
    match comes(&mut speaker, stage, "cancelled doomed")? {
        None => nothing_more(&mut speaker, stage, 350),
        Some(problem) => broken(problem),
    }
}

fn repeating(stage: &Stage) -> Outcome {
    let mut speaker = Speaker::open(stage, Port::Text)?;
    speaker.say(b"!every run 50 100")?;
    for run in 1..=2 {
        if let Some(problem) = comes(&mut speaker, stage, &format!("run {run}"))? {
            return broken(problem);
        }
    }
    speaker.say(b"!cancel run")?;
    // A run may be on its way.
    for _ in 0..20 {
        match hear(&mut speaker, stage.within(Duration::from_secs(2)))? {
            Ok(message) if message == "cancelled run" => return nothing_more(&mut speaker, stage, 200),
            Ok(message) if message.starts_with("run ") => {}
            other => return broken(format!("{other:?} behind `!cancel`")),
        }
    }
    broken("it runs on")
}

/// Says some, hears their runs, and asks: that has to be the answer.
fn says(stage: &Stage, before: &[&str], wanted: &str, ask: &[u8]) -> Outcome {
    let mut speaker = Speaker::open(stage, Port::Text)?;
    for command in before {
        speaker.say(command.as_bytes())?;
        let name = command.split(' ').nth(1).unwrap_or_default();
        if let Some(problem) = comes(&mut speaker, stage, name)? {
            return broken(problem);
        }
    }
    speaker.say(ask)?;
    match comes(&mut speaker, stage, wanted)? {
        None => kept(),
        Some(problem) => broken(problem),
    }
}

fn twice(stage: &Stage) -> Outcome {
    let mut speaker = Speaker::open(stage, Port::Text)?;
    for command in ["!after far 60000", "!cancel far", "!cancel far"] {
        speaker.say(command.as_bytes())?;
    }
    for wanted in ["cancelled far", "none far"] {
        if let Some(problem) = comes(&mut speaker, stage, wanted)? {
            return broken(problem);
        }
    }
    kept()
}

fn deletes_other(stage: &Stage) -> Outcome {
    let mut speaker = Speaker::open(stage, Port::Text)?;
    speaker.say(b"!after victim 200")?;
    speaker.say(b"!after killer 100 victim")?;
    match comes(&mut speaker, stage, "killer cancelled victim")? {
        None => nothing_more(&mut speaker, stage, 300),
        Some(problem) => broken(problem),
    }
}

fn deletes_itself(stage: &Stage) -> Outcome {
    let mut speaker = Speaker::open(stage, Port::Text)?;
    speaker.say(b"!after self 50 self")?;
    match comes(&mut speaker, stage, "self none self")? {
        None => kept(),
        Some(problem) => broken(problem),
    }
}

fn goes(stage: &Stage) -> Outcome {
    let mut bystanders = Vec::new();
    for _ in 0..8 {
        let mut bystander = Speaker::open(stage, Port::Text)?;
        let pid = bystander.who(stage)?.pid;
        bystanders.push((bystander, pid));
    }
    for _ in 0..20 {
        let mut speaker = Speaker::open(stage, Port::Text)?;
        speaker.who(stage)?;
        speaker.say(b"!every orphan 50 1000")?;
    }
    stage.holds_for(Duration::from_millis(150), || true);
    for (mut bystander, pid) in bystanders {
        bystander.say(b"!who")?;
        match hear(&mut bystander, stage.deadline())? {
            Ok(answer) if answer.contains(&pid.to_string()) => {}
            other => return broken(format!("a bystander of {pid}: {other:?}")),
        }
    }
    kept()
}
