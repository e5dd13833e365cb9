//! Lines: a message ends at a line feed.

use super::{Encode, Limits, Malformed, Next, Protocol, Setting, Split};

/// Newline-framed text (TEXT-1 to TEXT-5). A message is what stands before the line feed, without the
/// carriage returns at its end; any other octet is kept. What is sent gets one line feed.
///
/// A line and its line feed together must be shorter than `max_package` (TEXT-5); the limit counts
/// the line alone, not what came with it (SF-40).
#[derive(Debug, Clone, Default)]
pub struct Text {
    /// Octets that are known to hold no line feed.
    scanned: usize,
}

impl Protocol for Text {
    type Message<'a> = &'a [u8];

    const NAME: &'static str = "text";

    fn split(&mut self, input: &[u8], limits: &Limits, _: &mut Vec<u8>) -> Result<Split, Malformed> {
        let found = input[self.scanned..].iter().position(|&octet| octet == b'\n');
        let length = found.map_or(input.len(), |at| self.scanned + at + 1);
        if length >= limits.max_package {
            return Err(Malformed::new("line reaches max_package", limits.max_package, 0));
        }
        self.scanned = if found.is_some() { 0 } else { length };
        Ok(found.map_or(Split::Need, |_| Split::Package(length)))
    }

    fn decode<'a>(&mut self, package: &'a [u8]) -> &'a [u8] {
        let end = package.iter().rposition(|octet| !matches!(octet, b'\r' | b'\n'));
        &package[..end.map_or(0, |last| last + 1)]
    }
}

impl<T: AsRef<[u8]>> Encode<T> for Text {
    fn encode(&mut self, reply: T, _: &Setting<'_>, out: &mut Vec<u8>) -> Next {
        out.extend_from_slice(reply.as_ref());
        out.push(b'\n');
        Next::Stay
    }
}
