use workerspec_wire::websocket::opcode;

use crate::case::{Case, Content, NOT_UTF8, Part, Source, Step};

/// A family of texts that are not UTF-8: whole, and each octet a fragment of its own.
macro_rules! broken {
    ($($name:literal $what:literal $octets:literal [$($alias:literal),*] $([$($piece:literal),*])?),+ $(,)?) => {
        /// In one frame.
        pub(super) const WHOLE: &[Case] = &[$(talk! {
            concat!("websocket.utf8-invalid.", $name), Must, Source::Rfc(6455, "8.1");
            claim: concat!("Text with ", $what, " must end the connection.");
            reading: "Nothing of it is echoed, and nothing is replaced; 1007 is the code for it.";
            send: [Step::Frame(Part::new(opcode::TEXT, Content::Bytes($octets)))];
            accept: NOT_UTF8;
            aliases: [$($alias),*]
        }),+];

        /// In fragments, so that no frame shows it alone.
        pub(super) const PIECES: &[Case] = &[$(talk! {
            concat!("websocket.utf8-broken-pieces.", $name), Must, Source::Rfc(6455, "8.1");
            claim: concat!("Text with ", $what, " must end the connection also when each octet is a fragment.");
            reading: "At the first octet that can't be right, or at the end of the message.";
            send: [Step::Fragments(opcode::TEXT, Content::Bytes($octets), 1)];
            accept: NOT_UTF8;
            aliases: [$($($piece),*)?]
        }),+];
    };
}

