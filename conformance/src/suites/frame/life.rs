use std::time::Duration;

use workerspec_wire::frame::{frame, frame_saying};

use crate::case::{Case, Need, Source};
use crate::probe::{FrameProbe, NoFrame};
use crate::run::Stage;
use crate::testee::Capability;
use crate::verdict::{Outcome, Surprise, broken, kept};

const FRAME: Need = Need::Can(Capability::Frame);

/// How connections live beside each other and end.
pub(super) const CASES: &[Case] = &[
    act! {
        "frame.close.after-last-word", Must, Source::Model("CONN-25");
        claim: "A connection that the application closes must first deliver what was sent on it.";
        reading: "`!close` says `bye`; the frame arrives, then the end, and what follows is not answered.";
        needs: [FRAME]; Shared; seconds: 5;
        accepts: ["`bye`, then closed"]; aliases: [];
        run: after_last_word
    },
    act! {
        "frame.close.half-closed", Must, Source::Model("SF-32");
        claim: "A client that has finished sending must still get every answer.";
        reading: "The end of what the client sends is not the end of what it reads.";
        needs: [FRAME]; Shared; seconds: 5;
        accepts: ["every answer, complete and in order"]; aliases: [];
        run: half_closed
    },
    act! {
        "frame.close.fragment", Must, Source::Model("PIPE-8");
        claim: "A frame that the end of the stream cuts must not be a message.";
        reading: "The client half-closes within it: the connection ends, and nothing is said.";
        needs: [FRAME]; Shared; seconds: 5;
        accepts: ["closed or reset, and nothing before"]; aliases: [];
        run: fragment
    },
    act! {
        "frame.fault.alone", Must, Source::Model("SF-39");
        claim: "Connections with lengths that are none must harm no other.";
        reading: "A bystander on each worker is answered afterwards, by the same worker.";
        needs: [FRAME]; Shared; seconds: 10;
        accepts: ["the bystanders are answered by their workers"]; aliases: [];
        run: fault_alone
    },
    act! {
        "frame.reset.alone", Must, Source::Model("BUF-8");
        claim: "A connection that the client resets within a frame must harm no other.";
        reading: "Twenty clients reset; a bystander of each worker is answered by it.";
        needs: [FRAME]; Shared; seconds: 5;
        accepts: ["the bystanders are answered by their workers"]; aliases: [];
        run: reset_alone
    },
];

fn after_last_word(stage: &Stage) -> Outcome {
    let mut probe = stage.frame()?;
    probe.send(&[frame(b"before"), frame(b"!close"), frame(b"after")].concat())?;
    for expected in ["before", "bye"] {
        match probe.hear()? {
            Ok(payload) if payload == expected.as_bytes() => {}
            Ok(payload) => {
                return broken(format!("\"{}\" and not \"{expected}\"", String::from_utf8_lossy(&payload)));
            }
            Err(no_frame) => return broken(format!("no \"{expected}\": {no_frame}")),
        }
    }
    match probe.hear_until(stage.within(Duration::from_secs(2)))? {
        Err(NoFrame::End(end)) if end.is_over() => kept(),
        Err(no_frame) => broken(format!("the connection stays after `bye`: {no_frame}")),
        Ok(payload) => broken(format!("answered after `bye`: \"{}\"", String::from_utf8_lossy(&payload))),
    }
}

fn half_closed(stage: &Stage) -> Outcome {
    let mut probe = stage.frame()?;
    probe.send(&[frame(b"!flood 50 1000"), frame(b"last")].concat())?;
    probe.raw().finish_sending();
    for number in 0..50 {
        match probe.hear()? {
            Ok(payload)
                if payload.len() == 1000 && payload.starts_with(format!("{number:08}").as_bytes()) => {}
            Ok(_) => return broken(format!("message {number} of 50 is not the one that is due")),
            Err(no_frame) => return broken(format!("message {number} of 50 did not come: {no_frame}")),
        }
    }
    match probe.hear()? {
        Ok(payload) if payload == b"last" => kept(),
        Ok(payload) => broken(format!("\"{}\" and not \"last\"", String::from_utf8_lossy(&payload))),
        Err(no_frame) => broken(format!("no answer to the last frame: {no_frame}")),
    }
}

fn fragment(stage: &Stage) -> Outcome {
    let mut probe = stage.frame()?;
    probe.send(&frame_saying(20, b"half a frame"))?;
    probe.raw().finish_sending();
    match probe.hear()? {
        Err(NoFrame::End(end)) if end.is_over() => kept(),
        Err(no_frame) => broken(format!("the connection stays: {no_frame}")),
        Ok(payload) => broken(format!("answered with \"{}\"", String::from_utf8_lossy(&payload))),
    }
}

fn fault_alone(stage: &Stage) -> Outcome {
    let bystanders = bystanders(stage)?;
    for length in [0, 1, 3, u32::MAX, 1 << 31, 0, 2, u32::MAX] {
        let mut probe = stage.frame()?;
        probe.send(&frame_saying(length, b""))?;
        if let Ok(payload) = probe.hear()? {
            return broken(format!("a length of {length} is answered with {} octets", payload.len()));
        }
    }
    still_served(bystanders)
}

fn reset_alone(stage: &Stage) -> Outcome {
    let bystanders = bystanders(stage)?;
    for _ in 0..20 {
        let mut probe = stage.frame()?;
        probe.send(&frame_saying(20, b"half a frame"))?;
        probe.into_raw().reset()?;
    }
    // Each worker has read its resets when it has answered connections that came behind them.
    for _ in 0..8 {
        if let Err(no_frame) = stage.frame()?.ask(b"fence")? {
            return broken(format!("a connection that came behind the resets was not answered: {no_frame}"));
        }
    }
    still_served(bystanders)
}

/// Connections that do nothing, and the workers that serve them.
fn bystanders(stage: &Stage) -> Result<Vec<(FrameProbe, i32)>, Surprise> {
    (0..8)
        .map(|_| {
            let mut probe = stage.frame()?;
            let pid = probe.who()?.pid;
            Ok((probe, pid))
        })
        .collect()
}

fn still_served(bystanders: Vec<(FrameProbe, i32)>) -> Outcome {
    for (mut bystander, pid) in bystanders {
        match bystander.ask(b"!who")? {
            Ok(payload) if String::from_utf8_lossy(&payload).contains(&pid.to_string()) => {}
            Ok(payload) => {
                return broken(format!("another worker answers: {}", String::from_utf8_lossy(&payload)));
            }
            Err(no_frame) => return broken(format!("a bystander was not answered: {no_frame}")),
        }
    }
    kept()
}
