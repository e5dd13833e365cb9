use std::time::Duration;

use crate::case::{Case, Need, Source};
use crate::probe::{End, TextProbe};
use crate::run::Stage;
use crate::testee::Capability;
use crate::verdict::{Outcome, Surprise, broken, kept, unproved};

const TEXT: Need = Need::Can(Capability::Text);
const DEFERRED: Need = Need::Can(Capability::Deferred);

/// How connections live beside each other and end.
pub(super) const CASES: &[Case] = &[
    act! {
        "text.close.after-last-word", Must, Source::Model("CONN-25");
        claim: "A connection that the application closes must first deliver what was sent on it.";
        reading: "`!close` says `bye`; the line arrives, then the end, and what follows is not answered.";
        needs: [TEXT]; Shared; seconds: 5;
        accepts: ["`bye`, then closed"]; aliases: [];
        run: after_last_word
    },
    act! {
        "text.close.half-closed", Must, Source::Model("SF-32");
        claim: "A client that has finished sending must still get every answer.";
        reading: "The end of what the client sends is not the end of what it reads.";
        needs: [TEXT]; Shared; seconds: 5;
        accepts: ["every answer, complete and in order"]; aliases: [];
        run: half_closed
    },
    act! {
        "text.deferred.others-served", Must, Source::Contract("Commands inside messages");
        claim: "A worker that will answer later must serve its other connections meanwhile.";
        reading: "A line on another connection of the same worker is answered before `!sleep 500` is.";
        needs: [TEXT, DEFERRED]; Shared; seconds: 5;
        accepts: ["the other connection is answered first"]; aliases: [];
        run: others_served
    },
    act! {
        "text.reset.alone", Must, Source::Model("BUF-8");
        claim: "A connection that the client resets must harm no other.";
        reading: "Twenty clients reset in the middle of a line; a bystander of each worker is answered by it.";
        needs: [TEXT]; Shared; seconds: 5;
        accepts: ["the bystanders are answered by their workers"]; aliases: [];
        run: reset_alone
    },
];

fn after_last_word(stage: &Stage) -> Outcome {
    let mut probe = stage.text()?;
    probe.send(b"before\n!close\nafter\n")?;
    for expected in ["before", "bye"] {
        match probe.hear()? {
            Ok(line) if line == expected.as_bytes() => {}
            Ok(line) => {
                return broken(format!("\"{}\" and not \"{expected}\"", String::from_utf8_lossy(&line)));
            }
            Err(end) => return broken(format!("no \"{expected}\": {}", end.name())),
        }
    }
    match probe.hear_until(stage.within(Duration::from_secs(2)))? {
        Err(end) if end.is_over() => kept(),
        Err(end) => broken(format!("the connection stays after `bye`: {}", end.name())),
        Ok(line) => broken(format!("answered after `bye`: \"{}\"", String::from_utf8_lossy(&line))),
    }
}

fn half_closed(stage: &Stage) -> Outcome {
    let mut probe = stage.narrow_text()?;
    // More than so narrow a connection takes at once, less than the send buffer holds.
    probe.send(b"!flood 400 1999\nlast\n")?;
    probe.raw().finish_sending();
    probe.raw().widen()?;
    for number in 0..400 {
        match probe.hear()? {
            Ok(line) if line.len() == 1999 && line.starts_with(format!("{number:08}").as_bytes()) => {}
            Ok(_) => return broken(format!("message {number} of 400 is not the one that is due")),
            Err(end) => return broken(format!("message {number} of 400 did not come: {}", end.name())),
        }
    }
    match probe.hear()? {
        Ok(line) if line == b"last" => kept(),
        Ok(line) => broken(format!("\"{}\" and not \"last\"", String::from_utf8_lossy(&line))),
        Err(end) => broken(format!("no answer to the last line: {}", end.name())),
    }
}

fn others_served(stage: &Stage) -> Outcome {
    let Some((mut waiting, mut other)) = two_of_one_worker(stage)? else {
        return unproved("no two of 32 connections came to one worker");
    };
    waiting.say(b"!sleep 500")?;
    // It has begun when nothing came in the quiet window.
    if let Ok(line) = waiting.hear_until(stage.within(stage.quiet()))? {
        return broken(format!("`!sleep 500` was answered at once: \"{}\"", String::from_utf8_lossy(&line)));
    }
    match other.ask(b"meanwhile")? {
        Ok(line) if line == b"meanwhile" => {}
        Ok(line) => return broken(format!("\"{}\" and not \"meanwhile\"", String::from_utf8_lossy(&line))),
        Err(end) => return broken(format!("the other connection was not answered: {}", end.name())),
    }
    // Look at what has arrived by now, without waiting for more.
    if waiting.hear_until(stage.within(Duration::ZERO))? != Err(End::TimedOut) {
        return broken("the other connection was answered only after `!sleep 500`");
    }
    match waiting.hear()? {
        Ok(line) if line == b"slept 500" => kept(),
        Ok(line) => broken(format!("\"{}\" and not \"slept 500\"", String::from_utf8_lossy(&line))),
        Err(end) => broken(format!("`!sleep 500` was not answered: {}", end.name())),
    }
}

fn reset_alone(stage: &Stage) -> Outcome {
    let mut bystanders = Vec::new();
    for _ in 0..8 {
        let mut bystander = stage.text()?;
        let pid = bystander.who()?.pid;
        bystanders.push((bystander, pid));
    }
    for _ in 0..20 {
        let mut probe = stage.text()?;
        probe.send(b"half a li")?;
        probe.into_raw().reset()?;
    }
    // Each worker has read its resets when it has answered connections that came behind them.
    for _ in 0..8 {
        let mut fence = stage.text()?;
        if let Err(end) = fence.ask(b"fence")? {
            return broken(format!(
                "a connection that came behind the resets was not answered: {}",
                end.name()
            ));
        }
    }
    for (mut bystander, pid) in bystanders {
        match bystander.ask(b"!who")? {
            Ok(line) if String::from_utf8_lossy(&line).contains(&pid.to_string()) => {}
            Ok(line) => return broken(format!("another worker answers: {}", String::from_utf8_lossy(&line))),
            Err(end) => return broken(format!("a bystander was not answered: {}", end.name())),
        }
    }
    kept()
}

/// Two connections that one worker serves; `None` if chance never brings them together.
pub(in crate::suites) fn two_of_one_worker(
    stage: &Stage,
) -> Result<Option<(TextProbe, TextProbe)>, Surprise> {
    let mut probes: Vec<(TextProbe, i32)> = Vec::new();
    for _ in 0..32 {
        let mut probe = stage.text()?;
        let pid = probe.who()?.pid;
        if let Some(place) = probes.iter().position(|(_, other)| *other == pid) {
            return Ok(Some((probes.swap_remove(place).0, probe)));
        }
        probes.push((probe, pid));
    }
    Ok(None)
}
