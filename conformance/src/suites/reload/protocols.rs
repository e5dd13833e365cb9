use std::thread;
use std::time::Duration;

use workerspec_wire::frame::frame;
use workerspec_wire::websocket::{Event, Frame, Opening, opcode};

use super::scene::{reload, wait_release, watch, worker_pids};
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::suites::speaker::{Port, Speaker};
use crate::testee::{Capability, Mode};
use crate::verdict::{Outcome, Surprise, broken, kept};

const HTTP: Need = Need::Can(Capability::Http);
const TEXT: Need = Need::Can(Capability::Text);
const FRAME: Need = Need::Can(Capability::Frame);
const WEBSOCKET: Need = Need::Can(Capability::WebSocket);
const DEFERRED: Need = Need::Can(Capability::Deferred);

/// What becomes of connections that do not speak HTTP, in each state they can be in.
pub(super) const CASES: &[Case] = &[
    act! {
        "reload.text.under-way", Must, Source::Reload("RL-13");
        claim: "A line that is being worked on must be answered.";
        reading: "`!sleep 900` was sent before the reload, on eight connections.";
        needs: [HTTP, TEXT, DEFERRED, Need::Reload]; Isolated; seconds: 15;
        accepts: ["`slept 900` on every connection"]; aliases: [];
        run: |stage| under_way(stage, Port::Text)
    },
    act! {
        "reload.unix.under-way", Must, Source::Reload("RL-13");
        claim: "A line that is being worked on must be answered on a unix socket.";
        reading: "`!sleep 900` was sent before the reload, on eight connections.";
        needs: [HTTP, Need::Can(Capability::Unix), DEFERRED, Need::Reload]; Isolated; seconds: 15;
        accepts: ["`slept 900` on every connection"]; aliases: [];
        run: |stage| under_way(stage, Port::Unix)
    },
    act! {
        "reload.tls.under-way", Must, Source::Reload("RL-13");
        claim: "A line that is being worked on must be answered inside TLS.";
        reading: "`!sleep 900` was sent before the reload, on eight connections.";
        needs: [HTTP, Need::Can(Capability::Tls), DEFERRED, Need::Reload]; Isolated; seconds: 15;
        accepts: ["`slept 900` on every connection"]; aliases: [];
        run: |stage| under_way(stage, Port::Tls)
    },
    act! {
        "reload.frame.under-way", Must, Source::Reload("RL-13");
        claim: "A frame that is being worked on must be answered.";
        reading: "`!sleep 900` was sent before the reload, on eight connections.";
        needs: [HTTP, FRAME, DEFERRED, Need::Reload]; Isolated; seconds: 15;
        accepts: ["`slept 900` on every connection"]; aliases: [];
        run: |stage| under_way(stage, Port::Frame)
    },
    act! {
        "reload.websocket.under-way", Must, Source::Reload("RL-13");
        claim: "A message that is being worked on must be answered before a close frame.";
        reading: "`!sleep 900` was sent before the reload, on eight connections.";
        needs: [HTTP, WEBSOCKET, DEFERRED, Need::Reload]; Isolated; seconds: 15;
        accepts: ["`slept 900` on every connection"]; aliases: [];
        run: |stage| under_way(stage, Port::WebSocket)
    },
    act! {
        "reload.websocket.blocked-worker", Must, Source::Reload("RL-13");
        claim: "A message that blocks its worker must be answered before a close frame.";
        reading: "`!block 900` was sent before the reload; meanwhile the worker hears nothing of it.";
        needs: [HTTP, WEBSOCKET, Need::Reload, Need::FullTier]; Isolated; seconds: 15;
        accepts: ["`blocked 900`"]; aliases: [];
        run: websocket_blocked
    },
    act! {
        "reload.text.half-line", Must, Source::Reload("RL-4");
        claim: "A line that was half sent must be answered when the rest comes.";
        reading: "The rest comes when the new release answers already.";
        needs: [HTTP, TEXT, Need::Reload]; Isolated; seconds: 15;
        accepts: ["the whole line on every connection"]; aliases: [];
        run: |stage| half_line(stage, "text")
    },
    act! {
        "reload.unix.half-line", Must, Source::Reload("RL-4");
        claim: "A line that was half sent on a unix socket must be answered when the rest comes.";
        reading: "The rest comes when the new release answers already.";
        needs: [HTTP, Need::Can(Capability::Unix), Need::Reload]; Isolated; seconds: 15;
        accepts: ["the whole line on every connection"]; aliases: [];
        run: |stage| half_line(stage, "unix")
    },
    act! {
        "reload.frame.half-frame", Must, Source::Reload("RL-4");
        claim: "A frame that was half sent must be answered when the rest comes.";
        reading: "The length and half of the payload came before; the rest comes when the new release answers already.";
        needs: [HTTP, FRAME, Need::Reload]; Isolated; seconds: 15;
        accepts: ["the whole payload on every connection"]; aliases: [];
        run: half_frame
    },
    act! {
        "reload.websocket.half-frame", Should, Source::Reload("RL-4");
        claim: "A websocket frame that was half sent must be answered when the rest comes.";
        reading: "The rest comes when the new release answers already.";
        needs: [HTTP, WEBSOCKET, Need::Reload]; Isolated; seconds: 15;
        accepts: ["the whole message on every connection"]; aliases: [];
        run: |stage| {
            let bytes = Frame::new(opcode::TEXT, "one whole frame").bytes();
            let (first, rest) = bytes.split_at(9);
            half_message(stage, first, rest, b"one whole frame")
        }
    },
    act! {
        "reload.websocket.half-message", Should, Source::Reload("RL-4");
        claim: "A websocket message of which one fragment came must be answered when the last one comes.";
        reading: "The last comes when the new release answers already.";
        needs: [HTTP, WEBSOCKET, Need::Reload]; Isolated; seconds: 15;
        accepts: ["the whole message on every connection"]; aliases: [];
        run: |stage| {
            let first = Frame { fin: false, ..Frame::new(opcode::TEXT, "two ") }.bytes();
            half_message(stage, &first, &Frame::new(opcode::CONTINUATION, "fragments").bytes(), b"two fragments")
        }
    },
    act! {
        "reload.websocket.half-handshake", Must, Source::Reload("RL-4");
        claim: "An opening handshake that was half sent must be answered when the rest comes.";
        reading: "The rest comes when the new release answers already; any answer of HTTP does.";
        needs: [HTTP, WEBSOCKET, Need::Reload]; Isolated; seconds: 15;
        accepts: ["101, or 503, on every connection"]; aliases: [];
        run: half_handshake
    },
    act! {
        "reload.websocket.every-one-told", Must, Source::Reload("RL-21");
        claim: "Every open websocket connection of an old worker must be told the end by a close frame.";
        reading: "Sixteen connections that have spoken before; 1001, 1000 or 1012, and then the end.";
        needs: [HTTP, WEBSOCKET, Need::Reload]; Isolated; seconds: 30;
        accepts: ["a close frame on every connection"]; aliases: [];
        run: every_one_told
    },
];

