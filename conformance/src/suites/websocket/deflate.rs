use workerspec_wire::websocket::{Event, Kind, compress, opcode};

use super::life::{bystanders, still_served};
use crate::case::{
    Case, Content, Cut, Heard, NO_CLOSE, NOT_UTF8, Need, PROTOCOL_ERROR, Reply, Source, Step, Welcome,
    binary, close, ping, rest, text,
};
use crate::probe::WebSocketProbe;
use crate::run::Stage;
use crate::testee::Capability;
use crate::verdict::{Outcome, Surprise, broken, kept, unproved};
use workerspec_wire::websocket::{Frame, Opening};

const DEFLATE: Need = Need::Can(Capability::Deflate);
const HELLO: &[Reply] = &[Reply::hears(&[Heard::Text(Content::Bytes(b"Hello"))])];
/// `Hello` in one block (RFC 7692 7.2.3.1).
const BLOCK: &[u8] = b"\xf2\x48\xcd\xc9\xc9\x07\x00";
const UNDECODABLE: &[Reply] =
    &[Reply::closes(&[1002, 1007]), Reply::closes(&[]).tolerated(), Reply::drops().tolerated()];
/// Text that repeats itself from 600 octets ago.
const FAR: &[u8] = &far();

const fn far() -> [u8; 2400] {
    let mut text = [0; 2400];
    let mut at = 0;
    while at < text.len() {
        let place = at % 600;
        text[at] = b'a' + ((place * place + place / 7) % 26) as u8;
        at += 1;
    }
    text
}

/// A family on a connection with permessage-deflate.
macro_rules! deflated {
    ($id:literal, $section:literal; $claim:literal; $reading:literal; [$($frame:expr),+ $(,)?]; $accept:expr $(; cut: $cut:expr)? $(; fence: $fence:ident)?) => {
        talk! {
            concat!("websocket.deflate.", $id), Must, Source::Rfc(7692, $section);
            claim: $claim; reading: $reading;
            send: [$(Step::Frame($frame)),+]; accept: $accept; aliases: []
            $(; cut: $cut)? $(; fence: $fence)?; offer: "permessage-deflate"; needs: [DEFLATE]
        }
    };
}

/// A family of offers that have to be accepted, and work.
macro_rules! offered {
    ($id:literal, $section:literal, $offer:literal; $claim:literal; $reading:literal) => {
        talk! {
            concat!("websocket.deflate-offer.", $id), Must, Source::Rfc(7692, $section);
            claim: $claim; reading: $reading;
            send: [Step::Frame(text(FAR)), Step::Frame(text(FAR)), Step::Frame(text(BLOCK).rsv(4))];
            accept: &[Reply::hears(&[
                Heard::Text(Content::Bytes(FAR)), Heard::Text(Content::Bytes(FAR)),
                Heard::Text(Content::Bytes(b"Hello")),
            ])];
            aliases: []; offer: $offer; needs: [DEFLATE]
        }
    };
}

/// A family of offers that have to be declined.
macro_rules! declined {
    ($id:literal, $section:literal, $offer:literal; $claim:literal; $reading:literal) => {
        knock! {
            $id, Must, Source::Rfc(7692, $section);
            claim: $claim; reading: $reading;
            request: || Opening::new().with(concat!("Sec-WebSocket-Extensions: ", $offer));
            accept: [Welcome::opens_plain(), Welcome::status(&[400]).tolerated()];
            extensions: &["permessage-deflate"]; needs: [DEFLATE]
        }
    };
}

