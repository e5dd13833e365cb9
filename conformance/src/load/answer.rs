//! Reads one HTTP/1.1 answer from octets that come in any pieces. No socket, no clock.
//!
//! This is the driver's own quick reader: it takes what a correct server sends and stops at anything
//! else. What exactly is wrong with a message is the business of the cases, not of the load.

use thiserror::Error;

/// The state of reading one answer; [`Answer::reset`] makes it ready for the next and keeps its memory.
#[derive(Debug)]
pub(crate) struct Answer {
    stage: Stage,
    /// A line of which the end has not come yet.
    line: Vec<u8>,
    head_octets: usize,
    received: u64,
    status: u16,
    close: bool,
    length: Option<u64>,
    chunked: bool,
    body: Vec<u8>,
    body_octets: u64,
    /// Whether 101 is the answer that is asked for.
    upgrades: bool,
    keeps: Keep,
    /// Values of the header fields that are looked for, in their order.
    values: Vec<Option<Vec<u8>>>,
    fields: Vec<String>,
}

/// How much of a body matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// All of it, and there must not be more than [`MAX_BODY`].
    All,
    /// Only its first octets; how long it is does not matter.
    First(usize),
    /// Nothing; it must be the decimal digits 0 to 9, repeated.
    Digits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Status,
    Fields,
    Fixed(u64),
    ChunkSize,
    Chunk(u64),
    ChunkEnd,
    Trailers,
    Done,
}

/// How far the answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Everything given was used and more is to come.
    More,
    /// The answer is complete; so many of the octets given belong to it.
    Done(usize),
}

impl Answer {
    /// Ready for an answer.
    pub(crate) fn new() -> Answer {
        Answer {
            stage: Stage::Status,
            line: Vec::new(),
            head_octets: 0,
            received: 0,
            status: 0,
            close: false,
            length: None,
            chunked: false,
            body: Vec::new(),
            body_octets: 0,
            upgrades: false,
            keeps: Keep::All,
            values: Vec::new(),
            fields: Vec::new(),
        }
    }

    /// Ready for the next answer.
    pub(crate) fn reset(&mut self) {
        self.stage = Stage::Status;
        self.line.clear();
        self.head_octets = 0;
        self.received = 0;
        self.start_message();
    }

    /// 101 is what is asked for.
    pub(crate) fn expect_upgrade(&mut self) {
        self.upgrades = true;
    }

    /// Whether the head is complete and the body is not.
    pub(crate) fn is_in_body(&self) -> bool {
        matches!(self.stage, Stage::Fixed(_) | Stage::ChunkSize | Stage::Chunk(_) | Stage::ChunkEnd)
    }

    /// Octets of the body so far.
    pub(crate) fn body_octets(&self) -> u64 {
        self.body_octets
    }

    /// How much of the body matters.
    pub(crate) fn keep(&mut self, keep: Keep) {
        self.keeps = keep;
    }

    /// Remembers the values of these header fields, whose names are in lower case.
    pub(crate) fn look_for(&mut self, fields: &[String]) {
        self.fields = fields.to_vec();
    }

    /// The first value of a field that was to be looked for.
    pub(crate) fn value(&self, field: &str) -> Option<&[u8]> {
        let at = self.fields.iter().position(|name| name == field)?;
        self.values.get(at)?.as_deref()
    }

    /// Takes the next octets from the connection.
    ///
    /// # Errors
    /// [`Malformed`] when this can't become an answer that the driver can judge; the reader is of no use
    /// then until it is reset.
    pub(crate) fn feed(&mut self, octets: &[u8]) -> Result<Progress, Malformed> {
        let mut at = 0;
        while self.stage != Stage::Done && at < octets.len() {
            let rest = &octets[at..];
            let used = match self.stage {
                Stage::Fixed(left) => {
                    let (used, left) = self.take_body(rest, left)?;
                    self.stage = if left == 0 { Stage::Done } else { Stage::Fixed(left) };
                    used
                }
                Stage::Chunk(left) => {
                    let (used, left) = self.take_body(rest, left)?;
                    self.stage = if left == 0 { Stage::ChunkEnd } else { Stage::Chunk(left) };
                    used
                }
                _ => self.take_line(rest)?,
            };
            at += used;
            self.received += used as u64;
        }
        Ok(if self.stage == Stage::Done { Progress::Done(at) } else { Progress::More })
    }

