//! A message that is coming in: its payload so far, checked as far as it has come.

use super::deflate;
use super::frame::{self, Header, Opcode};
use super::message::Message;
use crate::protocol::Malformed;

/// A message of which part has come.
pub(super) struct Gather {
    text: bool,
    compressed: bool,
    octets: Vec<u8>,
    /// Octets from the start that are known to be UTF-8.
    valid: usize,
    /// The message is not for the application any more: it is followed, not kept.
    discards: bool,
    /// The frame that is coming: whether it is the last, and what of its payload is missing.
    last: bool,
    missing: usize,
    mask: [u8; 4],
    /// Octets of the frame's payload that have come.
    taken: usize,
}

impl Gather {
    /// A message that begins with that frame.
    pub(super) fn new(header: &Header, discards: bool) -> Self {
        let mut gather = Self {
            text: header.opcode == Opcode::Text,
            compressed: header.compressed,
            octets: Vec::new(),
            valid: 0,
            discards,
            last: false,
            missing: 0,
            mask: [0; 4],
            taken: 0,
        };
        gather.begin_frame(header);
        gather
    }

    pub(super) fn begin_frame(&mut self, header: &Header) {
        self.last = header.fin;
        self.missing = header.length;
        self.mask = header.mask.unwrap_or_default();
        self.taken = 0;
    }

    /// Lets go of what was kept, and keeps nothing more.
    pub(super) fn discard(&mut self) {
        self.discards = true;
        self.octets = Vec::new();
    }

    /// Whether payload of the frame is missing.
    pub(super) fn is_in_frame(&self) -> bool {
        self.missing > 0
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.compressed
    }

    /// Octets that are kept.
    pub(super) fn len(&self) -> usize {
        self.octets.len()
    }

    /// Takes payload from the start of `input`; how many octets it took.
    pub(super) fn take(
        &mut self,
        input: &[u8],
        deflate: Option<&mut deflate::Codec>,
        limit: usize,
    ) -> Result<usize, Malformed> {
        let part = &input[..self.missing.min(input.len())];
        let offset = self.taken;
        self.missing -= part.len();
        self.taken += part.len();
        if self.discards || part.is_empty() {
            return Ok(part.len());
        }
        match deflate.filter(|_| self.compressed) {
            Some(deflate) => {
                let mut plain = part.to_vec();
                frame::apply(self.mask, offset, &mut plain);
                deflate.inflate(&plain, limit, &mut self.octets)?;
            }
            None => {
                let start = self.octets.len();
                self.octets.extend_from_slice(part);
                frame::apply(self.mask, offset, &mut self.octets[start..]);
            }
        }
        // A message that is there at once is checked at once, when it is made.
        if self.valid > 0 || !self.is_complete() {
            self.check()?;
        }
        Ok(part.len())
    }

    /// Whether the last octet has come.
    pub(super) fn is_complete(&self) -> bool {
        self.last && self.missing == 0
    }

    /// The message, unless it was to be discarded.
    pub(super) fn finish(
        mut self,
        deflate: Option<&mut deflate::Codec>,
        limit: usize,
    ) -> Result<Option<Message>, Malformed> {
        if self.discards {
            return Ok(None);
        }
        if let Some(deflate) = deflate.filter(|_| self.compressed) {
            deflate.finish(limit, &mut self.octets)?;
        }
        if !self.text {
            return Ok(Some(Message::Binary(self.octets)));
        }
        String::from_utf8(self.octets).map(|text| Some(Message::Text(text))).map_err(|_| NOT_UTF8)
    }

    /// Checks the octets that have come since: a fault is told by the octet that shows it (RFC 6455 8.1).
    fn check(&mut self) -> Result<(), Malformed> {
        if !self.text {
            return Ok(());
        }
        match std::str::from_utf8(&self.octets[self.valid..]) {
            Ok(text) => self.valid += text.len(),
            Err(error) if error.error_len().is_none() => self.valid += error.valid_up_to(),
            Err(_) => return Err(NOT_UTF8),
        }
        Ok(())
    }
}

const NOT_UTF8: Malformed = Malformed { what: "text that is not UTF-8", at: 0, code: 1007 };
