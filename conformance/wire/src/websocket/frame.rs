/// Numbers of opcodes (RFC 6455 5.2).
pub mod opcode {
    /// Continues a message.
    pub const CONTINUATION: u8 = 0;
    /// Begins a text message.
    pub const TEXT: u8 = 1;
    /// Begins a binary message.
    pub const BINARY: u8 = 2;
    /// Closes.
    pub const CLOSE: u8 = 8;
    /// Asks for a pong.
    pub const PING: u8 = 9;
    /// Answers a ping.
    pub const PONG: u8 = 10;
}

/// A frame as it is to be written, legal or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The last of its message.
    pub fin: bool,
    /// RSV1 to RSV3 as a number from 0 to 7; RSV1 is 4.
    pub rsv: u8,
    /// 0 to 15.
    pub opcode: u8,
    /// Masks the payload; `None` leaves the bit and the key out.
    pub mask: Option<[u8; 4]>,
    /// How the length is written, and what it says.
    pub length: Length,
    /// Before it is masked.
    pub payload: Vec<u8>,
}

/// How a length is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// The payload's, in its shortest form.
    Minimal,
    /// The payload's, in 16 bits.
    Sixteen,
    /// The payload's, in 64 bits.
    SixtyFour,
    /// This one in its shortest form, whatever the payload has.
    Says(u64),
    /// This one in 64 bits, top bit and all.
    Says64(u64),
}

impl Frame {
    /// A final frame, masked, with the right length.
    #[must_use]
    pub fn new(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        let mask = Some([0x37, 0xfa, 0x21, 0x3d]);
        Self { fin: true, rsv: 0, opcode, mask, length: Length::Minimal, payload: payload.into() }
    }

    /// The octets.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![u8::from(self.fin) << 7 | (self.rsv & 7) << 4 | self.opcode & 15];
        let bit = u8::from(self.mask.is_some()) << 7;
        let real = self.payload.len() as u64;
        match (self.length, real) {
            (Length::Minimal, length) | (Length::Says(length), _) => match length {
                0..126 => bytes.push(bit | length as u8),
                126..0x1_0000 => {
                    bytes.push(bit | 126);
                    bytes.extend((length as u16).to_be_bytes());
                }
                _ => {
                    bytes.push(bit | 127);
                    bytes.extend(length.to_be_bytes());
                }
            },
            (Length::Sixteen, length) => {
                bytes.push(bit | 126);
                bytes.extend((length as u16).to_be_bytes());
            }
            (Length::SixtyFour, length) | (Length::Says64(length), _) => {
                bytes.push(bit | 127);
                bytes.extend(length.to_be_bytes());
            }
        }
        bytes.extend(self.mask.into_iter().flatten());
        let key = self.mask.unwrap_or_default();
        bytes.extend(self.payload.iter().enumerate().map(|(at, octet)| octet ^ key[at % 4]));
        bytes
    }
}

/// The payload of a close frame.
#[must_use]
pub fn close_payload(code: u16, reason: &[u8]) -> Vec<u8> {
    [code.to_be_bytes().as_slice(), reason].concat()
}
