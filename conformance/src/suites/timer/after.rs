use std::time::{Duration, Instant};

use super::alarm::{comes, nothing_more};
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::suites::speaker::{Port, Speaker};
use crate::testee::Capability;
use crate::verdict::{Finding, Outcome, Surprise, broken, kept};

const TIMERS: Need = Need::Can(Capability::Timers);

/// TIMER-1 and TIMER-7: timers that fire once, and when.
pub(super) const CASES: &[Case] = &[
    act! {
        "timer.after.once", Must, Source::Model("TIMER-1");
        claim: "A timer that runs once must run once.";
        reading: "100 ms; nothing more within 300 ms.";
        needs: [Port::Text.need(), TIMERS]; Shared; seconds: 8;
        accepts: ["its name, once"]; aliases: [];
        run: |stage| once(stage, Port::Text)
    },
    act! {
        "timer.after.once-on-frame", Must, Source::Model("TIMER-1");
        claim: "A timer that runs once must run once on port frame.";
        reading: "100 ms; nothing more within 300 ms.";
        needs: [Port::Frame.need(), TIMERS]; Shared; seconds: 8;
        accepts: ["its name, once"]; aliases: [];
        run: |stage| once(stage, Port::Frame)
    },
    act! {
        "timer.after.not-early", Must, Source::Model("TIMER-7");
        claim: "A timer must not fire before its time.";
        reading: "200 ms, from before it was asked for; the clocks may differ by 2 ms.";
        needs: [Port::Text.need(), TIMERS]; Shared; seconds: 8;
        accepts: ["not before 198 ms"]; aliases: [];
        run: not_early
    },
    act! {
        "timer.after.not-late", Must, Source::Model("TIMER-7");
        claim: "A timer must fire in time where the worker has nothing else to do.";
        reading: "200 ms; 150 ms and the quiet window are given to a machine that is busy.";
        needs: [Port::Text.need(), TIMERS]; Shared; seconds: 8;
        accepts: ["not after 350 ms"]; aliases: [];
        run: not_late
    },
    act! {
        "timer.after.zero", Must, Source::Model("TIMER-1");
        claim: "A timer of no delay must fire.";
        reading: "At once, but not within the callback that adds it.";
        needs: [Port::Text.need(), TIMERS]; Shared; seconds: 8;
        accepts: ["its name"]; aliases: [];
        run: zero
    },
    act! {
        "timer.after.order", Must, Source::Model("TIMER-7");
        claim: "Timers must fire in the order of their deadlines.";
        reading: "300, 100 and 200 ms, added in this order in one go.";
        needs: [Port::Text.need(), TIMERS]; Shared; seconds: 8;
        accepts: ["the one of 100, of 200, of 300 ms"]; aliases: [];
        run: order
    },
];

fn once(stage: &Stage, port: Port) -> Outcome {
    let mut speaker = Speaker::open(stage, port)?;
    speaker.say(b"!after once 100")?;
    match comes(&mut speaker, stage, "once")? {
        None => nothing_more(&mut speaker, stage, 300),
        Some(problem) => broken(problem),
    }
}

/// When a timer of 200 ms comes, from before it was asked for.
fn time_of_200(stage: &Stage) -> Result<Result<Duration, String>, Surprise> {
    let mut speaker = Speaker::open(stage, Port::Text)?;
    speaker.who(stage)?;
    let begun = Instant::now();
    speaker.say(b"!after timed 200")?;
    let problem = comes(&mut speaker, stage, "timed")?;
    let took = begun.elapsed();
    Ok(problem.map_or(Ok(took), Err))
}

fn not_early(stage: &Stage) -> Outcome {
    match time_of_200(stage)? {
        Ok(took) if took < Duration::from_millis(198) => broken(format!("after {} ms", took.as_millis())),
        Ok(took) => Ok(Finding::Kept(format!("after {} ms", took.as_millis()))),
        Err(problem) => broken(problem),
    }
}

fn not_late(stage: &Stage) -> Outcome {
    // Another process may have had the processor: the best of three is the server's.
    let mut best = Duration::MAX;
    for _ in 0..3 {
        match time_of_200(stage)? {
            Ok(took) => best = best.min(took),
            Err(problem) => return broken(problem),
        }
        if best < Duration::from_millis(250) {
            break;
        }
    }
    match best <= Duration::from_millis(350) + stage.quiet() {
        true => Ok(Finding::Kept(format!("after {} ms", best.as_millis()))),
        false => broken(format!("after {} ms at best", best.as_millis())),
    }
}

fn zero(stage: &Stage) -> Outcome {
    let mut speaker = Speaker::open(stage, Port::Text)?;
    speaker.say(b"!after now 0")?;
    match comes(&mut speaker, stage, "now")? {
        None => kept(),
        Some(problem) => broken(problem),
    }
}

fn order(stage: &Stage) -> Outcome {
    let mut speaker = Speaker::open(stage, Port::Text)?;
    for command in ["!after third 300", "!after first 100", "!after second 200"] {
        speaker.say(command.as_bytes())?;
    }
    for wanted in ["first", "second", "third"] {
        if let Some(problem) = comes(&mut speaker, stage, wanted)? {
            return broken(problem);
        }
    }
    kept()
}
