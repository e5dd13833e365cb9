use std::time::{Duration, Instant};

use workerspec_wire::websocket::opcode;

use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::suites::speaker::{Port, Speaker, two_of_one};
use crate::testee::Capability;
use crate::verdict::{Finding, Outcome, Surprise, broken, kept, unproved};

const HEARTBEAT: Need = Need::Can(Capability::Heartbeat);

/// HEART-2: a connection whose peer is silent is closed, and no other.
pub(super) const CASES: &[Case] = &[
    act! {
        "heartbeat.silent.text", Must, Source::Model("HEART-2");
        claim: "A connection whose peer is silent must be closed in time on port text.";
        reading: "`!idle 600`: not before 600 ms, found late by half of that and half a second at most.";
        needs: [Port::Text.need(), HEARTBEAT]; Shared; seconds: 8;
        accepts: ["the end, between 0.6 and 1.4 s"]; aliases: [];
        run: |stage| silent(stage, Port::Text)
    },
    act! {
        "heartbeat.silent.frame", Must, Source::Model("HEART-2");
        claim: "A connection whose peer is silent must be closed in time on port frame.";
        reading: "`!idle 600`: not before 600 ms, found late by half of that and half a second at most.";
        needs: [Port::Frame.need(), HEARTBEAT]; Shared; seconds: 8;
        accepts: ["the end, between 0.6 and 1.4 s"]; aliases: [];
        run: |stage| silent(stage, Port::Frame)
    },
    act! {
        "heartbeat.silent.websocket", Must, Source::Model("HEART-2");
        claim: "A connection whose peer is silent must be closed in time on port websocket.";
        reading: "`!idle 600`: not before 600 ms, found late by half of that and half a second at most.";
        needs: [Port::WebSocket.need(), HEARTBEAT]; Shared; seconds: 8;
        accepts: ["the end, between 0.6 and 1.4 s"]; aliases: [];
        run: |stage| silent(stage, Port::WebSocket)
    },
    act! {
        "heartbeat.silent.unix", Must, Source::Model("HEART-2");
        claim: "A connection whose peer is silent must be closed in time on port unix.";
        reading: "`!idle 600`: not before 600 ms, found late by half of that and half a second at most.";
        needs: [Port::Unix.need(), HEARTBEAT]; Shared; seconds: 8;
        accepts: ["the end, between 0.6 and 1.4 s"]; aliases: [];
        run: |stage| silent(stage, Port::Unix)
    },
    act! {
        "heartbeat.silent.tls", Must, Source::Model("HEART-2");
        claim: "A connection whose peer is silent must be closed in time on port tls.";
        reading: "`!idle 600`: not before 600 ms, found late by half of that and half a second at most.";
        needs: [Port::Tls.need(), HEARTBEAT]; Shared; seconds: 8;
        accepts: ["the end, between 0.6 and 1.4 s"]; aliases: [];
        run: |stage| silent(stage, Port::Tls)
    },
    act! {
        "heartbeat.kept.text-messages", Must, Source::Model("HEART-2");
        claim: "A connection whose peer says something in time must stay open on port text.";
        reading: "`!idle 600` and a message every 200 ms, nine times.";
        needs: [Port::Text.need(), HEARTBEAT]; Shared; seconds: 8;
        accepts: ["each message answered"]; aliases: [];
        run: |stage| messages(stage, Port::Text)
    },
    act! {
        "heartbeat.kept.frame-messages", Must, Source::Model("HEART-2");
        claim: "A connection whose peer says something in time must stay open on port frame.";
        reading: "`!idle 600` and a message every 200 ms, nine times.";
        needs: [Port::Frame.need(), HEARTBEAT]; Shared; seconds: 8;
        accepts: ["each message answered"]; aliases: [];
        run: |stage| messages(stage, Port::Frame)
    },
    act! {
        "heartbeat.kept.websocket-messages", Must, Source::Model("HEART-2");
        claim: "A connection whose peer says something in time must stay open on port websocket.";
        reading: "`!idle 600` and a message every 200 ms, nine times.";
        needs: [Port::WebSocket.need(), HEARTBEAT]; Shared; seconds: 8;
        accepts: ["each message answered"]; aliases: [];
        run: |stage| messages(stage, Port::WebSocket)
    },
    act! {
        "heartbeat.kept.websocket-pings", Must, Source::Model("HEART-2");
        claim: "A connection whose peer sends pings in time must stay open.";
        reading: "`!idle 600` and a ping every 200 ms, nine times.";
        needs: [Port::WebSocket.need(), HEARTBEAT]; Shared; seconds: 8;
        accepts: ["a message is answered in the end"]; aliases: [];
        run: |stage| control(stage, opcode::PING)
    },
    act! {
        "heartbeat.kept.websocket-pongs", Must, Source::Model("HEART-2");
        claim: "A connection whose peer sends pongs in time must stay open.";
        reading: "`!idle 600` and a pong every 200 ms, nine times.";
        needs: [Port::WebSocket.need(), HEARTBEAT]; Shared; seconds: 8;
        accepts: ["a message is answered in the end"]; aliases: [];
        run: |stage| control(stage, opcode::PONG)
    },
    act! {
        "heartbeat.kept.half-message", Should, Source::Contract("Commands inside messages");
        claim: "A connection whose peer is within a message should stay open while something comes.";
        reading: "`!idle 600` and an octet of a line every 200 ms, nine times. No rule of an RFC, and HEART-2 counts messages; but who is still sending is not silent.";
        needs: [Port::Text.need(), HEARTBEAT]; Shared; seconds: 8;
        accepts: ["the line is answered in the end"]; aliases: [];
        run: half_message
    },
    act! {
        "heartbeat.kept.zero", Must, Source::Contract("Commands inside messages");
        claim: "`!idle 0` must be never.";
        reading: "The connection says nothing for a second.";
        needs: [Port::Text.need(), HEARTBEAT]; Shared; seconds: 8;
        accepts: ["a message is answered behind that"]; aliases: [];
        run: zero
    },
    act! {
        "heartbeat.kept.lifted", Must, Source::Contract("Commands inside messages");
        claim: "A heartbeat that was lifted must not close the connection.";
        reading: "`!idle 500`, then `!idle 0` and a second of silence.";
        needs: [Port::Text.need(), HEARTBEAT]; Shared; seconds: 8;
        accepts: ["a message is answered behind that"]; aliases: [];
        run: lifted
    },
    act! {
        "heartbeat.kept.others", Must, Source::Model("HEART-2");
        claim: "The end of a silent connection must be that of no other.";
        reading: "One with `!idle 400` and one without, of the same worker.";
        needs: [Port::Text.need(), HEARTBEAT]; Shared; seconds: 8;
        accepts: ["the one closed, the other answered"]; aliases: [];
        run: others
    },
];

