use std::time::{Duration, Instant};

use super::alarm::{comes, nothing_more};
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::suites::speaker::{Port, Speaker, two_of_one};
use crate::testee::Capability;
use crate::verdict::{Finding, Outcome, Surprise, broken, kept, unproved};

const TIMERS: Need = Need::Can(Capability::Timers);

/// TIMER-4 and TIMER-6: timers that repeat.
pub(super) const CASES: &[Case] = &[
    act! {
        "timer.every.count", Must, Source::Model("TIMER-4");
        claim: "A repeating timer that deletes itself in its fifth run must run five times.";
        reading: "Every 50 ms; nothing more within 200 ms.";
        needs: [Port::Text.need(), TIMERS]; Shared; seconds: 8;
        accepts: ["five runs"]; aliases: [];
        run: count
    },
    act! {
        "timer.every.interval", Must, Source::Model("TIMER-6");
        claim: "Runs of a repeating timer must be at least its interval apart.";
        reading: "Every 100 ms; by their arrival, with 20 ms for the way.";
        needs: [Port::Text.need(), TIMERS]; Shared; seconds: 8;
        accepts: ["80 ms or more between any two"]; aliases: [];
        run: interval
    },
    act! {
        "timer.every.no-burst", Must, Source::Model("TIMER-6");
        claim: "Runs that a blocked worker has missed must not be made up for.";
        reading: "Every 100 ms, and the worker is blocked for 450 ms: the runs behind it keep their distance.";
        needs: [Port::Text.need(), TIMERS]; Shared; seconds: 8;
        accepts: ["no two runs closer than 60 ms", "800 ms or more for all six: one came late, and none was made up for"];
        aliases: [];
        run: no_burst
    },
];

fn count(stage: &Stage) -> Outcome {
    let mut speaker = Speaker::open(stage, Port::Text)?;
    speaker.say(b"!every run 50 5")?;
    for run in 1..=5 {
        if let Some(problem) = comes(&mut speaker, stage, &format!("run {run}"))? {
            return broken(problem);
        }
    }
    nothing_more(&mut speaker, stage, 200)
}

/// When each of so many runs arrived.
fn arrivals(
    speaker: &mut Speaker,
    stage: &Stage,
    runs: u32,
) -> Result<Result<Vec<Instant>, String>, Surprise> {
    let mut arrivals = Vec::new();
    for run in 1..=runs {
        if let Some(problem) = comes(speaker, stage, &format!("run {run}"))? {
            return Ok(Err(problem));
        }
        arrivals.push(Instant::now());
    }
    Ok(Ok(arrivals))
}

fn apart(arrivals: &[Instant], least: Duration) -> Outcome {
    let gaps: Vec<u128> =
        arrivals.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_millis()).collect();
    match gaps.iter().all(|gap| least.as_millis() <= *gap) {
        true => Ok(Finding::Kept(format!("{gaps:?} ms apart"))),
        false => broken(format!("{gaps:?} ms apart")),
    }
}

fn interval(stage: &Stage) -> Outcome {
    // A run that the machine has delayed is close to the next one: the best of three is the server's.
    let mut finding = kept()?;
    for _ in 0..3 {
        let mut speaker = Speaker::open(stage, Port::Text)?;
        speaker.say(b"!every run 100 5")?;
        finding = match arrivals(&mut speaker, stage, 5)? {
            Ok(arrivals) => apart(&arrivals, Duration::from_millis(80))?,
            Err(problem) => return broken(problem),
        };
        if matches!(finding, Finding::Kept(_)) {
            break;
        }
    }
    Ok(finding)
}

fn no_burst(stage: &Stage) -> Outcome {
    let Some((mut speaker, mut blocking)) = two_of_one(stage, Port::Text, false)? else {
        return unproved("no two of 48 connections came to one worker");
    };
    speaker.say(b"!every run 100 6")?;
    if let Some(problem) = comes(&mut speaker, stage, "run 1")? {
        return broken(problem);
    }
    blocking.say(b"!block 450")?;
    let mut times = vec![Instant::now()];
    for run in 2..=6 {
        if let Some(problem) = comes(&mut speaker, stage, &format!("run {run}"))? {
            return broken(problem);
        }
        times.push(Instant::now());
    }
    // On a busy machine one may come late, and the next in time. Who makes up for what was missed is done early.
    match times[5] - times[0] {
        took if NONE_MADE_UP <= took => kept(),
        _ => apart(&times, Duration::from_millis(60)),
    }
}

/// Less than what is blocked and the four intervals behind it, and more than that without one of them.
const NONE_MADE_UP: Duration = Duration::from_millis(800);
