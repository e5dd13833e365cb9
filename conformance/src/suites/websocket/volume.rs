use workerspec_wire::websocket::{Event, Frame, Kind, opcode};

use crate::case::{Case, Content, Cut, Heard, Need, Part, Reply, Source, Step};
use crate::run::Stage;
use crate::testee::Capability;
use crate::verdict::{Outcome, broken, kept};

/// The largest message that the limit lets through with its header.
const LARGEST: Content = Content::BelowLimit(14);

/// A family over kinds and sizes of fragments: the largest message in each.
macro_rules! fragments {
    ($kind:literal, $heard:ident, $code:expr; $($size:literal $octets:literal),+ $(,)?) => {
        &[$(talk! {
            concat!("websocket.volume.", $kind, "-fragments-", $size), Must, Source::Rfc(6455, "5.4");
            claim: concat!("The largest ", $kind, " message in fragments of ", $size, " octets must be echoed.");
            reading: "The limit is for the payload and one header: those of further fragments do not count.";
            send: [Step::Fragments($code, LARGEST, $octets)];
            accept: &[Reply::hears(&[Heard::$heard(LARGEST)])];
            aliases: []
        }),+]
    };
}

/// A family over kinds and sizes of segments: the largest message in each.
macro_rules! segments {
    ($kind:literal, $heard:ident, $code:expr; $($size:literal $octets:literal),+ $(,)?) => {
        &[$(talk! {
            concat!("websocket.volume.", $kind, "-segments-", $size), Must, Source::Rfc(6455, "5.2");
            claim: concat!("The largest ", $kind, " message in segments of ", $size, " octets must be echoed.");
            reading: "How TCP cuts a frame means nothing.";
            send: [Step::Frame(Part::new($code, LARGEST))];
            accept: &[Reply::hears(&[Heard::$heard(LARGEST)])];
            aliases: []; cut: Cut::Octets($octets)
        }),+]
    };
}

/// A family over kinds and sizes of messages: a thousand, each sent when the one before has come back.
macro_rules! round_trips {
    ($kind:literal, $variant:ident; $($size:literal $octets:literal $alias:literal),+ $(,)?) => {
        &[$(act! {
            concat!("websocket.volume.", $kind, "-round-trips-", $size), Must, Source::Rfc(6455, "5.6");
            claim: concat!("A thousand ", $kind, " messages of ", $size, " octets must be echoed one by one.");
            reading: "Each is sent when the one before has come back.";
            needs: [Need::Can(Capability::WebSocket)]; Shared; seconds: 20;
            accepts: ["a thousand echoes, each with its type and its octets"]; aliases: [$alias];
            run: |stage| round_trips(stage, Kind::$variant, $octets)
        }),+]
    };
}

/// The sizes of Autobahn's 9.3, whose message has 4 MiB.
pub(super) const TEXT_FRAGMENTS: &[Case] = fragments! {
    "text", Text, opcode::TEXT; "64" 64, "256" 256, "1024" 1_024, "4096" 4_096, "16384" 16_384, "65536" 65_536,
};
/// The sizes of Autobahn's 9.4, whose message has 4 MiB.
pub(super) const BINARY_FRAGMENTS: &[Case] = fragments! {
    "binary", Binary, opcode::BINARY; "64" 64, "256" 256, "1024" 1_024, "4096" 4_096, "16384" 16_384, "65536" 65_536,
};
/// The sizes of Autobahn's 9.5, whose message has 1 MiB.
pub(super) const TEXT_SEGMENTS: &[Case] = segments! {
    "text", Text, opcode::TEXT; "64" 64, "128" 128, "256" 256, "512" 512, "1024" 1_024, "2048" 2_048,
};
/// The sizes of Autobahn's 9.6, whose message has 1 MiB.
pub(super) const BINARY_SEGMENTS: &[Case] = segments! {
    "binary", Binary, opcode::BINARY; "64" 64, "128" 128, "256" 256, "512" 512, "1024" 1_024, "2048" 2_048,
};
/// One after the other.
pub(super) const TEXT_ROUND_TRIPS: &[Case] = round_trips! {
    "text", Text; "0" 0 "autobahn:9.7.1", "16" 16 "autobahn:9.7.2", "64" 64 "autobahn:9.7.3",
    "256" 256 "autobahn:9.7.4", "1024" 1_024 "autobahn:9.7.5", "4096" 4_096 "autobahn:9.7.6",
};
/// One after the other.
pub(super) const BINARY_ROUND_TRIPS: &[Case] = round_trips! {
    "binary", Binary; "0" 0 "autobahn:9.8.1", "16" 16 "autobahn:9.8.2", "64" 64 "autobahn:9.8.3",
    "256" 256 "autobahn:9.8.4", "1024" 1_024 "autobahn:9.8.5", "4096" 4_096 "autobahn:9.8.6",
};

/// One behind the other.
pub(super) const PIPELINED: &[Case] = &[act! {
    "websocket.volume.sixteen-under-way", Must, Source::Rfc(6455, "5.6");
    claim: "A thousand messages of 4096 octets, sent back to back, must be echoed in order.";
    reading: "The client reads while it sends; how many frames come in one read means nothing.";
    needs: [Need::Can(Capability::WebSocket)]; Shared; seconds: 20;
    accepts: ["a thousand echoes, in order"]; aliases: [];
    run: pipelined
}];

const COUNT: usize = 1_000;

fn round_trips(stage: &Stage, kind: Kind, octets: usize) -> Outcome {
    let mut probe = stage.open_websocket()?;
    let (code, octet) = match kind {
        Kind::Text => (opcode::TEXT, b'*'),
        Kind::Binary => (opcode::BINARY, 0xfe),
    };
    let content = vec![octet; octets];
    for number in 1..=COUNT {
        probe.say(code, &content)?;
        match probe.hear(stage.deadline())? {
            Ok(Event::Message { kind: came, payload, .. }) if came == kind && payload == content => {}
            Ok(Event::Message { kind: came, payload, .. }) => {
                return broken(format!("echo {number} of {COUNT} is {came:?} of {} octets", payload.len()));
            }
            Ok(other) => return broken(format!("{other:?} instead of echo {number} of {COUNT}")),
            Err(silence) => return broken(format!("echo {number} of {COUNT} did not come: {silence}")),
        }
    }
    kept()
}

/// Messages that may be on their way: what both ends buffer is more than that, so nobody waits for the other for ever.
const AHEAD: usize = 16;

fn pipelined(stage: &Stage) -> Outcome {
    let mut probe = stage.open_websocket()?;
    let content = |number: usize| format!("{number:08}{}", ".".repeat(4_088)).into_bytes();
    for number in 0..COUNT + AHEAD {
        if number < COUNT {
            probe.send(&Frame::new(opcode::TEXT, content(number)).bytes())?;
        }
        let Some(due) = number.checked_sub(AHEAD) else { continue };
        match probe.hear(stage.deadline())? {
            Ok(Event::Message { kind: Kind::Text, payload, .. }) if payload == content(due) => {}
            Ok(Event::Message { payload, .. }) => {
                let shown = String::from_utf8_lossy(&payload[..payload.len().min(8)]).into_owned();
                return broken(format!("{} octets, \"{shown}…\", where message {due} is due", payload.len()));
            }
            Ok(other) => return broken(format!("{other:?} where message {due} is due")),
            Err(silence) => return broken(format!("message {due} of {COUNT} did not come: {silence}")),
        }
    }
    kept()
}
