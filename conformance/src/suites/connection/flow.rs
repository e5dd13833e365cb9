use std::time::Duration;

use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::suites::speaker::{Port, Speaker, two_of_one};
use crate::testee::{Capability, Pid, Process};
use crate::verdict::{Finding, Outcome, Surprise, broken, kept, unproved};

const JOURNAL: Need = Need::Can(Capability::Journal);

/// What is sent arrives, in order, and holds up nobody else.
pub(super) const CASES: &[Case] = &[
    act! {
        "connection.order.text", Must, Source::Model("BUF-2");
        claim: "What is sent to a reader that stalls must arrive whole and in order on port text.";
        reading: "Forty messages of 20000 octets, below the limit of the send buffer; read when the server has sent all.";
        needs: [Port::Text.need()]; Shared; seconds: 8;
        accepts: ["every message once, in order"]; aliases: [];
        run: |stage| order(stage, Port::Text)
    },
    act! {
        "connection.order.frame", Must, Source::Model("BUF-2");
        claim: "What is sent to a reader that stalls must arrive whole and in order on port frame.";
        reading: "Forty messages of 20000 octets, below the limit of the send buffer; read when the server has sent all.";
        needs: [Port::Frame.need()]; Shared; seconds: 8;
        accepts: ["every message once, in order"]; aliases: [];
        run: |stage| order(stage, Port::Frame)
    },
    act! {
        "connection.order.websocket", Must, Source::Model("BUF-2");
        claim: "What is sent to a reader that stalls must arrive whole and in order on port websocket.";
        reading: "Forty messages of 20000 octets, below the limit of the send buffer; read when the server has sent all.";
        needs: [Port::WebSocket.need()]; Shared; seconds: 8;
        accepts: ["every message once, in order"]; aliases: [];
        run: |stage| order(stage, Port::WebSocket)
    },
    act! {
        "connection.content.text", Must, Source::Model("PIPE-5");
        claim: "Three thousand messages that are sent in one go must come back unchanged and in order on port text.";
        reading: "Of 1 to 90 octets, with blanks at both ends; compared as one sequence.";
        needs: [Port::Text.need()]; Shared; seconds: 10;
        accepts: ["the same sequence of messages"]; aliases: [];
        run: |stage| content(stage, Port::Text)
    },
    act! {
        "connection.content.frame", Must, Source::Model("PIPE-5");
        claim: "Three thousand messages that are sent in one go must come back unchanged and in order on port frame.";
        reading: "Of 1 to 90 octets, with blanks at both ends; compared as one sequence.";
        needs: [Port::Frame.need()]; Shared; seconds: 10;
        accepts: ["the same sequence of messages"]; aliases: [];
        run: |stage| content(stage, Port::Frame)
    },
    act! {
        "connection.content.websocket", Must, Source::Model("PIPE-5");
        claim: "Three thousand messages that are sent in one go must come back unchanged and in order on port websocket.";
        reading: "Of 1 to 90 octets, with blanks at both ends; compared as one sequence.";
        needs: [Port::WebSocket.need()]; Shared; seconds: 10;
        accepts: ["the same sequence of messages"]; aliases: [];
        run: |stage| content(stage, Port::WebSocket)
    },
    act! {
        "connection.stall.text", Must, Source::Model("BUF-2");
        claim: "A reader that stalls must hold up no other connection of its worker on port text.";
        reading: "Six megabytes are on their way to it; a second connection of the same worker is answered.";
        needs: [Port::Text.need()]; Shared; seconds: 8;
        accepts: ["the other connection is answered"]; aliases: [];
        run: |stage| stall(stage, Port::Text)
    },
    act! {
        "connection.stall.frame", Must, Source::Model("BUF-2");
        claim: "A reader that stalls must hold up no other connection of its worker on port frame.";
        reading: "Six megabytes are on their way to it; a second connection of the same worker is answered.";
        needs: [Port::Frame.need()]; Shared; seconds: 8;
        accepts: ["the other connection is answered"]; aliases: [];
        run: |stage| stall(stage, Port::Frame)
    },
    act! {
        "connection.stall.websocket", Must, Source::Model("BUF-2");
        claim: "A reader that stalls must hold up no other connection of its worker on port websocket.";
        reading: "Six megabytes are on their way to it; a second connection of the same worker is answered.";
        needs: [Port::WebSocket.need()]; Shared; seconds: 8;
        accepts: ["the other connection is answered"]; aliases: [];
        run: |stage| stall(stage, Port::WebSocket)
    },
    act! {
        "connection.memory.text-unread", Must, Source::Model("BUF-4");
        claim: "A reader that stalls must not cost memory without bound on port text.";
        reading: "Two hundred megabytes are sent to it; the resident memory of its worker grows by less than 64.";
        needs: [Port::Text.need(), Need::Can(Capability::SendBuffer), JOURNAL]; Isolated; seconds: 15;
        accepts: ["less than 64 MiB more"]; aliases: [];
        run: |stage| unread(stage, Port::Text)
    },
    act! {
        "connection.memory.frame-unread", Must, Source::Model("BUF-4");
        claim: "A reader that stalls must not cost memory without bound on port frame.";
        reading: "Two hundred megabytes are sent to it; the resident memory of its worker grows by less than 64.";
        needs: [Port::Frame.need(), Need::Can(Capability::SendBuffer), JOURNAL]; Isolated; seconds: 15;
        accepts: ["less than 64 MiB more"]; aliases: [];
        run: |stage| unread(stage, Port::Frame)
    },
    act! {
        "connection.memory.echo-unread", Must, Source::Model("BUF-4");
        claim: "A client that sends and never reads must not cost memory without bound.";
        reading: "Sixty-four megabytes of lines, or as many as the server takes; the resident memory of its worker grows by less than 48.";
        needs: [Port::Text.need()]; Isolated; seconds: 15;
        accepts: ["less than 48 MiB more"]; aliases: [];
        run: echo_unread
    },
    act! {
        "connection.pause.frame", Must, Source::Model("CONN-20");
        claim: "What comes while a connection is paused must be answered behind the pause, in order, on port frame.";
        reading: "`!pause 300`, and two messages 60 ms behind it.";
        needs: [Port::Frame.need(), Need::Can(Capability::Deferred)]; Shared; seconds: 8;
        accepts: ["`paused 300` not before 300 ms, then both in order"]; aliases: [];
        run: |stage| pause(stage, Port::Frame)
    },
    act! {
        "connection.pause.websocket", Must, Source::Model("CONN-20");
        claim: "What comes while a connection is paused must be answered behind the pause, in order, on port websocket.";
        reading: "`!pause 300`, and two messages 60 ms behind it.";
        needs: [Port::WebSocket.need(), Need::Can(Capability::Deferred)]; Shared; seconds: 8;
        accepts: ["`paused 300` not before 300 ms, then both in order"]; aliases: [];
        run: |stage| pause(stage, Port::WebSocket)
    },
];

