use std::time::{Duration, Instant};

use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::suites::speaker::{Port, Speaker};
use crate::testee::{CLOSE_TIMEOUT, Capability, JournalLine};
use crate::verdict::{Finding, Outcome, broken, kept};

const JOURNAL: Need = Need::Can(Capability::Journal);
const ENDINGS: Need = Need::Can(Capability::Endings);
const DEADLINES: Need = Need::Can(Capability::Deadlines);

/// Every way in which a connection can end.
pub(super) const CASES: &[Case] = &[
    act! {
        "connection.close.text-delivers", Must, Source::Model("CONN-25");
        claim: "A connection that the application closes must first deliver all that was sent on it, on port text.";
        reading: "Thirty messages of 20000 octets and `bye` to a reader that stalls until then.";
        needs: [Port::Text.need()]; Shared; seconds: 8;
        accepts: ["every message, `bye`, then the end"]; aliases: [];
        run: |stage| delivers(stage, Port::Text, "!close")
    },
    act! {
        "connection.close.frame-delivers", Must, Source::Model("CONN-25");
        claim: "A connection that the application closes must first deliver all that was sent on it, on port frame.";
        reading: "Thirty messages of 20000 octets and `bye` to a reader that stalls until then.";
        needs: [Port::Frame.need()]; Shared; seconds: 8;
        accepts: ["every message, `bye`, then the end"]; aliases: [];
        run: |stage| delivers(stage, Port::Frame, "!close")
    },
    act! {
        "connection.close.websocket-delivers", Must, Source::Model("CONN-25");
        claim: "A connection that the application closes must first deliver all that was sent on it, on port websocket.";
        reading: "Thirty messages of 20000 octets and `bye` to a reader that stalls until then.";
        needs: [Port::WebSocket.need()]; Shared; seconds: 8;
        accepts: ["every message, `bye`, then the end"]; aliases: [];
        run: |stage| delivers(stage, Port::WebSocket, "!close")
    },
    act! {
        "connection.end.text-delivers", Must, Source::Model("CONN-30");
        claim: "A connection whose own side the application ends must first deliver all that was sent on it, on port text.";
        reading: "Thirty messages of 20000 octets and `bye` to a reader that stalls until then.";
        needs: [Port::Text.need(), ENDINGS]; Shared; seconds: 8;
        accepts: ["every message, `bye`, then the end"]; aliases: [];
        run: |stage| delivers(stage, Port::Text, "!end")
    },
    act! {
        "connection.end.frame-delivers", Must, Source::Model("CONN-30");
        claim: "A connection whose own side the application ends must first deliver all that was sent on it, on port frame.";
        reading: "Thirty messages of 20000 octets and `bye` to a reader that stalls until then.";
        needs: [Port::Frame.need(), ENDINGS]; Shared; seconds: 8;
        accepts: ["every message, `bye`, then the end"]; aliases: [];
        run: |stage| delivers(stage, Port::Frame, "!end")
    },
    act! {
        "connection.close.text-unread", Must, Source::Model("SF-36");
        claim: "A peer that never reads must not keep a connection that was closed, on port text.";
        reading: "Megabytes are owed to it; the journal has its `close` within the close timeout, found late by half of it and half a second at most.";
        needs: [Port::Text.need(), JOURNAL, DEADLINES]; Shared; seconds: 10;
        accepts: ["`close` in the journal in time"]; aliases: [];
        run: |stage| close_unread(stage, Port::Text)
    },
    act! {
        "connection.close.frame-unread", Must, Source::Model("SF-36");
        claim: "A peer that never reads must not keep a connection that was closed, on port frame.";
        reading: "Megabytes are owed to it; the journal has its `close` within the close timeout, found late by half of it and half a second at most.";
        needs: [Port::Frame.need(), JOURNAL, DEADLINES]; Shared; seconds: 10;
        accepts: ["`close` in the journal in time"]; aliases: [];
        run: |stage| close_unread(stage, Port::Frame)
    },
    act! {
        "connection.close.websocket-unread", Must, Source::Model("SF-36");
        claim: "A peer that never reads must not keep a connection that was closed, on port websocket.";
        reading: "Megabytes are owed to it, and the close frame behind them; the journal has its `close` within the close timeout, found late by half of it and half a second at most.";
        needs: [Port::WebSocket.need(), JOURNAL, DEADLINES]; Shared; seconds: 10;
        accepts: ["`close` in the journal in time"]; aliases: [];
        run: |stage| close_unread(stage, Port::WebSocket)
    },
    act! {
        "connection.destroy.text", Must, Source::Model("CONN-28");
        claim: "A connection that the application destroys must end at once, on port text.";
        reading: "Megabytes are owed to a reader that stalls; what is unsent is forgotten, and the journal has its `close` within a second.";
        needs: [Port::Text.need(), ENDINGS, JOURNAL]; Shared; seconds: 8;
        accepts: ["`close` in the journal within a second"]; aliases: [];
        run: |stage| destroy(stage, Port::Text)
    },
    act! {
        "connection.destroy.frame", Must, Source::Model("CONN-28");
        claim: "A connection that the application destroys must end at once, on port frame.";
        reading: "Megabytes are owed to a reader that stalls; what is unsent is forgotten, and the journal has its `close` within a second.";
        needs: [Port::Frame.need(), ENDINGS, JOURNAL]; Shared; seconds: 8;
        accepts: ["`close` in the journal within a second"]; aliases: [];
        run: |stage| destroy(stage, Port::Frame)
    },
    act! {
        "connection.end.discards", Must, Source::Model("CONN-30");
        claim: "What comes after the own side was ended must not be answered.";
        reading: "`!end` and two lines in one go: `bye`, the end, and nothing else.";
        needs: [Port::Text.need(), ENDINGS]; Shared; seconds: 8;
        accepts: ["`bye`, then the end"]; aliases: [];
        run: discards
    },
    act! {
        "connection.end.peer-stays", Must, Source::Model("CONN-31");
        claim: "A peer that does not end its side must not keep a connection whose other side was ended.";
        reading: "The journal has its `close` within the close timeout, found late by half of it and half a second at most.";
        needs: [Port::Text.need(), ENDINGS, JOURNAL, DEADLINES]; Shared; seconds: 10;
        accepts: ["`close` in the journal in time"]; aliases: [];
        run: peer_stays
    },
    act! {
        "connection.gone.fin", Must, Source::Model("PIPE-8");
        claim: "A connection whose peer has closed must be closed.";
        reading: "The journal has its `close` within two seconds.";
        needs: [Port::Text.need(), JOURNAL]; Shared; seconds: 8;
        accepts: ["`close` in the journal"]; aliases: [];
        run: |stage| gone(stage, Gone::Fin)
    },
    act! {
        "connection.gone.fin-within-message", Must, Source::Model("PIPE-8");
        claim: "A connection whose peer has closed within a message must be closed.";
        reading: "The journal has its `close` within two seconds.";
        needs: [Port::Text.need(), JOURNAL]; Shared; seconds: 8;
        accepts: ["`close` in the journal"]; aliases: [];
        run: |stage| gone(stage, Gone::Within)
    },
    act! {
        "connection.gone.while-paused", Must, Source::Model("CONN-21");
        claim: "A connection whose peer has closed while it was paused must be closed.";
        reading: "After the pause of 300 ms; the journal has its `close` within two seconds.";
        needs: [Port::Text.need(), JOURNAL, Need::Can(Capability::Deferred)]; Shared; seconds: 8;
        accepts: ["`close` in the journal"]; aliases: [];
        run: |stage| gone(stage, Gone::Paused)
    },
];

