use std::time::Duration;

use workerspec_wire::websocket::{Event, Frame, Opening, opcode};

use super::life::{bystanders, still_served};
use crate::case::{Case, Need, Source};
use crate::probe::WebSocketProbe;
use crate::run::Stage;
use crate::testee::{Capability, Pid, Process};
use crate::verdict::{Finding, Outcome, Surprise, broken, kept};

const WEBSOCKET: Need = Need::Can(Capability::WebSocket);

/// Many connections, slow ones among them, and a server that speaks first.
pub(super) const CASES: &[Case] = &[
    act! {
        "websocket.crowd.idle-beside-flood", Must, Source::Model("BUF-2");
        claim: "Two hundred idle connections must be served while another one is flooded.";
        reading: "Its reader stalls; each of the others is answered within three seconds in all.";
        needs: [WEBSOCKET]; Isolated; seconds: 15;
        accepts: ["every idle connection is answered"]; aliases: [];
        run: idle_beside_flood
    },
    act! {
        "websocket.crowd.pings-unread", Must, Source::Model("SF-64");
        claim: "Pings whose pongs nobody reads must not cost memory without bound.";
        reading: "Twenty megabytes of them, or as many as the server takes; the resident memory of every worker grows by less than 48.";
        needs: [WEBSOCKET]; Isolated; seconds: 20;
        accepts: ["less than 48 MiB more, and bystanders are answered"]; aliases: [];
        run: pings_unread
    },
    act! {
        "websocket.greeting.first", Must, Source::Model("WS-9");
        claim: "A message that the server sends behind its handshake must arrive first.";
        reading: "`welcome` after a handshake for `/greet`, and then the echo of what the client sent in the same write as the handshake.";
        needs: [WEBSOCKET, Need::Can(Capability::Greeting)]; Shared; seconds: 8;
        accepts: ["101, `welcome`, the echo"]; aliases: [];
        run: |stage| greeting(stage, true)
    },
    act! {
        "websocket.greeting.unasked", Must, Source::Model("WS-9");
        claim: "A message of the server must come although the client says nothing.";
        reading: "`welcome` after a handshake for `/greet`.";
        needs: [WEBSOCKET, Need::Can(Capability::Greeting)]; Shared; seconds: 8;
        accepts: ["101, `welcome`"]; aliases: [];
        run: |stage| greeting(stage, false)
    },
];

fn idle_beside_flood(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    let mut idle = Vec::new();
    for _ in 0..200 {
        let probe = stage
            .connect_apart("websocket", None, stage.deadline())?
            .map_err(Surprise::of("can't connect"))?;
        let mut probe = WebSocketProbe::new(probe, stage.deadline());
        probe.open(None)?.map_err(Surprise)?;
        idle.push(probe);
    }
    let deadline = stage.deadline();
    let stalled =
        stage.try_connect("websocket", Some(16 << 10), deadline)?.map_err(Surprise::of("can't connect"))?;
    let mut stalled = WebSocketProbe::new(stalled, deadline);
    stalled.open(None)?.map_err(Surprise)?;
    stalled.say(opcode::TEXT, b"!flood 200 60000")?;
    let patience = stage.within(Duration::from_secs(3));
    for (number, probe) in idle.iter_mut().enumerate() {
        probe.say(opcode::TEXT, b"meanwhile")?;
        match probe.hear(patience)? {
            Ok(Event::Message { payload, .. }) if payload == b"meanwhile" => {}
            other => return broken(format!("idle connection {number}: {other:?}")),
        }
    }
    kept()
}

fn pings_unread(stage: &Stage) -> Outcome {
    let workers = stage.all_workers()?;
    let resident = |pid: Pid| Process::read(pid).map_or(0, |process| process.resident_bytes);
    let before: Vec<(Pid, u64)> = workers.iter().map(|worker| (worker.pid, resident(worker.pid))).collect();
    let beside = bystanders(stage)?;
    let deadline = stage.deadline();
    let probe =
        stage.try_connect("websocket", Some(16 << 10), deadline)?.map_err(Surprise::of("can't connect"))?;
    let mut probe = WebSocketProbe::new(probe, deadline);
    probe.open(None)?.map_err(Surprise)?;
    let pings = Frame::new(opcode::PING, vec![b'p'; 125]).bytes().repeat(4_000);
    for _ in 0..40 {
        // A server that reads no more has no more to hold, and neither has one that has closed.
        let soon = stage.within(Duration::from_millis(300));
        if probe.raw().send(&pings, soon).is_err() {
            break;
        }
    }
    let mut most = 0;
    stage.holds_for(Duration::from_millis(200), || {
        let more = before.iter().map(|(pid, before)| resident(*pid).saturating_sub(*before)).max();
        most = most.max(more.unwrap_or_default());
        true
    });
    if 48 << 20 <= most {
        return broken(format!("{} MiB more", most >> 20));
    }
    match still_served(beside)? {
        Finding::Kept(_) => Ok(Finding::Kept(format!("{} MiB more", most >> 20))),
        other => Ok(other),
    }
}

fn greeting(stage: &Stage, speaks: bool) -> Outcome {
    let mut probe = stage.websocket()?;
    let mut bytes = Opening::new().replace("GET ", "GET /greet HTTP/1.1").bytes();
    if speaks {
        bytes.extend_from_slice(&Frame::new(opcode::TEXT, "hello").bytes());
    }
    probe.send(&bytes)?;
    match probe.answer(stage.within(Duration::from_secs(2)))? {
        Ok(response) if response.status == 101 => {}
        Ok(response) => return broken(format!("{} for the handshake", response.status)),
        Err(what) => return broken(what),
    }
    let wanted: &[&str] = if speaks { &["welcome", "hello"] } else { &["welcome"] };
    for wanted in wanted {
        match probe.hear(stage.within(Duration::from_secs(2)))? {
            Ok(Event::Message { payload, .. }) if payload == wanted.as_bytes() => {}
            other => return broken(format!("{wanted:?} was due and came as {other:?}")),
        }
    }
    kept()
}
