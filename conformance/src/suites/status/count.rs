use std::time::Duration;

use workerspec_wire::http::Request;
use workerspec_wire::websocket::opcode;

use super::figure::{becomes, settled, speakers};
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::suites::speaker::{Port, Speaker};
use crate::testee::{Capability, Verb};
use crate::verdict::{Finding, Outcome, Surprise, unproved};

const STATUS: Need = Need::Command(Verb::Status);

/// STATUS-3 and PIPE-7: connections, requests, failures and timers.
pub(super) const CASES: &[Case] = &[
    act! {
        "status.connections.open", Must, Source::Model("STATUS-3");
        claim: "Connections that are open must be counted.";
        reading: "Seven that have said something.";
        needs: [STATUS, Port::Text.need()]; Isolated; seconds: 12;
        accepts: ["seven more"]; aliases: [];
        run: open_connections
    },
    act! {
        "status.connections.gone", Must, Source::Model("STATUS-3");
        claim: "Connections that are gone must not be counted.";
        reading: "Seven that came and went.";
        needs: [STATUS, Port::Text.need()]; Isolated; seconds: 12;
        accepts: ["as many as before"]; aliases: [];
        run: gone_connections
    },
    act! {
        "status.requests.text", Must, Source::Model("PIPE-7");
        claim: "Every message must be counted on port text.";
        reading: "Twelve lines.";
        needs: [STATUS, Port::Text.need()]; Isolated; seconds: 12;
        accepts: ["twelve more"]; aliases: [];
        run: |stage| requests(stage, Port::Text)
    },
    act! {
        "status.requests.frame", Must, Source::Model("PIPE-7");
        claim: "Every message must be counted on port frame.";
        reading: "Twelve frames.";
        needs: [STATUS, Port::Frame.need()]; Isolated; seconds: 12;
        accepts: ["twelve more"]; aliases: [];
        run: |stage| requests(stage, Port::Frame)
    },
    act! {
        "status.requests.websocket", Must, Source::Model("PIPE-7");
        claim: "Every message must be counted on port websocket.";
        reading: "Twelve websocket messages; the handshake, three pings and a pong are none.";
        needs: [STATUS, Port::WebSocket.need()]; Isolated; seconds: 12;
        accepts: ["twelve more"]; aliases: [];
        run: |stage| requests(stage, Port::WebSocket)
    },
    act! {
        "status.requests.http", Must, Source::Model("PIPE-7");
        claim: "Every request must be counted on port http.";
        reading: "Twelve requests on three connections; one that is malformed is none.";
        needs: [STATUS, Need::Can(Capability::Http)]; Isolated; seconds: 12;
        accepts: ["twelve more"]; aliases: [];
        run: http_requests
    },
    act! {
        "status.requests.udp", Must, Source::Model("PIPE-7");
        claim: "Every datagram must be counted on port udp.";
        reading: "Twelve that were answered.";
        needs: [STATUS, Need::Can(Capability::Udp)]; Isolated; seconds: 12;
        accepts: ["twelve more"]; aliases: [];
        run: datagrams
    },
    act! {
        "status.failures.refused", Must, Source::Model("BUF-4");
        claim: "Messages that were refused must be counted as failed sends.";
        reading: "As many as the journal says of a flood to a reader that stalls.";
        needs: [STATUS, Need::Can(Capability::SendBuffer), Need::Can(Capability::Journal), Port::Text.need()]; Isolated; seconds: 12;
        accepts: ["as many more"]; aliases: [];
        run: refused
    },
    act! {
        "status.timers.pending", Must, Source::Model("TIMER-10");
        claim: "Timers that are pending must be counted.";
        reading: "Five of a minute.";
        needs: [STATUS, Need::Can(Capability::Timers), Port::Text.need()]; Isolated; seconds: 12;
        accepts: ["five more"]; aliases: [];
        run: timers_pending
    },
    act! {
        "status.timers.fired", Must, Source::Model("TIMER-10");
        claim: "Timers that have fired must not be counted.";
        reading: "Five of 1.2 s, counted before and no more after the last has run.";
        needs: [STATUS, Need::Can(Capability::Timers), Port::Text.need()]; Isolated; seconds: 12;
        accepts: ["as many as before"]; aliases: [];
        run: timers_fired
    },
    act! {
        "status.timers.gone", Must, Source::Contract("Commands inside messages");
        claim: "Timers of connections that are gone must not be counted.";
        reading: "Five of a minute, whose connection has closed.";
        needs: [STATUS, Need::Can(Capability::Timers), Port::Text.need()]; Isolated; seconds: 12;
        accepts: ["as many as before"]; aliases: [];
        run: timers_gone
    },
];

