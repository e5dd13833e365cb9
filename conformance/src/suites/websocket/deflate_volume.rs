use workerspec_wire::websocket::{Event, Frame, Kind, compress, compress_stored, opcode};

use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::Capability;
use crate::verdict::{Outcome, broken, kept};

/// A family over what is compressed, and what was agreed on.
macro_rules! deflated {
    ($($id:literal, $what:literal, $reading:literal, $corpus:ident, $fragment:literal, $offers:expr);+ $(;)?) => {
        &[$(act! {
            concat!("websocket.deflate-volume.", $id), Must, Source::Rfc(7692, "6");
            claim: concat!("Compressed messages of 16 to 60000 octets of ", $what, " must be echoed.");
            reading: $reading;
            needs: [Need::Can(Capability::WebSocket), Need::Can(Capability::Deflate)]; Shared; seconds: 20;
            accepts: ["every message, inflated in the window that was agreed on, to the octets that were sent"];
            aliases: [];
            run: |stage| echoed(stage, Corpus::$corpus, $fragment, &$offers)
        }),+]
    };
}

/// RFC 7692 6: what is compressed, the kinds of Autobahn's groups 12.1 to 12.5.
pub(super) const CORPORA: &[Case] = deflated! {
    "json", "JSON", "Keys repeat themselves, numbers do not.", Json, 0, [BROWSER];
    "bitmap", "a bitmap", "Neighbours are alike, and no octet is text.", Bitmap, 0, [BROWSER];
    "prose", "prose", "Words come again, with letters of several octets.", Prose, 0, [BROWSER];
    "html", "HTML", "Tags come again close by.", Html, 0, [BROWSER];
    "noise", "noise", "Nothing repeats itself: compressed, it is longer than it was.", Noise, 0, [BROWSER];
    "prose-in-fragments", "prose, in fragments of 256,", "A message is compressed as a whole and then cut.", Prose, 256, [BROWSER];
    "noise-in-fragments", "noise, in fragments of 4096,", "A message is compressed as a whole and then cut.", Noise, 4096, [BROWSER];
};

/// RFC 7692 7.1: what was agreed on, the offers of Autobahn's groups 13.1 to 13.7.
pub(super) const AGREED: &[Case] = deflated! {
    "takeover", "JSON, with nothing asked of the server,", "It may keep its window.", Json, 0, [BROWSER];
    "no-takeover", "JSON, by a server without context takeover,", "Each echo stands alone.", Json, 0,
        ["permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits"];
    "window-9", "JSON, by a server with a window of 512 octets,", "No distance reaches further.", Json, 0,
        ["permessage-deflate; server_max_window_bits=9; client_no_context_takeover; client_max_window_bits"];
    "window-15", "JSON, by a server with a window of 32768 octets,", "That is the most there is.", Json, 0,
        ["permessage-deflate; server_max_window_bits=15; client_no_context_takeover; client_max_window_bits"];
    "no-takeover-window-9", "JSON, by a server without context takeover and a window of 512 octets,",
        "Both parameters are kept.", Json, 0,
        ["permessage-deflate; server_no_context_takeover; server_max_window_bits=9; client_max_window_bits"];
    "no-takeover-window-15", "JSON, by a server without context takeover and a window of 32768 octets,",
        "Both parameters are kept.", Json, 0,
        ["permessage-deflate; server_no_context_takeover; server_max_window_bits=15; client_max_window_bits"];
    "three-offers", "JSON, by a server that has three offers to choose from,", "Any of them, and then as it says.", Json, 0, [
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=9; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover; client_max_window_bits",
        "permessage-deflate; client_max_window_bits",
    ];
};

/// What Chromium offers.
const BROWSER: &str = "permessage-deflate; client_max_window_bits";
/// Octets of a message, and how many messages of that size.
const SIZES: [(usize, usize); 4] = [(16, 100), (256, 100), (4_096, 20), (60_000, 4)];

/// What is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Corpus {
    Json,
    Bitmap,
    Prose,
    Html,
    Noise,
}

impl Corpus {
    fn kind(self) -> Kind {
        match self {
            Self::Json | Self::Prose | Self::Html => Kind::Text,
            Self::Bitmap | Self::Noise => Kind::Binary,
        }
    }

