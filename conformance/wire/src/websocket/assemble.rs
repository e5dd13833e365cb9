use super::error::{Malformed, Rule};
use super::frame::opcode;
use super::inflate::Inflater;
use super::read::{Peer, Received, read_frame};
use super::utf8;

/// Makes messages of frames, and knows what may come next.
#[derive(Debug)]
pub struct Assembly {
    sender: Peer,
    inflater: Option<Inflater>,
    open: Option<Open>,
    closed: bool,
}

/// A message of which part has come.
#[derive(Debug)]
struct Open {
    kind: Kind,
    compressed: bool,
    payload: Vec<u8>,
}

/// The types of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8.
    Text,
    /// Octets.
    Binary,
}

/// What a frame completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message.
    Message {
        /// Its type.
        kind: Kind,
        /// Joined and inflated.
        payload: Vec<u8>,
        /// It came compressed.
        compressed: bool,
    },
    /// A ping.
    Ping(Vec<u8>),
    /// A pong.
    Pong(Vec<u8>),
    /// A close, with its code if it has one.
    Close(Option<u16>, Vec<u8>),
    /// Part of a message.
    Part,
}

impl Assembly {
    /// Frames of `sender`, with no extension agreed on.
    #[must_use]
    pub fn new(sender: Peer) -> Self {
        Self { sender, inflater: None, open: None, closed: false }
    }

    /// permessage-deflate was agreed on.
    #[must_use]
    pub fn deflate(mut self, inflater: Inflater) -> Self {
        self.inflater = Some(inflater);
        self
    }

    /// Part of a message has come.
    #[must_use]
    pub fn is_midway(&self) -> bool {
        self.open.is_some()
    }

    /// Takes the frame at the start of `bytes`; `None` if it is not complete. With what it was comes how many
    /// octets it had.
    ///
    /// # Errors
    /// The first rule that it breaks, with the place in `bytes`.
    pub fn next(&mut self, bytes: &[u8]) -> Result<Option<(Event, usize)>, Malformed> {
        if self.closed && !bytes.is_empty() {
            return Rule::AfterClose.at(0);
        }
        let Some(frame) = read_frame(bytes, 0, self.sender)? else { return Ok(None) };
        let size = frame.range.end;
        Ok(Some((self.take(frame)?, size)))
    }

    fn take(&mut self, frame: Received) -> Result<Event, Malformed> {
        let marked = frame.rsv == 4;
        if marked && self.inflater.is_none() {
            return Rule::ReservedBit.at(0);
        }
        // RFC 7692 6.1: only the first frame of a message says whether it is compressed.
        if marked && (frame.is_control() || frame.opcode == opcode::CONTINUATION) {
            return Rule::CompressedBit.at(0);
        }
        match frame.opcode {
            opcode::PING => Ok(Event::Ping(frame.payload)),
            opcode::PONG => Ok(Event::Pong(frame.payload)),
            opcode::CLOSE => self.close(&frame),
            _ => self.data(frame, marked),
        }
    }

    fn data(&mut self, frame: Received, marked: bool) -> Result<Event, Malformed> {
        let kind = match frame.opcode {
            opcode::TEXT => Some(Kind::Text),
            opcode::BINARY => Some(Kind::Binary),
            _ => None,
        };
        let mut open = match (kind, self.open.take()) {
            (Some(kind), None) => Open { kind, compressed: marked, payload: Vec::new() },
            (None, Some(open)) => open,
            (Some(_), Some(_)) => return Rule::Interleaved.at(0),
            (None, None) => return Rule::StrayContinuation.at(0),
        };
        open.payload.extend_from_slice(&frame.payload);
        if !frame.fin {
            self.open = Some(open);
            return Ok(Event::Part);
        }
        let payload = match (&mut self.inflater, open.compressed) {
            (Some(inflater), true) => match inflater.message(&open.payload) {
                Some(payload) => payload,
                None => return Rule::NotDeflate.at(frame.payload_at),
            },
            _ => open.payload,
        };
        if open.kind == Kind::Text
            && let Err(at) = utf8::check(&payload)
        {
            // The place in the last frame, if the octet stands there as it is.
            let before = payload.len().saturating_sub(frame.payload.len());
            let inside = if open.compressed { 0 } else { at.saturating_sub(before) };
            return Rule::NotUtf8.at(frame.payload_at + inside);
        }
        Ok(Event::Message { kind: open.kind, payload, compressed: open.compressed })
    }

    fn close(&mut self, frame: &Received) -> Result<Event, Malformed> {
        self.closed = true;
        let [high, low, reason @ ..] = frame.payload.as_slice() else {
            return match frame.payload.as_slice() {
                [] => Ok(Event::Close(None, Vec::new())),
                _ => Rule::HalfCode.at(frame.payload_at),
            };
        };
        let code = u16::from_be_bytes([*high, *low]);
        // RFC 6455 7.4, and what IANA has registered since: 1012 to 1014.
        if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
            return Rule::CloseCode.at(frame.payload_at);
        }
        match utf8::check(reason) {
            Ok(()) => Ok(Event::Close(Some(code), reason.to_vec())),
            Err(at) => Rule::NotUtf8.at(frame.payload_at + 2 + at),
        }
    }
}
