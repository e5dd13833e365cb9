//! The chunked transfer coding: a scanner that remembers where it is (RFC 9112 7.1).

use super::head::is_token;
use crate::protocol::{Limits, Malformed};

/// The longest chunk line, its extensions included.
const MAX_LINE: usize = 4096;

/// How far a chunked body was followed.
#[derive(Debug, Clone)]
pub(super) struct Chunks {
    /// Offset in the package of the line or data that comes next.
    at: usize,
    /// Octets from `at` that are known to hold no line end.
    scanned: usize,
    expect: Expect,
    /// Octets of trailer lines so far.
    trailer: usize,
}

#[derive(Debug, Clone, Copy)]
enum Expect {
    Size,
    /// So many octets of data, then CRLF.
    Data(usize),
    Trailer,
}

impl Chunks {
    /// A body that starts at `at`, the end of the head.
    pub(super) fn new(at: usize) -> Self {
        Self { at, scanned: 0, expect: Expect::Size, trailer: 0 }
    }

    /// Follows the body as far as it has come; the offset of its end when that is there.
    pub(super) fn advance(&mut self, input: &[u8], limits: &Limits) -> Result<Option<usize>, Malformed> {
        loop {
            let rest = &input[self.at.min(input.len())..];
            match self.expect {
                Expect::Size => {
                    let Some(line) = self.line(rest, MAX_LINE, 400)? else { break };
                    let (size, length) = (chunk_size(line, self.at)?, line.len());
                    self.step(length + 2);
                    if size == 0 {
                        self.expect = Expect::Trailer;
                    } else if self.at.saturating_add(size) > limits.max_package {
                        return Err(Malformed::new("chunk exceeds max_package", self.at, 413));
                    } else {
                        self.expect = Expect::Data(size);
                    }
                }
                Expect::Data(size) => {
                    let end = rest.get(size..(size + 2).min(rest.len()));
                    if end.is_some_and(|end| !b"\r\n".starts_with(end)) {
                        return Err(Malformed::new(
                            "no line end after the chunk's data",
                            self.at + size,
                            400,
                        ));
                    }
                    if rest.len() < size + 2 {
                        break;
                    }
                    self.step(size + 2);
                    self.expect = Expect::Size;
                }
                Expect::Trailer => {
                    let Some(line) = self.line(rest, limits.max_header.saturating_sub(self.trailer), 431)?
                    else {
                        break;
                    };
                    let (length, blank, fine) = (line.len(), line.is_empty(), is_field_line(line));
                    if !blank && !fine {
                        return Err(Malformed::new("malformed trailer line", self.at, 400));
                    }
                    self.step(length + 2);
                    self.trailer += length + 2;
                    if blank && limits.max_package < self.at {
                        // As if it had come in pieces, when it would have been refused on the way.
                        break;
                    }
                    if blank {
                        return Ok(Some(self.at));
                    }
                }
            }
        }
        // Size lines and their ends count too: octets in tiny chunks must not pass unbounded.
        if input.len() > limits.max_package {
            return Err(Malformed::new("message exceeds max_package", limits.max_package, 413));
        }
        Ok(None)
    }

    /// The line at the start of `rest`, if it has ended.
    fn line<'a>(&mut self, rest: &'a [u8], max: usize, code: u16) -> Result<Option<&'a [u8]>, Malformed> {
        let from = self.scanned.saturating_sub(1);
        let Some(step) = rest[from.min(rest.len())..].iter().position(|o| matches!(o, b'\r' | b'\n' | 0))
        else {
            self.scanned = rest.len();
            let long = rest.len() > max;
            return if long {
                Err(Malformed::new("line of the chunked body is too long", self.at, code))
            } else {
                Ok(None)
            };
        };
        let end = from + step;
        match (rest[end], rest.get(end + 1)) {
            _ if end > max => Err(Malformed::new("line of the chunked body is too long", self.at, code)),
            (b'\r', None) => {
                self.scanned = rest.len();
                Ok(None)
            }
            (b'\r', Some(b'\n')) => Ok(Some(&rest[..end])),
            _ => Err(Malformed::new("bare CR, LF or NUL in the chunked body", self.at + end, 400)),
        }
    }

    fn step(&mut self, octets: usize) {
        self.at += octets;
        self.scanned = 0;
    }
}

/// The joined data of a body that [`Chunks`] has followed to its end.
pub(super) fn join(mut body: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(body.len());
    while let Some(end) = body.iter().position(|&octet| octet == b'\r') {
        let Ok(size) = chunk_size(&body[..end], 0) else { break };
        let Some(data) = body.get(end + 2..end + 2 + size) else { break };
        if size == 0 {
            break;
        }
        joined.extend_from_slice(data);
        body = &body[(end + size + 4).min(body.len())..];
    }
    joined
}

/// 1*HEXDIG [ chunk-ext ] (RFC 9112 7.1, 7.1.1).
fn chunk_size(line: &[u8], at: usize) -> Result<usize, Malformed> {
    let digits = line.iter().position(|octet| !octet.is_ascii_hexdigit()).unwrap_or(line.len());
    if digits == 0 || digits > 16 {
        return Err(Malformed::new("malformed chunk size", at, 400));
    }
    if !is_extension(&line[digits..]) {
        return Err(Malformed::new("malformed chunk extension", at + digits, 400));
    }
    let size = line[..digits].iter().try_fold(0usize, |size, &digit| {
        let value = char::from(digit).to_digit(16)? as usize;
        size.checked_mul(16)?.checked_add(value)
    });
    // HTTP-12: sizes from 2^63 on are refused like those that do not fit at all.
    size.filter(|size| *size <= isize::MAX as usize).ok_or(Malformed::new(
        "chunk size exceeds what can be counted",
        at,
        400,
    ))
}

/// *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ), where bad whitespace is read and means nothing
/// (RFC 9110 5.6.3).
fn is_extension(mut rest: &[u8]) -> bool {
    while !rest.is_empty() {
        let Some((b';', after)) = without_blanks(rest).split_first() else { return false };
        let after = without_blanks(after);
        let name = token_length(after);
        if name == 0 {
            return false;
        }
        rest = &after[name..];
        let Some((b'=', value)) = without_blanks(rest).split_first() else { continue };
        let value = without_blanks(value);
        let length = match value.first() {
            Some(b'"') => quoted_length(value),
            _ => Some(token_length(value)).filter(|&length| length > 0),
        };
        let Some(length) = length else { return false };
        rest = &value[length..];
    }
    true
}

fn without_blanks(octets: &[u8]) -> &[u8] {
    let blanks = octets.iter().position(|octet| !matches!(octet, b' ' | b'\t')).unwrap_or(octets.len());
    &octets[blanks..]
}

fn token_length(octets: &[u8]) -> usize {
    octets.iter().position(|&octet| !is_token(octet)).unwrap_or(octets.len())
}

/// The length of a quoted-string with its quotes (RFC 9110 5.6.4).
fn quoted_length(value: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match value.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            b'\t' | b' '..=b'~' | 0x80.. => at += 1,
            _ => return None,
        }
    }
}

/// name ":" value, for trailers, whose values are not looked at.
fn is_field_line(line: &[u8]) -> bool {
    let name = line.iter().position(|&octet| !is_token(octet)).unwrap_or(line.len());
    name > 0
        && line.get(name) == Some(&b':')
        && line[name..].iter().all(|octet| matches!(octet, b'\t' | b' '..=b'~' | 0x80..))
}
