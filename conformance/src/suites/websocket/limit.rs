use workerspec_wire::websocket::opcode;

use crate::case::{Case, Content, Heard, Need, Part, Reply, Source, Step, TOO_LARGE, rest, text};

const LARGEST: Content = Content::BelowLimit(14);
const QUARTER: Content = Content::Repeated(b'q', 24_000);

/// WS-25 and RFC 6455 10.4: how large a message may be.
pub(super) const CASES: &[Case] = &[
    talk! {
        "websocket.limit.largest", Must, Source::Model("WS-25");
        claim: "A message that fits into the limit with its header must be echoed.";
        reading: "The header of a masked frame of that size has at most 14 octets.";
        send: [Step::Frame(Part::new(opcode::BINARY, LARGEST))];
        accept: &[Reply::hears(&[Heard::Binary(LARGEST)])]; aliases: []
    },
    talk! {
        "websocket.limit.one-frame", Must, Source::Model("WS-25");
        claim: "A message above the limit must end the connection and not be echoed.";
        reading: "Its payload alone is one octet above; 1009 is the code for it.";
        send: [Step::Frame(Part::new(opcode::BINARY, Content::BelowLimit(-1)))];
        accept: TOO_LARGE; aliases: []; needs: [Need::Limits]
    },
    talk! {
        "websocket.limit.text", Must, Source::Model("WS-25");
        claim: "A text above the limit must end the connection and not be echoed.";
        reading: "As with binary data.";
        send: [Step::Frame(Part::new(opcode::TEXT, Content::BelowLimit(-1)))];
        accept: TOO_LARGE; aliases: []; needs: [Need::Limits]
    },
    talk! {
        "websocket.limit.fragments", Must, Source::Model("WS-25");
        claim: "Fragments that are together above the limit must end the connection.";
        reading: "Each fits; the message does not.";
        send: [Step::Fragments(opcode::BINARY, Content::BelowLimit(-1), 8_192)];
        accept: TOO_LARGE; aliases: []; needs: [Need::Limits]
    },
    talk! {
        "websocket.limit.fragments-without-end", Must, Source::Rfc(6455, "10.4");
        claim: "A message that never ends must be cut off at the limit.";
        reading: "What is kept for one message has a bound, its last fragment or not.";
        send: [
            Step::Frame(Part::new(opcode::BINARY, Content::Repeated(b'b', 8_192)).more()),
            Step::Times(16, Part::new(opcode::CONTINUATION, Content::Repeated(b'b', 8_192)).more()),
        ];
        accept: TOO_LARGE; aliases: []; needs: [Need::Limits]
    },
    talk! {
        "websocket.limit.header-alone", Must, Source::Model("WS-34");
        claim: "A length above the limit must be refused on the header alone.";
        reading: "128 KiB are announced, and nothing of them comes.";
        send: [Step::Raw(b"\x82\xff\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00")];
        accept: TOO_LARGE; aliases: []; fence: Due; needs: [Need::Limits]
    },
    talk! {
        "websocket.limit.coalesced", Must, Source::Model("WS-25");
        claim: "Messages that are together above the limit must all be echoed.";
        reading: "The limit is for a message, not for what happens to be buffered.";
        send: [Step::Times(4, Part::new(opcode::BINARY, QUARTER))];
        accept: &[Reply::hears(&[
            Heard::Binary(QUARTER), Heard::Binary(QUARTER), Heard::Binary(QUARTER), Heard::Binary(QUARTER),
        ])];
        aliases: []
    },
    talk! {
        "websocket.limit.empty-fragments", Must, Source::Rfc(6455, "10.4");
        claim: "Ten thousand empty fragments must make an empty message, or be refused.";
        reading: "They must neither wedge the connection nor cost memory without bound.";
        send: [
            Step::Frame(text(b"").more()),
            Step::Times(10_000, rest(b"").more()),
            Step::Frame(rest(b"")),
        ];
        accept: &[
            Reply::hears(&[Heard::Text(Content::Bytes(b""))]),
            Reply::closes(&[1008, 1009]),
            Reply::closes(&[]).tolerated(),
            Reply::drops().tolerated(),
        ];
        aliases: []
    },
    talk! {
        "websocket.limit.nothing-of-the-last", Must, Source::Model("WS-25");
        claim: "A message must not be counted towards the next one.";
        reading: "Two fragmented messages, each of three quarters of the limit.";
        send: [
            Step::Fragments(opcode::BINARY, Content::Repeated(b'1', 48_000), 8_000),
            Step::Fragments(opcode::BINARY, Content::Repeated(b'2', 48_000), 8_000),
        ];
        accept: &[Reply::hears(&[
            Heard::Binary(Content::Repeated(b'1', 48_000)), Heard::Binary(Content::Repeated(b'2', 48_000)),
        ])];
        aliases: []
    },
];
