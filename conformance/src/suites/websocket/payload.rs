use crate::case::{Case, Content, Cut, Heard, Part, Reply, Source, Step};
use workerspec_wire::websocket::opcode;

/// A family over sizes: one message, echoed with its type and nothing else.
macro_rules! sizes {
    ($kind:literal, $heard:ident, $code:expr; $($size:literal $octets:literal [$($alias:literal),*]),+ $(,)?) => {
        &[$(talk! {
            concat!("websocket.", $kind, ".octets-", $size), Must, Source::Rfc(6455, "5.6");
            claim: concat!("A ", $kind, " message of ", $size, " octets must be echoed with its type.");
            reading: "The echo has the same octets, is whole, unmasked, and has the shortest form of its length.";
            send: [Step::Frame(Part::new($code, Content::Repeated(b'*', $octets)))];
            accept: &[Reply::hears(&[Heard::$heard(Content::Repeated(b'*', $octets))])];
            aliases: [$($alias),*]
        }),+]
    };
}

/// Text of every form of length, at its borders.
pub(super) const TEXT: &[Case] = sizes! {
    "text", Text, opcode::TEXT;
    "0" 0 ["autobahn:1.1.1", "autobahn:6.1.1"], "1" 1 [], "124" 124 [], "125" 125 ["autobahn:1.1.2"],
    "126" 126 ["autobahn:1.1.3"], "127" 127 ["autobahn:1.1.4"], "128" 128 ["autobahn:1.1.5"],
    "255" 255 [], "256" 256 [], "4096" 4_096 [], "16384" 16_384 [], "65000" 65_000 [],
};

/// Binary likewise.
pub(super) const BINARY: &[Case] = sizes! {
    "binary", Binary, opcode::BINARY;
    "0" 0 ["autobahn:1.2.1"], "1" 1 [], "124" 124 [], "125" 125 ["autobahn:1.2.2"],
    "126" 126 ["autobahn:1.2.3"], "127" 127 ["autobahn:1.2.4"], "128" 128 ["autobahn:1.2.5"],
    "255" 255 [], "256" 256 [], "4096" 4_096 [], "16384" 16_384 [], "65000" 65_000 [],
};

const LONG: Content = Content::Repeated(b'*', 65_000);
const SHORT: Content = Content::Bytes(b"octet by octet");
const OCTETS: Content = Content::Bytes(b"\x00\x01\x7f\x80\xfe\xff\n\r!");

/// The same however TCP cuts it.
pub(super) const CUT: &[Case] = &[
    talk! {
        "websocket.text.in-pieces", Must, Source::Rfc(6455, "5.2");
        claim: "A text message that arrives in pieces of 997 octets must be one message.";
        reading: "How TCP cuts a frame means nothing.";
        send: [Step::Frame(Part::new(opcode::TEXT, LONG))];
        accept: &[Reply::hears(&[Heard::Text(LONG)])];
        aliases: ["autobahn:1.1.8"]; cut: Cut::Octets(997)
    },
    talk! {
        "websocket.binary.in-pieces", Must, Source::Rfc(6455, "5.2");
        claim: "A binary message that arrives in pieces of 997 octets must be one message.";
        reading: "How TCP cuts a frame means nothing.";
        send: [Step::Frame(Part::new(opcode::BINARY, LONG))];
        accept: &[Reply::hears(&[Heard::Binary(LONG)])];
        aliases: ["autobahn:1.2.8"]; cut: Cut::Octets(997)
    },
    talk! {
        "websocket.text.octet-by-octet", Must, Source::Rfc(6455, "5.2");
        claim: "A text message that arrives octet by octet must be one message.";
        reading: "A cut within the header, the key or the payload changes nothing.";
        send: [Step::Frame(Part::new(opcode::TEXT, SHORT))];
        accept: &[Reply::hears(&[Heard::Text(SHORT)])];
        aliases: []; cut: Cut::Octets(1)
    },
    talk! {
        "websocket.binary.any-octet", Must, Source::Rfc(6455, "5.6");
        claim: "Every octet must pass through a binary message unchanged.";
        reading: "Binary data is not looked at: NUL, line ends and what is not UTF-8 come back.";
        send: [Step::Frame(Part::new(opcode::BINARY, OCTETS))];
        accept: &[Reply::hears(&[Heard::Binary(OCTETS)])];
        aliases: []
    },
    talk! {
        "websocket.text.coalesced", Must, Source::Rfc(6455, "5.2");
        claim: "Messages that arrive together must be separate messages, in order.";
        reading: "Text and binary in turn, in one write; each comes back with its type.";
        send: [
            Step::Frame(crate::case::text(b"one")), Step::Frame(crate::case::binary(b"two")),
            Step::Frame(crate::case::text(b"")), Step::Frame(crate::case::binary(b"")),
            Step::Frame(crate::case::text(b"five")),
        ];
        accept: &[Reply::hears(&[
            Heard::Text(Content::Bytes(b"one")), Heard::Binary(Content::Bytes(b"two")),
            Heard::Text(Content::Bytes(b"")), Heard::Binary(Content::Bytes(b"")),
            Heard::Text(Content::Bytes(b"five")),
        ])];
        aliases: []
    },
];