fn order(stage: &Stage, port: Port) -> Outcome {
    let mut speaker = Speaker::narrow(stage, port)?;
    speaker.who(stage)?;
    speaker.say(b"!flood 40 20000")?;
    speaker.say(b"behind")?;
    // The flood is done, or as far as it gets.
    stage.holds_for(stage.quiet(), || true);
    speaker.widen()?;
    for number in 0..40 {
        match speaker.hear(stage.deadline())? {
            Ok(message)
                if message.len() == 20_000 && message.starts_with(format!("{number:08}.").as_bytes()) => {}
            Ok(message) => {
                let head = String::from_utf8_lossy(&message[..message.len().min(12)]).into_owned();
                return broken(format!("message {number} came as \"{head}\" with {} octets", message.len()));
            }
            Err(nothing) => return broken(format!("message {number} of 40 did not come: {}", nothing.what)),
        }
    }
    match speaker.hear(stage.deadline())? {
        Ok(message) if message == b"behind" => kept(),
        other => broken(format!("what was said behind came as {other:?}")),
    }
}

fn content(stage: &Stage, port: Port) -> Outcome {
    let messages: Vec<Vec<u8>> = (0..3_000_usize)
        .map(|number| {
            let mut message = format!(" {number} ").into_bytes();
            message.resize(message.len().max(number * 7 % 91), b'x');
            message.push(b' ');
            message
        })
        .collect();
    let mut speaker = Speaker::open(stage, port)?;
    // A window of messages: neither side has to hold all of them.
    let mut heard = 0;
    for (number, message) in messages.iter().enumerate() {
        speaker.say(message)?;
        while heard + 300 <= number {
            if let Some(problem) = next_is(&mut speaker, stage, &messages[heard], heard)? {
                return broken(problem);
            }
            heard += 1;
        }
    }
    for (number, message) in messages.iter().enumerate().skip(heard) {
        if let Some(problem) = next_is(&mut speaker, stage, message, number)? {
            return broken(problem);
        }
    }
    kept()
}

