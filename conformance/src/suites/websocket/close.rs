use workerspec_wire::websocket::opcode;

use crate::case::{Case, Content, Heard, Part, Reply, Source, Step, close, close_with, ping, text};

const NORMAL: &[Reply] =
    &[Reply::closes(&[1000]), Reply::closes(&[]).tolerated(), Reply::drops().tolerated()];

/// RFC 6455 5.5.1 and 7.1: the closing handshake.
pub(super) const ORDER: &[Case] = &[
    talk! {
        "websocket.close.answered", Must, Source::Rfc(6455, "5.5.1");
        claim: "A close must be answered with a close, and then the connection must end.";
        reading: "The code comes back as it came; another code is tolerated, no close at all is not.";
        send: [Step::Frame(close(1000, b""))];
        accept: &[Reply::closes(&[1000]), Reply::closes(&[]).tolerated()];
        aliases: []
    },
    talk! {
        "websocket.close.behind-message", Must, Source::Rfc(6455, "5.5.1");
        claim: "A close behind a message must be answered, and the message not be echoed behind that.";
        reading: "The message is best echoed first; the RFC does not demand that it is answered at all.";
        send: [Step::Frame(text(b"last words")), Step::Frame(close(1000, b""))];
        accept: &[
            Reply::closes(&[1000]).after(&[Heard::Text(Content::Bytes(b"last words"))]),
            Reply::closes(&[]).after(&[Heard::Text(Content::Bytes(b"last words"))]).tolerated(),
            Reply::closes(&[]).tolerated(),
        ];
        aliases: ["autobahn:7.1.1"]
    },
    talk! {
        "websocket.close.twice", Must, Source::Rfc(6455, "5.5.1");
        claim: "A second close must not be answered again.";
        reading: "One close frame, then the end.";
        send: [Step::Frame(close(1000, b"")), Step::Frame(close(1000, b""))];
        accept: NORMAL; aliases: ["autobahn:7.1.2"]
    },
    talk! {
        "websocket.close.then-ping", Must, Source::Rfc(6455, "5.5.1");
        claim: "A ping behind a close must not be answered.";
        reading: "Nothing follows the close frame of the server.";
        send: [Step::Frame(close(1000, b"")), Step::Frame(ping(b"late"))];
        accept: NORMAL; aliases: ["autobahn:7.1.3"]
    },
    talk! {
        "websocket.close.then-text", Must, Source::Rfc(6455, "5.5.1");
        claim: "A message behind a close must not be echoed.";
        reading: "The sender must not have sent it; it is not looked at.";
        send: [Step::Frame(close(1000, b"")), Step::Frame(text(b"late"))];
        accept: NORMAL; aliases: ["autobahn:7.1.4"]
    },
    talk! {
        "websocket.close.then-nonsense", Must, Source::Rfc(6455, "1.4");
        claim: "Octets behind a close must be discarded, whatever they are.";
        reading: "After a close frame any further data is discarded.";
        send: [Step::Frame(close(1000, b"")), Step::Raw(b"\xff\xff\xff\xff\xff\xff")];
        accept: NORMAL; aliases: []
    },
    talk! {
        "websocket.close.by-command", Must, Source::Rfc(6455, "7.1.2");
        claim: "An application that closes must close by a closing handshake with 1000.";
        reading: "`!close` is answered with `bye`, then comes the close frame; the client answers it.";
        send: [Step::Frame(text(b"!close"))];
        accept: &[Reply::closes(&[1000]).after(&[Heard::Text(Content::Bytes(b"bye"))])];
        aliases: []
    },
    talk! {
        "websocket.close.large-message-before", Should, Source::Rfc(6455, "5.5.1");
        claim: "A large message before a close should be echoed before the close is answered.";
        reading: "What was sent before the close is not thrown away.";
        send: [
            Step::Frame(Part::new(opcode::BINARY, Content::Repeated(b'*', 60_000))),
            Step::Frame(close(1000, b"")),
        ];
        accept: &[Reply::closes(&[1000]).after(&[Heard::Binary(Content::Repeated(b'*', 60_000))])];
        aliases: ["autobahn:7.1.6"]
    },
    talk! {
        "websocket.close.without-frame", Must, Source::Rfc(6455, "7.1.5");
        claim: "A client that only half-closes must see the end of the connection.";
        reading: "With a close frame or without one.";
        send: [Step::Frame(text(b"bye"))];
        accept: &[
            Reply::drops().after(&[Heard::Text(Content::Bytes(b"bye"))]),
            Reply::closes(&[]).after(&[Heard::Text(Content::Bytes(b"bye"))]),
            Reply::drops(), Reply::closes(&[]),
        ];
        aliases: []; fence: Finish
    },
    talk! {
        "websocket.close.without-code", Must, Source::Rfc(6455, "5.5.1");
        claim: "A close without a code must be answered.";
        reading: "Without a code or with 1000.";
        send: [Step::Frame(close_with(Content::Bytes(b"")))];
        accept: &[Reply::closes(&[1000, 1005]), Reply::closes(&[]).tolerated()]; aliases: ["autobahn:7.3.1"]
    },
    talk! {
        "websocket.close.half-a-code", Must, Source::Rfc(6455, "5.5.1");
        claim: "A close of one octet must end the connection with an error of protocol.";
        reading: "A body has a code of two octets.";
        send: [Step::Frame(close_with(Content::Bytes(b"\x03")))]; accept: STRICT; aliases: ["autobahn:7.3.2"]
    },
];

