use workerspec_wire::websocket::opcode;

use crate::case::{Case, Content, Cut, Heard, Part, Reply, Source, Step, rest, text};

/// A family of texts that are UTF-8: whole, and each octet a fragment of its own.
macro_rules! texts {
    ($($name:literal $what:literal $octets:literal [$($alias:literal),*] $([$($piece:literal),*])?),+ $(,)?) => {
        /// In one frame.
        pub(super) const WHOLE: &[Case] = &[$(talk! {
            concat!("websocket.utf8-valid.", $name), Must, Source::Rfc(6455, "5.6");
            claim: concat!("Text with ", $what, " must be echoed.");
            reading: "Octet for octet: nothing is replaced, normalised or removed.";
            send: [Step::Frame(Part::new(opcode::TEXT, Content::Bytes($octets)))];
            accept: &[Reply::hears(&[Heard::Text(Content::Bytes($octets))])];
            aliases: [$($alias),*]
        }),+];

        /// A cut of fragments may fall anywhere in a character.
        pub(super) const PIECES: &[Case] = &[$(talk! {
            concat!("websocket.utf8-pieces.", $name), Must, Source::Rfc(6455, "5.6");
            claim: concat!("Text with ", $what, " must be echoed also when each octet is a fragment.");
            reading: "A fragment need not be UTF-8 by itself; the message has to be.";
            send: [Step::Fragments(opcode::TEXT, Content::Bytes($octets), 1)];
            accept: &[Reply::hears(&[Heard::Text(Content::Bytes($octets))])];
            aliases: [$($($piece),*)?]
        }),+];
    };
}

texts! {
    "greek" "the Greek word kosme" b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5" ["autobahn:6.2.1", "autobahn:6.5.5", "autobahn:6.6.11"] ["autobahn:6.2.4"],
    "word-of-one" "a character of one octet in a word" b"hello\x24world" ["autobahn:6.5.1"],
    "word-of-two" "a character of two octets in a word" b"hello\xc2\xa2world" ["autobahn:6.5.2"],
    "word-of-three" "a character of three octets in a word" b"hello\xe2\x82\xacworld" ["autobahn:6.5.3"],
    "word-of-four" "a character of four octets in a word" b"hello\xf0\xa4\xad\xa2world" ["autobahn:6.5.4"],
    "greek-2" "the first letter of kosme" b"\xce\xba" ["autobahn:6.6.2"],
    "greek-5" "two letters of kosme" b"\xce\xba\xe1\xbd\xb9" ["autobahn:6.6.5"],
    "greek-7" "three letters of kosme" b"\xce\xba\xe1\xbd\xb9\xcf\x83" ["autobahn:6.6.7"],
    "greek-9" "four letters of kosme" b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc" ["autobahn:6.6.9"],
    "umlauts" "Latin letters with accents" b"\x48\xc3\xa4\x6c\x6c\x6f\x20\x57\xc3\xb6\x72\x6c\x64\x20\xc3\x9f" [],
    "mixed-lengths" "characters of one to four octets" b"\x61\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7a" [],
    "first-of-one" "U+0000, the first of one octet" b"\x00" ["autobahn:6.7.1"],
    "first-of-two" "U+0080, the first of two octets" b"\xc2\x80" ["autobahn:6.7.2"],
    "first-of-three" "U+0800, the first of three octets" b"\xe0\xa0\x80" ["autobahn:6.7.3"],
    "first-of-four" "U+10000, the first of four octets" b"\xf0\x90\x80\x80" ["autobahn:6.7.4"],
    "last-of-one" "U+007F, the last of one octet" b"\x7f" ["autobahn:6.9.1"],
    "last-of-two" "U+07FF, the last of two octets" b"\xdf\xbf" ["autobahn:6.9.2"],
    "last-of-three" "U+FFFF, the last of three octets" b"\xef\xbf\xbf" ["autobahn:6.9.3"],
    "last-of-four" "U+10FFFF, the last of all" b"\xf4\x8f\xbf\xbf" ["autobahn:6.9.4", "autobahn:6.11.4"],
    "before-surrogates" "U+D7FF, the last before the surrogates" b"\xed\x9f\xbf" ["autobahn:6.11.1"],
    "behind-surrogates" "U+E000, the first behind the surrogates" b"\xee\x80\x80" ["autobahn:6.11.2"],
    "replacement" "U+FFFD, the replacement character" b"\xef\xbf\xbd" ["autobahn:6.11.3", "autobahn:6.23.5"],
    "anchor" "U+FFF9, an annotation anchor" b"\xef\xbf\xb9" ["autobahn:6.23.1"],
    "separator" "U+FFFA, an annotation separator" b"\xef\xbf\xba" ["autobahn:6.23.2"],
    "terminator" "U+FFFB, an annotation terminator" b"\xef\xbf\xbb" ["autobahn:6.23.3"],
    "object" "U+FFFC, the replacement for an object" b"\xef\xbf\xbc" ["autobahn:6.23.4"],
    "byte-order-mark" "a byte order mark in front" b"\xef\xbb\xbf\x62\x6f\x6d" [],
    "inner-nul" "NUL within" b"\x61\x00\x62" [],
    "line-ends" "line ends and tabs" b"\x61\x0d\x0a\x09\x62\x0a" [],
    "combining" "a combining accent" b"\x65\xcc\x81" [],
    "right-to-left" "Hebrew and a direction mark" b"\xe2\x80\x8f\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d" [],
    "astral" "three emoji, one of them joined" b"\xf0\x9f\x98\x80\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80" [],
}

