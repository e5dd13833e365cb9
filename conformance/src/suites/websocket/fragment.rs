use workerspec_wire::websocket::opcode;

use crate::case::{
    Case, Content, Cut, Heard, NO_CLOSE, PROTOCOL_ERROR, Part, Reply, Source, Step, binary, close, ping,
    pong, rest, text,
};

const WHOLE: &[Reply] = &[Reply::hears(&[Heard::Text(Content::Bytes(b"fragmented"))])];
const EMPTY: &[Reply] = &[Reply::hears(&[Heard::Text(Content::Bytes(b""))])];
const PONG_FIRST: &[Reply] =
    &[Reply::hears(&[Heard::Pong(Content::Bytes(b"ping")), Heard::Text(Content::Bytes(b"fragmented"))])];

const FRAGMENTED: &[Heard] = &[Heard::Text(Content::Bytes(b"fragmented"))];
/// RFC 6455 7.1.7 has the connection failed, and does not say that what was complete has to be answered.
const STRAY_BEHIND: &[Reply] = &[
    Reply::closes(&[1002]).after(FRAGMENTED),
    Reply::closes(&[]).after(FRAGMENTED).tolerated(),
    Reply::drops().after(FRAGMENTED).tolerated(),
    Reply::closes(&[1002]).tolerated(),
    Reply::closes(&[]).tolerated(),
    Reply::drops().tolerated(),
];
const PONGS_FIRST: &[Reply] = &[
    Reply::hears(&[
        Heard::Pong(Content::Bytes(b"a")),
        Heard::Pong(Content::Bytes(b"b")),
        Heard::Text(Content::Bytes(b"12345")),
    ]),
    Reply::hears(&[Heard::Pong(Content::Bytes(b"b")), Heard::Text(Content::Bytes(b"12345"))]),
];

/// A family of what belongs together, and how it is cut and written.
macro_rules! good {
    ($id:literal, $section:literal; $claim:literal; $reading:literal; [$($frame:expr),+ $(,)?]; $accept:expr; [$($alias:literal)?] $(; $cut:expr)?) => {
        talk! {
            concat!("websocket.fragment.", $id), Must, Source::Rfc(6455, $section);
            claim: $claim; reading: $reading;
            send: [$(Step::Frame($frame)),+]; accept: $accept; aliases: [$($alias)?] $(; cut: $cut)?
        }
    };
}

