use std::fmt;

/// What a peer sent and must not have, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Offset of the offending octet in the buffer that was read.
    pub offset: usize,
    /// The rule that it breaks.
    pub rule: Rule,
}

/// The rules of frames and messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// A server masks nothing (RFC 6455 5.1).
    Masked,
    /// A client masks everything (RFC 6455 5.1).
    Unmasked,
    /// RSV1 to RSV3 are 0 unless an extension says otherwise (RFC 6455 5.2).
    ReservedBit,
    /// Opcodes 3 to 7 and 11 to 15 are reserved (RFC 6455 5.2).
    ReservedOpcode,
    /// The shortest form of a length is used (RFC 6455 5.2).
    LongLength,
    /// The most significant bit of a length is 0 (RFC 6455 5.2).
    TopBit,
    /// A control frame is not fragmented (RFC 6455 5.5).
    FragmentedControl,
    /// A control frame has at most 125 octets (RFC 6455 5.5).
    LargeControl,
    /// A continuation continues something (RFC 6455 5.4).
    StrayContinuation,
    /// A message is not begun inside another (RFC 6455 5.4).
    Interleaved,
    /// A close frame has no code or a whole one (RFC 6455 5.5.1).
    HalfCode,
    /// 1005, 1006, 1015 and what is in no range are not sent (RFC 6455 7.4).
    CloseCode,
    /// Text and reasons are UTF-8 (RFC 6455 8.1).
    NotUtf8,
    /// Nothing follows a close frame (RFC 6455 5.5.1).
    AfterClose,
    /// RSV1 is on the first frame of a message only (RFC 7692 6.1).
    CompressedBit,
    /// What is marked as compressed can be inflated, with the window agreed on (RFC 7692 7.2.2).
    NotDeflate,
}

impl fmt::Display for Malformed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = match self.rule {
            Rule::Masked => "a masked frame from a server",
            Rule::Unmasked => "a frame from a client that is not masked",
            Rule::ReservedBit => "a reserved bit",
            Rule::ReservedOpcode => "a reserved opcode",
            Rule::LongLength => "a length that has a shorter form",
            Rule::TopBit => "a length with the top bit",
            Rule::FragmentedControl => "a control frame that is not final",
            Rule::LargeControl => "a control frame of more than 125 octets",
            Rule::StrayContinuation => "a continuation of nothing",
            Rule::Interleaved => "a message inside another",
            Rule::HalfCode => "half a close code",
            Rule::CloseCode => "a close code that is never sent",
            Rule::NotUtf8 => "what is not UTF-8",
            Rule::AfterClose => "a frame behind the close",
            Rule::CompressedBit => "RSV1 on a frame that begins no message",
            Rule::NotDeflate => "data that can't be inflated",
        };
        write!(out, "{rule} at offset {}", self.offset)
    }
}

impl std::error::Error for Malformed {}

impl Rule {
    /// Breaks the rule at an offset.
    pub(super) fn at<Value>(self, offset: usize) -> Result<Value, Malformed> {
        Err(Malformed { offset, rule: self })
    }
}
