//! A protocol: one JSON value in each line.

use serde_json::Value;
use workerspec_core::protocol::{Encode, Limits, Malformed, Next, Protocol, Setting, Split};

/// JSON lines. A line that is no JSON reaches the application as an error: the lines behind it are whole all
/// the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct JsonNl {
    /// Octets that are known to hold no line feed.
    scanned: usize,
}

impl Protocol for JsonNl {
    type Message<'a> = Result<Value, serde_json::Error>;

    const NAME: &'static str = "json-nl";

    fn split(&mut self, input: &[u8], limits: &Limits, _: &mut Vec<u8>) -> Result<Split, Malformed> {
        let found = input[self.scanned..].iter().position(|&octet| octet == b'\n');
        let length = found.map_or(input.len(), |at| self.scanned + at + 1);
        if limits.max_package < length {
            return Err(Malformed::new("line exceeds max_package", limits.max_package, 0));
        }
        self.scanned = if found.is_some() { 0 } else { length };
        Ok(found.map_or(Split::Need, |_| Split::Package(length)))
    }

    fn decode<'a>(&mut self, package: &'a [u8]) -> Self::Message<'a> {
        serde_json::from_slice(package.trim_ascii())
    }
}

impl Encode<Value> for JsonNl {
    fn encode(&mut self, value: Value, _: &Setting<'_>, out: &mut Vec<u8>) -> Next {
        out.extend_from_slice(value.to_string().as_bytes());
        out.push(b'\n');
        Next::Stay
    }
}