fn open_connections(stage: &Stage) -> Outcome {
    let before = settled(stage, |worker| worker.connections)?;
    let _speakers = speakers(stage, 7)?;
    becomes(stage, before + 7, |worker| worker.connections)
}

fn gone_connections(stage: &Stage) -> Outcome {
    let before = settled(stage, |worker| worker.connections)?;
    let speakers = speakers(stage, 7)?;
    if becomes(stage, before + 7, |worker| worker.connections)? != Finding::Kept(String::new()) {
        return unproved("they are not counted while they are open");
    }
    drop(speakers);
    becomes(stage, before, |worker| worker.connections)
}

fn requests(stage: &Stage, port: Port) -> Outcome {
    let before = settled(stage, |worker| worker.total_request)?;
    let mut speaker = Speaker::open(stage, port)?;
    for _ in 0..12 {
        speaker.ask(stage, b"counted")?;
    }
    if let Speaker::WebSocket(probe) = &mut speaker {
        for _ in 0..3 {
            probe.say(opcode::PING, b"not counted")?;
            probe.hear(stage.deadline())?.map_err(|silence| Surprise(silence.to_string()))?;
        }
        probe.say(opcode::PONG, b"not counted")?;
    }
    becomes(stage, before + 12, |worker| worker.total_request)
}

fn http_requests(stage: &Stage) -> Outcome {
    let before = settled(stage, |worker| worker.total_request)?;
    for _ in 0..3 {
        let mut probe = stage.http()?;
        for number in 0..4 {
            probe.load(&format!("counted-{number}"))?.map_err(|no_answer| Surprise(no_answer.to_string()))?;
        }
    }
    let mut malformed = stage.http()?;
    malformed.send(&Request::get("/").field("Host", "another").end())?;
    malformed.raw().wait_end(stage.within(Duration::from_secs(1)))?;
    becomes(stage, before + 12, |worker| worker.total_request)
}

fn datagrams(stage: &Stage) -> Outcome {
    let before = settled(stage, |worker| worker.total_request)?;
    let probe = stage.datagrams()?;
    for number in 0..12 {
        probe.send(format!("datagram {number} counts").as_bytes())?;
        if probe.hear(stage.within(Duration::from_secs(2)))?.is_none() {
            return unproved(format!("datagram {number} was not answered"));
        }
    }
    becomes(stage, before + 12, |worker| worker.total_request)
}

fn refused(stage: &Stage) -> Outcome {
    let before = settled(stage, |worker| worker.send_fail)?;
    let mut speaker = Speaker::narrow(stage, Port::Text)?;
    let pid = speaker.who(stage)?.pid;
    speaker.say(b"!flood 400 50000")?;
    let flood = stage.eventually(|| {
        stage.testee().journal().into_iter().find(|line| line.event == "flood" && line.pid == pid)
    });
    match flood.and_then(|line| line.refused) {
        None => Err(Surprise("the journal has no `flood`".to_owned())),
        Some(0) => unproved("nothing was refused"),
        Some(refused) => becomes(stage, before + refused as i64, |worker| worker.send_fail),
    }
}

fn timers_pending(stage: &Stage) -> Outcome {
    let before = settled(stage, |worker| worker.timers)?;
    let mut speaker = speakers(stage, 1)?.remove(0);
    for number in 0..5 {
        speaker.say(format!("!after far{number} 60000").as_bytes())?;
    }
    speaker.ask(stage, b"fence")?;
    becomes(stage, before + 5, |worker| worker.timers)
}

fn timers_fired(stage: &Stage) -> Outcome {
    let before = settled(stage, |worker| worker.timers)?;
    let mut speaker = speakers(stage, 1)?.remove(0);
    for number in 0..5 {
        speaker.say(format!("!after near{number} 1200").as_bytes())?;
    }
    if becomes(stage, before + 5, |worker| worker.timers)? != Finding::Kept(String::new()) {
        return unproved("they are not counted while they are pending");
    }
    for _ in 0..5 {
        speaker.hear(stage.deadline())?.map_err(|nothing| Surprise(nothing.what))?;
    }
    becomes(stage, before, |worker| worker.timers)
}

fn timers_gone(stage: &Stage) -> Outcome {
    let before = settled(stage, |worker| worker.timers)?;
    let mut speaker = speakers(stage, 1)?.remove(0);
    for number in 0..5 {
        speaker.say(format!("!after far{number} 60000").as_bytes())?;
    }
    if becomes(stage, before + 5, |worker| worker.timers)? != Finding::Kept(String::new()) {
        return unproved("they are not counted while they are pending");
    }
    drop(speaker);
    becomes(stage, before, |worker| worker.timers)
}
