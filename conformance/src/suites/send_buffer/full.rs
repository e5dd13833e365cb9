use super::stall::{LIMIT, SIZE, Stall, is_flood, number};
use crate::case::{Case, Need, Source};
use crate::probe::TextProbe;
use crate::run::Stage;
use crate::testee::Capability;
use crate::verdict::{Finding, Outcome, Surprise, broken, kept, unproved};

const NEEDS: [Need; 3] =
    [Need::Can(Capability::Text), Need::Can(Capability::SendBuffer), Need::Can(Capability::Journal)];

/// BUF-2 to BUF-6.
pub(super) const CASES: &[Case] = &[
    act! {
        "buffer.limit.takes-whole", Must, Source::Model("BUF-3");
        claim: "A message must be taken whole as long as the buffer is below its limit.";
        reading: "A limit of 1000 bytes and one message of 400000: the buffer is empty, so it is taken.";
        needs: [NEEDS[0], NEEDS[1], NEEDS[2]]; Shared; seconds: 8;
        accepts: ["the message arrives whole, and none was refused"]; aliases: [];
        run: takes_whole
    },
    act! {
        "buffer.limit.refuses-when-full", Must, Source::Model("BUF-4");
        claim: "A message must be refused whole and reported while the buffer is full, and the connection must stay.";
        reading: "Each refused message is one `error` with code 2; what was taken arrives complete, then the connection works on.";
        needs: [NEEDS[0], NEEDS[1], NEEDS[2]]; Shared; seconds: 8;
        accepts: ["taken messages arrive in order, refused ones not at all, each of them reported once"]; aliases: [];
        run: refuses_when_full
    },
    act! {
        "buffer.full.once", Must, Source::Model("BUF-5");
        claim: "A full buffer must be reported once per crossing of its limit.";
        reading: "Messages that are refused while it is full don't report it again.";
        needs: [NEEDS[0], NEEDS[1], NEEDS[2]]; Shared; seconds: 8;
        accepts: ["one `buffer_full`"]; aliases: [];
        run: full_once
    },
    act! {
        "buffer.drain.once", Must, Source::Model("BUF-6");
        claim: "A buffer that became empty again must be reported once, and not before.";
        reading: "No `buffer_drain` while the reader stalls; one after it has read everything.";
        needs: [NEEDS[0], NEEDS[1], NEEDS[2]]; Shared; seconds: 8;
        accepts: ["no `buffer_drain` while the reader stalls, one after it caught up"]; aliases: [];
        run: drain_once
    },
    act! {
        "buffer.order.behind-buffered", Must, Source::Model("BUF-2");
        claim: "What is sent while output is buffered must arrive behind it.";
        reading: "The answer to a line that was sent during the stall comes after every message that was taken.";
        needs: [NEEDS[0], NEEDS[1], NEEDS[2]]; Shared; seconds: 8;
        accepts: ["every taken message in order, then the answer"]; aliases: [];
        run: behind_buffered
    },
    act! {
        "buffer.stall.others-served", Must, Source::Model("BUF-2");
        claim: "A reader that stalls must hold up no other connection of its worker.";
        reading: "A second connection of the same worker is answered while the first one's buffer is full.";
        needs: [NEEDS[0], NEEDS[1], NEEDS[2]]; Shared; seconds: 8;
        accepts: ["the other connection is answered"]; aliases: [];
        run: others_served
    },
];

/// What can't be judged if the kernel took everything.
const SWALLOWED: &str = "the kernel took the whole flood: nothing was left to buffer";

fn takes_whole(stage: &Stage) -> Outcome {
    let mut probe = stage.narrow_text()?;
    let pid = probe.who()?.pid;
    let limited = probe.ask(b"!buffer 1000")?;
    if limited != Ok(b"buffer 1000".to_vec()) {
        return Err(Surprise(format!("`!buffer 1000` is not obeyed: {limited:?}")));
    }
    probe.say(b"!flood 1 400000")?;
    probe.raw().widen()?;
    match probe.hear()? {
        Ok(line) if line.len() == 400_000 => {}
        Ok(line) => return broken(format!("{} of 400000 octets came", line.len())),
        Err(end) => return broken(format!("the message did not come: {}", end.name())),
    }
    let flood = stage.eventually(|| stage.testee().journal().into_iter().find(|line| is_flood(line, pid, 1)));
    match flood.and_then(|line| line.refused) {
        Some(0) => kept(),
        refused => broken(format!("it arrived, but the journal says refused: {refused:?}")),
    }
}

fn refuses_when_full(stage: &Stage) -> Outcome {
    let mut stall = Stall::begin(stage, 401)?;
    if stall.refused() == 0 {
        return match stall.sent() * (SIZE as u64 + 1) {
            // More than any socket buffer takes with so narrow a reader: buffered without a limit.
            bytes if 7_000_000 < bytes => broken(format!("{bytes} bytes were taken with a limit of {LIMIT}")),
            _ => unproved(SWALLOWED),
        };
    }
    let errors = stall.await_events(stage, "error", stall.refused() as usize);
    if errors as u64 != stall.refused() {
        return broken(format!("{} messages were refused and {errors} errors reported", stall.refused()));
    }
    if let Err(problem) = stall.catch_up()? {
        return broken(problem);
    }
    match stall.probe.ask(b"still there")? {
        Ok(line) if line == b"still there" => kept(),
        Ok(line) => broken(format!(
            "a message came that was refused: \"{}…\"",
            String::from_utf8_lossy(&line[..line.len().min(12)])
        )),
        Err(end) => broken(format!("the connection did not survive: {}", end.name())),
    }
}

