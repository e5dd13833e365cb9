use crate::case::{
    Case, Content, Cut, Heard, NO_CLOSE, PROTOCOL_ERROR, Part, Reply, Source, Step, binary, close, ping,
    rest, text,
};

/// A family over the seven values of the reserved bits: `$frames` takes the value.
macro_rules! bits {
    ($kind:literal, $what:literal, |$bits:ident| $frames:tt, $accept:expr; $($name:literal $value:literal $($alias:literal)?),+ $(,)?) => {
        &[$({
            const $bits: u8 = $value;
            talk! {
                concat!("websocket.reserved.", $kind, "-", $name), Must, Source::Rfc(6455, "5.2");
                claim: concat!("A ", $what, " with the reserved bits ", $name, " must end the connection.");
                reading: "No extension was agreed on, so none of the three bits may be set.";
                send: $frames;
                accept: $accept;
                aliases: [$($alias)?]
            }
        }),+]
    };
}

/// On text.
pub(super) const TEXT: &[Case] = bits! {
    "text", "text frame", |BITS| [Step::Frame(text(b"reserved").rsv(BITS))], PROTOCOL_ERROR;
    "001" 1 "autobahn:3.1", "010" 2, "011" 3, "100" 4, "101" 5, "110" 6, "111" 7,
};
/// On binary.
pub(super) const BINARY: &[Case] = bits! {
    "binary", "binary frame", |BITS| [Step::Frame(binary(b"reserved").rsv(BITS))], PROTOCOL_ERROR;
    "001" 1, "010" 2, "011" 3, "100" 4, "101" 5 "autobahn:3.5", "110" 6, "111" 7,
};
/// On a continuation.
pub(super) const CONTINUATION: &[Case] = bits! {
    "continuation", "continuation", |BITS| [Step::Frame(text(b"re").more()), Step::Frame(rest(b"served").rsv(BITS))], PROTOCOL_ERROR;
    "001" 1, "010" 2, "011" 3, "100" 4, "101" 5, "110" 6, "111" 7,
};
/// On a ping.
pub(super) const PING: &[Case] = bits! {
    "ping", "ping", |BITS| [Step::Frame(ping(b"reserved").rsv(BITS))], PROTOCOL_ERROR;
    "001" 1, "010" 2, "011" 3, "100" 4, "101" 5, "110" 6 "autobahn:3.6", "111" 7,
};
/// On a close.
pub(super) const CLOSE: &[Case] = bits! {
    "close", "close", |BITS| [Step::Frame(close(1000, b"").rsv(BITS))], NO_CLOSE;
    "001" 1, "010" 2, "011" 3, "100" 4, "101" 5, "110" 6, "111" 7 "autobahn:3.7",
};

/// A good message, a bad one, and a ping, which gets no answer.
macro_rules! behind {
    ($name:literal, $bits:literal, $claim:literal, $cut:expr, $alias:literal) => {
        talk! {
            concat!("websocket.reserved.", $name), Must, Source::Rfc(6455, "5.2");
            claim: $claim;
            reading: "The good message is best echoed before; the ping behind it is not answered.";
            send: [
                Step::Frame(text(b"before")), Step::Frame(text(b"reserved").rsv($bits)), Step::Frame(ping(b"late")),
            ];
            accept: ECHO_TOLERANT;
            aliases: [$alias]; cut: $cut; fence: Due
        }
    };
}

/// Behind a good message.
pub(super) const BEHIND: &[Case] = &[
    behind!(
        "behind-010",
        2,
        "A reserved bit behind a good message must end the connection.",
        Cut::Whole,
        "autobahn:3.2"
    ),
    behind!(
        "behind-011-apart",
        3,
        "Reserved bits must end the connection also where frames arrive apart.",
        Cut::Frames,
        "autobahn:3.3"
    ),
    behind!(
        "behind-100-in-octets",
        4,
        "A reserved bit must end the connection octet by octet too.",
        Cut::Octets(1),
        "autobahn:3.4"
    ),
];

/// A family over the reserved opcodes, behind a message and within a message.
macro_rules! opcodes {
    ($kind:literal, $where:literal, $before:expr; $($name:literal $code:literal $($alias:literal)?),+ $(,)?) => {
        &[$(talk! {
            concat!("websocket.opcode.", $kind, "-", $name), Must, Source::Rfc(6455, "5.2");
            claim: concat!("A frame with the reserved opcode ", $name, " ", $where, " must end the connection.");
            reading: "What was complete before it is echoed; it is neither passed over nor taken for data.";
            send: [
                $before,
                Step::Frame(Part::new($code, Content::Bytes(b"reserved"))),
            ];
            accept: ECHO_TOLERANT;
            aliases: [$($alias)?]
        }),+]
    };
}

const BEFORE: &[Heard] = &[Heard::Text(Content::Bytes(b"before"))];
/// The connection is failed; what was complete may have been answered or not.
const ECHO_TOLERANT: &[Reply] = &[
    Reply::closes(&[1002]).after(BEFORE),
    Reply::closes(&[]).after(BEFORE).tolerated(),
    Reply::drops().after(BEFORE).tolerated(),
    Reply::closes(&[1002]),
    Reply::closes(&[]).tolerated(),
    Reply::drops().tolerated(),
];

/// A family over the reserved opcodes, with nothing before.
macro_rules! alone {
    ($($name:literal $code:literal $payload:literal $($alias:literal)?),+ $(,)?) => {
        &[$(talk! {
            concat!("websocket.opcode.alone-", $name), Must, Source::Rfc(6455, "5.2");
            claim: concat!("A first frame with the reserved opcode ", $name, " must end the connection.");
            reading: "With a payload or without one.";
            send: [Step::Frame(Part::new($code, Content::Bytes($payload)))];
            accept: PROTOCOL_ERROR;
            aliases: [$($alias)?]
        }),+]
    };
}

/// With nothing before.
pub(super) const OPCODES_ALONE: &[Case] = alone! {
    "3" 3 b"" "autobahn:4.1.1", "4" 4 b"reserved" "autobahn:4.1.2", "5" 5 b"", "6" 6 b"reserved", "7" 7 b"",
    "11" 11 b"" "autobahn:4.2.1", "12" 12 b"reserved" "autobahn:4.2.2", "13" 13 b"", "14" 14 b"reserved", "15" 15 b"",
};

/// Behind a message.
pub(super) const OPCODES: &[Case] = opcodes! {
    "behind", "behind a message", Step::Frame(text(b"before"));
    "3" 3 "autobahn:4.1.3", "4" 4 "autobahn:4.1.4", "5" 5 "autobahn:4.1.5", "6" 6, "7" 7,
    "11" 11 "autobahn:4.2.3", "12" 12 "autobahn:4.2.4", "13" 13 "autobahn:4.2.5", "14" 14, "15" 15,
};
/// Within a message.
pub(super) const OPCODES_WITHIN: &[Case] = opcodes! {
    "within", "within a fragmented message", Step::Frame(text(b"before").more());
    "3" 3, "4" 4, "5" 5, "6" 6, "7" 7, "11" 11, "12" 12, "13" 13, "14" 14, "15" 15,
};