/// Within this time of the new release's first answer every old worker has been told to go.
const TOLD: Duration = Duration::from_millis(300);
/// Connections per case: enough that each of two workers has some.
const COUNT: usize = 8;

/// Reloads, and goes on with the scene when the new release answers and the old one drains.
///
/// A reload command that waits for old connections is still running then, so it has a thread of its own.
pub(super) fn through_reload(stage: &Stage, scene: impl FnOnce() -> Outcome) -> Outcome {
    worker_pids(stage)?;
    thread::scope(|scope| {
        let trigger = scope.spawn(|| reload(stage, "fresh", Mode::Up));
        let answered = wait_release(stage, "fresh");
        watch(stage, TOLD);
        let outcome = match answered {
            None => broken("the new release never answers"),
            Some(_) => scene(),
        };
        trigger.join().map_err(|_| Surprise("asking for a reload panicked".to_owned()))??;
        outcome
    })
}

fn lines(stage: &Stage, port: &str) -> Result<Vec<crate::probe::TextProbe>, Surprise> {
    (0..COUNT)
        .map(|_| {
            let mut probe = if port == "unix" { stage.unix()? } else { stage.text()? };
            probe.who()?;
            Ok(probe)
        })
        .collect()
}

fn under_way(stage: &Stage, port: Port) -> Outcome {
    let mut speakers = Vec::new();
    for _ in 0..COUNT {
        let mut speaker = Speaker::open(stage, port)?;
        speaker.who(stage)?;
        speaker.say(b"!sleep 900")?;
        speakers.push(speaker);
    }
    through_reload(stage, || {
        for (number, mut speaker) in speakers.into_iter().enumerate() {
            match speaker.hear(stage.deadline())? {
                Ok(message) if message == b"slept 900" => {}
                Ok(message) => {
                    return broken(format!("connection {number}: {:?}", String::from_utf8_lossy(&message)));
                }
                Err(nothing) => return broken(format!("connection {number}: {}", nothing.what)),
            }
        }
        kept()
    })
}

