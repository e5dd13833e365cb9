use workerspec_wire::websocket::opcode;

use crate::case::{Case, Content, Cut, Heard, PROTOCOL_ERROR, Part, Reply, Source, Step, ping, pong, text};

/// One pong with this payload, and the connection goes on.
macro_rules! pongs {
    ($content:expr) => {
        &[Reply::hears(&[Heard::Pong($content)])]
    };
}

const TEN: &[Reply] = &[
    Reply::hears(&[
        Heard::Pong(Content::Bytes(b"0")),
        Heard::Pong(Content::Bytes(b"1")),
        Heard::Pong(Content::Bytes(b"2")),
        Heard::Pong(Content::Bytes(b"3")),
        Heard::Pong(Content::Bytes(b"4")),
    ]),
    // RFC 6455 5.5.3: only the newest of several may be answered.
    Reply::hears(&[Heard::Pong(Content::Bytes(b"4"))]),
];
const GOES_ON: &[Reply] = &[Reply::hears(&[])];

/// RFC 6455 5.5.2 and 5.5.3: ping and pong.
pub(super) const CASES: &[Case] = &[
    talk! {
        "websocket.ping.empty", Must, Source::Rfc(6455, "5.5.2");
        claim: "An empty ping must be answered with an empty pong.";
        reading: "Nothing else is said.";
        send: [Step::Frame(ping(b""))]; accept: pongs!(Content::Bytes(b"")); aliases: ["autobahn:2.1"]
    },
    talk! {
        "websocket.ping.text", Must, Source::Rfc(6455, "5.5.3");
        claim: "A pong must carry the payload of its ping.";
        reading: "Octet for octet.";
        send: [Step::Frame(ping(b"Hello, world!"))];
        accept: pongs!(Content::Bytes(b"Hello, world!")); aliases: ["autobahn:2.2"]
    },
    talk! {
        "websocket.ping.octets", Must, Source::Rfc(6455, "5.5.3");
        claim: "The payload of a ping must not have to be text.";
        reading: "It is opaque: what is no UTF-8 comes back as it is.";
        send: [Step::Frame(ping(b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"))];
        accept: pongs!(Content::Bytes(b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff")); aliases: ["autobahn:2.3"]
    },
    talk! {
        "websocket.ping.octets-125", Must, Source::Rfc(6455, "5.5");
        claim: "A ping of 125 octets must be answered with all of them.";
        reading: "That is the largest control frame.";
        send: [Step::Frame(Part::new(opcode::PING, Content::Repeated(0xfe, 125)))];
        accept: pongs!(Content::Repeated(0xfe, 125)); aliases: ["autobahn:2.4"]
    },
    talk! {
        "websocket.ping.octets-126", Must, Source::Rfc(6455, "5.5");
        claim: "A ping of 126 octets must end the connection.";
        reading: "No pong answers it.";
        send: [Step::Frame(Part::new(opcode::PING, Content::Repeated(0xfe, 126)))];
        accept: PROTOCOL_ERROR; aliases: ["autobahn:2.5"]
    },
    talk! {
        "websocket.ping.octets-70000", Must, Source::Rfc(6455, "5.5");
        claim: "A ping whose length needs 64 bits must end the connection.";
        reading: "No pong answers it, and it is not waited for.";
        send: [Step::Raw(b"\x89\xff\x00\x00\x00\x00\x00\x01\x11\x70\x00\x00\x00\x00")];
        accept: &[Reply::closes(&[1002]), Reply::closes(&[]).tolerated(), Reply::drops().tolerated()];
        aliases: []; fence: Due
    },
    talk! {
        "websocket.ping.octet-by-octet", Must, Source::Rfc(6455, "5.5.2");
        claim: "A ping that arrives octet by octet must be answered once.";
        reading: "With the whole payload.";
        send: [Step::Frame(Part::new(opcode::PING, Content::Repeated(0xfe, 125)))];
        accept: pongs!(Content::Repeated(0xfe, 125)); aliases: ["autobahn:2.6"]; cut: Cut::Octets(1)
    },
    talk! {
        "websocket.ping.many", Must, Source::Rfc(6455, "5.5.3");
        claim: "Pings that arrive together must be answered in order, the newest in any case.";
        reading: "Older pings may be passed over.";
        send: [
            Step::Frame(ping(b"0")), Step::Frame(ping(b"1")), Step::Frame(ping(b"2")), Step::Frame(ping(b"3")),
            Step::Frame(ping(b"4")),
        ];
        accept: TEN; aliases: ["autobahn:2.10"]
    },
    talk! {
        "websocket.ping.many-in-octets", Must, Source::Rfc(6455, "5.5.3");
        claim: "Pings that arrive octet by octet must be answered in order.";
        reading: "Older pings may be passed over.";
        send: [
            Step::Frame(ping(b"0")), Step::Frame(ping(b"1")), Step::Frame(ping(b"2")), Step::Frame(ping(b"3")),
            Step::Frame(ping(b"4")),
        ];
        accept: TEN; aliases: ["autobahn:2.11"]; cut: Cut::Octets(1)
    },
    talk! {
        "websocket.ping.before-message", Must, Source::Rfc(6455, "5.5.2");
        claim: "A ping before a message must be answered, and the message echoed.";
        reading: "In the order in which they came.";
        send: [Step::Frame(ping(b"p")), Step::Frame(text(b"t"))];
        accept: &[Reply::hears(&[Heard::Pong(Content::Bytes(b"p")), Heard::Text(Content::Bytes(b"t"))])];
        aliases: []
    },
    talk! {
        "websocket.ping.behind-message", Must, Source::Rfc(6455, "5.5.2");
        claim: "A ping behind a message must be answered, and the message echoed.";
        reading: "A pong may overtake the echo: an endpoint answers pings as soon as is practical.";
        send: [Step::Frame(text(b"t")), Step::Frame(ping(b"p"))];
        accept: &[
            Reply::hears(&[Heard::Text(Content::Bytes(b"t")), Heard::Pong(Content::Bytes(b"p"))]),
            Reply::hears(&[Heard::Pong(Content::Bytes(b"p")), Heard::Text(Content::Bytes(b"t"))]),
        ];
        aliases: []
    },
    talk! {
        "websocket.ping.command", Must, Source::Rfc(6455, "5.5.2");
        claim: "The payload of a ping must not be taken for a message.";
        reading: "A ping that says `!close` closes nothing.";
        send: [Step::Frame(ping(b"!close"))]; accept: pongs!(Content::Bytes(b"!close")); aliases: []
    },
    talk! {
        "websocket.ping.not-final", Must, Source::Rfc(6455, "5.5");
        claim: "A ping that is not final must end the connection.";
        reading: "A control frame is never fragmented.";
        send: [Step::Frame(ping(b"p").more())]; accept: PROTOCOL_ERROR; aliases: []; fence: Ping
    },
    talk! {
        "websocket.pong.unsolicited-empty", Must, Source::Rfc(6455, "5.5.3");
        claim: "An empty pong that nobody asked for must not be answered.";
        reading: "It is a heartbeat of one direction.";
        send: [Step::Frame(pong(b""))]; accept: GOES_ON; aliases: ["autobahn:2.7"]
    },
    talk! {
        "websocket.pong.unsolicited", Must, Source::Rfc(6455, "5.5.3");
        claim: "A pong with a payload that nobody asked for must not be answered.";
        reading: "Nothing is said, and the connection goes on.";
        send: [Step::Frame(pong(b"unsolicited"))]; accept: GOES_ON; aliases: ["autobahn:2.8"]
    },
    talk! {
        "websocket.pong.then-ping", Must, Source::Rfc(6455, "5.5.3");
        claim: "A ping behind a pong that nobody asked for must be answered with its own payload.";
        reading: "The pong leaves no trace.";
        send: [Step::Frame(pong(b"unsolicited")), Step::Frame(ping(b"ping"))];
        accept: pongs!(Content::Bytes(b"ping")); aliases: ["autobahn:2.9"]
    },
    talk! {
        "websocket.pong.octets-126", Must, Source::Rfc(6455, "5.5");
        claim: "A pong of 126 octets must end the connection.";
        reading: "That nobody waits for it does not make its form good.";
        send: [Step::Frame(Part::new(opcode::PONG, Content::Repeated(b'p', 126)))];
        accept: PROTOCOL_ERROR; aliases: []
    },
    talk! {
        "websocket.pong.not-final", Must, Source::Rfc(6455, "5.5");
        claim: "A pong that is not final must end the connection.";
        reading: "A control frame is never fragmented.";
        send: [Step::Frame(pong(b"p").more())]; accept: PROTOCOL_ERROR; aliases: []; fence: Ping
    },
];