/// `!idle` with that time, obeyed.
fn idle(speaker: &mut Speaker, stage: &Stage, ms: u64) -> Result<(), Surprise> {
    let answer = speaker.ask(stage, format!("!idle {ms}").as_bytes())?;
    match answer == format!("idle {ms}").into_bytes() {
        true => Ok(()),
        false => Err(Surprise(format!("`!idle {ms}` answered {:?}", String::from_utf8_lossy(&answer)))),
    }
}

fn silent(stage: &Stage, port: Port) -> Outcome {
    let mut speaker = Speaker::open(stage, port)?;
    let before = Instant::now();
    idle(&mut speaker, stage, 600)?;
    let answered = Instant::now();
    // Half of it and half a second, and what this machine takes to wake us.
    let limit = stage.within(Duration::from_millis(1_400) + stage.quiet());
    match speaker.hear(limit)? {
        Err(nothing) if nothing.over => {}
        Err(nothing) => {
            return broken(format!("open after {} ms: {}", answered.elapsed().as_millis(), nothing.what));
        }
        Ok(message) => return broken(format!("{:?} came", String::from_utf8_lossy(&message))),
    }
    match before.elapsed() {
        early if early < Duration::from_millis(600) => {
            broken(format!("closed after {} ms", early.as_millis()))
        }
        after => Ok(Finding::Kept(format!("after {} ms", after.as_millis()))),
    }
}

