//! Plays a talk: sends frames, and looks what comes.

use std::time::Duration;

use workerspec_wire::dump::escape;
use workerspec_wire::websocket::{Event, Frame, Kind, close_payload, opcode};

use super::slicing::{Slicing, under_every_cut};
use super::stage::Stage;
use crate::case::{Cut, Ending, Fence, Grade, Heard, Reply, Step, Talk};
use crate::probe::{End, Silence, WebSocketProbe};
use crate::verdict::{Finding, Outcome, Surprise};

/// A reply that has not come by then will not come.
const PATIENCE: Duration = Duration::from_secs(3);
/// What the fence says.
const FENCE: &[u8] = b"fence";

/// What a talk showed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    heard: Vec<Event>,
    end: Left,
}

/// How the connection was left.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Left {
    /// The fence was answered, or the quiet window passed.
    Open,
    /// A close frame with this code, 1005 being none. The end followed, or not.
    Close(u16, End),
    /// The end, without a close frame.
    Over(End),
    /// Bytes that no server may send.
    Malformed(String),
    /// Nothing came that was due.
    Silent,
}

/// Opens, sends, looks, judges; what is answered is tried under every cut.
pub(super) fn play(talk: &Talk, stage: &Stage) -> Outcome {
    let (finding, answered) = once(talk, None, stage)?;
    if !answered || talk.cut != Cut::Whole {
        return Ok(finding);
    }
    under_every_cut(finding, |slicing| Ok(once(talk, Some(slicing), stage)?.0))
}

/// What was found, and whether all that was sent was answered.
fn once(talk: &Talk, slicing: Option<Slicing>, stage: &Stage) -> Result<(Finding, bool), Surprise> {
    let mut probe = stage.websocket()?;
    if let Err(what) = probe.open(talk.offer)? {
        return Ok((Finding::Broken(what), false));
    }
    if talk.offer.is_some() && probe.agreed().is_none() {
        return Ok((Finding::Broken("permessage-deflate was declined".to_owned()), false));
    }
    let limit = stage.testee().limits().max_package;
    let frames: Vec<Vec<u8>> = talk.send.iter().flat_map(|step| step.bytes(limit)).collect();
    match (slicing, talk.cut) {
        (None, Cut::Whole) => probe.send(&frames.concat())?,
        (None, Cut::Octets(count)) => {
            frames.concat().chunks(count).try_for_each(|piece| probe.send(piece))?;
        }
        // A frame is the line of this protocol.
        (None, Cut::Frames) | (Some(Slicing::Lines), _) => {
            frames.iter().try_for_each(|frame| probe.send(frame))?;
        }
        (Some(slicing), _) => {
            slicing.pieces(&frames.concat()).into_iter().try_for_each(|piece| probe.send(piece))?;
        }
    }
    let closing = talk.send.iter().any(Step::closes);
    let midway = talk.send.iter().fold(false, |open, step| step.leaves_open(open));
    match talk.fence {
        Fence::Quiet | Fence::Due => {}
        Fence::Finish => probe.raw().finish_sending(),
        Fence::Sent if closing => {}
        Fence::Sent if !midway => probe.say(opcode::TEXT, FENCE)?,
        Fence::Sent | Fence::Ping => probe.say(opcode::PING, FENCE)?,
    }
    let seen = look(talk, closing, &mut probe, stage)?;
    let answered = seen.end == Left::Open && !seen.heard.is_empty();
    Ok((judge(talk.accept, &seen, limit), answered))
}

fn look(talk: &Talk, closing: bool, probe: &mut WebSocketProbe, stage: &Stage) -> Result<Seen, Surprise> {
    let mut heard = Vec::new();
    let deadline = stage.within(if talk.fence == Fence::Quiet { stage.quiet() } else { PATIENCE });
    let end = loop {
        match probe.hear(deadline)? {
            Ok(Event::Close(code, _)) => break close(code, closing, probe, stage)?,
            Ok(event) if is_fence(&event) => break Left::Open,
            Ok(event) => heard.push(event),
            Err(Silence::Malformed(malformed)) => {
                probe.raw().note(format!("no server may send this: {malformed}"));
                break Left::Malformed(malformed.to_string());
            }
            Err(Silence::End(End::TimedOut | End::Enough)) => {
                break if talk.fence == Fence::Quiet { Left::Open } else { Left::Silent };
            }
            Err(Silence::End(over)) => break Left::Over(over),
        }
    };
    Ok(Seen { heard, end })
}

/// The server's close: it is answered if the client has not closed itself, and then the end is due.
fn close(
    code: Option<u16>,
    closing: bool,
    probe: &mut WebSocketProbe,
    stage: &Stage,
) -> Result<Left, Surprise> {
    if !closing {
        let payload = code.map(|code| close_payload(code, b"")).unwrap_or_default();
        probe.send(&Frame::new(opcode::CLOSE, payload).bytes())?;
    }
    match probe.hear(stage.within(PATIENCE))? {
        Ok(_) => Ok(Left::Malformed("a frame behind the close".to_owned())),
        Err(Silence::Malformed(malformed)) => Ok(Left::Malformed(malformed.to_string())),
        Err(Silence::End(end)) => Ok(Left::Close(code.unwrap_or(1005), end)),
    }
}

