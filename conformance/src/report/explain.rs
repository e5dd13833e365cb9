use std::fmt::Write;

use workerspec_wire::dump::{DumpLine, dump};
use workerspec_wire::websocket::{Peer, describe};

use crate::case::{Case, Check, Cut, Fence, Plan, Sharing};

/// All there is to know of a case, for people.
#[must_use]
pub fn explain(case: &Case) -> String {
    let mut out = String::new();
    let mut line = |label: &str, text: &str| {
        writeln!(out, "{label:<12}{text}").expect("writing to a string can't fail");
    };
    line("case", case.id);
    line("claim", case.claim);
    line("source", &case.source.to_string());
    if let Some(text) = super::rule::rule(case.source) {
        line("rule", text);
    }
    line("level", case.level.name());
    line("reading", case.reading);
    let needs: Vec<String> = case.needs.iter().map(ToString::to_string).collect();
    line("needs", &if needs.is_empty() { "nothing".to_owned() } else { needs.join(", ") });
    line(
        "testee",
        match case.sharing {
            Sharing::Shared => "shared with other cases",
            Sharing::Isolated => "one of its own",
            Sharing::Last => "the shared one, when all other cases are over",
        },
    );
    line("budget", &format!("{} s", case.budget.as_secs()));
    if !case.aliases.is_empty() {
        line("also", &case.aliases.join(", "));
    }
    if !matches!(case.check, Check::Act { .. }) {
        line(
            "cuts",
            "what is taken in one write is sent again line by line, octet by octet and cut at random",
        );
    }
    for (index, acceptable) in case.acceptable().iter().enumerate() {
        line(if index == 0 { "acceptable" } else { "or" }, acceptable);
    }
    if let Check::Exchange(exchange) = case.check {
        let how = match exchange.plan {
            Plan::Whole => "in one write",
            Plan::Octets => "one octet per write",
            Plan::AfterCr => "cut after each CR",
            Plan::HalfClose => "in one write, then the client half-closes",
        };
        line("sends", how);
        bytes(&mut line, &exchange.send.bytes());
        if let Some(rest) = exchange.resume {
            line("then", "after the quiet window, the rest, which has to be answered with 2xx");
            bytes(&mut line, rest);
        }
    }
    if let Check::Talk(talk) = case.check {
        if let Some(offer) = talk.offer {
            line("offers", offer);
        }
        line("sends", &cut(talk.cut));
        // Where a testee's limit counts, this one stands for it.
        let frames: Vec<u8> = talk.send.iter().flat_map(|step| step.bytes(65_536).concat()).collect();
        for piece in describe(&frames, 0, Peer::Client, 1_024) {
            dumped(&mut line, &piece);
        }
        let then = match talk.fence {
            Fence::Sent => {
                "a message, or a ping within one, shows that all before was answered; nothing behind a close"
            }
            Fence::Ping => "a ping shows that all before was answered",
            Fence::Quiet => "the quiet window",
            Fence::Due => "a reply is due",
            Fence::Finish => "the client half-closes",
        };
        line("then", then);
    }
    if let Check::Knock(knock) = case.check {
        line("sends", &cut(knock.cut));
        bytes(&mut line, &knock.bytes());
    }
    out
}

fn cut(cut: Cut) -> String {
    match cut {
        Cut::Whole => "in one write".to_owned(),
        Cut::Frames => "one frame per write".to_owned(),
        Cut::Octets(1) => "one octet per write".to_owned(),
        Cut::Octets(count) => format!("{count} octets per write"),
    }
}

fn bytes(line: &mut impl FnMut(&str, &str), bytes: &[u8]) {
    for piece in dump(bytes, 1_024) {
        dumped(line, &piece);
    }
}

fn dumped(line: &mut impl FnMut(&str, &str), piece: &DumpLine) {
    let remark = match piece.remark.is_empty() {
        true => String::new(),
        false => format!("    <- {}", piece.remark),
    };
    line(&format!("  {:04}", piece.offset), &format!("{}{remark}", piece.text));
}
