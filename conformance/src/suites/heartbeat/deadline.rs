use std::time::{Duration, Instant};

use workerspec_wire::http::Request;
use workerspec_wire::websocket::{Opening, opcode};

use crate::case::{Case, Need, Source};
use crate::probe::{NoAnswer, Probe};
use crate::run::Stage;
use crate::testee::{BODY_TIMEOUT, CLOSE_TIMEOUT, Capability, HANDSHAKE_TIMEOUT, HEADER_TIMEOUT};
use crate::verdict::{Finding, Outcome, Surprise, broken};

const DEADLINES: Need = Need::Can(Capability::Deadlines);
const HTTP: Need = Need::Can(Capability::Http);
const WEBSOCKET: Need = Need::Can(Capability::WebSocket);
const TLS: Need = Need::Can(Capability::Tls);

/// SF-42: heads, bodies and handshakes that never end.
pub(super) const CASES: &[Case] = &[
    act! {
        "heartbeat.deadline.http-half-head", Must, Source::Model("SF-42");
        claim: "A head that never ends must be ended on port http.";
        reading: "By the header timeout, found late by half of it and half a second at most, never early.";
        needs: [HTTP, DEADLINES]; Shared; seconds: 12;
        accepts: ["408 or the end"]; aliases: [];
        run: |stage| http(stage, b"GET / HTTP/1.1\r\nHost: a\r\n")
    },
    act! {
        "heartbeat.deadline.http-trickling-head", Must, Source::Model("SF-42");
        claim: "A head that comes octet by octet must be ended on port http all the same.";
        reading: "The header timeout counts from the start: an octet every 300 ms does not lengthen it.";
        needs: [HTTP, DEADLINES]; Shared; seconds: 12;
        accepts: ["408 or the end"]; aliases: [];
        run: trickling
    },
    act! {
        "heartbeat.deadline.http-half-body", Must, Source::Model("SF-42");
        claim: "A body that stands still must be ended on port http.";
        reading: "By the body timeout, found late by half of it and half a second at most, never early.";
        needs: [HTTP, DEADLINES]; Shared; seconds: 12;
        accepts: ["408, 400 or the end"]; aliases: [];
        run: half_body
    },
    act! {
        "heartbeat.deadline.websocket-silent", Must, Source::Model("SF-42");
        claim: "A connection that never says anything must be ended on port websocket.";
        reading: "By the handshake timeout, found late by half of it and half a second at most, never early.";
        needs: [WEBSOCKET, DEADLINES]; Shared; seconds: 8;
        accepts: ["the end"]; aliases: [];
        run: |stage| websocket(stage, 0)
    },
    act! {
        "heartbeat.deadline.websocket-half-handshake", Must, Source::Model("SF-42");
        claim: "An opening handshake that never ends must be ended.";
        reading: "By the handshake timeout, found late by half of it and half a second at most, never early.";
        needs: [WEBSOCKET, DEADLINES]; Shared; seconds: 8;
        accepts: ["408 or the end"]; aliases: [];
        run: |stage| websocket(stage, 60)
    },
    act! {
        "heartbeat.deadline.websocket-close-unanswered", Must, Source::Model("SF-36");
        claim: "A client that does not answer a close must be cut.";
        reading: "`!close`, and the client sends nothing more: the end of TCP by the close timeout, found late by half of it and half a second at most.";
        needs: [WEBSOCKET, DEADLINES]; Shared; seconds: 8;
        accepts: ["the end of TCP"]; aliases: [];
        run: close_unanswered
    },
    act! {
        "heartbeat.deadline.tls-silent", Must, Source::Model("SF-42");
        claim: "A connection that never says anything must be ended on port tls.";
        reading: "By the handshake timeout, found late by half of it and half a second at most, never early.";
        needs: [TLS, DEADLINES]; Shared; seconds: 8;
        accepts: ["the end"]; aliases: [];
        run: |stage| tls(stage, b"")
    },
    act! {
        "heartbeat.deadline.tls-half-hello", Must, Source::Model("SF-42");
        claim: "A TLS handshake that never ends must be ended.";
        reading: "The first octets of a ClientHello; by the handshake timeout, found late by half of it and half a second at most, never early.";
        needs: [TLS, DEADLINES]; Shared; seconds: 8;
        accepts: ["an alert or the end"]; aliases: [];
        run: |stage| tls(stage, b"\x16\x03\x01\x01\x00\x01\x00\x00\xfc\x03\x03")
    },
];