/// RFC 7692 6 and 7.2: compressed messages.
pub(super) const CASES: &[Case] = &[
    deflated!("one-block", "7.2.3.1"; "A compressed message must be inflated.";
        "The example of the RFC."; [text(BLOCK).rsv(4)]; HELLO),
    deflated!("fragments", "7.2.3.1"; "A compressed message in fragments must be inflated whole.";
        "Only the first frame has RSV1."; [text(b"\xf2\x48\xcd").more().rsv(4), rest(b"\xc9\xc9\x07\x00")]; HELLO),
    deflated!("octet-by-octet", "7.2.2"; "A compressed message that arrives octet by octet must be inflated.";
        "Cuts of TCP mean nothing."; [text(BLOCK).rsv(4)]; HELLO; cut: Cut::Octets(1)),
    deflated!("without-compression", "7.2.3.3"; "A block without compression must be taken.";
        "The example of the RFC."; [text(b"\x00\x05\x00\xfa\xffHello\x00").rsv(4)]; HELLO),
    deflated!("final-block", "7.2.3.4"; "A block with BFINAL must be taken.";
        "The example of the RFC."; [text(b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00").rsv(4)]; HELLO),
    deflated!("two-blocks", "7.2.3.5"; "Two blocks in one message must be taken.";
        "The example of the RFC."; [text(b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00").rsv(4)]; HELLO),
    deflated!("empty", "7.2.3.6"; "An empty compressed message must be an empty message.";
        "One octet of zero, as the RFC has it."; [text(b"\x00").rsv(4)];
        &[Reply::hears(&[Heard::Text(Content::Bytes(b""))])]),
    deflated!("empty-fragments", "7.2.2"; "Empty fragments of a compressed message must change nothing.";
        "Before, between and behind."; [text(b"").more().rsv(4), rest(BLOCK).more(), rest(b"")]; HELLO),
    deflated!("binary", "6"; "A compressed binary message must be echoed as binary.";
        "Compression does not touch the type."; [binary(BLOCK).rsv(4)];
        &[Reply::hears(&[Heard::Binary(Content::Bytes(b"Hello"))])]),
    deflated!("plain-message", "6"; "A message that is not compressed must be taken as it is.";
        "RSV1 is clear, though the extension is in use."; [text(b"Hello")]; HELLO),
    deflated!("plain-and-compressed", "6"; "Plain and compressed messages must be told apart one by one.";
        "In turn."; [text(b"Hello"), text(BLOCK).rsv(4), text(b"Hello")];
        &[Reply::hears(&[Heard::Text(Content::Bytes(b"Hello")), Heard::Text(Content::Bytes(b"Hello")),
            Heard::Text(Content::Bytes(b"Hello"))])]),
    deflated!("ping-between", "6"; "A ping between fragments of a compressed message must be answered as it is.";
        "Control frames are not compressed."; [text(b"\xf2\x48\xcd").more().rsv(4), ping(b"p"), rest(b"\xc9\xc9\x07\x00")];
        &[Reply::hears(&[Heard::Pong(Content::Bytes(b"p")), Heard::Text(Content::Bytes(b"Hello"))])]),
    deflated!("close", "6"; "A close must be answered on a connection with compression.";
        "Control frames are not compressed."; [close(1000, b"")];
        &[Reply::closes(&[1000]), Reply::closes(&[]).tolerated()]),
    deflated!("bit-on-ping", "6"; "RSV1 on a ping must end the connection.";
        "The extension does not concern control frames."; [ping(b"").rsv(4)]; PROTOCOL_ERROR),
    deflated!("bit-on-close", "6"; "RSV1 on a close must end the connection with an error.";
        "The extension does not concern control frames."; [close(1000, b"").rsv(4)]; NO_CLOSE),
    deflated!("bit-on-continuation", "6.1"; "RSV1 on a continuation must end the connection.";
        "Only the first frame says whether a message is compressed.";
        [text(b"\xf2\x48\xcd").more().rsv(4), rest(b"\xc9\xc9\x07\x00").rsv(4)]; PROTOCOL_ERROR),
    deflated!("other-bits", "6"; "RSV2 on a compressed message must end the connection.";
        "The extension has RSV1 alone."; [text(BLOCK).rsv(6)]; PROTOCOL_ERROR),
    deflated!("undecodable", "7.2.2"; "Data that can't be inflated must end the connection, and nothing else.";
        "1007 or 1002; the worker goes on (SF-63)."; [text(b"\xff\xff\xff\xff").rsv(4)]; UNDECODABLE),
    deflated!("undecodable-binary", "7.2.2"; "Binary data that can't be inflated must end the connection.";
        "A length of a stored block that does not match its complement.";
        [binary(b"\x00\x05\x00\x00\x00Hello\x00").rsv(4)]; UNDECODABLE),
    deflated!("not-utf8", "6.2"; "A compressed text that is not UTF-8 must end the connection.";
        "What counts is the text when it is inflated."; [text(b"\x00\x02\x00\xfd\xff\xc0\xaf\x00").rsv(4)]; NOT_UTF8),
    act! {
        "websocket.deflate.shared-window", Must, Source::Rfc(7692, "7.2.3.2");
        claim: "A message that refers to the one before must be inflated with its window.";
        reading: "Unless the server asked for no context takeover; then nothing is proved.";
        needs: [Need::Can(Capability::WebSocket), DEFLATE]; Shared; seconds: 5;
        accepts: ["Hello, twice"]; aliases: [];
        run: shared_window
    },
    act! {
        "websocket.deflate.large", Must, Source::Rfc(7692, "7.2.2");
        claim: "A message must be counted against the limit by what it stands for.";
        reading: "60000 octets that compress to a few hundred are echoed.";
        needs: [Need::Can(Capability::WebSocket), DEFLATE]; Shared; seconds: 5;
        accepts: ["the message"]; aliases: [];
        run: large
    },
    act! {
        "websocket.deflate.bomb", Must, Source::Model("SF-63");
        claim: "A small message that inflates beyond the limit must end the connection.";
        reading: "64 MiB of zeros in 64 KiB: a close with 1009 (or another code), or the end; the worker goes on.";
        needs: [Need::Can(Capability::WebSocket), DEFLATE, Need::Limits]; Shared; seconds: 10;
        accepts: ["close, or the end", "and the bystanders are answered by their workers"]; aliases: [];
        run: bomb
    },
];

/// RFC 7692 7.1: what is agreed on.
pub(super) const OFFERS: &[Case] = &[
    offered!("plain", "5.1", "permessage-deflate"; "A plain offer must be accepted as it is.";
        "The answer has no parameter that the offer does not allow."),
    offered!("client-bits", "7.1.2.2", "permessage-deflate; client_max_window_bits";
        "An offer with client_max_window_bits must be accepted."; "The answer may name a window for the client."),
    offered!("client-bits-10", "7.1.2.2", "permessage-deflate; client_max_window_bits=10";
        "An offer with client_max_window_bits=10 must be accepted."; "The client's window has a bound of its own choice."),
    offered!("client-no-takeover", "7.1.1.2", "permessage-deflate; client_no_context_takeover";
        "An offer with client_no_context_takeover must be accepted."; "It is a hint; each message stands alone then."),
    offered!("server-no-takeover", "7.1.1.1", "permessage-deflate; server_no_context_takeover";
        "server_no_context_takeover must be in the answer and be kept.";
        "The second of two equal messages refers to nothing of the first."),
    offered!("server-bits-9", "7.1.2.1", "permessage-deflate; server_max_window_bits=9";
        "server_max_window_bits=9 must be in the answer and be kept.";
        "No distance in the answers is above 512."),
    offered!("server-bits-quoted", "7.1.2.1", "permessage-deflate; server_max_window_bits=\"12\"";
        "A value in quotes must be taken."; "RFC 6455 9.1 has a token or a quoted string that is one."),
    offered!("all", "7.1", "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12; client_max_window_bits=12";
        "An offer with all parameters must be accepted."; "The answer has those that it has to have."),
    offered!("second-of-two", "5.1", "permessage-deflate; unknown=1, permessage-deflate";
        "The second offer must be taken where the first can't be."; "Offers are alternatives in order of preference."),
    offered!("behind-another", "5.1", "x-webkit-deflate-frame, permessage-deflate";
        "An offer behind an extension that nobody knows must be taken."; "The other is declined."),
    declined!("websocket.deflate-offer.server-bits-7", "7.1.2.1", "permessage-deflate; server_max_window_bits=7";
        "A window of 7 bits must be declined."; "8 to 15 are the values."),
    declined!("websocket.deflate-offer.server-bits-16", "7.1.2.1", "permessage-deflate; server_max_window_bits=16";
        "A window of 16 bits must be declined."; "8 to 15 are the values."),
    declined!("websocket.deflate-offer.server-bits-padded", "7.1.2.1", "permessage-deflate; server_max_window_bits=09";
        "A window with a leading zero must be declined."; "The value has no leading zeros."),
    declined!("websocket.deflate-offer.server-bits-missing", "7.1.2.1", "permessage-deflate; server_max_window_bits";
        "server_max_window_bits without a value must be declined."; "Only that of the client may stand alone."),
    declined!("websocket.deflate-offer.client-bits-16", "7.1.2.2", "permessage-deflate; client_max_window_bits=16";
        "A client's window of 16 bits must be declined."; "8 to 15 are the values."),
    declined!("websocket.deflate-offer.takeover-with-value", "7.1.1.1", "permessage-deflate; server_no_context_takeover=1";
        "server_no_context_takeover with a value must be declined."; "It has none."),
    declined!("websocket.deflate-offer.client-takeover-with-value", "7.1.1.2", "permessage-deflate; client_no_context_takeover=1";
        "client_no_context_takeover with a value must be declined."; "It has none."),
    declined!("websocket.deflate-offer.repeated", "7.1", "permessage-deflate; server_no_context_takeover; server_no_context_takeover";
        "A parameter that occurs twice must be declined."; "Also where both say the same."),
    declined!("websocket.deflate-offer.repeated-value", "7.1", "permessage-deflate; server_max_window_bits=10; server_max_window_bits=11";
        "Two windows for the server must be declined."; "Neither is taken."),
    declined!("websocket.deflate-offer.unknown-parameter", "7.1", "permessage-deflate; unknown";
        "A parameter that nobody knows must be declined."; "It might change what the octets mean."),
];

/// An open connection with permessage-deflate.
fn open(stage: &Stage) -> Result<WebSocketProbe, Surprise> {
    let mut probe = stage.websocket()?;
    probe.open(Some("permessage-deflate"))?.map_err(Surprise)?;
    match probe.agreed() {
        Some(_) => Ok(probe),
        None => Err(Surprise("permessage-deflate was declined".to_owned())),
    }
}

fn compressed(code: u8, payload: Vec<u8>) -> Vec<u8> {
    Frame { rsv: 4, ..Frame::new(code, payload) }.bytes()
}

fn shared_window(stage: &Stage) -> Outcome {
    let mut probe = open(stage)?;
    if probe.agreed().is_some_and(|agreed| !agreed.client_takeover) {
        return unproved("the server asks for client_no_context_takeover");
    }
    probe.send(&compressed(opcode::TEXT, BLOCK.to_vec()))?;
    probe.send(&compressed(opcode::TEXT, b"\xf2\x00\x11\x00\x00".to_vec()))?;
    for number in 1..=2 {
        match probe.hear(stage.deadline())? {
            Ok(Event::Message { kind: Kind::Text, payload, .. }) if payload == b"Hello" => {}
            Ok(other) => return broken(format!("message {number} of 2 came as {other:?}")),
            Err(silence) => return broken(format!("message {number} of 2 did not come: {silence}")),
        }
    }
    kept()
}

fn large(stage: &Stage) -> Outcome {
    let mut probe = open(stage)?;
    let content = FAR.repeat(25);
    probe.send(&compressed(opcode::BINARY, compress(&content)))?;
    match probe.hear(stage.deadline())? {
        Ok(Event::Message { kind: Kind::Binary, payload, .. }) if payload == content => kept(),
        Ok(Event::Message { payload, .. }) => broken(format!("{} octets came back", payload.len())),
        Ok(other) => broken(format!("{other:?} came back")),
        Err(silence) => broken(format!("no echo: {silence}")),
    }
}

fn bomb(stage: &Stage) -> Outcome {
    let bystanders = bystanders(stage)?;
    let zeros = compress(&vec![0; 64 << 20]);
    for _ in 0..4 {
        let mut probe = open(stage)?;
        probe.send(&compressed(opcode::BINARY, zeros[..zeros.len().min(60_000)].to_vec()))?;
        match probe.hear(stage.deadline())? {
            Ok(Event::Close(..)) => {}
            Err(crate::probe::Silence::End(end)) if end.is_over() => {}
            Ok(Event::Message { payload, .. }) => {
                return broken(format!("answered with {} octets", payload.len()));
            }
            Ok(other) => return broken(format!("answered with {other:?}")),
            Err(silence) => return broken(format!("the connection stays: {silence}")),
        }
    }
    still_served(bystanders)
}
