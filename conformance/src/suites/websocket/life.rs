use std::time::Duration;

use workerspec_wire::websocket::{Event, Frame, Kind, close_payload, opcode};

use crate::case::{Case, Need, Source};
use crate::probe::{Silence, WebSocketProbe};
use crate::run::Stage;
use crate::testee::Capability;
use crate::verdict::{Outcome, Surprise, broken, kept, unproved};

const WEBSOCKET: Need = Need::Can(Capability::WebSocket);

/// How connections live beside each other and end.
pub(super) const CASES: &[Case] = &[
    act! {
        "websocket.life.thousand-messages", Must, Source::Rfc(6455, "5.2");
        claim: "A thousand messages in one write must make a thousand echoes, in order.";
        reading: "How TCP cuts the stream means nothing.";
        needs: [WEBSOCKET]; Shared; seconds: 10;
        accepts: ["every message once, in order"]; aliases: [];
        run: thousand_messages
    },
    act! {
        "websocket.life.large-from-server", Must, Source::Rfc(6455, "5.2");
        claim: "A message of 70000 octets from the server must have the shortest form of its length.";
        reading: "64 bits, unmasked, in one frame or in fragments.";
        needs: [WEBSOCKET]; Shared; seconds: 5;
        accepts: ["the message of `!flood 1 70000`"]; aliases: [];
        run: large_from_server
    },
    act! {
        "websocket.life.tcp-closed-by-server", Must, Source::Rfc(6455, "7.1.1");
        claim: "The server must close TCP when the closing handshake is done.";
        reading: "The client has sent its close, got the server's, and keeps its side open: the end comes all the same.";
        needs: [WEBSOCKET]; Shared; seconds: 5;
        accepts: ["close, then the end within two seconds"]; aliases: [];
        run: closed_by_server
    },
    act! {
        "websocket.life.many-pings-unread", Must, Source::Model("SF-64");
        claim: "Ten thousand pings in one burst must not harm the connection beside it.";
        reading: "They are answered, the newest at least, or the connection is closed.";
        needs: [WEBSOCKET]; Shared; seconds: 10;
        accepts: ["the last pong, or a close, or the end", "and a bystander of the same worker is answered"];
        aliases: [];
        run: many_pings
    },
    act! {
        "websocket.life.reset-alone", Must, Source::Model("BUF-8");
        claim: "A connection that the client resets within a message must harm no other.";
        reading: "Twenty clients reset within a frame; a bystander of each worker is answered by it.";
        needs: [WEBSOCKET]; Shared; seconds: 5;
        accepts: ["the bystanders are answered by their workers"]; aliases: [];
        run: reset_alone
    },
    act! {
        "websocket.life.fault-alone", Must, Source::Model("SF-65");
        claim: "Connections that break the protocol must harm no other.";
        reading: "Twenty clients send nonsense of five kinds; a bystander of each worker is answered by it.";
        needs: [WEBSOCKET]; Shared; seconds: 10;
        accepts: ["the bystanders are answered by their workers"]; aliases: [];
        run: fault_alone
    },
    act! {
        "websocket.life.crash-alone", Must, Source::Model("SF-13");
        claim: "A callback that fails must cost at most its own connection.";
        reading: "`!crash`; a bystander of the same worker is answered by it.";
        needs: [WEBSOCKET, Need::Can(Capability::Isolation)]; Shared; seconds: 5;
        accepts: ["the bystander is answered by its worker"]; aliases: [];
        run: crash_alone
    },
    act! {
        "websocket.life.others-served", Must, Source::Contract("Commands inside messages");
        claim: "A worker that will answer later must serve its other connections meanwhile.";
        reading: "A message on another connection of the same worker is answered before `!sleep 400` is.";
        needs: [WEBSOCKET, Need::Can(Capability::Deferred)]; Shared; seconds: 5;
        accepts: ["the other connection is answered first"]; aliases: [];
        run: others_served
    },
    act! {
        "websocket.life.commands-are-text", Must, Source::Contract("Commands inside messages");
        claim: "A binary message that looks like a command must be echoed.";
        reading: "A command is a text message.";
        needs: [WEBSOCKET]; Shared; seconds: 5;
        accepts: ["the binary message"]; aliases: [];
        run: commands_are_text
    },
    act! {
        "websocket.life.reload-says-goodbye", Must, Source::Rfc(6455, "7.4.1");
        claim: "A worker that leaves in a reload must close its open connections with a close frame.";
        reading: "1001 is best; the bare end or a reset is not acceptable.";
        needs: [WEBSOCKET, Need::Reload]; Isolated; seconds: 30;
        accepts: ["close with 1001", "close with 1000 or 1012 (tolerated)"]; aliases: [];
        run: reload_says_goodbye
    },
];