broken! {
    "surrogate-in-word" "a surrogate within a word" b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80\x65\x64\x69\x74\x65\x64" ["autobahn:6.3.1"] ["autobahn:6.3.2"],
    "five-octets" "the first form of five octets" b"\xf8\x88\x80\x80\x80" ["autobahn:6.8.1"],
    "six-octets" "the first form of six octets" b"\xfc\x84\x80\x80\x80\x80" ["autobahn:6.8.2"],
    "last-of-five" "the last form of five octets" b"\xfb\xbf\xbf\xbf\xbf" ["autobahn:6.10.2"],
    "last-of-six" "the last form of six octets" b"\xfd\xbf\xbf\xbf\xbf\xbf" ["autobahn:6.10.3"],
    "last-of-21-bits" "U+1FFFFF, the last of four octets" b"\xf7\xbf\xbf\xbf" ["autobahn:6.10.1"],
    "above-the-last" "U+110000, one above the last" b"\xf4\x90\x80\x80" ["autobahn:6.11.5"],
    "first-tail" "0x80 alone" b"\x80" ["autobahn:6.12.1"],
    "last-tail" "0xBF alone" b"\xbf" ["autobahn:6.12.2"],
    "two-tails" "two continuation octets alone" b"\x80\xbf" ["autobahn:6.12.3"],
    "three-tails" "three continuation octets alone" b"\x80\xbf\x80" ["autobahn:6.12.4"],
    "four-tails" "four continuation octets alone" b"\x80\xbf\x80\xbf" ["autobahn:6.12.5"],
    "five-tails" "five continuation octets alone" b"\x80\xbf\x80\xbf\x80" ["autobahn:6.12.6"],
    "six-tails" "six continuation octets alone" b"\x80\xbf\x80\xbf\x80\xbf" ["autobahn:6.12.7"],
    "all-tails" "all 64 continuation octets" b"\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95\x96\x97\x98\x99\x9a\x9b\x9c\x9d\x9e\x9f\xa0\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xab\xac\xad\xae\xaf\xb0\xb1\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xbb\xbc\xbd\xbe\xbf" ["autobahn:6.12.8"],
    "lonely-starts-of-two" "each start of two octets, then a blank" b"\xc0\x20\xc1\x20\xc2\x20\xc3\x20\xc4\x20\xc5\x20\xc6\x20\xc7\x20\xc8\x20\xc9\x20\xca\x20\xcb\x20\xcc\x20\xcd\x20\xce\x20\xcf\x20\xd0\x20\xd1\x20\xd2\x20\xd3\x20\xd4\x20\xd5\x20\xd6\x20\xd7\x20\xd8\x20\xd9\x20\xda\x20\xdb\x20\xdc\x20\xdd\x20\xde\x20\xdf\x20" ["autobahn:6.13.1"],
    "lonely-starts-of-three" "each start of three octets, then a blank" b"\xe0\x20\xe1\x20\xe2\x20\xe3\x20\xe4\x20\xe5\x20\xe6\x20\xe7\x20\xe8\x20\xe9\x20\xea\x20\xeb\x20\xec\x20\xed\x20\xee\x20\xef\x20" ["autobahn:6.13.2"],
    "lonely-starts-of-four" "each start of four octets, then a blank" b"\xf0\x20\xf1\x20\xf2\x20\xf3\x20\xf4\x20\xf5\x20\xf6\x20\xf7\x20" ["autobahn:6.13.3"],
    "lonely-starts-of-five" "each start of five octets, then a blank" b"\xf8\x20\xf9\x20\xfa\x20\xfb\x20" ["autobahn:6.13.4"],
    "lonely-starts-of-six" "each start of six octets, then a blank" b"\xfc\x20\xfd\x20" ["autobahn:6.13.5"],
    "greek-1" "the first octet of the Greek word kosme" b"\xce" ["autobahn:6.6.1"],
    "greek-3" "the first 3 octets of the Greek word kosme" b"\xce\xba\xe1" ["autobahn:6.6.3"],
    "greek-4" "the first 4 octets of the Greek word kosme" b"\xce\xba\xe1\xbd" ["autobahn:6.6.4"],
    "greek-6" "the first 6 octets of the Greek word kosme" b"\xce\xba\xe1\xbd\xb9\xcf" ["autobahn:6.6.6"],
    "greek-8" "the first 8 octets of the Greek word kosme" b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce" ["autobahn:6.6.8"],
    "greek-10" "the first 10 octets of the Greek word kosme" b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce" ["autobahn:6.6.10"],
    "cut-two" "the first of two octets at the end" b"\x61\xc3" [],
    "cut-three" "two of three octets at the end" b"\x61\xe2\x82" [],
    "cut-three-early" "one of three octets at the end" b"\x61\xe2" [],
    "cut-four" "three of four octets at the end" b"\x61\xf0\x9f\x98" [],
    "cut-overlong-two" "0xC0 at the end" b"\xc0" ["autobahn:6.14.1"],
    "cut-overlong-three" "0xE0 0x80 at the end" b"\xe0\x80" ["autobahn:6.14.2"],
    "cut-overlong-four" "0xF0 0x80 0x80 at the end" b"\xf0\x80\x80" ["autobahn:6.14.3"],
    "cut-overlong-five" "four of five octets of NUL at the end" b"\xf8\x80\x80\x80" ["autobahn:6.14.4"],
    "cut-overlong-six" "five of six octets of NUL at the end" b"\xfc\x80\x80\x80\x80" ["autobahn:6.14.5"],
    "cut-last-of-two" "the last start of two octets at the end" b"\xdf" ["autobahn:6.14.6"],
    "cut-last-of-three" "the last two of three octets at the end" b"\xef\xbf" ["autobahn:6.14.7"],
    "cut-last-of-21-bits" "the last three of four octets at the end" b"\xf7\xbf\xbf" ["autobahn:6.14.8"],
    "cut-last-of-five" "the last four of five octets at the end" b"\xfb\xbf\xbf\xbf" ["autobahn:6.14.9"],
    "cut-last-of-six" "the last five of six octets at the end" b"\xfd\xbf\xbf\xbf\xbf" ["autobahn:6.14.10"],
    "cut-all" "ten sequences without their ends, one after the other" b"\xc0\xe0\x80\xf0\x80\x80\xf8\x80\x80\x80\xfc\x80\x80\x80\x80\xdf\xef\xbf\xf7\xbf\xbf\xfb\xbf\xbf\xbf\xfd\xbf\xbf\xbf\xbf" ["autobahn:6.15.1"],
    "cut-before-ascii" "two of three octets, then a letter" b"\xe2\x82\x61" [],
    "cut-before-start" "two of three octets, then a character" b"\xe2\x82\xc3\xa4" [],
    "impossible-fe" "0xFE" b"\xfe" ["autobahn:6.16.1"],
    "impossible-ff" "0xFF" b"\xff" ["autobahn:6.16.2"],
    "impossible-both" "0xFE 0xFE 0xFF 0xFF" b"\xfe\xfe\xff\xff" ["autobahn:6.16.3"],
    "overlong-slash-two" "a slash in two octets" b"\xc0\xaf" ["autobahn:6.17.1"],
    "overlong-slash-three" "a slash in three octets" b"\xe0\x80\xaf" ["autobahn:6.17.2"],
    "overlong-slash-four" "a slash in four octets" b"\xf0\x80\x80\xaf" ["autobahn:6.17.3"],
    "overlong-slash-five" "a slash in five octets" b"\xf8\x80\x80\x80\xaf" ["autobahn:6.17.4"],
    "overlong-slash-six" "a slash in six octets" b"\xfc\x80\x80\x80\x80\xaf" ["autobahn:6.17.5"],
    "overlong-last-two" "U+007F in two octets" b"\xc1\xbf" ["autobahn:6.18.1"],
    "overlong-last-three" "U+07FF in three octets" b"\xe0\x9f\xbf" ["autobahn:6.18.2"],
    "overlong-last-four" "U+FFFF in four octets" b"\xf0\x8f\xbf\xbf" ["autobahn:6.18.3"],
    "overlong-last-five" "U+1FFFFF in five octets" b"\xf8\x87\xbf\xbf\xbf" ["autobahn:6.18.4"],
    "overlong-last-six" "U+3FFFFFF in six octets" b"\xfc\x83\xbf\xbf\xbf\xbf" ["autobahn:6.18.5"],
    "overlong-nul-two" "NUL in two octets" b"\xc0\x80" ["autobahn:6.19.1"],
    "overlong-nul-three" "NUL in three octets" b"\xe0\x80\x80" ["autobahn:6.19.2"],
    "overlong-nul-four" "NUL in four octets" b"\xf0\x80\x80\x80" ["autobahn:6.19.3"],
    "overlong-nul-five" "NUL in five octets" b"\xf8\x80\x80\x80\x80" ["autobahn:6.19.4"],
    "overlong-nul-six" "NUL in six octets" b"\xfc\x80\x80\x80\x80\x80" ["autobahn:6.19.5"],
    "surrogate-d800" "the surrogate U+D800" b"\xed\xa0\x80" ["autobahn:6.20.1"],
    "surrogate-db7f" "the surrogate U+DB7F" b"\xed\xad\xbf" ["autobahn:6.20.2"],
    "surrogate-db80" "the surrogate U+DB80" b"\xed\xae\x80" ["autobahn:6.20.3"],
    "surrogate-dbff" "the surrogate U+DBFF" b"\xed\xaf\xbf" ["autobahn:6.20.4"],
    "surrogate-dc00" "the surrogate U+DC00" b"\xed\xb0\x80" ["autobahn:6.20.5"],
    "surrogate-df80" "the surrogate U+DF80" b"\xed\xbe\x80" ["autobahn:6.20.6"],
    "surrogate-dfff" "the surrogate U+DFFF" b"\xed\xbf\xbf" ["autobahn:6.20.7"],
    "pair-d800-dc00" "the surrogates U+D800 U+DC00" b"\xed\xa0\x80\xed\xb0\x80" ["autobahn:6.21.1"],
    "pair-d800-dfff" "the surrogates U+D800 U+DFFF" b"\xed\xa0\x80\xed\xbf\xbf" ["autobahn:6.21.2"],
    "pair-db7f-dc00" "the surrogates U+DB7F U+DC00" b"\xed\xad\xbf\xed\xb0\x80" ["autobahn:6.21.3"],
    "pair-db7f-dfff" "the surrogates U+DB7F U+DFFF" b"\xed\xad\xbf\xed\xbf\xbf" ["autobahn:6.21.4"],
    "pair-db80-dc00" "the surrogates U+DB80 U+DC00" b"\xed\xae\x80\xed\xb0\x80" ["autobahn:6.21.5"],
    "pair-db80-dfff" "the surrogates U+DB80 U+DFFF" b"\xed\xae\x80\xed\xbf\xbf" ["autobahn:6.21.6"],
    "pair-dbff-dc00" "the surrogates U+DBFF U+DC00" b"\xed\xaf\xbf\xed\xb0\x80" ["autobahn:6.21.7"],
    "pair-dbff-dfff" "the surrogates U+DBFF U+DFFF" b"\xed\xaf\xbf\xed\xbf\xbf" ["autobahn:6.21.8"],
}
