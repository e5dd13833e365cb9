use std::ops::Range;

use super::error::{Malformed, Rule};
use super::frame::opcode;

/// Who sent the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Masks everything.
    Client,
    /// Masks nothing.
    Server,
}

/// A frame that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The last of its message.
    pub fin: bool,
    /// RSV1 to RSV3 as a number; RSV1 is 4.
    pub rsv: u8,
    /// 0 to 15.
    pub opcode: u8,
    /// Without its mask.
    pub payload: Vec<u8>,
    /// Where in the buffer it stood.
    pub range: Range<usize>,
    /// Where its payload begins.
    pub payload_at: usize,
}

impl Received {
    /// Opcode 8 or above.
    #[must_use]
    pub fn is_control(&self) -> bool {
        8 <= self.opcode
    }
}

/// Reads the frame that begins at `from`; `None` if it is not complete.
///
/// What can be wrong with a frame alone is looked at here, as soon as its octets are there. Whether RSV1 may be
/// set is for the [`Assembly`](super::Assembly) to say, which knows what was agreed on.
///
/// # Errors
/// The first rule that it breaks.
pub fn read_frame(bytes: &[u8], from: usize, sender: Peer) -> Result<Option<Received>, Malformed> {
    let Some(&first) = bytes.get(from) else { return Ok(None) };
    let (fin, rsv, code) = (first & 0x80 != 0, first >> 4 & 7, first & 15);
    // RFC 6455 5.2: RSV2 and RSV3 belong to no extension known here.
    if rsv & 3 != 0 {
        return Rule::ReservedBit.at(from);
    }
    if !matches!(code, opcode::CONTINUATION..=opcode::BINARY | opcode::CLOSE..=opcode::PONG) {
        return Rule::ReservedOpcode.at(from);
    }
    if 8 <= code && !fin {
        return Rule::FragmentedControl.at(from);
    }
    let Some(&second) = bytes.get(from + 1) else { return Ok(None) };
    let masked = second & 0x80 != 0;
    match sender {
        Peer::Client if !masked => return Rule::Unmasked.at(from + 1),
        Peer::Server if masked => return Rule::Masked.at(from + 1),
        _ => {}
    }
    let wide = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let Some(digits) = bytes.get(from + 2..from + 2 + wide) else { return Ok(None) };
    let length = match wide {
        0 => u64::from(second & 0x7f),
        _ => digits.iter().fold(0, |length, digit| length << 8 | u64::from(*digit)),
    };
    if length >> 63 != 0 {
        return Rule::TopBit.at(from + 2);
    }
    // RFC 6455 5.5: the length of a control frame fits into its seven bits.
    if 8 <= code && 125 < length {
        return Rule::LargeControl.at(from + 1);
    }
    // RFC 6455 5.2: the minimal number of octets MUST be used.
    if (wide == 2 && length < 126) || (wide == 8 && length < 0x1_0000) {
        return Rule::LongLength.at(from + 1);
    }
    let key_at = from + 2 + wide;
    let payload_at = key_at + if masked { 4 } else { 0 };
    let Some(key) = bytes.get(key_at..payload_at) else { return Ok(None) };
    let end = usize::try_from(length).ok().and_then(|length| payload_at.checked_add(length));
    let Some(payload) = end.and_then(|end| bytes.get(payload_at..end)) else { return Ok(None) };
    let payload: Vec<u8> = match key {
        [] => payload.to_vec(),
        key => payload.iter().enumerate().map(|(at, octet)| octet ^ key[at % 4]).collect(),
    };
    let range = from..payload_at + payload.len();
    Ok(Some(Received { fin, rsv, opcode: code, payload, range, payload_at }))
}
