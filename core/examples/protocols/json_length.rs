//! A protocol: a length of four octets, big-endian and counting itself, then a JSON value.

use serde_json::Value;
use workerspec_core::protocol::{Encode, Limits, Malformed, Next, Protocol, Setting, Split};

/// Octets of the length.
const HEADER: usize = 4;

/// JSON with its length before it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct JsonLength;

impl Protocol for JsonLength {
    type Message<'a> = Result<Value, serde_json::Error>;

    const NAME: &'static str = "json-length";

    fn split(&mut self, input: &[u8], limits: &Limits, _: &mut Vec<u8>) -> Result<Split, Malformed> {
        let Some(header) = input.first_chunk::<HEADER>() else { return Ok(Split::Need) };
        let length = usize::try_from(u32::from_be_bytes(*header)).unwrap_or(usize::MAX);
        if length <= HEADER {
            return Err(Malformed::new("length without a value behind it", 0, 0));
        }
        if limits.max_package < length {
            return Err(Malformed::new("value exceeds max_package", 0, 0));
        }
        Ok(if length <= input.len() { Split::Package(length) } else { Split::Need })
    }

    fn decode<'a>(&mut self, package: &'a [u8]) -> Self::Message<'a> {
        serde_json::from_slice(&package[HEADER..])
    }
}

/// A value that no length can tell is not sent: the connection closes.
impl Encode<Value> for JsonLength {
    fn encode(&mut self, value: Value, _: &Setting<'_>, out: &mut Vec<u8>) -> Next {
        let text = value.to_string();
        let Ok(length) = u32::try_from(text.len() + HEADER) else { return Next::Close };
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(text.as_bytes());
        Next::Stay
    }
}