fn full_once(stage: &Stage) -> Outcome {
    let mut stall = Stall::begin(stage, 402)?;
    if stall.refused() == 0 {
        return unproved(SWALLOWED);
    }
    // The `flood` lines are written behind those of their sends, so they are all there.
    let reported = stall.events(stage, "buffer_full");
    let crossings = match stall.catch_up()? {
        Ok(crossings) => crossings,
        Err(problem) => return broken(problem),
    };
    // Where refusing began more than once, the limit may have been crossed in between without it.
    match reported {
        reported if (crossings..crossings * 2).contains(&reported) => kept(),
        reported => {
            broken(format!("`buffer_full` was reported {reported} times; refusing began {crossings} times"))
        }
    }
}

fn drain_once(stage: &Stage) -> Outcome {
    let mut stall = Stall::begin(stage, 403)?;
    if stall.refused() == 0 {
        return unproved(SWALLOWED);
    }
    if stall.since_full(stage, "buffer_drain") != 0 {
        return broken("`buffer_drain` was reported behind `buffer_full` while the reader stalled");
    }
    if let Err(problem) = stall.catch_up()? {
        return broken(problem);
    }
    stage.eventually(|| (stall.since_full(stage, "buffer_drain") != 0).then_some(()));
    // A second report would have to come before the answer to this.
    let fence = stall.probe.ask(b"fence")?;
    match (fence, stall.since_full(stage, "buffer_drain")) {
        (Ok(_), 1) => kept(),
        (Err(end), _) => broken(format!("the connection did not survive: {}", end.name())),
        (Ok(_), count) => broken(format!("`buffer_drain` was reported {count} times, not once")),
    }
}

fn behind_buffered(stage: &Stage) -> Outcome {
    let mut stall = Stall::begin(stage, 404)?;
    if stall.refused() == 0 {
        return unproved(SWALLOWED);
    }
    // Read until the buffer has room again: an answer to a full one would be refused.
    stall.probe.raw().widen()?;
    let half = stall.sent() / 2;
    let mut asked = false;
    for place in 0..stall.sent() {
        if place == half {
            stall.probe.say(b"behind")?;
            asked = true;
        }
        match stall.probe.hear()? {
            Ok(line) if number(&line).is_some() => {}
            Ok(line) if line == b"behind" => {
                return broken(format!("the answer overtook {} messages", stall.sent() - place));
            }
            Ok(_) => return broken(format!("message {place} is not one that is due")),
            Err(end) => return broken(format!("message {place} did not come: {}", end.name())),
        }
    }
    if !asked {
        stall.probe.say(b"behind")?;
    }
    match stall.probe.hear()? {
        Ok(line) if line == b"behind" => kept(),
        Ok(_) => broken("something else came behind the messages"),
        Err(end) => Ok(Finding::Broken(format!("the answer did not come: {}", end.name()))),
    }
}

fn others_served(stage: &Stage) -> Outcome {
    let Some((mut other, mut stalled)) = ordinary_and_narrow(stage)? else {
        return unproved("no ordinary and narrow connection of 48 came to one worker");
    };
    stalled.ask(format!("!buffer {LIMIT}").as_bytes())?.map_err(|end| Surprise(end.name().to_owned()))?;
    stalled.say(format!("!flood 405 {SIZE}").as_bytes())?;
    // The flood is on its way or done when nothing came here in the quiet window.
    if let Ok(line) = other.hear_until(stage.within(stage.quiet()))? {
        return broken(format!("\"{}\" came on the other connection", String::from_utf8_lossy(&line)));
    }
    match other.ask(b"meanwhile")? {
        Ok(line) if line == b"meanwhile" => kept(),
        Ok(line) => broken(format!("\"{}\" and not \"meanwhile\"", String::from_utf8_lossy(&line))),
        Err(end) => broken(format!("not answered: {}", end.name())),
    }
}

/// An ordinary connection and one with a small receive buffer that one worker serves. Two narrow ones for
/// each ordinary one: a server that hands connections round in turn would keep the kinds apart for ever.
fn ordinary_and_narrow(stage: &Stage) -> Result<Option<(TextProbe, TextProbe)>, Surprise> {
    let (mut ordinary, mut narrow) = (Vec::new(), Vec::new());
    for round in 0..48 {
        let kind = if round % 3 == 0 { &mut ordinary } else { &mut narrow };
        let mut probe = if round % 3 == 0 { stage.text()? } else { stage.narrow_text()? };
        let pid = probe.who()?.pid;
        kind.push((pid, probe));
        let pair = ordinary.iter().enumerate().find_map(|(left, (pid, _))| {
            narrow.iter().position(|(other, _)| other == pid).map(|right| (left, right))
        });
        if let Some((left, right)) = pair {
            return Ok(Some((ordinary.swap_remove(left).1, narrow.swap_remove(right).1)));
        }
    }
    Ok(None)
}
