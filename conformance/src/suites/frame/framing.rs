use workerspec_wire::dump::escape;
use workerspec_wire::frame::frame;

use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::Capability;
use crate::verdict::{Outcome, broken, kept};

const FRAME: Need = Need::Can(Capability::Frame);

/// A family of what a frame is.
macro_rules! framing {
    ($($id:literal, $rule:literal; $claim:literal; $reading:literal; [$($accepts:literal),+]; $run:path),+ $(,)?) => {
        &[$(act! {
            $id, Must, Source::Model($rule);
            claim: $claim;
            reading: $reading;
            needs: [FRAME]; Shared; seconds: 5;
            accepts: [$($accepts),+]; aliases: [];
            run: $run
        }),+]
    };
}

/// FRAME-1 and FRAME-5: what a message is.
pub(super) const CASES: &[Case] = framing! {
    "frame.message.echo", "FRAME-1"; "A frame must be one message, and what is sent must be one frame.";
        "The length counts its own four octets, both ways."; ["the payload in a frame of its own"]; echo,
    "frame.message.any-octet", "FRAME-1"; "Every octet must pass through unchanged.";
        "A payload is not looked at: NUL, line ends and octets above 0x7f carry no meaning."; ["all 256 octets, in order"]; any_octet,
    "frame.message.blanks", "FRAME-1"; "Blanks at both ends must be kept.";
        "They are octets like any other."; ["the payload with its blanks"]; blanks,
    "frame.message.length-inside", "FRAME-1"; "What looks like a length inside a payload must be payload.";
        "Only the length in front counts."; ["the payload, once"]; length_inside,
    "frame.message.empty", "FRAME-1"; "A frame of a length alone must be an empty message.";
        "`00 00 00 04` is the message of no octets."; ["as many empty frames as were sent"]; empty,
    "frame.message.256", "FRAME-1"; "A length of more than one octet must be read with the most significant first.";
        "256 octets of payload make `00 00 01 04`."; ["the payload"]; two_octets,
    "frame.message.60000", "FRAME-1"; "A message of 60000 octets must be echoed.";
        "Its length is `00 00 ea 64`."; ["the payload"]; large,
    "frame.cut.octet-by-octet", "FRAME-5"; "A frame that arrives octet by octet must be one message.";
        "Each octet is a write of its own, those of the length too."; ["the payload, once"]; octet_by_octet,
    "frame.cut.within-length", "FRAME-5"; "A cut within the length must not matter.";
        "Two octets, then the rest."; ["the payload, once"]; within_length,
    "frame.cut.behind-length", "FRAME-5"; "A cut behind the length must not matter.";
        "Four octets, then the payload."; ["the payload, once"]; behind_length,
    "frame.cut.across-frames", "FRAME-5"; "A cut across two frames must not matter.";
        "One frame with the first half of the next, then the rest."; ["both payloads, in order"]; across_frames,
    "frame.cut.waits-for-length", "FRAME-1"; "Fewer than four octets must wait for the rest.";
        "Nothing may be said in the quiet window; then the rest completes the frame."; ["nothing, then the payload"]; waits_for_length,
    "frame.cut.waits-for-payload", "FRAME-5"; "A frame without the end of its payload must wait for the rest.";
        "Nothing may be said in the quiet window; then the rest completes the frame."; ["nothing, then the payload"]; waits_for_payload,
    "frame.coalesced.hundred", "FRAME-5"; "Frames that arrive together must be separate messages, in order.";
        "A hundred frames in one write are a hundred messages."; ["every payload once, in order"]; hundred,
    "frame.coalesced.empty-between", "FRAME-5"; "Empty frames between others must be messages of their own.";
        "They are neither lost nor joined."; ["every payload once, in order"]; empty_between,
    "frame.coalesced.behind-large", "FRAME-5"; "A small frame behind a large one must be a message.";
        "60000 octets and two, in one write."; ["both payloads, in order"]; behind_large,
};

/// Sends pieces, expects these payloads and, behind a fence, no other.
pub(super) fn exchange(stage: &Stage, pieces: &[&[u8]], expected: &[&[u8]]) -> Outcome {
    let mut probe = stage.frame()?;
    for piece in pieces {
        probe.send(piece)?;
    }
    probe.say(b"fence behind all")?;
    for (number, expected) in expected.iter().copied().chain([&b"fence behind all"[..]]).enumerate() {
        match probe.hear()? {
            Ok(payload) if payload == expected => {}
            Ok(payload) => {
                let shown = |bytes: &[u8]| escape(&bytes[..bytes.len().min(40)]);
                return broken(format!(
                    "frame {number} has {} octets \"{}\" and not {} octets \"{}\"",
                    payload.len(),
                    shown(&payload),
                    expected.len(),
                    shown(expected)
                ));
            }
            Err(no_frame) => return broken(format!("frame {number} did not come: {no_frame}")),
        }
    }
    kept()
}