/// A family of the code points that are no characters and may be sent all the same.
macro_rules! non_characters {
    ($($name:literal $octets:literal $($alias:literal)+),+ $(,)?) => {
        &[$(talk! {
            concat!("websocket.utf8-valid.non-character-", $name), Must, Source::Rfc(3629, "3");
            claim: concat!("Text with U+", $name, ", which is no character, must be echoed.");
            reading: "UTF-8 encodes every code point but the surrogates.";
            send: [Step::Frame(Part::new(opcode::TEXT, Content::Bytes($octets)))];
            accept: &[Reply::hears(&[Heard::Text(Content::Bytes($octets))])];
            aliases: [$($alias),+]
        }),+]
    };
}

/// The last two of each plane.
pub(super) const NON_CHARACTERS: &[Case] = non_characters! {
    "fffe" b"\xef\xbf\xbe" "autobahn:6.22.1" "autobahn:6.23.6",
    "ffff" b"\xef\xbf\xbf" "autobahn:6.22.2" "autobahn:6.23.7",
    "1fffe" b"\xf0\x9f\xbf\xbe" "autobahn:6.22.3",
    "1ffff" b"\xf0\x9f\xbf\xbf" "autobahn:6.22.4",
    "2fffe" b"\xf0\xaf\xbf\xbe" "autobahn:6.22.5",
    "2ffff" b"\xf0\xaf\xbf\xbf" "autobahn:6.22.6",
    "3fffe" b"\xf0\xbf\xbf\xbe" "autobahn:6.22.7",
    "3ffff" b"\xf0\xbf\xbf\xbf" "autobahn:6.22.8",
    "4fffe" b"\xf1\x8f\xbf\xbe" "autobahn:6.22.9",
    "4ffff" b"\xf1\x8f\xbf\xbf" "autobahn:6.22.10",
    "5fffe" b"\xf1\x9f\xbf\xbe" "autobahn:6.22.11",
    "5ffff" b"\xf1\x9f\xbf\xbf" "autobahn:6.22.12",
    "6fffe" b"\xf1\xaf\xbf\xbe" "autobahn:6.22.13",
    "6ffff" b"\xf1\xaf\xbf\xbf" "autobahn:6.22.14",
    "7fffe" b"\xf1\xbf\xbf\xbe" "autobahn:6.22.15",
    "7ffff" b"\xf1\xbf\xbf\xbf" "autobahn:6.22.16",
    "8fffe" b"\xf2\x8f\xbf\xbe" "autobahn:6.22.17",
    "8ffff" b"\xf2\x8f\xbf\xbf" "autobahn:6.22.18",
    "9fffe" b"\xf2\x9f\xbf\xbe" "autobahn:6.22.19",
    "9ffff" b"\xf2\x9f\xbf\xbf" "autobahn:6.22.20",
    "afffe" b"\xf2\xaf\xbf\xbe" "autobahn:6.22.21",
    "affff" b"\xf2\xaf\xbf\xbf" "autobahn:6.22.22",
    "bfffe" b"\xf2\xbf\xbf\xbe" "autobahn:6.22.23",
    "bffff" b"\xf2\xbf\xbf\xbf" "autobahn:6.22.24",
    "cfffe" b"\xf3\x8f\xbf\xbe" "autobahn:6.22.25",
    "cffff" b"\xf3\x8f\xbf\xbf" "autobahn:6.22.26",
    "dfffe" b"\xf3\x9f\xbf\xbe" "autobahn:6.22.27",
    "dffff" b"\xf3\x9f\xbf\xbf" "autobahn:6.22.28",
    "efffe" b"\xf3\xaf\xbf\xbe" "autobahn:6.22.29",
    "effff" b"\xf3\xaf\xbf\xbf" "autobahn:6.22.30",
    "ffffe" b"\xf3\xbf\xbf\xbe" "autobahn:6.22.31",
    "fffff" b"\xf3\xbf\xbf\xbf" "autobahn:6.22.32",
    "10fffe" b"\xf4\x8f\xbf\xbe" "autobahn:6.22.33",
    "10ffff" b"\xf4\x8f\xbf\xbf" "autobahn:6.22.34",
};

