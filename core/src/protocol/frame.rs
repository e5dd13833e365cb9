//! Frames: a message is preceded by its length.

use super::{Encode, Limits, Malformed, Next, Protocol, Setting, Split};

/// Octets of the length, which counts itself.
const HEADER: usize = 4;

/// Length-prefixed frames (FRAME-1 to FRAME-5): four octets of total length, big-endian and counting
/// themselves, then the payload. A length of 0 to 3 is malformed (SF-39), and one above `max_package`
/// is refused as soon as it is there.
#[derive(Debug, Clone, Copy, Default)]
pub struct Frame;

impl Protocol for Frame {
    type Message<'a> = &'a [u8];

    const NAME: &'static str = "frame";

    fn split(&mut self, input: &[u8], limits: &Limits, _: &mut Vec<u8>) -> Result<Split, Malformed> {
        let Some(header) = input.first_chunk::<HEADER>() else { return Ok(Split::Need) };
        // What does not fit a usize exceeds every limit.
        let length = usize::try_from(u32::from_be_bytes(*header)).unwrap_or(usize::MAX);
        if length < HEADER {
            return Err(Malformed::new("frame shorter than its header", 0, 0));
        }
        if limits.max_package < length {
            return Err(Malformed::new("frame exceeds max_package", 0, 0));
        }
        Ok(if length <= input.len() { Split::Package(length) } else { Split::Need })
    }

    fn decode<'a>(&mut self, package: &'a [u8]) -> &'a [u8] {
        &package[HEADER..]
    }
}

/// A payload that no length can tell, above 4 GiB less five octets, is not sent: the connection closes.
impl<T: AsRef<[u8]>> Encode<T> for Frame {
    fn encode(&mut self, reply: T, _: &Setting<'_>, out: &mut Vec<u8>) -> Next {
        let payload = reply.as_ref();
        let Some(length) = payload.len().checked_add(HEADER).and_then(|length| u32::try_from(length).ok())
        else {
            return Next::Close;
        };
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(payload);
        Next::Stay
    }
}