fn is_fence(event: &Event) -> bool {
    match event {
        Event::Message { kind: Kind::Text, payload, .. } | Event::Pong(payload) => payload == FENCE,
        _ => false,
    }
}

/// The best of the acceptable replies that came, or none.
fn judge(accepts: &[Reply], seen: &Seen, limit: usize) -> Finding {
    let came = describe(seen);
    for grade in [Grade::Preferred, Grade::Tolerated, Grade::Observed] {
        if accepts.iter().any(|accept| accept.grade == grade && matches(accept, seen, limit)) {
            return match (grade, &seen.end) {
                // RFC 6455 7.1.1: the server closes TCP. That has a case of its own.
                (_, Left::Close(_, End::TimedOut)) | (Grade::Tolerated, _) => Finding::Tolerated(came),
                _ => Finding::Kept(came),
            };
        }
    }
    Finding::Broken(came)
}

fn matches(accept: &Reply, seen: &Seen, limit: usize) -> bool {
    let end = match (accept.end, &seen.end) {
        (Ending::Open, Left::Open) | (Ending::Dropped, Left::Over(_)) => true,
        (Ending::Closes(codes), Left::Close(code, _)) => codes.is_empty() || codes.contains(code),
        _ => false,
    };
    let same = |(wanted, came): (&Heard, &Event)| match (wanted, came) {
        (Heard::Text(content), Event::Message { kind: Kind::Text, payload, .. })
        | (Heard::Binary(content), Event::Message { kind: Kind::Binary, payload, .. })
        | (Heard::Pong(content), Event::Pong(payload)) => content.bytes(limit) == *payload,
        _ => false,
    };
    end && accept.heard.len() == seen.heard.len() && accept.heard.iter().zip(&seen.heard).all(same)
}

/// What came, in words.
fn describe(seen: &Seen) -> String {
    let mut words: Vec<String> = seen
        .heard
        .iter()
        .take(6)
        .map(|event| match event {
            Event::Message { kind, payload, .. } => {
                let kind = if *kind == Kind::Text { "text" } else { "binary" };
                shown(kind, payload)
            }
            Event::Pong(payload) => shown("pong", payload),
            other => format!("{other:?}"),
        })
        .collect();
    if 6 < seen.heard.len() {
        words.push(format!("{} more", seen.heard.len() - 6));
    }
    words.push(match &seen.end {
        Left::Open => "the connection goes on".to_owned(),
        Left::Close(1005, end) => format!("close without a code, then {}", end.name()),
        Left::Close(code, end) => format!("close with {code}, then {}", end.name()),
        Left::Over(end) => format!("{} without a close frame", end.name()),
        Left::Malformed(what) => what.clone(),
        Left::Silent => "nothing more came in time".to_owned(),
    });
    words.join(", ")
}

fn shown(kind: &str, payload: &[u8]) -> String {
    match payload.len() {
        0..=40 => format!("{kind} \"{}\"", escape(payload)),
        length => format!("{kind} of {length} octets"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Content, PROTOCOL_ERROR};

    fn seen(heard: &[&[u8]], end: Left) -> Seen {
        let heard = heard
            .iter()
            .map(|payload| Event::Message { kind: Kind::Text, payload: payload.to_vec(), compressed: false })
            .collect();
        Seen { heard, end }
    }

    #[test]
    fn a_fault_of_the_protocol_is_best_answered_with_its_code() {
        let verdict = |seen: &Seen| judge(PROTOCOL_ERROR, seen, 100);
        assert!(matches!(verdict(&seen(&[], Left::Close(1002, End::Closed))), Finding::Kept(_)));
        assert!(matches!(verdict(&seen(&[], Left::Close(1000, End::Closed))), Finding::Tolerated(_)));
        assert!(matches!(verdict(&seen(&[], Left::Over(End::Reset))), Finding::Tolerated(_)));
        assert!(matches!(verdict(&seen(&[], Left::Open)), Finding::Broken(_)));
        assert!(matches!(verdict(&seen(&[], Left::Silent)), Finding::Broken(_)));
        assert!(matches!(verdict(&seen(&[b"x"], Left::Close(1002, End::Closed))), Finding::Broken(_)));
    }

    #[test]
    fn type_content_and_number_of_messages_count() {
        const TWO: &[Heard] = &[Heard::Text(Content::Bytes(b"a")), Heard::Text(Content::BelowLimit(98))];
        let accepts = [Reply::hears(TWO)];
        let verdict = |seen: &Seen| judge(&accepts, seen, 100);
        assert!(matches!(verdict(&seen(&[b"a", b"xx"], Left::Open)), Finding::Kept(_)));
        for wrong in [&[&b"a"[..]][..], &[b"a", b"x"], &[b"xx", b"a"], &[b"a", b"xx", b"xx"]] {
            assert!(matches!(verdict(&seen(wrong, Left::Open)), Finding::Broken(_)), "{wrong:?}");
        }
        let mut binary = seen(&[b"a", b"xx"], Left::Open);
        binary.heard[0] = Event::Message { kind: Kind::Binary, payload: b"a".to_vec(), compressed: false };
        assert!(matches!(verdict(&binary), Finding::Broken(_)));
    }
}