/// Until when an end by the close timeout has to be seen.
fn close_limit(stage: &Stage) -> Instant {
    stage.within(CLOSE_TIMEOUT + CLOSE_TIMEOUT / 2 + Duration::from_millis(500))
}

fn delivers(stage: &Stage, port: Port, command: &str) -> Outcome {
    let mut speaker = Speaker::narrow(stage, port)?;
    speaker.who(stage)?;
    speaker.say(b"!flood 30 20000")?;
    speaker.say(command.as_bytes())?;
    stage.holds_for(stage.quiet(), || true);
    speaker.widen()?;
    for number in 0..30 {
        match speaker.hear(stage.deadline())? {
            Ok(message)
                if message.len() == 20_000 && message.starts_with(format!("{number:08}.").as_bytes()) => {}
            Ok(message) => return broken(format!("message {number} came with {} octets", message.len())),
            Err(nothing) => return broken(format!("message {number} of 30 did not come: {}", nothing.what)),
        }
    }
    match speaker.hear(stage.deadline())? {
        Ok(message) if message == b"bye" => {}
        other => return broken(format!("no `bye`: {other:?}")),
    }
    match speaker.hear(stage.within(Duration::from_secs(2)))? {
        Err(nothing) if nothing.over => kept(),
        other => broken(format!("no end behind `bye`: {other:?}")),
    }
}

