use crate::case::{Case, Need, Source};
use crate::probe::End;
use crate::run::Stage;
use crate::testee::Capability;
use crate::verdict::{Outcome, broken, kept};

const TEXT: Need = Need::Can(Capability::Text);

/// TEXT-5 and SF-40: how large a message may be.
pub(super) const CASES: &[Case] = &[
    act! {
        "text.limit.largest", Must, Source::Model("TEXT-5");
        claim: "A line one octet below the limit must be a message.";
        reading: "The LF counts: the payload has max_package - 2 octets.";
        needs: [TEXT]; Shared; seconds: 5;
        accepts: ["the line"]; aliases: [];
        run: largest
    },
    act! {
        "text.limit.too-long", Must, Source::Model("TEXT-5");
        claim: "A line above the limit must end the connection and not be a message.";
        reading: "One octet above, its LF counted; a reset is as good as a close, since octets may be unread.";
        needs: [TEXT, Need::Limits]; Shared; seconds: 5;
        accepts: ["closed or reset, and no echo of the line"]; aliases: [];
        run: too_long
    },
    act! {
        "text.limit.endless", Must, Source::Model("TEXT-5");
        claim: "A line that never ends must be cut off at the limit.";
        reading: "What is buffered for one connection has a bound, LF or not.";
        needs: [TEXT, Need::Limits]; Shared; seconds: 5;
        accepts: ["closed or reset at one octet above the limit"]; aliases: [];
        run: endless
    },
    // TEXT-6, SF-40
    act! {
        "text.limit.coalesced", Must, Source::Model("SF-40");
        claim: "Lines that are together longer than the limit must all be messages.";
        reading: "The limit is for a message, not for what happens to be buffered.";
        needs: [TEXT]; Shared; seconds: 5;
        accepts: ["every line once, in order"]; aliases: [];
        run: coalesced
    },
    act! {
        "text.limit.alone", Must, Source::Model("TEXT-5");
        claim: "A connection that broke the limit must harm no other.";
        reading: "A bystander on each worker is answered afterwards, by the same worker.";
        needs: [TEXT, Need::Limits]; Shared; seconds: 5;
        accepts: ["the bystanders are answered by their workers"]; aliases: [];
        run: alone
    },
];

fn largest(stage: &Stage) -> Outcome {
    let payload = vec![b'x'; stage.testee().limits().max_package - 2];
    match stage.text()?.ask(&payload)? {
        Ok(line) if line == payload => kept(),
        Ok(line) => broken(format!("{} octets came back as {}", payload.len(), line.len())),
        Err(end) => broken(format!("no answer: {}", end.name())),
    }
}

fn too_long(stage: &Stage) -> Outcome {
    let mut probe = stage.text()?;
    // With its LF it has one octet more than the limit.
    probe.say(&vec![b'x'; stage.testee().limits().max_package])?;
    cut_off(probe.hear()?)
}

fn endless(stage: &Stage) -> Outcome {
    let mut probe = stage.text()?;
    probe.send(&vec![b'x'; stage.testee().limits().max_package + 1])?;
    cut_off(probe.hear()?)
}

fn cut_off(heard: Result<Vec<u8>, End>) -> Outcome {
    match heard {
        Err(end) if end.is_over() => kept(),
        Err(end) => broken(format!("the connection stays: {}", end.name())),
        Ok(line) => broken(format!("answered with {} octets", line.len())),
    }
}

fn coalesced(stage: &Stage) -> Outcome {
    let limit = stage.testee().limits().max_package;
    // Four lines of three eighths each: any two fit, three do not.
    let length = limit * 3 / 8;
    let mut probe = stage.text()?;
    let lines: Vec<Vec<u8>> = (b'a'..=b'd').map(|letter| vec![letter; length]).collect();
    let bytes: Vec<u8> = lines.iter().flat_map(|line| [line.as_slice(), b"\n"].concat()).collect();
    probe.send(&bytes)?;
    for (number, expected) in lines.iter().enumerate() {
        match probe.hear()? {
            Ok(line) if line == *expected => {}
            Ok(line) => return broken(format!("line {number} came back with {} octets", line.len())),
            Err(end) => return broken(format!("line {number} of 4 did not come: {}", end.name())),
        }
    }
    kept()
}

fn alone(stage: &Stage) -> Outcome {
    let mut bystanders = Vec::new();
    for _ in 0..8 {
        let mut bystander = stage.text()?;
        let pid = bystander.who()?.pid;
        bystanders.push((bystander, pid));
    }
    for _ in 0..4 {
        let mut probe = stage.text()?;
        probe.send(&vec![b'x'; stage.testee().limits().max_package + 1])?;
        if let Ok(line) = probe.hear()? {
            return broken(format!("answered with {} octets", line.len()));
        }
    }
    for (mut bystander, pid) in bystanders {
        match bystander.ask(b"!who")? {
            Ok(line) if String::from_utf8_lossy(&line).contains(&pid.to_string()) => {}
            Ok(line) => return broken(format!("another worker answers: {}", String::from_utf8_lossy(&line))),
            Err(end) => return broken(format!("a bystander was not answered: {}", end.name())),
        }
    }
    kept()
}
