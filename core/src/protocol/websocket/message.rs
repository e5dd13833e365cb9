//! What goes over an open connection: messages, pings, pongs, and the close.

use super::frame::MAX_CONTROL;

/// A message, whole: its fragments joined, inflated, and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text; a text frame on the wire.
    Text(String),
    /// Octets; a binary frame on the wire.
    Binary(Vec<u8>),
}

impl Message {
    /// The octets of either.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(octets) => octets,
        }
    }

    /// The text; `None` for octets.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Binary(_) => None,
        }
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Message {
    fn from(octets: Vec<u8>) -> Self {
        Self::Binary(octets)
    }
}

/// A ping: the peer answers it with a pong of the same payload (RFC 6455 5.5.2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ping(pub(super) Vec<u8>);

/// A pong: the answer to a ping, or a heartbeat of its own (RFC 6455 5.5.3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pong(pub(super) Vec<u8>);

/// A control frame takes at most 125 octets of payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("payload of {length} bytes in a control frame, which takes 125")]
pub struct PayloadTooLong {
    length: usize,
}

impl Ping {
    /// A ping with that payload; `Ping::default()` has none.
    ///
    /// # Errors
    /// A payload of more than 125 bytes.
    pub fn new(payload: impl Into<Vec<u8>>) -> Result<Self, PayloadTooLong> {
        control(payload.into()).map(Self)
    }

    /// The payload, 0 to 125 bytes.
    pub fn payload(&self) -> &[u8] {
        &self.0
    }

    /// The pong that answers it.
    pub fn pong(&self) -> Pong {
        Pong(self.0.clone())
    }
}

impl Pong {
    /// A pong with that payload.
    ///
    /// # Errors
    /// A payload of more than 125 bytes.
    pub fn new(payload: impl Into<Vec<u8>>) -> Result<Self, PayloadTooLong> {
        control(payload.into()).map(Self)
    }

    /// The payload, 0 to 125 bytes.
    pub fn payload(&self) -> &[u8] {
        &self.0
    }
}

fn control(payload: Vec<u8>) -> Result<Vec<u8>, PayloadTooLong> {
    if payload.len() <= MAX_CONTROL { Ok(payload) } else { Err(PayloadTooLong { length: payload.len() }) }
}

/// Why a connection ends: one of the codes that may stand in a close frame (RFC 6455 7.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: the purpose is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// 1001: the endpoint goes away, a worker that drains for example.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1003: a kind of data that cannot be accepted.
    pub const UNSUPPORTED: Self = Self(1003);
    /// 1007: data that is not what its type says, such as text that is not UTF-8.
    pub const INVALID_DATA: Self = Self(1007);
    /// 1008: against a policy of the endpoint.
    pub const POLICY: Self = Self(1008);
    /// 1009: a message too large to process.
    pub const TOO_LARGE: Self = Self(1009);
    /// 1011: the server failed.
    pub const INTERNAL_ERROR: Self = Self(1011);

    /// The code, if it may stand in a frame: 1000 to 1003, 1007 to 1014 (IANA), and 3000 to 4999.
    pub fn new(code: u16) -> Option<Self> {
        matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999).then_some(Self(code))
    }

    /// The number.
    pub fn get(self) -> u16 {
        self.0
    }
}

/// The close of a connection, as sent or received (RFC 6455 5.5.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Close {
    pub(super) code: Option<CloseCode>,
    pub(super) reason: String,
}

impl Close {
    /// A close with a code and a reason, of which at most 123 bytes are kept.
    pub fn new(code: CloseCode, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        let mut end = reason.len().min(MAX_CONTROL - 2);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        reason.truncate(end);
        Self { code: Some(code), reason }
    }

    /// The code; `None` where the frame had none (1005 in other interfaces).
    pub fn code(&self) -> Option<CloseCode> {
        self.code
    }

    /// The reason; empty where there is none.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// What can be sent over a WebSocket connection, seen as one frame's content.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Outgoing<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// A ping.
    Ping(&'a Ping),
    /// A pong.
    Pong(&'a Pong),
    /// The close: nothing else is sent after it.
    Close(&'a Close),
}

/// A type that can be sent over a WebSocket connection. What is text goes out as text and what is octets as
/// binary; Workerman has a setting of the connection for it (WS-24).
pub trait Payload {
    /// What is sent.
    fn outgoing(&self) -> Outgoing<'_>;
}

impl<T: Payload + ?Sized> Payload for &T {
    fn outgoing(&self) -> Outgoing<'_> {
        (**self).outgoing()
    }
}

impl Payload for Message {
    fn outgoing(&self) -> Outgoing<'_> {
        match self {
            Self::Text(text) => Outgoing::Text(text),
            Self::Binary(octets) => Outgoing::Binary(octets),
        }
    }
}

macro_rules! payload {
    ($($type:ty => $kind:ident),* $(,)?) => {
        $(impl Payload for $type {
            fn outgoing(&self) -> Outgoing<'_> {
                Outgoing::$kind(self)
            }
        })*
    };
}

payload! {
    str => Text,
    String => Text,
    [u8] => Binary,
    Vec<u8> => Binary,
    Ping => Ping,
    Pong => Pong,
    Close => Close,
}

impl<const N: usize> Payload for [u8; N] {
    fn outgoing(&self) -> Outgoing<'_> {
        Outgoing::Binary(self)
    }
}