/// The journal's number of a connection: that of the `flood` of so many messages by that process.
fn number(stage: &Stage, pid: i32, count: u64) -> Option<u64> {
    let flood = |line: &JournalLine| {
        line.event == "flood"
            && line.pid == pid
            && line.sent.unwrap_or_default() + line.refused.unwrap_or_default() == count
    };
    stage.eventually(|| stage.testee().journal().into_iter().find(flood)).and_then(|line| line.conn)
}

/// Waits for the `close` of a connection.
fn closes(stage: &Stage, pid: i32, conn: Option<u64>, deadline: Instant) -> bool {
    let is_close = |line: &JournalLine| line.event == "close" && line.pid == pid && line.conn == conn;
    let seen = stage.eventually(|| match stage.testee().journal().iter().any(is_close) {
        true => Some(true),
        false => (deadline <= Instant::now()).then_some(false),
    });
    seen == Some(true)
}

/// A connection that stalls with megabytes owed; its process and number.
fn owing(
    stage: &Stage,
    port: Port,
    count: u64,
) -> Result<(Speaker, i32, Option<u64>), crate::verdict::Surprise> {
    let mut speaker = Speaker::narrow(stage, port)?;
    let pid = speaker.who(stage)?.pid;
    speaker.say(format!("!flood {count} 60000").as_bytes())?;
    let conn = number(stage, pid, count);
    Ok((speaker, pid, conn))
}

fn close_unread(stage: &Stage, port: Port) -> Outcome {
    let (mut speaker, pid, conn) = owing(
        stage,
        port,
        match port {
            Port::Text => 151,
            Port::Frame => 152,
            _ => 156,
        },
    )?;
    speaker.say(b"!close")?;
    let begun = Instant::now();
    match closes(stage, pid, conn, close_limit(stage)) {
        true => Ok(Finding::Kept(format!("after {} ms", begun.elapsed().as_millis()))),
        false => broken(format!("no `close` after {} ms", begun.elapsed().as_millis())),
    }
}

fn destroy(stage: &Stage, port: Port) -> Outcome {
    let (mut speaker, pid, conn) = owing(stage, port, if port == Port::Text { 153 } else { 154 })?;
    speaker.say(b"!destroy")?;
    match closes(stage, pid, conn, stage.within(Duration::from_secs(1))) {
        true => kept(),
        false => broken("no `close` within a second"),
    }
}

fn discards(stage: &Stage) -> Outcome {
    let mut probe = stage.text()?;
    probe.who()?;
    probe.send(b"!end\nfirst\nsecond\n")?;
    match probe.hear()? {
        Ok(line) if line == b"bye" => {}
        other => return broken(format!("no `bye`: {other:?}")),
    }
    match probe.hear_until(stage.within(Duration::from_secs(2)))? {
        Err(end) if end.is_over() => kept(),
        Err(end) => broken(format!("no end behind `bye`: {}", end.name())),
        Ok(line) => broken(format!("{:?} came behind `bye`", String::from_utf8_lossy(&line))),
    }
}

fn peer_stays(stage: &Stage) -> Outcome {
    let mut speaker = Speaker::open(stage, Port::Text)?;
    let pid = speaker.who(stage)?.pid;
    speaker.say(b"!flood 155 8")?;
    let conn = number(stage, pid, 155);
    speaker.say(b"!end")?;
    let begun = Instant::now();
    match closes(stage, pid, conn, close_limit(stage)) {
        true => Ok(Finding::Kept(format!("after {} ms", begun.elapsed().as_millis()))),
        false => broken(format!("no `close` after {} ms", begun.elapsed().as_millis())),
    }
}

/// How a peer goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gone {
    Fin,
    Within,
    Paused,
}

fn gone(stage: &Stage, how: Gone) -> Outcome {
    let mut probe = stage.text()?;
    let pid = probe.who()?.pid;
    let count = match how {
        Gone::Fin => 161,
        Gone::Within => 162,
        Gone::Paused => 163,
    };
    probe.say(format!("!flood {count} 8").as_bytes())?;
    let conn = number(stage, pid, count);
    for _ in 0..count {
        // All of it is read: what is unread would make the close a reset.
        let _ = probe.hear()?;
    }
    match how {
        Gone::Fin => {}
        Gone::Within => probe.send(b"half a li")?,
        Gone::Paused => probe.say(b"!pause 300")?,
    }
    drop(probe.into_raw());
    match closes(stage, pid, conn, stage.within(Duration::from_secs(2))) {
        true => kept(),
        false => broken("no `close` within two seconds"),
    }
}