fn next_is(
    speaker: &mut Speaker,
    stage: &Stage,
    wanted: &[u8],
    number: usize,
) -> Result<Option<String>, Surprise> {
    Ok(match speaker.hear(stage.within(Duration::from_secs(3)))? {
        Ok(message) if message == wanted => None,
        Ok(message) => Some(format!(
            "message {number} came as {:?} and not {:?}",
            String::from_utf8_lossy(&message),
            String::from_utf8_lossy(wanted)
        )),
        Err(nothing) => Some(format!("message {number} did not come: {}", nothing.what)),
    })
}

fn stall(stage: &Stage, port: Port) -> Outcome {
    let Some((mut stalled, mut other)) = two_of_one(stage, port, true)? else {
        return unproved("no two of 48 connections came to one worker");
    };
    stalled.say(b"!flood 100 60000")?;
    // The flood is on its way or done when nothing came here in the quiet window.
    if let Ok(message) = other.hear(stage.within(stage.quiet()))? {
        return broken(format!("{:?} came on the other connection", String::from_utf8_lossy(&message)));
    }
    other.say(b"meanwhile")?;
    match other.hear(stage.within(Duration::from_secs(2)))? {
        Ok(message) if message == b"meanwhile" => kept(),
        other => broken(format!("the other connection: {other:?}")),
    }
}

fn resident(pid: i32) -> Result<u64, Surprise> {
    let process = Process::read(Pid::from_raw(pid));
    process.map(|process| process.resident_bytes).ok_or_else(|| Surprise(format!("worker {pid} is gone")))
}

/// The most that a process holds beyond what it held, as looked at while `looks` says so.
fn growth(stage: &Stage, pid: i32, before: u64, looks: Duration) -> Result<u64, Surprise> {
    let mut most = before;
    stage.holds_for(looks, || {
        most = most.max(resident(pid).unwrap_or(most));
        true
    });
    resident(pid).map(|now| most.max(now) - before)
}

fn unread(stage: &Stage, port: Port) -> Outcome {
    let mut speaker = Speaker::narrow(stage, port)?;
    let pid = speaker.who(stage)?.pid;
    let before = resident(pid)?;
    speaker.say(b"!flood 4000 50000")?;
    let done = || stage.testee().journal().into_iter().any(|line| line.event == "flood" && line.pid == pid);
    stage.eventually(|| done().then_some(()));
    match growth(stage, pid, before, Duration::from_millis(50))? {
        more if more < 64 << 20 => Ok(Finding::Kept(format!("{} MiB more", more >> 20))),
        more => broken(format!("{} MiB more", more >> 20)),
    }
}

fn echo_unread(stage: &Stage) -> Outcome {
    let deadline = stage.within(Duration::from_secs(6));
    let mut probe =
        stage.try_connect("text", Some(16 << 10), deadline)?.map_err(Surprise::of("can't connect"))?;
    let mut speaker = stage.text()?;
    let mut pids = vec![speaker.who()?.pid];
    pids.extend(stage.all_workers()?.iter().map(|worker| worker.pid.as_raw()));
    let before: Vec<(i32, u64)> =
        pids.into_iter().map(|pid| Ok((pid, resident(pid)?))).collect::<Result<_, _>>()?;
    let lines = [vec![b'x'; 49_999], b"\n".to_vec()].concat().repeat(20);
    for _ in 0..64 {
        // A server that reads no more has no more to hold.
        if probe.send(&lines, stage.within(Duration::from_millis(300))).is_err() || probe.ended().is_some() {
            break;
        }
    }
    for (pid, before) in before {
        let more = growth(stage, pid, before, Duration::from_millis(10))?;
        if 48 << 20 <= more {
            return broken(format!("{} MiB more in worker {pid}", more >> 20));
        }
    }
    kept()
}

fn pause(stage: &Stage, port: Port) -> Outcome {
    let mut speaker = Speaker::open(stage, port)?;
    speaker.who(stage)?;
    let begun = std::time::Instant::now();
    speaker.say(b"!pause 300")?;
    // Apart from the pause, or they are read with it.
    stage.holds_for(Duration::from_millis(60), || true);
    speaker.say(b"first")?;
    speaker.say(b"second")?;
    for wanted in ["paused 300", "first", "second"] {
        match speaker.hear(stage.deadline())? {
            Ok(message) if message == wanted.as_bytes() => {}
            Ok(message) => {
                return broken(format!("{:?} where {wanted:?} was due", String::from_utf8_lossy(&message)));
            }
            Err(nothing) => return broken(format!("no {wanted:?}: {}", nothing.what)),
        }
        if begun.elapsed() < Duration::from_millis(295) {
            return broken(format!("{wanted:?} came after {} ms", begun.elapsed().as_millis()));
        }
    }
    kept()
}