/// RFC 6455 5.4: messages in fragments, and what may stand between them.
pub(super) const CASES: &[Case] = &[
    good!("two", "5.4"; "Two fragments must be one message."; "It is echoed once, whole, with its type.";
        [text(b"frag").more(), rest(b"mented")]; WHOLE; ["autobahn:5.3"]),
    good!("two-apart", "5.4"; "Two fragments that arrive apart must be one message."; "Frame by frame.";
        [text(b"frag").more(), rest(b"mented")]; WHOLE; ["autobahn:5.4"]; Cut::Frames),
    good!("two-in-octets", "5.4"; "Two fragments that arrive octet by octet must be one message.";
        "Cuts of TCP mean nothing."; [text(b"frag").more(), rest(b"mented")]; WHOLE; ["autobahn:5.5"]; Cut::Octets(1)),
    good!("binary", "5.4"; "Fragments of binary data must be one binary message.";
        "The type is that of the first frame.";
        [binary(b"\xff").more(), rest(b"\xfe").more(), rest(b"\xfd")];
        &[Reply::hears(&[Heard::Binary(Content::Bytes(b"\xff\xfe\xfd"))])]; []),
    good!("all-empty", "5.4"; "Three empty fragments must be one empty message."; "Of text.";
        [text(b"").more(), rest(b"").more(), rest(b"")]; EMPTY; ["autobahn:6.1.2"]),
    good!("middle-alone", "5.4"; "A payload between two empty fragments must be the message.";
        "Empty fragments carry nothing.";
        [text(b"").more(), rest(b"fragmented").more(), rest(b"")]; WHOLE; ["autobahn:6.1.3"]),
    good!("last-empty", "5.4"; "An empty last fragment must complete the message."; "Servers send such ones.";
        [text(b"fragmented").more(), rest(b"")]; WHOLE; []),
    good!("first-empty", "5.4"; "An empty first fragment must begin the message."; "With its type.";
        [text(b"").more(), rest(b"fragmented")]; WHOLE; []),
    good!("two-messages", "5.4"; "Two fragmented messages must be two messages.";
        "Nothing of the first is left in the second.";
        [text(b"a").more(), rest(b"b"), binary(b"c").more(), rest(b"d")];
        &[Reply::hears(&[Heard::Text(Content::Bytes(b"ab")), Heard::Binary(Content::Bytes(b"cd"))])]; []),
    good!("then-whole", "5.4"; "A whole message behind a fragmented one must stand alone.";
        "Both are echoed."; [text(b"frag").more(), rest(b"mented"), text(b"whole")];
        &[Reply::hears(&[Heard::Text(Content::Bytes(b"fragmented")), Heard::Text(Content::Bytes(b"whole"))])]; []),
    talk! {
        "websocket.fragment.single-octets", Must, Source::Rfc(6455, "5.4");
        claim: "A message of a thousand fragments must be one message.";
        reading: "Each has one octet.";
        send: [Step::Fragments(opcode::BINARY, Content::Repeated(b'f', 1000), 1)];
        accept: &[Reply::hears(&[Heard::Binary(Content::Repeated(b'f', 1000))])]; aliases: []
    },
    talk! {
        "websocket.fragment.by-1300", Must, Source::Rfc(6455, "5.4");
        claim: "A message of 60000 octets in fragments of 1300 must be one message.";
        reading: "It is echoed in one frame or in several.";
        send: [Step::Fragments(opcode::TEXT, Content::Repeated(b'*', 60_000), 1_300)];
        accept: &[Reply::hears(&[Heard::Text(Content::Repeated(b'*', 60_000))])]; aliases: ["autobahn:10.1.1"]
    },
    good!("ping-between", "5.4"; "A ping between fragments must be answered and leave the message whole.";
        "The pong has the payload of the ping and nothing of the message (SF-62).";
        [text(b"frag").more(), ping(b"ping"), rest(b"mented")]; PONG_FIRST; ["autobahn:5.6"]),
    good!("ping-between-apart", "5.4"; "A ping between fragments that arrive apart must be answered at once.";
        "It comes before the message is complete."; [text(b"frag").more(), ping(b"ping"), rest(b"mented")];
        PONG_FIRST; ["autobahn:5.7"]; Cut::Frames),
    good!("ping-between-in-octets", "5.4"; "A ping between fragments must be answered octet by octet too.";
        "Cuts of TCP mean nothing."; [text(b"frag").more(), ping(b"ping"), rest(b"mented")];
        PONG_FIRST; ["autobahn:5.8"]; Cut::Octets(1)),
    good!("pings-between-all", "5.4"; "Pings between all of five fragments must be answered.";
        "The newest of pings that wait may stand for all.";
        [text(b"1").more(), ping(b"a"), rest(b"2").more(), rest(b"3").more(), ping(b"b"), rest(b"4").more(), rest(b"5")];
        PONGS_FIRST; ["autobahn:5.19"]),
    good!("pings-between-all-apart", "5.4"; "Pings between all of five fragments must be answered also where each arrives apart.";
        "Frame by frame; the newest of pings that wait may stand for all.";
        [text(b"1").more(), ping(b"a"), rest(b"2").more(), rest(b"3").more(), ping(b"b"), rest(b"4").more(), rest(b"5")];
        PONGS_FIRST; ["autobahn:5.20"]; Cut::Frames),
    good!("empty-ping-between", "5.4"; "An empty ping between fragments must be answered with an empty pong.";
        "Nothing of the message is in it."; [text(b"frag").more(), ping(b""), rest(b"mented")];
        &[Reply::hears(&[Heard::Pong(Content::Bytes(b"")), Heard::Text(Content::Bytes(b"fragmented"))])]; []),
    good!("pong-between", "5.4"; "A pong between fragments must leave the message whole.";
        "It is not answered."; [text(b"frag").more(), pong(b"pong"), rest(b"mented")]; WHOLE; []),
    talk! {
        "websocket.fragment.close-between", Must, Source::Rfc(6455, "5.4");
        claim: "A close between fragments must be answered; the message is lost.";
        reading: "1000 is echoed, or 1002 says that a message was open.";
        send: [Step::Frame(text(b"frag").more()), Step::Frame(close(1000, b""))];
        accept: &[Reply::closes(&[1000, 1002]), Reply::closes(&[]).tolerated(), Reply::drops().tolerated()];
        aliases: ["autobahn:7.1.5"]
    },
    good!("ping-fragmented", "5.5"; "A ping in two fragments must end the connection.";
        "A control frame is never fragmented."; [ping(b"frag").more(), rest(b"mented")];
        PROTOCOL_ERROR; ["autobahn:5.1"]),
    good!("pong-fragmented", "5.5"; "A pong in two fragments must end the connection.";
        "A control frame is never fragmented."; [pong(b"frag").more(), rest(b"mented")];
        PROTOCOL_ERROR; ["autobahn:5.2"]),
    good!("close-fragmented", "5.5"; "A close that is not final must end the connection with an error.";
        "It is not answered as a close."; [close(1000, b"").more()]; NO_CLOSE; []),
    good!("stray-last", "5.4"; "A continuation of nothing must end the connection.";
        "A final one."; [rest(b"stray"), text(b"behind")]; PROTOCOL_ERROR; ["autobahn:5.9"]),
    good!("stray-last-apart", "5.4"; "A continuation of nothing must end the connection before more comes.";
        "Frame by frame."; [rest(b"stray"), text(b"behind")]; PROTOCOL_ERROR; ["autobahn:5.10"]; Cut::Frames),
    good!("stray-last-in-octets", "5.4"; "A continuation of nothing must end the connection octet by octet too.";
        "Cuts of TCP mean nothing."; [rest(b"stray"), text(b"behind")]; PROTOCOL_ERROR; ["autobahn:5.11"]; Cut::Octets(1)),
    good!("stray-first", "5.4"; "A continuation of nothing that is not final must end the connection.";
        "It does not begin a message."; [rest(b"stray").more(), text(b"behind")]; PROTOCOL_ERROR; ["autobahn:5.12"]),
    good!("stray-empty", "5.4"; "An empty continuation of nothing must end the connection.";
        "It is not passed over."; [rest(b"")]; PROTOCOL_ERROR; []),
    good!("stray-first-apart", "5.4"; "A continuation of nothing that is not final must end the connection before more comes.";
        "Frame by frame."; [rest(b"stray").more(), text(b"behind")]; PROTOCOL_ERROR; ["autobahn:5.13"]; Cut::Frames),
    good!("stray-first-in-octets", "5.4"; "A continuation of nothing that is not final must end the connection octet by octet too.";
        "Cuts of TCP mean nothing."; [rest(b"stray").more(), text(b"behind")]; PROTOCOL_ERROR; ["autobahn:5.14"]; Cut::Octets(1)),
    good!("stray-first-then-fragments", "5.4"; "Fragments behind a continuation of nothing must not repair it.";
        "Twice a continuation that is not final, then a message in two fragments.";
        [rest(b"stray").more(), text(b"frag").more(), rest(b"mented"), rest(b"stray").more(), text(b"frag").more(), rest(b"mented")];
        PROTOCOL_ERROR; ["autobahn:5.16"]),
    good!("stray-last-then-fragments", "5.4"; "Fragments behind a final continuation of nothing must not repair it.";
        "Twice a final continuation, then a message in two fragments.";
        [rest(b"stray"), text(b"frag").more(), rest(b"mented"), rest(b"stray"), text(b"frag").more(), rest(b"mented")];
        PROTOCOL_ERROR; ["autobahn:5.17"]),
    good!("stray-first-behind-message", "5.4"; "A continuation behind a complete message must not begin another.";
        "The message before is best echoed; the one behind is not."; 
        [text(b"frag").more(), rest(b"mented"), rest(b"stray").more(), text(b"behind")]; STRAY_BEHIND; ["autobahn:5.15"]),
    talk! {
        "websocket.fragment.stray-behind-message", Must, Source::Rfc(6455, "5.4");
        claim: "A continuation behind a complete message must end the connection.";
        reading: "The message is best echoed before; nothing is appended to it.";
        send: [
            Step::Frame(text(b"frag").more()), Step::Frame(rest(b"mented")), Step::Frame(rest(b"stray")),
        ];
        accept: STRAY_BEHIND;
        aliases: []
    },
    good!("text-in-text", "5.4"; "A text message begun inside a text message must end the connection.";
        "Fragments of messages are not interleaved.";
        [text(b"frag").more(), text(b"mented")]; PROTOCOL_ERROR; ["autobahn:5.18"]),
    good!("binary-in-text", "5.4"; "A binary message begun inside a text message must end the connection.";
        "It is neither appended nor delivered alone.";
        [text(b"frag").more(), binary(b"mented")]; PROTOCOL_ERROR; []),
    good!("text-in-binary", "5.4"; "A text message begun inside a binary message must end the connection.";
        "It is neither appended nor delivered alone.";
        [binary(b"frag").more(), text(b"mented")]; PROTOCOL_ERROR; []),
    good!("begun-twice", "5.4"; "A fragmented message begun inside another must end the connection.";
        "Its continuation does not repair that.";
        [text(b"a").more(), text(b"b").more(), rest(b"c")]; PROTOCOL_ERROR; []),
    good!("message-behind-ping", "5.4"; "A ping between fragments must not close the message for others.";
        "A message begun behind the ping is still inside the first one.";
        [text(b"a").more(), pong(b"p"), text(b"b")]; PROTOCOL_ERROR; []),
    talk! {
        "websocket.fragment.waits-for-last", Must, Source::Rfc(6455, "5.4");
        claim: "A message without its last fragment must not be delivered.";
        reading: "A ping behind the fragments is answered, and nothing else is said.";
        send: [Step::Frame(Part::new(opcode::BINARY, Content::Bytes(b"frag")).more()), Step::Frame(rest(b"mented").more())];
        accept: &[Reply::hears(&[])]; aliases: []
    },
];
