use workerspec_wire::websocket::{Event, Frame, opcode};

use crate::case::{Case, Need, Source};
use crate::probe::{End, Silence, WebSocketProbe};
use crate::run::Stage;
use crate::testee::Capability;
use crate::verdict::{Finding, Outcome, Surprise, broken};

/// A family of texts whose middle makes them invalid: the connection ends then, or when the text is complete.
macro_rules! late {
    ($($id:literal, $claim:literal, $reading:literal, $run:expr, $alias:literal);+ $(;)?) => {
        &[$(act! {
            $id, Must, Source::Rfc(6455, "8.1");
            claim: $claim; reading: $reading;
            needs: [Need::Can(Capability::WebSocket)]; Shared; seconds: 8;
            accepts: [
                "close with 1007 at the octet that can't be right, or behind the last one",
                "another code, or the end without a close frame (tolerated)"
            ];
            aliases: [$alias];
            run: $run
        }),+]
    };
}

/// RFC 6455 8.1: the connection is failed; how soon is noted, and nobody demands it.
pub(super) const CASES: &[Case] = late! {
    "websocket.utf8-late.fragments", "Text that its second fragment makes invalid must end the connection.",
        "The second of three fragments is U+110000; a ping behind it shows whether the text goes on.",
        |stage| fragments(stage, 11, 15), "autobahn:6.4.1";
    "websocket.utf8-late.fragment-of-one", "Text that a fragment of one octet makes invalid must end the connection.",
        "The second of three fragments has the one octet that can't follow.",
        |stage| fragments(stage, 12, 13), "autobahn:6.4.2";
    "websocket.utf8-late.pieces", "Text that its second piece makes invalid must end the connection.",
        "One frame in three segments; the second is U+110000, and the third comes after the quiet window.",
        |stage| pieces(stage, 11, 15), "autobahn:6.4.3";
    "websocket.utf8-late.piece-of-one", "Text that a piece of one octet makes invalid must end the connection.",
        "One frame in three segments; the second has the one octet that can't follow.",
        |stage| pieces(stage, 12, 13), "autobahn:6.4.4";
};

/// A good word, U+110000, and a good word.
const TEXT: &[u8] = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80edited";

fn fragments(stage: &Stage, from: usize, to: usize) -> Outcome {
    let mut probe = stage.open_websocket()?;
    let part = |code, piece: &[u8]| Frame { fin: false, ..Frame::new(code, piece.to_vec()) }.bytes();
    probe.send(&part(opcode::TEXT, &TEXT[..from]))?;
    probe.say(opcode::PING, b"good so far")?;
    match probe.hear(stage.deadline())? {
        Ok(Event::Pong(payload)) if payload == b"good so far" => {}
        other => return broken(format!("behind the first fragment, which is good: {}", words(&other))),
    }
    probe.send(&part(opcode::CONTINUATION, &TEXT[from..to]))?;
    probe.say(opcode::PING, b"not any more")?;
    match probe.hear(stage.deadline())? {
        Ok(Event::Pong(payload)) if payload == b"not any more" => {}
        other => return judge(&other, "at the second fragment"),
    }
    probe.say(opcode::CONTINUATION, &TEXT[to..])?;
    judge(&probe.hear(stage.deadline())?, "when the message was complete")
}

fn pieces(stage: &Stage, from: usize, to: usize) -> Outcome {
    let mut probe = stage.open_websocket()?;
    let frame = Frame::new(opcode::TEXT, TEXT.to_vec()).bytes();
    let head = frame.len() - TEXT.len();
    probe.send(&frame[..head + from])?;
    if let Some(heard) = early(&mut probe, stage)? {
        return broken(format!("behind the first piece, which is good: {}", words(&heard)));
    }
    probe.send(&frame[head + from..head + to])?;
    if let Some(heard) = early(&mut probe, stage)? {
        return judge(&heard, "at the second piece");
    }
    probe.send(&frame[head + to..])?;
    judge(&probe.hear(stage.deadline())?, "when the message was complete")
}

type Heard = Result<Event, Silence>;

/// What is said within the quiet window, if anything.
fn early(probe: &mut WebSocketProbe, stage: &Stage) -> Result<Option<Heard>, Surprise> {
    Ok(match probe.hear(stage.within(stage.quiet()))? {
        Err(Silence::End(End::TimedOut)) => None,
        heard => Some(heard),
    })
}

fn judge(heard: &Heard, when: &str) -> Outcome {
    Ok(match heard {
        Ok(Event::Close(Some(1007), _)) => Finding::Kept(format!("close with 1007 {when}")),
        Ok(Event::Close(..)) => Finding::Tolerated(format!("{} {when}", words(heard))),
        Err(Silence::End(end)) if end.is_over() => Finding::Tolerated(format!("{} {when}", end.name())),
        _ => Finding::Broken(format!("{} {when}", words(heard))),
    })
}

fn words(heard: &Heard) -> String {
    match heard {
        Ok(event) => format!("{event:?}"),
        Err(silence) => silence.to_string(),
    }
}