/// What is wrong with the close must be told from a good one: the code does not come back.
const STRICT: &[Reply] = &[
    Reply::closes(&[1002]),
    Reply::closes(&[1000, 1003, 1005, 1007, 1008, 1011]).tolerated(),
    Reply::drops().tolerated(),
];

/// A family of codes that may be sent.
macro_rules! codes {
    ($($code:literal [$($alias:literal),*]),+ $(,)?) => {
        &[$(talk! {
            concat!("websocket.close-code.", $code), Must, Source::Rfc(6455, "7.4");
            claim: concat!("A close with ", $code, " must be answered as any other.");
            reading: "The code comes back; 1000 instead is tolerated, an error is not.";
            send: [Step::Frame(close($code, b""))];
            accept: &[Reply::closes(&[$code]), Reply::closes(&[1000, 1005]).tolerated()];
            aliases: [$($alias),*]
        }),+]
    };
}

/// RFC 6455 7.4.1 and 7.4.2, and what IANA has registered since.
pub(super) const CODES: &[Case] = codes! {
    1000 ["autobahn:7.7.1", "autobahn:7.3.3"], 1001 ["autobahn:7.7.2"], 1002 ["autobahn:7.7.3"], 1003 ["autobahn:7.7.4"],
    1007 ["autobahn:7.7.5"], 1008 ["autobahn:7.7.6"], 1009 ["autobahn:7.7.7"], 1010 ["autobahn:7.7.8"],
    1011 ["autobahn:7.7.9"], 1012 [], 1013 [], 1014 [], 3000 ["autobahn:7.7.10"], 3999 ["autobahn:7.7.11"],
    4000 ["autobahn:7.7.12"], 4999 ["autobahn:7.7.13"],
};

/// A family of codes that are never sent.
macro_rules! bad_codes {
    ($($code:literal [$($alias:literal)?]),+ $(,)?) => {
        &[$(talk! {
            concat!("websocket.close-code.", $code), Must, Source::Rfc(6455, "7.4");
            claim: concat!("A close with ", $code, ", which is never sent, must not be answered with it.");
            reading: "It is an error of protocol: 1002 is best, another good code or the bare end is tolerated.";
            send: [Step::Frame(close($code, b""))];
            accept: STRICT;
            aliases: [$($alias)?]
        }),+]
    };
}

/// Reserved, or in no range.
pub(super) const BAD_CODES: &[Case] = bad_codes! {
    0 ["autobahn:7.9.1"], 1 [], 999 ["autobahn:7.9.2"], 1004 ["autobahn:7.9.3"], 1005 ["autobahn:7.9.4"],
    1006 ["autobahn:7.9.5"], 1015 [], 1016 ["autobahn:7.9.6"], 1100 ["autobahn:7.9.7"],
    2000 ["autobahn:7.9.8"], 2999 ["autobahn:7.9.9"], 5000 ["autobahn:7.13.1"], 65535 ["autobahn:7.13.2"],
};

/// Reasons behind the code.
pub(super) const REASONS: &[Case] = &[
    talk! {
        "websocket.close-reason.short", Must, Source::Rfc(6455, "5.5.1");
        claim: "A close with a reason must be answered as one without.";
        reading: "The reason may come back or not.";
        send: [Step::Frame(close(1000, b"Hello World!"))]; accept: NORMAL_ONLY; aliases: ["autobahn:7.3.4"]
    },
    talk! {
        "websocket.close-reason.longest", Must, Source::Rfc(6455, "5.5");
        claim: "A close with a reason of 123 octets must be answered.";
        reading: "With its code that makes 125 octets, the most a control frame has.";
        send: [Step::Frame(close(1000, &[b'*'; 123]))]; accept: NORMAL_ONLY; aliases: ["autobahn:7.3.5"]
    },
    talk! {
        "websocket.close-reason.multi-octet", Must, Source::Rfc(6455, "5.5.1");
        claim: "A close with a reason of characters of several octets must be answered.";
        reading: "The reason is UTF-8.";
        send: [Step::Frame(close(1000, b"\xe2\x82\xac\xf0\x9f\x98\x80"))]; accept: NORMAL_ONLY; aliases: []
    },
    talk! {
        "websocket.close-reason.not-utf8", Must, Source::Rfc(6455, "5.5.1");
        claim: "A close whose reason is not UTF-8 must end the connection with an error.";
        reading: "1007 is best, and 1002 is right too; the code does not come back.";
        send: [Step::Frame(close(1000, b"\xce\xba\xed\xa0\x80"))];
        accept: BAD_REASON; aliases: ["autobahn:7.5.1"]
    },
    talk! {
        "websocket.close-reason.cut", Must, Source::Rfc(6455, "5.5.1");
        claim: "A close whose reason ends within a character must end the connection with an error.";
        reading: "1007 is best, and 1002 is right too; the code does not come back.";
        send: [Step::Frame(close(1000, b"\xe2\x82"))]; accept: BAD_REASON; aliases: []
    },
    talk! {
        "websocket.close-reason.not-utf8-code-3000", Must, Source::Rfc(6455, "5.5.1");
        claim: "A reason that is not UTF-8 must be an error with every code.";
        reading: "3000 does not come back.";
        send: [Step::Frame(close(3000, b"\xff"))]; accept: BAD_REASON; aliases: []
    },
];

const NORMAL_ONLY: &[Reply] = &[Reply::closes(&[1000]), Reply::closes(&[1005]).tolerated()];
const BAD_REASON: &[Reply] = &[Reply::closes(&[1007, 1002]), Reply::drops().tolerated()];