    /// Octets of this answer so far, also before a [`Malformed`].
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Status of a complete answer.
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// Whether the server closes after this answer: it said so, or it speaks HTTP/1.0.
    pub(crate) fn announces_close(&self) -> bool {
        self.close
    }

    /// Body of a complete answer, without its framing.
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    fn start_message(&mut self) {
        self.status = 0;
        self.close = false;
        self.length = None;
        self.chunked = false;
        self.body.clear();
        self.body_octets = 0;
        self.values.clear();
        self.values.resize(self.fields.len(), None);
    }

    fn take_body(&mut self, octets: &[u8], left: u64) -> Result<(usize, u64), Malformed> {
        let used = octets.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let wanted = match self.keeps {
            Keep::All if MAX_BODY < self.body.len() + used => return Err(Malformed::LongBody),
            Keep::All => used,
            Keep::First(most) => most.saturating_sub(self.body.len()).min(used),
            Keep::Digits => {
                let right = |(at, octet): (u64, &u8)| u64::from(*octet) == u64::from(b'0') + at % 10;
                if !(self.body_octets..).zip(&octets[..used]).all(right) {
                    return Err(Malformed::Content);
                }
                0
            }
        };
        self.body_octets += used as u64;
        self.body.extend_from_slice(&octets[..wanted]);
        Ok((used, left - used as u64))
    }

    /// Uses octets up to the end of the line, or all of them.
    fn take_line(&mut self, octets: &[u8]) -> Result<usize, Malformed> {
        let end = octets.iter().position(|octet| *octet == b'\n');
        let used = end.map_or(octets.len(), |end| end + 1);
        self.head_octets += used;
        if MAX_HEAD < self.head_octets {
            return Err(Malformed::LongHead);
        }
        if end.is_none() {
            self.line.extend_from_slice(octets);
            return Ok(used);
        }
        if self.line.is_empty() {
            self.line_is(&octets[..used])?;
        } else {
            let mut line = std::mem::take(&mut self.line);
            line.extend_from_slice(&octets[..used]);
            let outcome = self.line_is(&line);
            line.clear();
            self.line = line;
            outcome?;
        }
        Ok(used)
    }

    fn line_is(&mut self, line: &[u8]) -> Result<(), Malformed> {
        let line = line.strip_suffix(b"\r\n").ok_or(Malformed::BareLineFeed)?;
        self.stage = match self.stage {
            Stage::Status => {
                self.status_line(line)?;
                Stage::Fields
            }
            Stage::Fields if line.is_empty() => self.end_of_head()?,
            Stage::Fields => {
                self.field(line)?;
                Stage::Fields
            }
            Stage::ChunkSize => match chunk_size(line)? {
                0 => Stage::Trailers,
                size => Stage::Chunk(size),
            },
            Stage::ChunkEnd if line.is_empty() => Stage::ChunkSize,
            Stage::ChunkEnd => return Err(Malformed::Chunk),
            Stage::Trailers if line.is_empty() => Stage::Done,
            stage => stage,
        };
        Ok(())
    }

    fn status_line(&mut self, line: &[u8]) -> Result<(), Malformed> {
        let rest = line.strip_prefix(b"HTTP/1.").ok_or(Malformed::StatusLine)?;
        let [minor @ (b'0' | b'1'), b' ', hundreds, tens, ones, after @ ..] = rest else {
            return Err(Malformed::StatusLine);
        };
        let digits = [hundreds, tens, ones];
        if !digits.iter().all(|digit| digit.is_ascii_digit()) || !matches!(after.first(), None | Some(b' ')) {
            return Err(Malformed::StatusLine);
        }
        self.start_message();
        self.status = digits.iter().fold(0, |status, digit| status * 10 + u16::from(**digit - b'0'));
        self.close = *minor == b'0';
        Ok(())
    }