const EURO: Content = Content::Bytes(b"\xe2\x82\xac");

/// Cuts within a character.
pub(super) const CUT: &[Case] = &[
    talk! {
        "websocket.utf8-valid.two-fragments-between", Must, Source::Rfc(6455, "5.6");
        claim: "Two fragments that are cut between two characters must be one text.";
        reading: "Each is UTF-8 by itself, and so are both.";
        send: [
            Step::Frame(text(b"Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4").more()),
            Step::Frame(rest(b"\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!")),
        ];
        accept: &[Reply::hears(&[Heard::Text(Content::Bytes(
            b"Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!",
        ))])];
        aliases: ["autobahn:6.2.2"]
    },
    talk! {
        "websocket.utf8-valid.two-fragments", Must, Source::Rfc(6455, "5.6");
        claim: "A character that two fragments share must be whole in the echo.";
        reading: "Its first octet ends one fragment, the other two begin the next.";
        send: [Step::Frame(text(b"\xe2").more()), Step::Frame(rest(b"\x82\xac"))];
        accept: &[Reply::hears(&[Heard::Text(EURO)])]; aliases: ["autobahn:6.2.3"]
    },
    talk! {
        "websocket.utf8-valid.ping-within", Must, Source::Rfc(6455, "5.4");
        claim: "A ping within a character must not make its text invalid.";
        reading: "The state of the text outlives a control frame.";
        send: [
            Step::Frame(text(b"\xe2").more()), Step::Frame(crate::case::ping(b"\xff")), Step::Frame(rest(b"\x82\xac")),
        ];
        accept: &[Reply::hears(&[Heard::Pong(Content::Bytes(b"\xff")), Heard::Text(EURO)])]; aliases: []
    },
    talk! {
        "websocket.utf8-valid.segments", Must, Source::Rfc(6455, "5.2");
        claim: "A character that TCP cuts must be whole in the echo.";
        reading: "One frame, octet by octet.";
        send: [Step::Frame(text(b"\xe2\x82\xac"))];
        accept: &[Reply::hears(&[Heard::Text(EURO)])]; aliases: []; cut: Cut::Octets(1)
    },
    talk! {
        "websocket.utf8-valid.empty-fragment-within", Must, Source::Rfc(6455, "5.6");
        claim: "An empty fragment within a character must not make its text invalid.";
        reading: "Nothing was added, so nothing is wrong.";
        send: [
            Step::Frame(text(b"\xe2\x82").more()), Step::Frame(rest(b"").more()), Step::Frame(rest(b"\xac")),
        ];
        accept: &[Reply::hears(&[Heard::Text(EURO)])]; aliases: []
    },
    talk! {
        "websocket.utf8-valid.binary-is-not-checked", Must, Source::Rfc(6455, "5.6");
        claim: "A binary message that is not UTF-8 must be echoed.";
        reading: "Only text is checked.";
        send: [Step::Frame(crate::case::binary(b"\xc0\xaf\xed\xa0\x80"))];
        accept: &[Reply::hears(&[Heard::Binary(Content::Bytes(b"\xc0\xaf\xed\xa0\x80"))])]; aliases: []
    },
    talk! {
        "websocket.utf8-valid.nothing-left-over", Must, Source::Rfc(6455, "5.6");
        claim: "A text behind a binary message that ends within a character must be judged alone.";
        reading: "Nothing of one message reaches the next.";
        send: [Step::Frame(crate::case::binary(b"\xe2\x82")), Step::Frame(text(b"plain"))];
        accept: &[Reply::hears(&[Heard::Binary(Content::Bytes(b"\xe2\x82")), Heard::Text(Content::Bytes(b"plain"))])];
        aliases: []
    },
];
