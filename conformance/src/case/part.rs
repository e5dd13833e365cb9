use workerspec_wire::websocket::{Frame, Length, close_payload, opcode};

/// A websocket frame as a case writes it down; the probe makes it bytes.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    fin: bool,
    rsv: u8,
    opcode: u8,
    mask: Option<[u8; 4]>,
    length: Length,
    payload: Content,
}

/// Octets of a payload.
#[derive(Clone, Copy, Debug)]
pub enum Content {
    /// These.
    Bytes(&'static [u8]),
    /// This octet so many times.
    Repeated(u8, usize),
    /// A code, and a reason.
    Code(u16, &'static [u8]),
    /// As many `x` as the testee's `max_package` less this number; above it where the number is negative.
    BelowLimit(isize),
}

/// What is sent, in order.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// A frame.
    Frame(Part),
    /// A frame, so many times.
    Times(usize, Part),
    /// A message in fragments of that many octets, the last one shorter.
    Fragments(u8, Content, usize),
    /// Octets as they are.
    Raw(&'static [u8]),
}

impl Content {
    /// The octets, where the testee's limit is `limit`.
    #[must_use]
    pub fn bytes(&self, limit: usize) -> Vec<u8> {
        match *self {
            Self::Bytes(bytes) => bytes.to_vec(),
            Self::Repeated(octet, count) => vec![octet; count],
            Self::Code(code, reason) => close_payload(code, reason),
            Self::BelowLimit(below) => vec![b'x'; limit.saturating_add_signed(-below)],
        }
    }
}

impl Part {
    /// A final, masked frame.
    #[must_use]
    pub const fn new(opcode: u8, payload: Content) -> Self {
        let mask = Some([0x37, 0xfa, 0x21, 0x3d]);
        Self { fin: true, rsv: 0, opcode, mask, length: Length::Minimal, payload }
    }

    /// More of the message follows.
    #[must_use]
    pub const fn more(mut self) -> Self {
        self.fin = false;
        self
    }

    /// With RSV1 to RSV3 as a number; RSV1 is 4.
    #[must_use]
    pub const fn rsv(mut self, rsv: u8) -> Self {
        self.rsv = rsv;
        self
    }

    /// With this key.
    #[must_use]
    pub const fn key(mut self, key: [u8; 4]) -> Self {
        self.mask = Some(key);
        self
    }

    /// Without mask bit and key.
    #[must_use]
    pub const fn unmasked(mut self) -> Self {
        self.mask = None;
        self
    }

    /// With its length written so.
    #[must_use]
    pub const fn length(mut self, length: Length) -> Self {
        self.length = length;
        self
    }

    /// The frame, where the testee's limit is `limit`.
    #[must_use]
    pub fn frame(&self, limit: usize) -> Frame {
        let Self { fin, rsv, opcode, mask, length, payload } = *self;
        Frame { fin, rsv, opcode, mask, length, payload: payload.bytes(limit) }
    }
}

impl Step {
    /// The frames, each in its bytes.
    #[must_use]
    pub fn bytes(&self, limit: usize) -> Vec<Vec<u8>> {
        match self {
            Self::Frame(part) => vec![part.frame(limit).bytes()],
            Self::Times(count, part) => vec![part.frame(limit).bytes(); *count],
            Self::Raw(bytes) => vec![bytes.to_vec()],
            Self::Fragments(code, content, size) => {
                let payload = content.bytes(limit);
                let pieces: Vec<&[u8]> = payload.chunks(*size).collect();
                let last = pieces.len().saturating_sub(1);
                let frame = |(at, piece): (usize, &&[u8])| {
                    let code = if at == 0 { *code } else { opcode::CONTINUATION };
                    Frame { fin: at == last, ..Frame::new(code, piece.to_vec()) }.bytes()
                };
                pieces.iter().enumerate().map(frame).collect()
            }
        }
    }

    /// Whether a message is open behind it, if one was or was not before.
    pub(crate) fn leaves_open(&self, before: bool) -> bool {
        match self {
            Self::Frame(part) | Self::Times(_, part) if part.opcode < 8 => !part.fin,
            Self::Fragments(..) => false,
            _ => before,
        }
    }

    /// Whether it closes.
    pub(crate) fn closes(&self) -> bool {
        matches!(self, Self::Frame(part) | Self::Times(_, part) if part.opcode == opcode::CLOSE)
    }
}

/// A text message.
#[must_use]
pub const fn text(payload: &'static [u8]) -> Part {
    Part::new(opcode::TEXT, Content::Bytes(payload))
}

/// A binary message.
#[must_use]
pub const fn binary(payload: &'static [u8]) -> Part {
    Part::new(opcode::BINARY, Content::Bytes(payload))
}

/// A continuation, the last of its message.
#[must_use]
pub const fn rest(payload: &'static [u8]) -> Part {
    Part::new(opcode::CONTINUATION, Content::Bytes(payload))
}

/// A ping.
#[must_use]
pub const fn ping(payload: &'static [u8]) -> Part {
    Part::new(opcode::PING, Content::Bytes(payload))
}

/// A pong.
#[must_use]
pub const fn pong(payload: &'static [u8]) -> Part {
    Part::new(opcode::PONG, Content::Bytes(payload))
}

/// A close with code and reason.
#[must_use]
pub const fn close(code: u16, reason: &'static [u8]) -> Part {
    Part::new(opcode::CLOSE, Content::Code(code, reason))
}

/// A close with whatever payload.
#[must_use]
pub const fn close_with(payload: Content) -> Part {
    Part::new(opcode::CLOSE, payload)
}
