use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::Capability;
use crate::verdict::{Outcome, broken, kept};

const TEXT: Need = Need::Can(Capability::Text);

/// TEXT-1 to TEXT-4: what a message is.
pub(super) const CASES: &[Case] = &[
    act! {
        "text.line.echo", Must, Source::Model("TEXT-1");
        claim: "A line is one message, and what is sent gets one LF.";
        reading: "The echo of a payload without CR is the payload and an LF, nothing else.";
        needs: [TEXT]; Shared; seconds: 5;
        accepts: ["the line, exactly"]; aliases: [];
        run: echo
    },
    act! {
        "text.line.trailing-cr", Must, Source::Model("TEXT-2");
        claim: "A CR before the LF must not be part of the message.";
        reading: "CR LF ends a line as LF does; the echo comes back without the CR.";
        needs: [TEXT]; Shared; seconds: 5;
        accepts: ["the line without its CR"]; aliases: [];
        run: trailing_cr
    },
    act! {
        "text.line.many-trailing-cr", Must, Source::Model("TEXT-2");
        claim: "Every CR at the end of a line must be removed.";
        reading: "Not only the last one: `hi CR CR LF` is the message `hi`.";
        needs: [TEXT]; Shared; seconds: 5;
        accepts: ["the line without any trailing CR"]; aliases: [];
        run: many_trailing_cr
    },
    act! {
        "text.line.inner-cr", Must, Source::Model("TEXT-2");
        claim: "A CR inside or at the front of a line must be kept.";
        reading: "Only LF ends a message; a lone CR is an octet like any other.";
        needs: [TEXT]; Shared; seconds: 5;
        accepts: ["the line with its CRs"]; aliases: [];
        run: inner_cr
    },
    act! {
        "text.line.any-octet", Must, Source::Model("TEXT-2");
        claim: "Every octet but LF must pass through unchanged.";
        reading: "NUL, control bytes and octets above 0x7f carry no meaning: text is not checked as UTF-8.";
        needs: [TEXT]; Shared; seconds: 5;
        accepts: ["all 255 octets, in order"]; aliases: [];
        run: any_octet
    },
    act! {
        "text.line.empty", Must, Source::Model("TEXT-3");
        claim: "A lone LF must be an empty message.";
        reading: "Each LF makes one message: three of them make three empty ones.";
        needs: [TEXT]; Shared; seconds: 5;
        accepts: ["as many empty lines as were sent"]; aliases: [];
        run: empty
    },
    act! {
        "text.line.coalesced", Must, Source::Model("TEXT-4");
        claim: "Lines that arrive together must be separate messages, in order.";
        reading: "How TCP cuts the stream means nothing; a hundred lines in one write are a hundred messages.";
        needs: [TEXT]; Shared; seconds: 5;
        accepts: ["every line once, in order"]; aliases: [];
        run: coalesced
    },
    act! {
        "text.line.octet-by-octet", Must, Source::Model("TEXT-4");
        claim: "A line that arrives octet by octet must be one message.";
        reading: "Each octet is a write of its own; nothing is answered before the LF.";
        needs: [TEXT]; Shared; seconds: 5;
        accepts: ["the line, once"]; aliases: [];
        run: octet_by_octet
    },
    act! {
        "text.line.waits-for-lf", Must, Source::Model("TEXT-4");
        claim: "A line without its LF must wait for the rest.";
        reading: "Nothing may be answered in the quiet window; then the rest completes the same message.";
        needs: [TEXT]; Shared; seconds: 5;
        accepts: ["nothing before the LF, then the whole line"]; aliases: [];
        run: waits_for_lf
    },
];

/// Sends bytes, expects these lines and, behind a fence, no other.
fn exchange(stage: &Stage, bytes: &[u8], expected: &[&[u8]]) -> Outcome {
    let mut probe = stage.text()?;
    probe.send(bytes)?;
    probe.say(b"fence")?;
    for (number, expected) in expected.iter().copied().chain([&b"fence"[..]]).enumerate() {
        match probe.hear()? {
            Ok(line) if line == expected => {}
            Ok(line) => {
                return broken(format!(
                    "line {number} is \"{}\" and not \"{}\"",
                    workerspec_wire::dump::escape(&line),
                    workerspec_wire::dump::escape(expected)
                ));
            }
            Err(end) => return broken(format!("line {number} did not come: {}", end.name())),
        }
    }
    kept()
}

fn echo(stage: &Stage) -> Outcome {
    exchange(stage, b"hello world\n", &[b"hello world"])
}

fn trailing_cr(stage: &Stage) -> Outcome {
    exchange(stage, b"hi\r\n", &[b"hi"])
}

fn many_trailing_cr(stage: &Stage) -> Outcome {
    exchange(stage, b"hi\r\r\r\n", &[b"hi"])
}

fn inner_cr(stage: &Stage) -> Outcome {
    exchange(stage, b"\ra\rb\n", &[b"\ra\rb"])
}

fn any_octet(stage: &Stage) -> Outcome {
    // Not `!` in front, which would make it a command, and not CR at the end.
    let octets: Vec<u8> = (0..=255).filter(|octet| *octet != b'\n').collect();
    let line = [octets.as_slice(), b"\n"].concat();
    exchange(stage, &line, &[&octets])
}

fn empty(stage: &Stage) -> Outcome {
    exchange(stage, b"\n\n\r\n", &[b"", b"", b""])
}

fn coalesced(stage: &Stage) -> Outcome {
    let lines: Vec<String> = (0..100).map(|number| format!("line {number}")).collect();
    let bytes: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let expected: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
    exchange(stage, bytes.as_bytes(), &expected)
}

fn octet_by_octet(stage: &Stage) -> Outcome {
    let mut probe = stage.text()?;
    for octet in b"one by one\r\n" {
        probe.send(&[*octet])?;
    }
    probe.say(b"fence")?;
    for expected in [&b"one by one"[..], b"fence"] {
        match probe.hear()? {
            Ok(line) if line == expected => {}
            Ok(line) => {
                return broken(format!("the line came as \"{}\"", workerspec_wire::dump::escape(&line)));
            }
            Err(end) => return broken(format!("no line: {}", end.name())),
        }
    }
    kept()
}

fn waits_for_lf(stage: &Stage) -> Outcome {
    let mut probe = stage.text()?;
    probe.send(b"first ")?;
    if let Ok(line) = probe.hear_until(stage.within(stage.quiet()))? {
        return broken(format!("answered before the LF: \"{}\"", workerspec_wire::dump::escape(&line)));
    }
    if !probe.raw().received().is_empty() {
        return broken("something was sent before the LF");
    }
    match probe.ask(b"second")? {
        Ok(line) if line == b"first second" => kept(),
        Ok(line) => broken(format!("the line came as \"{}\"", workerspec_wire::dump::escape(&line))),
        Err(end) => broken(format!("no line after its LF: {}", end.name())),
    }
}
