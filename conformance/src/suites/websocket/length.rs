use workerspec_wire::websocket::Length;

use crate::case::{
    Case, Content, Cut, Heard, NO_CLOSE, PROTOCOL_ERROR, Reply, Source, Step, TOO_LARGE, binary, close, ping,
    text,
};

const FIVE: &[Reply] = &[Reply::hears(&[Heard::Text(Content::Bytes(b"hello"))])];
const IMPOSSIBLE: &[Reply] =
    &[Reply::closes(&[1002, 1009]), Reply::closes(&[]).tolerated(), Reply::drops().tolerated()];

/// RFC 6455 5.2: how a length is written.
pub(super) const CASES: &[Case] = &[
    talk! {
        "websocket.length.five-in-16-bits", Must, Source::Rfc(6455, "5.2");
        claim: "A length of 5 in 16 bits must not be taken: the shortest form is the only one.";
        reading: "The RFC binds the sender; a reader that takes it is tolerated, one that reads it wrong is not.";
        send: [Step::Frame(text(b"hello").length(Length::Sixteen))];
        accept: &[
            Reply::closes(&[1002]), Reply::closes(&[]).tolerated(), Reply::drops().tolerated(), FIVE[0].tolerated(),
        ];
        aliases: []
    },
    talk! {
        "websocket.length.five-in-64-bits", Must, Source::Rfc(6455, "5.2");
        claim: "A length of 5 in 64 bits must not be taken: the shortest form is the only one.";
        reading: "The RFC binds the sender; a reader that takes it is tolerated, one that reads it wrong is not.";
        send: [Step::Frame(text(b"hello").length(Length::SixtyFour))];
        accept: &[
            Reply::closes(&[1002]), Reply::closes(&[]).tolerated(), Reply::drops().tolerated(), FIVE[0].tolerated(),
        ];
        aliases: []
    },
    talk! {
        "websocket.length.none-in-16-bits", Should, Source::Rfc(6455, "5.2");
        claim: "A length of 0 in 16 bits should end the connection.";
        reading: "As with 5.";
        send: [Step::Frame(binary(b"").length(Length::Sixteen))]; accept: PROTOCOL_ERROR; aliases: []
    },
    talk! {
        "websocket.length.ping-in-16-bits", Must, Source::Rfc(6455, "5.5");
        claim: "A ping whose length is written in 16 bits must end the connection.";
        reading: "A control frame has a length of seven bits; the long form of 4 is doubly wrong.";
        send: [Step::Frame(ping(b"ping").length(Length::Sixteen))]; accept: PROTOCOL_ERROR; aliases: []
    },
    talk! {
        "websocket.length.top-bit", Must, Source::Rfc(6455, "5.2");
        claim: "A 64-bit length with its top bit set must end the connection.";
        reading: "At once: nothing is read or kept for it. 1002 and 1009 are both right.";
        send: [Step::Frame(binary(b"").length(Length::Says64(1 << 63)))];
        accept: IMPOSSIBLE; aliases: []; fence: Due
    },
    talk! {
        "websocket.length.all-bits", Must, Source::Rfc(6455, "5.2");
        claim: "A 64-bit length of all ones must end the connection.";
        reading: "It is neither -1 nor something to add a header to.";
        send: [Step::Frame(binary(b"").length(Length::Says64(u64::MAX)))];
        accept: IMPOSSIBLE; aliases: []; fence: Due
    },
    talk! {
        "websocket.length.largest", Must, Source::Model("WS-34");
        claim: "A length of 2^63 - 1 must be refused on the header alone.";
        reading: "The announced length decides; nothing is read or kept for it.";
        send: [Step::Frame(text(b"").length(Length::Says64((1 << 63) - 1)))];
        accept: TOO_LARGE; aliases: []; fence: Due; needs: [crate::case::Need::Limits]
    },
    talk! {
        "websocket.length.four-gibibytes", Must, Source::Model("WS-34");
        claim: "A length of 2^32 + 5 must not be cut to 32 bits.";
        reading: "It is above the limit, and not 5.";
        send: [Step::Frame(text(b"hello").length(Length::Says64((1 << 32) + 5)))];
        accept: TOO_LARGE; aliases: []; fence: Due; needs: [crate::case::Need::Limits]
    },
    talk! {
        "websocket.length.waits-for-header", Must, Source::Rfc(6455, "5.2");
        claim: "Half a header must wait for the rest.";
        reading: "Nothing is said in the quiet window.";
        send: [Step::Raw(b"\x81")]; accept: &[Reply::hears(&[])]; aliases: []; fence: Quiet
    },
    talk! {
        "websocket.length.waits-for-payload", Must, Source::Rfc(6455, "5.2");
        claim: "A frame without the end of its payload must wait for the rest.";
        reading: "Nothing is said in the quiet window.";
        send: [Step::Raw(b"\x81\x85\x00\x00\x00\x00hel")];
        accept: &[Reply::hears(&[])]; aliases: []; fence: Quiet
    },
    talk! {
        "websocket.length.waits-for-key", Must, Source::Rfc(6455, "5.2");
        claim: "An empty frame without the end of its key must wait for the rest.";
        reading: "The key belongs to the frame; nothing is said in the quiet window.";
        send: [Step::Raw(b"\x81\x80\x00\x00")]; accept: &[Reply::hears(&[])]; aliases: []; fence: Quiet
    },
    talk! {
        "websocket.length.boundary-cut", Must, Source::Rfc(6455, "5.2");
        claim: "A 16-bit length that is cut between its octets must be read whole.";
        reading: "The frame arrives three octets at a time.";
        send: [Step::Frame(text(b"hello")), Step::Frame(crate::case::Part::new(2, Content::Repeated(7, 300)))];
        accept: &[Reply::hears(&[Heard::Text(Content::Bytes(b"hello")), Heard::Binary(Content::Repeated(7, 300))])];
        aliases: []; cut: Cut::Octets(3)
    },
    talk! {
        "websocket.length.close-of-126", Must, Source::Rfc(6455, "5.5");
        claim: "A close of 126 octets must end the connection with an error of protocol.";
        reading: "It is not answered as a close: its form is wrong before its code counts.";
        send: [Step::Frame(close(1000, &[b'*'; 124]))]; accept: NO_CLOSE; aliases: ["autobahn:7.3.6"]
    },
];