    fn field(&mut self, line: &[u8]) -> Result<(), Malformed> {
        let colon = line.iter().position(|octet| *octet == b':').ok_or(Malformed::Field)?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        for (wanted, found) in self.fields.iter().zip(&mut self.values) {
            if found.is_none() && name.eq_ignore_ascii_case(wanted.as_bytes()) {
                *found = Some(value.to_vec());
            }
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = decimal(value).ok_or(Malformed::Length)?;
            if self.length.is_some_and(|earlier| earlier != length) {
                return Err(Malformed::Length);
            }
            self.length = Some(length);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if !value.eq_ignore_ascii_case(b"chunked") || self.chunked {
                return Err(Malformed::Encoding);
            }
            self.chunked = true;
        } else if name.eq_ignore_ascii_case(b"connection") {
            for option in value.split(|octet| *octet == b',').map(<[u8]>::trim_ascii) {
                if option.eq_ignore_ascii_case(b"close") {
                    self.close = true;
                } else if option.eq_ignore_ascii_case(b"keep-alive") {
                    self.close = false;
                }
            }
        }
        Ok(())
    }

    fn end_of_head(&mut self) -> Result<Stage, Malformed> {
        if self.status == 101 {
            return if self.upgrades { Ok(Stage::Done) } else { Err(Malformed::StatusLine) };
        }
        if self.status < 200 {
            return Ok(Stage::Status);
        }
        if self.status == 204 || self.status == 304 {
            return Ok(Stage::Done);
        }
        match (self.chunked, self.length) {
            (true, None) => Ok(Stage::ChunkSize),
            (true, Some(_)) => Err(Malformed::Length),
            (false, Some(0)) => Ok(Stage::Done),
            (false, Some(length)) => Ok(Stage::Fixed(length)),
            (false, None) => Err(Malformed::Undelimited),
        }
    }
}

impl Default for Answer {
    fn default() -> Answer {
        Answer::new()
    }
}

/// Why octets can't be an answer that the driver can judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub(crate) enum Malformed {
    /// It does not begin with `HTTP/1.0` or `HTTP/1.1` and a status.
    #[error("the status line is malformed")]
    StatusLine,
    /// A header line without a colon.
    #[error("a header line has no colon")]
    Field,
    /// A Content-Length that is no number, or two that differ, or one beside chunked.
    #[error("Content-Length is malformed or contradicts another field")]
    Length,
    /// A transfer coding other than chunked.
    #[error("Transfer-Encoding is not `chunked`")]
    Encoding,
    /// A chunk size that is no hexadecimal number, or a chunk that does not end where its size says.
    #[error("a chunk is malformed")]
    Chunk,
    /// A line that ends without a carriage return.
    #[error("a line ends without a carriage return")]
    BareLineFeed,
    /// Neither Content-Length nor chunked: a body cut short would look complete.
    #[error("the body has neither Content-Length nor chunked, so a cut can't be told from its end")]
    Undelimited,
    /// A head beyond [`MAX_HEAD`].
    #[error("the head has more than {MAX_HEAD} octets")]
    LongHead,
    /// A message that is none of its protocol, or too long.
    #[error("this is no message of the protocol")]
    Message,
    /// A body that is not the digits 0 to 9, repeated.
    #[error("an octet of the body is wrong")]
    Content,
    /// A body beyond [`MAX_BODY`].
    #[error("the body has more than {MAX_BODY} octets; /load/ID is answered by one line")]
    LongBody,
}

/// Octets that head, chunk sizes and trailers of one answer may have.
pub(crate) const MAX_HEAD: usize = 16 * 1024;

/// Octets that the body of one answer may have.
pub(crate) const MAX_BODY: usize = 1024;

fn chunk_size(line: &[u8]) -> Result<u64, Malformed> {
    let digits = line.split(|octet| *octet == b';').next().unwrap_or(line).trim_ascii_end();
    // 15 digits can't overflow, and no chunk that long is ever accepted.
    if digits.is_empty() || 15 < digits.len() {
        return Err(Malformed::Chunk);
    }
    digits.iter().try_fold(0, |size, digit| {
        let value = char::from(*digit).to_digit(16).ok_or(Malformed::Chunk)?;
        Ok(size * 16 + u64::from(value))
    })
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || 18 < digits.len() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests;
