//! No protocol: bytes as they come.

use super::{Encode, Limits, Malformed, Next, Protocol, Setting, Split};

/// Bytes without framing: what one read brings is one message, and where it is cut means nothing (PIPE-6).
#[derive(Debug, Clone, Copy, Default)]
pub struct Raw;

impl Protocol for Raw {
    type Message<'a> = &'a [u8];

    const NAME: &'static str = "tcp";

    fn split(&mut self, input: &[u8], _: &Limits, _: &mut Vec<u8>) -> Result<Split, Malformed> {
        Ok(if input.is_empty() { Split::Need } else { Split::Package(input.len()) })
    }

    fn decode<'a>(&mut self, package: &'a [u8]) -> &'a [u8] {
        package
    }
}

impl<T: AsRef<[u8]>> Encode<T> for Raw {
    fn encode(&mut self, reply: T, _: &Setting<'_>, out: &mut Vec<u8>) -> Next {
        out.extend_from_slice(reply.as_ref());
        Next::Stay
    }
}