fn thousand_messages(stage: &Stage) -> Outcome {
    let mut probe = stage.open_websocket()?;
    let bytes: Vec<u8> =
        (0..1000).flat_map(|number| Frame::new(opcode::TEXT, format!("message {number}")).bytes()).collect();
    probe.send(&bytes)?;
    for number in 0..1000 {
        let wanted = format!("message {number}");
        match probe.hear(stage.deadline())? {
            Ok(Event::Message { kind: Kind::Text, payload, .. }) if payload == wanted.as_bytes() => {}
            Ok(other) => return broken(format!("message {number} came as {other:?}")),
            Err(silence) => return broken(format!("message {number} of 1000 did not come: {silence}")),
        }
    }
    kept()
}

fn large_from_server(stage: &Stage) -> Outcome {
    let mut probe = stage.open_websocket()?;
    match probe.ask(b"!flood 1 70000")? {
        Ok(text) if text.len() == 70_000 && text.starts_with(b"00000000...") => kept(),
        Ok(text) => broken(format!("{} octets came", text.len())),
        Err(what) => broken(what),
    }
}

fn closed_by_server(stage: &Stage) -> Outcome {
    let mut probe = stage.open_websocket()?;
    probe.say(opcode::CLOSE, &close_payload(1000, b""))?;
    match probe.hear(stage.deadline())? {
        Ok(Event::Close(..)) => {}
        Ok(other) => return broken(format!("{other:?} instead of a close")),
        Err(silence) => return broken(format!("no close: {silence}")),
    }
    match probe.hear(stage.within(Duration::from_secs(2)))? {
        Err(Silence::End(end)) if end.is_over() => kept(),
        Err(silence) => broken(format!("the server does not close TCP: {silence}")),
        Ok(event) => broken(format!("{event:?} behind the close")),
    }
}

fn many_pings(stage: &Stage) -> Outcome {
    let Some((mut probe, bystander)) = two_of_one_worker(stage)? else {
        return unproved("no two of 32 connections came to one worker");
    };
    let bytes: Vec<u8> =
        (0..10_000u32).flat_map(|number| Frame::new(opcode::PING, number.to_be_bytes()).bytes()).collect();
    probe.send(&bytes)?;
    loop {
        match probe.hear(stage.deadline())? {
            Ok(Event::Pong(payload)) if payload == 9_999u32.to_be_bytes() => break,
            Ok(Event::Pong(_)) => {}
            Ok(Event::Close(..)) => break,
            Err(Silence::End(end)) if end.is_over() => break,
            Ok(other) => return broken(format!("{other:?} instead of a pong")),
            Err(silence) => return broken(format!("the last pong does not come: {silence}")),
        }
    }
    still_served(vec![bystander])
}

fn reset_alone(stage: &Stage) -> Outcome {
    let bystanders = bystanders(stage)?;
    for _ in 0..20 {
        let mut probe = stage.websocket()?;
        if let Err(what) = probe.open(None)? {
            return broken(format!("a connection between resets was not opened: {what}"));
        }
        probe.send(b"\x81\x85\x00\x00\x00\x00ha")?;
        probe.into_raw().reset()?;
    }
    // Each worker has read its resets when it has answered connections that came behind them.
    for _ in 0..8 {
        let mut fence = stage.websocket()?;
        let answered = match fence.open(None)? {
            Ok(()) => fence.ask(b"fence")?.map(|_| ()),
            Err(what) => Err(what),
        };
        if let Err(what) = answered {
            return broken(format!("a connection that came behind the resets was not answered: {what}"));
        }
    }
    still_served(bystanders)
}

fn fault_alone(stage: &Stage) -> Outcome {
    let bystanders = bystanders(stage)?;
    let faults: [&[u8]; 5] = [
        b"\xf1\x80\x00\x00\x00\x00",
        b"\x83\x80\x00\x00\x00\x00",
        b"\x81\x02hi",
        b"\x81\x82\x00\x00\x00\x00\xc0\xaf",
        b"\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
    ];
    for round in 0..20 {
        let mut probe = stage.websocket()?;
        if let Err(what) = probe.open(None)? {
            return broken(format!("a connection behind nonsense was not opened: {what}"));
        }
        probe.send(faults[round % faults.len()])?;
        // How it ends is for other cases to say; that it ends means that the worker has looked at it.
        if let Err(Silence::End(crate::probe::End::TimedOut)) =
            probe.hear(stage.within(Duration::from_secs(2)))?
        {
            return broken(format!("nonsense {} is not answered", round % faults.len()));
        }
    }
    still_served(bystanders)
}