/// A pace, not a wait: the silence between two signs of life.
fn silence(stage: &Stage, ms: u64) {
    stage.holds_for(Duration::from_millis(ms), || true);
}

fn still_answers(speaker: &mut Speaker, stage: &Stage, what: &str) -> Outcome {
    speaker.say(b"still there")?;
    match speaker.hear(stage.within(Duration::from_secs(2)))? {
        Ok(message) if message == b"still there" => kept(),
        other => broken(format!("{what}: {other:?}")),
    }
}

fn messages(stage: &Stage, port: Port) -> Outcome {
    for _ in 0..3 {
        let mut speaker = Speaker::open(stage, port)?;
        idle(&mut speaker, stage, 600)?;
        let (mut late, mut spoke) = (false, Instant::now());
        for round in 0..9 {
            silence(stage, 200);
            late |= Duration::from_millis(500) <= spoke.elapsed();
            spoke = Instant::now();
            match still_answers(&mut speaker, stage, &format!("message {round}"))? {
                // It was right to close, because we did not speak in time.
                Finding::Broken(_) if late => break,
                broken @ Finding::Broken(_) => return Ok(broken),
                _ if round == 8 => return kept(),
                _ => {}
            }
        }
    }
    unproved("this machine was too busy to speak in time")
}

fn control(stage: &Stage, code: u8) -> Outcome {
    let mut speaker = Speaker::open(stage, Port::WebSocket)?;
    idle(&mut speaker, stage, 600)?;
    let Speaker::WebSocket(probe) = &mut speaker else { return unproved("no websocket") };
    for _ in 0..9 {
        silence(stage, 200);
        probe.say(code, b"")?;
    }
    probe.say(opcode::TEXT, b"still there")?;
    let mut heard = probe.hear(stage.within(Duration::from_secs(2)))?;
    while let Ok(workerspec_wire::websocket::Event::Pong(_)) = heard {
        heard = probe.hear(stage.within(Duration::from_secs(2)))?;
    }
    match heard {
        Ok(workerspec_wire::websocket::Event::Message { payload, .. }) if payload == b"still there" => kept(),
        other => broken(format!("in the end: {other:?}")),
    }
}

fn half_message(stage: &Stage) -> Outcome {
    let mut probe = stage.text()?;
    match probe.ask(b"!idle 600")? {
        Ok(line) if line == b"idle 600" => {}
        other => return Err(Surprise(format!("`!idle 600`: {other:?}"))),
    }
    for octet in b"nineparts" {
        silence(stage, 200);
        probe.send(&[*octet])?;
    }
    probe.send(b"\n")?;
    match probe.hear_until(stage.within(Duration::from_secs(2)))? {
        Ok(line) if line == b"nineparts" => kept(),
        other => broken(format!("{other:?}")),
    }
}

fn zero(stage: &Stage) -> Outcome {
    let mut speaker = Speaker::open(stage, Port::Text)?;
    idle(&mut speaker, stage, 0)?;
    silence(stage, 1_000);
    still_answers(&mut speaker, stage, "after a second")
}

fn lifted(stage: &Stage) -> Outcome {
    let mut speaker = Speaker::open(stage, Port::Text)?;
    idle(&mut speaker, stage, 500)?;
    idle(&mut speaker, stage, 0)?;
    silence(stage, 1_100);
    still_answers(&mut speaker, stage, "after 1.1 s")
}

fn others(stage: &Stage) -> Outcome {
    let Some((mut silent, mut other)) = two_of_one(stage, Port::Text, false)? else {
        return unproved("no two of 48 connections came to one worker");
    };
    idle(&mut silent, stage, 400)?;
    match silent.hear(stage.within(Duration::from_secs(2)))? {
        Err(nothing) if nothing.over => {}
        other => return broken(format!("the silent one was not closed: {other:?}")),
    }
    still_answers(&mut other, stage, "the other one")
}