/// One payload, whole.
fn whole(stage: &Stage, payload: &[u8]) -> Outcome {
    exchange(stage, &[&frame(payload)], &[payload])
}

fn echo(stage: &Stage) -> Outcome {
    whole(stage, b"hi")
}

fn any_octet(stage: &Stage) -> Outcome {
    // Not `!` in front, which would make it a command.
    whole(stage, &(0..=255).collect::<Vec<u8>>())
}

fn blanks(stage: &Stage) -> Outcome {
    whole(stage, b" \t a \r\n")
}

fn length_inside(stage: &Stage) -> Outcome {
    whole(stage, b"\0\0\0\x06hi\0\0\0\x00")
}

fn empty(stage: &Stage) -> Outcome {
    exchange(stage, &[&frame(b"").repeat(3)], &[b"", b"", b""])
}

fn two_octets(stage: &Stage) -> Outcome {
    whole(stage, &[b'x'; 256])
}

fn large(stage: &Stage) -> Outcome {
    whole(stage, &[b'y'; 60_000])
}

fn octet_by_octet(stage: &Stage) -> Outcome {
    let bytes = frame(b"one by one");
    let pieces: Vec<&[u8]> = bytes.chunks(1).collect();
    exchange(stage, &pieces, &[b"one by one"])
}

/// One frame, cut once.
fn cut_at(stage: &Stage, place: usize) -> Outcome {
    let bytes = frame(b"cut");
    let (first, second) = bytes.split_at(place);
    waits(stage, first, second, b"cut")
}

fn within_length(stage: &Stage) -> Outcome {
    cut_at(stage, 2)
}

fn behind_length(stage: &Stage) -> Outcome {
    cut_at(stage, 4)
}

fn across_frames(stage: &Stage) -> Outcome {
    let bytes = [frame(b"first"), frame(b"second")].concat();
    let (head, tail) = bytes.split_at(12);
    exchange(stage, &[head, tail], &[b"first", b"second"])
}

fn waits_for_length(stage: &Stage) -> Outcome {
    let bytes = frame(b"waited for");
    let (first, second) = bytes.split_at(3);
    waits(stage, first, second, b"waited for")
}

fn waits_for_payload(stage: &Stage) -> Outcome {
    let bytes = frame(b"waited for");
    let (first, second) = bytes.split_at(9);
    waits(stage, first, second, b"waited for")
}

fn waits(stage: &Stage, first: &[u8], second: &[u8], payload: &[u8]) -> Outcome {
    let mut probe = stage.frame()?;
    probe.send(first)?;
    match probe.hear_until(stage.within(stage.quiet()))? {
        Err(crate::probe::NoFrame::End(crate::probe::End::TimedOut)) if probe.raw().received().is_empty() => {
        }
        Ok(early) => return broken(format!("answered before its end: \"{}\"", escape(&early))),
        Err(no_frame) => return broken(format!("something came before its end: {no_frame}")),
    }
    probe.send(second)?;
    match probe.hear()? {
        Ok(heard) if heard == payload => kept(),
        Ok(heard) => broken(format!("it came as \"{}\"", escape(&heard))),
        Err(no_frame) => broken(format!("no answer to the whole: {no_frame}")),
    }
}

fn hundred(stage: &Stage) -> Outcome {
    let payloads: Vec<String> = (0..100).map(|number| format!("frame {number}")).collect();
    let bytes: Vec<u8> = payloads.iter().flat_map(|payload| frame(payload.as_bytes())).collect();
    let expected: Vec<&[u8]> = payloads.iter().map(String::as_bytes).collect();
    exchange(stage, &[&bytes], &expected)
}

fn empty_between(stage: &Stage) -> Outcome {
    let bytes = [frame(b"a"), frame(b""), frame(b"b"), frame(b""), frame(b"c")].concat();
    exchange(stage, &[&bytes], &[b"a", b"", b"b", b"", b"c"])
}

fn behind_large(stage: &Stage) -> Outcome {
    let large = [b'z'; 60_000];
    exchange(stage, &[&[frame(&large), frame(b"ok")].concat()], &[&large, b"ok"])
}
