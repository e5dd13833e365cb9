//! Frame headers: what may stand in them, and how they are written (RFC 6455 5.2).

use crate::protocol::Malformed;

/// The most octets of a control frame's payload (RFC 6455 5.5).
pub(super) const MAX_CONTROL: usize = 125;

/// What a frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation = 0x0,
    Text = 0x1,
    Binary = 0x2,
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xa,
}

impl Opcode {
    fn new(nibble: u8) -> Option<Self> {
        Some(match nibble {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return None,
        })
    }

    pub(super) fn is_control(self) -> bool {
        0x8 <= self as u8
    }
}

/// The end of a connection that this code speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Server,
    /// Masks what it sends (RFC 6455 5.3).
    Client,
}

/// What of a connection's state decides which frames are allowed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) role: Role,
    /// permessage-deflate was agreed on.
    pub(super) deflate: bool,
    /// A fragmented message is under way.
    pub(super) fragmented: bool,
    /// Octets that the payload and header of a data frame may have.
    pub(super) room: usize,
}

/// A frame's header that keeps all rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) fin: bool,
    pub(super) compressed: bool,
    pub(super) opcode: Opcode,
    pub(super) length: usize,
    pub(super) mask: Option<[u8; 4]>,
    /// Octets of the header itself.
    pub(super) size: usize,
}

/// The header at the start of `input`; `None` while it has not all come. A fault is told by the octet that
/// shows it, the length by its own octets (WS-34).
pub(super) fn parse(input: &[u8], rules: &Rules) -> Result<Option<Header>, Malformed> {
    let &[first, second, ..] = input else { return Ok(None) };
    let wrong = |what, at| Err(Malformed::new(what, at, 1002));
    let (fin, compressed) = (first & 0x80 != 0, first & 0x40 != 0);
    if first & 0x30 != 0 {
        return wrong("reserved bit set", 0);
    }
    let Some(opcode) = Opcode::new(first & 0x0f) else { return wrong("opcode not known", 0) };
    // RFC 7692 6.1: the bit marks a message, so it stands on its first frame only, and only if agreed on.
    if compressed && !(rules.deflate && matches!(opcode, Opcode::Text | Opcode::Binary)) {
        return wrong("reserved bit 1 set without compression to go with it", 0);
    }
    if opcode.is_control() && !fin {
        return wrong("fragmented control frame", 0);
    }
    match opcode {
        Opcode::Continuation if !rules.fragmented => return wrong("continuation of nothing", 0),
        Opcode::Text | Opcode::Binary if rules.fragmented => {
            return wrong("new message inside a fragmented one", 0);
        }
        _ => {}
    }
    let masked = second & 0x80 != 0;
    match rules.role {
        Role::Server if !masked => return wrong("client frame without mask", 1),
        Role::Client if masked => return wrong("server frame with mask", 1),
        _ => {}
    }
    let short = usize::from(second & 0x7f);
    if opcode.is_control() && MAX_CONTROL < short {
        return wrong("control frame longer than 125 bytes", 1);
    }
    let (length, size) = match short {
        126 => {
            let Some(octets) = input[2..].first_chunk() else { return Ok(None) };
            (u64::from(u16::from_be_bytes(*octets)), 4)
        }
        127 => {
            let Some(octets) = input[2..].first_chunk() else { return Ok(None) };
            (u64::from_be_bytes(*octets), 10)
        }
        _ => (short as u64, 2),
    };
    // RFC 6455 5.2: the minimal number of octets, and the top bit of 64 is 0.
    if (size == 4 && length < 126) || (size == 10 && length < 0x1_0000) {
        return wrong("length not in its shortest form", 2);
    }
    if length >> 63 != 0 {
        return wrong("length with its top bit set", 2);
    }
    let size = size + if masked { 4 } else { 0 };
    let fits = usize::try_from(length)
        .ok()
        .filter(|&length| opcode.is_control() || length.saturating_add(size) <= rules.room);
    let Some(length) = fits else { return Err(Malformed::new("message exceeds max_package", 2, 1009)) };
    let mask = match masked {
        false => None,
        true => {
            let Some(mask) = input.get(size - 4..size) else { return Ok(None) };
            mask.first_chunk().copied()
        }
    };
    Ok(Some(Header { fin, compressed, opcode, length, mask, size }))
}

/// Appends a frame: unfragmented, the length in its shortest form, masked if there is a mask.
pub(super) fn write(
    out: &mut Vec<u8>,
    opcode: Opcode,
    compressed: bool,
    payload: &[u8],
    mask: Option<[u8; 4]>,
) {
    out.reserve(payload.len() + 14);
    out.push(0x80 | if compressed { 0x40 } else { 0 } | opcode as u8);
    let bit = if mask.is_some() { 0x80 } else { 0 };
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ 0..=125), _) => out.push(bit | length),
        (_, Ok(length)) => {
            out.push(bit | 126);
            out.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            out.push(bit | 127);
            out.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    if let Some(mask) = mask {
        out.extend_from_slice(&mask);
    }
    let start = out.len();
    out.extend_from_slice(payload);
    if let Some(mask) = mask {
        apply(mask, 0, &mut out[start..]);
    }
}

/// Masks or unmasks octets that begin `offset` octets into the payload (RFC 6455 5.3).
pub(super) fn apply(mut mask: [u8; 4], offset: usize, octets: &mut [u8]) {
    mask.rotate_left(offset % 4);
    let word = u32::from_ne_bytes(mask);
    let (words, rest) = octets.as_chunks_mut::<4>();
    for octets in words {
        *octets = (u32::from_ne_bytes(*octets) ^ word).to_ne_bytes();
    }
    for (octet, mask) in rest.iter_mut().zip(mask) {
        *octet ^= mask;
    }
}
