use crate::case::{
    Case, Content, Heard, PROTOCOL_ERROR, Reply, Source, Step, binary, close, ping, rest, text,
};

const HELLO: &[Reply] = &[Reply::hears(&[Heard::Text(Content::Bytes(b"Hello"))])];

/// RFC 6455 5.1 and 5.3: what a client masks.
pub(super) const CASES: &[Case] = &[
    talk! {
        "websocket.mask.zero-key", Must, Source::Rfc(6455, "5.3");
        claim: "A key of four zeros must be a key like any other.";
        reading: "The payload stands there as it is; nothing forbids that to the one who reads.";
        send: [Step::Frame(text(b"Hello").key([0; 4]))]; accept: HELLO; aliases: []
    },
    talk! {
        "websocket.mask.all-ones", Must, Source::Rfc(6455, "5.3");
        claim: "A key of four times 255 must be a key like any other.";
        reading: "Every bit of the payload is turned over.";
        send: [Step::Frame(text(b"Hello").key([255; 4]))]; accept: HELLO; aliases: []
    },
    talk! {
        "websocket.mask.each-its-own", Must, Source::Rfc(6455, "5.3");
        claim: "Each frame must be unmasked with its own key, from its first octet.";
        reading: "A fragment of five octets does not shift the key of the next one.";
        send: [
            Step::Frame(binary(b"12345").more().key([1, 2, 3, 4])),
            Step::Frame(rest(b"6789").more().key([5, 6, 7, 8])),
            Step::Frame(rest(b"0").key([9, 10, 11, 12])),
        ];
        accept: &[Reply::hears(&[Heard::Binary(Content::Bytes(b"1234567890"))])]; aliases: []
    },
    talk! {
        "websocket.mask.missing-on-text", Must, Source::Rfc(6455, "5.1");
        claim: "A text frame that is not masked must end the connection.";
        reading: "Nothing of it is echoed; 1002 is the code the RFC suggests.";
        send: [Step::Frame(text(b"hello").unmasked())]; accept: PROTOCOL_ERROR; aliases: []
    },
    talk! {
        "websocket.mask.missing-on-binary", Must, Source::Rfc(6455, "5.1");
        claim: "A binary frame that is not masked must end the connection.";
        reading: "As with text.";
        send: [Step::Frame(binary(b"hello").unmasked())]; accept: PROTOCOL_ERROR; aliases: []
    },
    talk! {
        "websocket.mask.missing-on-empty", Must, Source::Rfc(6455, "5.1");
        claim: "An empty frame that is not masked must end the connection.";
        reading: "The bit counts, also where there is nothing to mask.";
        send: [Step::Frame(text(b"").unmasked())]; accept: PROTOCOL_ERROR; aliases: []
    },
    talk! {
        "websocket.mask.missing-on-ping", Must, Source::Rfc(6455, "5.1");
        claim: "A ping that is not masked must end the connection.";
        reading: "Control frames are masked like all others; no pong answers this one.";
        send: [Step::Frame(ping(b"hello").unmasked())]; accept: PROTOCOL_ERROR; aliases: []
    },
    talk! {
        "websocket.mask.missing-on-continuation", Must, Source::Rfc(6455, "5.1");
        claim: "A continuation that is not masked must end the connection.";
        reading: "That the first frame was masked does not help.";
        send: [Step::Frame(text(b"hel").more()), Step::Frame(rest(b"lo").unmasked())];
        accept: PROTOCOL_ERROR; aliases: []
    },
    talk! {
        "websocket.mask.missing-on-second", Must, Source::Rfc(6455, "5.1");
        claim: "A frame that is not masked must end the connection also behind a good message.";
        reading: "The good message is best echoed before.";
        send: [Step::Frame(text(b"good")), Step::Frame(text(b"bad").unmasked())];
        accept: &[
            Reply::closes(&[1002]).after(&[Heard::Text(Content::Bytes(b"good"))]),
            Reply::closes(&[]).after(&[Heard::Text(Content::Bytes(b"good"))]).tolerated(),
            Reply::drops().after(&[Heard::Text(Content::Bytes(b"good"))]).tolerated(),
            Reply::closes(&[1002]).tolerated(),
            Reply::closes(&[]).tolerated(),
            Reply::drops().tolerated(),
        ];
        aliases: []
    },
    talk! {
        "websocket.mask.missing-on-close", Should, Source::Rfc(6455, "5.1");
        claim: "A close that is not masked should be answered with 1002.";
        reading: "The connection ends in any case.";
        send: [Step::Frame(close(1000, b"").unmasked())]; accept: PROTOCOL_ERROR; aliases: []
    },
];