    /// At least that many octets, the same ones every time.
    fn octets(self, least: usize) -> Vec<u8> {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let mut out = Vec::new();
        while out.len() < least {
            let number = random.next();
            match self {
                Self::Json => out.extend(
                    format!(
                        r#"{{"id":{},"name":"{}","price":{}.{:02},"tags":["{}","{}"],"inStock":{}}},"#,
                        number % 1_000_000,
                        word(number >> 7),
                        number >> 9 & 1023,
                        number % 100,
                        word(number >> 17),
                        word(number >> 27),
                        number & 1 == 0,
                    )
                    .bytes(),
                ),
                Self::Bitmap => {
                    let level = (number >> 8) as u8;
                    out.extend(
                        (0..64).map(|step| level.wrapping_add(step / 4) ^ (number >> (step % 8)) as u8 & 1),
                    );
                }
                Self::Prose => {
                    out.extend_from_slice(word(number).as_bytes());
                    out.extend_from_slice(if number.is_multiple_of(11) { b".\n" } else { b" " });
                }
                Self::Html => out.extend(
                    format!(
                        "<tr class=\"row-{}\"><td><a href=\"/{}/{}\">{}</a></td></tr>\n",
                        number & 1,
                        word(number >> 7),
                        number % 10_000,
                        word(number >> 17),
                    )
                    .bytes(),
                ),
                Self::Noise => out.extend(number.to_le_bytes()),
            }
        }
        out
    }

    /// Of a text: not within a character.
    fn cut(self, octets: &[u8], from: usize, size: usize) -> &[u8] {
        let tail = |octet: &u8| self.kind() == Kind::Text && octet & 0xc0 == 0x80;
        let begin = |at: usize| at + octets[at..].iter().take_while(|octet| tail(octet)).count();
        &octets[begin(from)..begin(from + size)]
    }
}

/// xorshift64: every run has the same octets.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

fn word(number: u64) -> &'static str {
    const WORDS: [&str; 24] = [
        "habe",
        "nun",
        "ach",
        "Philosophie",
        "Juristerei",
        "und",
        "Medizin",
        "leider",
        "auch",
        "Theologie",
        "durchaus",
        "studiert",
        "mit",
        "heißem",
        "Bemühn",
        "da",
        "steh",
        "ich",
        "armer",
        "Tor",
        "bin",
        "so",
        "klug",
        "zuvor",
    ];
    WORDS[(number % WORDS.len() as u64) as usize]
}

fn echoed(stage: &Stage, corpus: Corpus, fragment: usize, offers: &[&str]) -> Outcome {
    let mut probe = stage.websocket()?;
    if let Err(what) = probe.open(Some(&offers.join(", ")))? {
        return broken(what);
    }
    let Some(agreed) = probe.agreed() else { return broken("permessage-deflate was declined") };
    // RFC 7692 7.1.2.2: where the server wants a smaller window than the compressor has, nothing is compressed.
    let pack = if agreed.client_window_bits < 15 { compress_stored } else { compress };
    let kind = corpus.kind();
    let octets = corpus.octets(100_000);
    for (size, count) in SIZES {
        for number in 0..count {
            let content = corpus.cut(&octets, number * 97, size);
            probe.send(&frames(kind, &pack(content), fragment))?;
            match probe.hear(stage.deadline())? {
                Ok(Event::Message { kind: came, payload, .. }) if came == kind && payload == content => {}
                Ok(Event::Message { kind: came, payload, .. }) => {
                    return broken(format!(
                        "{came:?} of {} octets, or others, came for {} octets",
                        payload.len(),
                        content.len()
                    ));
                }
                Ok(other) => return broken(format!("{other:?} instead of the echo of {size} octets")),
                Err(silence) => return broken(format!("no echo of {size} octets: {silence}")),
            }
        }
    }
    kept()
}

/// A compressed message in fragments of so many octets; 0 is in one frame.
fn frames(kind: Kind, payload: &[u8], fragment: usize) -> Vec<u8> {
    let code = if kind == Kind::Text { opcode::TEXT } else { opcode::BINARY };
    let size = if fragment == 0 { payload.len() } else { fragment };
    let pieces: Vec<&[u8]> = payload.chunks(size).collect();
    let frame = |(at, piece): (usize, &&[u8])| {
        // RFC 7692 6.1: the first frame alone says that the message is compressed.
        let (code, rsv) = if at == 0 { (code, 4) } else { (opcode::CONTINUATION, 0) };
        Frame { fin: at + 1 == pieces.len(), rsv, ..Frame::new(code, piece.to_vec()) }.bytes()
    };
    pieces.iter().enumerate().flat_map(frame).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_utf_8_wherever_they_are_cut() {
        for corpus in [Corpus::Json, Corpus::Prose, Corpus::Html] {
            let octets = corpus.octets(10_000);
            for from in 0..500 {
                assert!(std::str::from_utf8(corpus.cut(&octets, from, 16)).is_ok(), "{corpus:?} from {from}");
            }
        }
    }

    #[test]
    fn corpora_compress_as_their_kinds_do() {
        let ratio =
            |corpus: Corpus| compress(&corpus.octets(50_000)).len() * 100 / corpus.octets(50_000).len();
        assert!(ratio(Corpus::Html) < 40 && ratio(Corpus::Json) < 60 && ratio(Corpus::Prose) < 60);
        assert!(ratio(Corpus::Bitmap) < 90 && 99 < ratio(Corpus::Noise));
    }
}
