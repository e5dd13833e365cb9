use workerspec_wire::frame::{HEADER, frame, frame_saying};

use super::framing::exchange;
use crate::case::{Case, Need, Source};
use crate::probe::NoFrame;
use crate::run::Stage;
use crate::testee::Capability;
use crate::verdict::{Outcome, broken, kept};

const FRAME: Need = Need::Can(Capability::Frame);

/// FRAME-2: how large a frame may be.
pub(super) const CASES: &[Case] = &[
    act! {
        "frame.limit.largest", Must, Source::Model("FRAME-2");
        claim: "A frame one octet below the limit must be a message.";
        reading: "Its length counts too: the payload has max_package - 5 octets.";
        needs: [FRAME]; Shared; seconds: 5;
        accepts: ["the payload"]; aliases: [];
        run: largest
    },
    act! {
        "frame.limit.header-counts", Must, Source::Model("FRAME-2");
        claim: "A frame one octet above the limit must end the connection and not be a message.";
        reading: "The length counts with its four octets; a reset is as good as a close.";
        needs: [FRAME, Need::Limits]; Shared; seconds: 5;
        accepts: ["closed or reset, and no echo"]; aliases: [];
        run: header_counts
    },
    act! {
        "frame.limit.length-alone", Must, Source::Model("FRAME-2");
        claim: "A length above the limit must be refused on its four octets.";
        reading: "Nothing of the payload is sent, and it is not waited for.";
        needs: [FRAME, Need::Limits]; Shared; seconds: 5;
        accepts: ["closed or reset"]; aliases: [];
        run: length_alone
    },
    act! {
        "frame.limit.coalesced", Must, Source::Model("FRAME-5");
        claim: "Frames that are together longer than the limit must all be messages.";
        reading: "The limit is for a message, not for what happens to be buffered.";
        needs: [FRAME]; Shared; seconds: 5;
        accepts: ["every payload once, in order"]; aliases: [];
        run: coalesced
    },
    act! {
        "frame.limit.behind-good", Must, Source::Model("FRAME-2");
        claim: "A message before a length that can't be one must be answered.";
        reading: "What was complete is delivered; then the connection ends.";
        needs: [FRAME]; Shared; seconds: 5;
        accepts: ["the payload, then closed or reset", "closed or reset, as pending output may be lost (PIPE-4)"];
        aliases: [];
        run: behind_good
    },
];

/// A family of lengths that can't be one: with nothing behind them, and the connection ends.
macro_rules! bad_lengths {
    ($($name:literal $rule:literal $what:literal $length:literal),+ $(,)?) => {
        &[$(act! {
            $name, Must, Source::Model($rule);
            claim: $what;
            reading: "The connection ends at once, without an answer; what is behind it is no message.";
            needs: [FRAME]; Shared; seconds: 5;
            accepts: ["closed or reset, and nothing before"]; aliases: [];
            run: refused::<$length>
        }),+]
    };
}

/// FRAME-2 to FRAME-4: lengths that are none.
pub(super) const BAD_LENGTHS: &[Case] = bad_lengths! {
    "frame.length.zero" "FRAME-3" "A length of 0 must end the connection." 0,
    "frame.length.one" "FRAME-4" "A length of 1 must end the connection." 1,
    "frame.length.two" "FRAME-4" "A length of 2 must end the connection." 2,
    "frame.length.three" "FRAME-4" "A length of 3 must end the connection." 3,
    "frame.length.top-bit" "FRAME-2" "A length of 2^31 must end the connection." 0x8000_0000,
    "frame.length.top-bit-and-six" "FRAME-2" "A length of 2^31 + 6 must not be taken for 6." 0x8000_0006,
    "frame.length.minus-one" "FRAME-2" "A length of 2^32 - 1 must end the connection." 0xffff_ffff,
    "frame.length.largest-signed" "FRAME-2" "A length of 2^31 - 1 must end the connection." 0x7fff_ffff,
};

fn refused<const LENGTH: u32>(stage: &Stage) -> Outcome {
    let mut probe = stage.frame()?;
    // Behind a length below four stands what would be a frame if the length were passed over.
    probe.send(&frame_saying(LENGTH, b"hi"))?;
    over(probe.hear()?)
}

fn over(heard: Result<Vec<u8>, NoFrame>) -> Outcome {
    match heard {
        Err(NoFrame::End(end)) if end.is_over() => kept(),
        Err(no_frame) => broken(format!("the connection stays: {no_frame}")),
        Ok(payload) => broken(format!("answered with {} octets", payload.len())),
    }
}

fn largest(stage: &Stage) -> Outcome {
    let payload = vec![b'x'; stage.testee().limits().max_package - HEADER - 1];
    exchange(stage, &[&frame(&payload)], &[&payload])
}

fn header_counts(stage: &Stage) -> Outcome {
    let mut probe = stage.frame()?;
    probe.say(&vec![b'x'; stage.testee().limits().max_package - HEADER + 1])?;
    over(probe.hear()?)
}

fn length_alone(stage: &Stage) -> Outcome {
    let mut probe = stage.frame()?;
    probe.send(&frame_saying(stage.testee().limits().max_package as u32 + 1, b""))?;
    over(probe.hear()?)
}

fn coalesced(stage: &Stage) -> Outcome {
    // Four frames of three eighths each: any two fit, three do not.
    let length = stage.testee().limits().max_package * 3 / 8;
    let payloads: Vec<Vec<u8>> = (b'a'..=b'd').map(|letter| vec![letter; length]).collect();
    let bytes: Vec<u8> = payloads.iter().flat_map(|payload| frame(payload)).collect();
    let expected: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
    exchange(stage, &[&bytes], &expected)
}

fn behind_good(stage: &Stage) -> Outcome {
    let mut probe = stage.frame()?;
    probe.send(&[frame(b"good"), frame_saying(0, b"")].concat())?;
    match probe.hear()? {
        Ok(payload) if payload == b"good" => over(probe.hear()?),
        other => over(other),
    }
}