/// Waits for the end, which has to come at `timeout` and not much later.
fn ends_at(stage: &Stage, probe: &mut Probe, begun: Instant, timeout: Duration) -> Outcome {
    let late = timeout + timeout / 2 + Duration::from_millis(500) + stage.quiet();
    let end = probe.wait_end(stage.deadline().min(begun + late))?;
    judge(end.is_over(), begun.elapsed(), timeout)
}

fn judge(over: bool, after: Duration, timeout: Duration) -> Outcome {
    match (over, after) {
        (false, after) => broken(format!("open after {} ms", after.as_millis())),
        (true, after) if after < timeout => broken(format!("ended after {} ms already", after.as_millis())),
        (true, after) => Ok(Finding::Kept(format!("after {} ms", after.as_millis()))),
    }
}

fn http(stage: &Stage, bytes: &[u8]) -> Outcome {
    let mut probe = stage.http()?;
    let begun = Instant::now();
    probe.send(bytes)?;
    ends_at(stage, probe.raw(), begun, HEADER_TIMEOUT - SLACK)
}

/// Octets may have been read, and the clock started, a moment before or behind ours.
const SLACK: Duration = Duration::from_millis(20);

fn trickling(stage: &Stage) -> Outcome {
    let mut probe = stage.http()?;
    let begun = Instant::now();
    probe.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-Filler: ")?;
    let late = HEADER_TIMEOUT + HEADER_TIMEOUT / 2 + Duration::from_millis(500);
    while begun.elapsed() < late {
        let pause = stage.within(Duration::from_millis(300));
        if probe.raw().wait_end(pause)?.is_over() {
            return judge(true, begun.elapsed(), HEADER_TIMEOUT - SLACK);
        }
        probe.send(b"x")?;
    }
    judge(false, begun.elapsed(), HEADER_TIMEOUT)
}

fn half_body(stage: &Stage) -> Outcome {
    let mut probe = stage.http()?;
    let whole = Request::post("/load/half").body(b"0123456789");
    probe.send(&whole[..whole.len() - 5])?;
    let begun = Instant::now();
    let late = BODY_TIMEOUT + BODY_TIMEOUT / 2 + Duration::from_millis(500) + stage.quiet();
    match probe.hear_until(false, stage.deadline().min(begun + late))? {
        Ok(response) if response.status / 100 == 4 => judge(true, begun.elapsed(), BODY_TIMEOUT - SLACK),
        Ok(response) => broken(format!("{} for half a body", response.status)),
        Err(NoAnswer::End(end)) => judge(end.is_over(), begun.elapsed(), BODY_TIMEOUT - SLACK),
        Err(malformed) => broken(malformed.to_string()),
    }
}

fn websocket(stage: &Stage, octets: usize) -> Outcome {
    let mut probe = stage.websocket()?;
    let begun = Instant::now();
    if octets != 0 {
        probe.send(&Opening::new().bytes()[..octets])?;
    }
    ends_at(stage, probe.raw(), begun, HANDSHAKE_TIMEOUT - SLACK)
}

fn close_unanswered(stage: &Stage) -> Outcome {
    let mut probe = stage.open_websocket()?;
    probe.say(opcode::TEXT, b"!close")?;
    let begun = Instant::now();
    let late = CLOSE_TIMEOUT + CLOSE_TIMEOUT / 2 + Duration::from_millis(500) + stage.quiet();
    let end = probe.raw().wait_end(stage.within(late))?;
    match end.is_over() {
        true => Ok(Finding::Kept(format!("after {} ms", begun.elapsed().as_millis()))),
        false => broken(format!("TCP is open after {} ms", begun.elapsed().as_millis())),
    }
}

fn tls(stage: &Stage, bytes: &[u8]) -> Outcome {
    let deadline = stage.deadline();
    let mut probe = stage.try_connect("tls", None, deadline)?.map_err(Surprise::of("can't connect"))?;
    let begun = Instant::now();
    if !bytes.is_empty() {
        probe.send(bytes, deadline)?;
    }
    ends_at(stage, &mut probe, begun, HANDSHAKE_TIMEOUT - SLACK)
}