fn crash_alone(stage: &Stage) -> Outcome {
    let Some((mut crashing, other)) = two_of_one_worker(stage)? else {
        return unproved("no two of 32 connections came to one worker");
    };
    crashing.say(opcode::TEXT, b"!crash")?;
    // A close, the end, or nothing at all are all right; the first two show that it has happened.
    let _ = crashing.hear(stage.within(Duration::from_secs(1)))?;
    still_served(vec![other])
}

fn others_served(stage: &Stage) -> Outcome {
    let Some((mut waiting, (mut other, _))) = two_of_one_worker(stage)? else {
        return unproved("no two of 32 connections came to one worker");
    };
    waiting.say(opcode::TEXT, b"!sleep 400")?;
    if let Ok(event) = waiting.hear(stage.within(stage.quiet()))? {
        return broken(format!("`!sleep 400` was answered at once: {event:?}"));
    }
    match other.ask(b"meanwhile")? {
        Ok(text) if text == b"meanwhile" => {}
        Ok(text) => return broken(format!("\"{}\" and not \"meanwhile\"", String::from_utf8_lossy(&text))),
        Err(what) => return broken(format!("the other connection was not answered: {what}")),
    }
    if waiting.hear(stage.within(Duration::ZERO))?.is_ok() {
        return broken("the other connection was answered only after `!sleep 400`");
    }
    match waiting.hear(stage.deadline())? {
        Ok(Event::Message { payload, .. }) if payload == b"slept 400" => kept(),
        Ok(other) => broken(format!("{other:?} and not \"slept 400\"")),
        Err(silence) => broken(format!("`!sleep 400` was not answered: {silence}")),
    }
}

fn commands_are_text(stage: &Stage) -> Outcome {
    let mut probe = stage.open_websocket()?;
    probe.say(opcode::BINARY, b"!who")?;
    match probe.hear(stage.deadline())? {
        Ok(Event::Message { kind: Kind::Binary, payload, .. }) if payload == b"!who" => kept(),
        Ok(other) => broken(format!("{other:?} came")),
        Err(silence) => broken(format!("no echo: {silence}")),
    }
}

fn reload_says_goodbye(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    let mut probe = stage.open_websocket()?;
    probe.who()?;
    let trigger = std::thread::scope(|scope| {
        let reload = scope.spawn(|| stage.testee().reload());
        let heard = probe.hear(stage.deadline());
        if let Ok(Ok(Event::Close(code, _))) = &heard {
            // A command that waits for the reload waits for this answer too.
            let payload = code.map(|code| close_payload(code, b"")).unwrap_or_default();
            let _ = probe.say(opcode::CLOSE, &payload);
        }
        (heard, reload.join())
    });
    let (heard, reload) = trigger;
    match reload {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => return Err(Surprise(format!("can't reload: {error}"))),
        Err(_) => return Err(Surprise("the thread that reloads panicked".to_owned())),
    }
    match heard? {
        Ok(Event::Close(Some(1001), _)) => kept(),
        Ok(Event::Close(Some(code @ (1000 | 1012)), _)) => {
            Ok(crate::verdict::Finding::Tolerated(format!("close with {code}")))
        }
        Ok(other) => broken(format!("{other:?} instead of a close with 1001")),
        Err(silence) => broken(format!("no close: {silence}")),
    }
}

/// Connections that do nothing, and the workers that serve them.
pub(super) fn bystanders(stage: &Stage) -> Result<Vec<(WebSocketProbe, i32)>, Surprise> {
    (0..8)
        .map(|_| {
            let mut probe = stage.open_websocket()?;
            let pid = probe.who()?.pid;
            Ok((probe, pid))
        })
        .collect()
}

pub(super) fn still_served(bystanders: Vec<(WebSocketProbe, i32)>) -> Outcome {
    for (mut bystander, pid) in bystanders {
        match bystander.ask(b"!who")? {
            Ok(answer) if String::from_utf8_lossy(&answer).contains(&pid.to_string()) => {}
            Ok(answer) => {
                return broken(format!("another worker answers: {}", String::from_utf8_lossy(&answer)));
            }
            Err(what) => return broken(format!("a bystander was not answered: {what}")),
        }
    }
    kept()
}

type Two = (WebSocketProbe, (WebSocketProbe, i32));

/// Two connections that one worker serves; `None` if chance never brings them together.
fn two_of_one_worker(stage: &Stage) -> Result<Option<Two>, Surprise> {
    let mut probes: Vec<(WebSocketProbe, i32)> = Vec::new();
    for _ in 0..32 {
        let mut probe = stage.open_websocket()?;
        let pid = probe.who()?.pid;
        if let Some(place) = probes.iter().position(|(_, other)| *other == pid) {
            return Ok(Some((probe, probes.swap_remove(place))));
        }
        probes.push((probe, pid));
    }
    Ok(None)
}