fn websocket_blocked(stage: &Stage) -> Outcome {
    let mut probe = stage.open_websocket()?;
    probe.who()?;
    probe.say(opcode::TEXT, b"!block 900")?;
    stage.holds_for(stage.quiet(), || true);
    through_reload(stage, || {
        let heard = probe.hear(stage.deadline())?;
        drop(probe);
        match heard {
            Ok(Event::Message { payload, .. }) if payload == b"blocked 900" => kept(),
            other => broken(format!("{other:?}")),
        }
    })
}

fn half_line(stage: &Stage, port: &str) -> Outcome {
    let mut probes = lines(stage, port)?;
    for probe in &mut probes {
        probe.send(b"half of a ")?;
    }
    through_reload(stage, || {
        for (number, mut probe) in probes.into_iter().enumerate() {
            probe.send(b"line\n")?;
            match probe.hear()? {
                Ok(line) if line == b"half of a line" => {}
                other => return broken(format!("connection {number}: {other:?}")),
            }
        }
        kept()
    })
}

fn half_frame(stage: &Stage) -> Outcome {
    let whole = frame(b"half of a frame");
    let (first, rest) = whole.split_at(11);
    let mut probes = Vec::new();
    for _ in 0..COUNT {
        let mut probe = stage.frame()?;
        probe.who()?;
        probe.send(first)?;
        probes.push(probe);
    }
    through_reload(stage, || {
        for (number, mut probe) in probes.into_iter().enumerate() {
            probe.send(rest)?;
            match probe.hear()? {
                Ok(payload) if payload == b"half of a frame" => {}
                other => return broken(format!("connection {number}: {other:?}")),
            }
        }
        kept()
    })
}

fn half_message(stage: &Stage, first: &[u8], rest: &[u8], whole: &[u8]) -> Outcome {
    let mut probes = Vec::new();
    for _ in 0..COUNT {
        let mut probe = stage.open_websocket()?;
        probe.who()?;
        probe.send(first)?;
        probes.push(probe);
    }
    through_reload(stage, || {
        for (number, mut probe) in probes.into_iter().enumerate() {
            probe.send(rest)?;
            match probe.hear(stage.deadline())? {
                Ok(Event::Message { payload, .. }) if payload == whole => {}
                other => return broken(format!("connection {number}: {other:?}")),
            }
        }
        kept()
    })
}

fn half_handshake(stage: &Stage) -> Outcome {
    let whole = Opening::new().bytes();
    let (first, rest) = whole.split_at(whole.len() / 2);
    let mut probes = Vec::new();
    for _ in 0..COUNT {
        let mut probe = stage.websocket()?;
        probe.send(first)?;
        probes.push(probe);
    }
    // Used ones came behind them and were answered: these have had every chance to be accepted.
    for _ in 0..COUNT {
        stage.open_websocket()?.who()?;
    }
    through_reload(stage, || {
        for (number, mut probe) in probes.into_iter().enumerate() {
            probe.send(rest)?;
            match probe.answer(stage.deadline())? {
                Ok(response) if [101, 503].contains(&response.status) => {}
                Ok(response) => return broken(format!("connection {number}: {}", response.status)),
                Err(what) => return broken(format!("connection {number}: {what}")),
            }
        }
        kept()
    })
}

fn every_one_told(stage: &Stage) -> Outcome {
    let mut probes = Vec::new();
    for _ in 0..16 {
        let mut probe = stage.open_websocket()?;
        probe.who()?;
        probes.push(probe);
    }
    through_reload(stage, || {
        for (number, probe) in probes.iter_mut().enumerate() {
            match probe.hear(stage.deadline())? {
                Ok(Event::Close(Some(1000 | 1001 | 1012), _)) => {}
                other => return broken(format!("connection {number}: {other:?}")),
            }
        }
        drop(probes);
        kept()
    })
}
