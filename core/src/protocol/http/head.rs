//! The head of a request: where it ends, what it says, and how its body is framed.

use std::ops::Range;

use super::Version;
use super::target;
use crate::protocol::Malformed;

/// The longest run of header lines that is looked at; more is answered with 431.
pub(in crate::protocol) const MAX_LINES: usize = 128;

/// A parsed head. Names and values are places in the package, so that a request under way holds
/// its bytes once.
#[derive(Debug, Clone)]
pub(in crate::protocol) struct Head {
    pub(super) method: Range<u32>,
    pub(super) target: Range<u32>,
    pub(in crate::protocol) version: Version,
    pub(super) fields: Vec<(Range<u32>, Range<u32>)>,
    pub(in crate::protocol) framing: Framing,
    pub(super) keep_alive: bool,
    pub(super) expects_continue: bool,
    /// Has a field that says when or what to send: `Range` or one of `If-…`.
    pub(super) conditional: bool,
    /// Offset of the first octet after the blank line.
    pub(in crate::protocol) end: usize,
}

/// How the body is delimited (RFC 9112 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::protocol) enum Framing {
    None,
    Length(usize),
    Chunked,
}

/// Finds the end of the head in `input`, of which the first `scanned` octets hold none: the offset
/// after the blank line. Line ends are CRLF; a bare CR or LF is refused where it is seen (SF-55).
pub(in crate::protocol) fn find_end(
    input: &[u8],
    scanned: usize,
    max: usize,
) -> Result<Option<usize>, Malformed> {
    // Empty lines before the request line are skipped (RFC 9112 2.2); they count against the limit.
    let start = skip_empty_lines(input);
    // One octet back: a CR at the end of what was scanned could not be judged then.
    let mut at = scanned.saturating_sub(1).max(start);
    while let Some(step) = input[at..].iter().position(|octet| matches!(octet, b'\r' | b'\n' | 0)) {
        at += step;
        match (input[at], input.get(at + 1)) {
            (b'\r', None) => break,
            (b'\r', Some(b'\n')) => {}
            // The second half of a CRLF that was judged before: scanning restarted in its middle.
            (b'\n', _) if at > start && input[at - 1] == b'\r' => {
                at += 1;
                continue;
            }
            (b'\r', _) => return Err(Malformed::new("bare carriage return in the head", at, 400)),
            (b'\n', _) => return Err(Malformed::new("bare line feed in the head", at, 400)),
            _ => return Err(Malformed::new("NUL in the head", at, 400)),
        }
        let blank = at >= start + 2 && &input[at - 2..at] == b"\r\n";
        at += 2;
        if blank {
            // HTTP-10: the blank line must begin before the limit.
            let fits = at - 2 < max;
            return if fits { Ok(Some(at)) } else { Err(too_long(input, max, at)) };
        }
    }
    // With as many octets as the limit, the blank line fits only if half of it is there already.
    let fits = input.len() < max || input.len() == max && input[start..].ends_with(b"\r\n\r");
    if fits { Ok(None) } else { Err(too_long(input, max, max)) }
}

/// A head over the limit: 414 where not even the request line ends within it (RFC 9112 3), else 431.
fn too_long(input: &[u8], max: usize, at: usize) -> Malformed {
    let within = &input[..max.min(input.len())];
    let within = &within[skip_empty_lines(within)..];
    match within.windows(2).any(|pair| pair == b"\r\n") {
        true => Malformed::new("head exceeds max_header", at, 431),
        false => Malformed::new("request line exceeds max_header", at, 414),
    }
}

/// The offset of the first octet that is not part of a leading CRLF.
fn skip_empty_lines(input: &[u8]) -> usize {
    let mut at = 0;
    while input[at..].starts_with(b"\r\n") {
        at += 2;
    }
    at
}

impl Head {
    /// Parses a head that ends with the blank line.
    pub(in crate::protocol) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let start = skip_empty_lines(bytes);
        let line_end =
            start + find_crlf(&bytes[start..]).ok_or(Malformed::new("no request line", start, 400))?;
        let (method, target, version) = request_line(bytes, start, line_end)?;
        let mut lines = [httparse::EMPTY_HEADER; MAX_LINES];
        let fields_start = line_end + 2;
        let fields = match httparse::parse_headers(&bytes[fields_start..], &mut lines) {
            Ok(httparse::Status::Complete((_, fields))) => fields,
            Ok(httparse::Status::Partial) => {
                return Err(Malformed::new("head without end", bytes.len(), 400));
            }
            Err(httparse::Error::TooManyHeaders) => {
                return Err(Malformed::new("more than 128 header lines", fields_start, 431));
            }
            Err(_) => return Err(Malformed::new("malformed header line", fields_start, 400)),
        };
        let facts = Facts::gather(fields, fields_start)?;
        facts.check_host(version, fields_start)?;
        Ok(Self {
            framing: facts.framing(version, fields_start)?,
            keep_alive: facts.keep_alive(version),
            expects_continue: facts.expects_continue && version == Version::Http11,
            conditional: facts.conditional,
            fields: fields
                .iter()
                .map(|field| (place(bytes, field.name.as_bytes()), place(bytes, field.value)))
                .collect(),
            method,
            target,
            version,
            end: bytes.len(),
        })
    }

    pub(in crate::protocol) fn method<'a>(&self, package: &'a [u8]) -> &'a str {
        text(package, &self.method)
    }

    /// All header fields in the order they came.
    pub(super) fn lines<'a>(&self, package: &'a [u8]) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.fields.iter().map(move |(name, value)| {
            (text(package, name), &package[value.start as usize..value.end as usize])
        })
    }

    /// What the head promises of the body; 0 where that is not known yet.
    pub(super) fn length_at_least(&self) -> usize {
        if let Framing::Length(length) = self.framing { length } else { 0 }
    }

    pub(in crate::protocol) fn has_body(&self) -> bool {
        !matches!(self.framing, Framing::None | Framing::Length(0))
    }
}

/// The octets of a place that was checked to be ASCII when it was parsed.
pub(super) fn text<'a>(package: &'a [u8], place: &Range<u32>) -> &'a str {
    std::str::from_utf8(&package[place.start as usize..place.end as usize]).unwrap_or_default()
}

/// Where `part`, a slice of `whole`, lies in it. Heads are bounded by `max_header`, so 32 bits do.
fn place(whole: &[u8], part: &[u8]) -> Range<u32> {
    let start = part.as_ptr() as usize - whole.as_ptr() as usize;
    start as u32..(start + part.len()) as u32
}

fn find_crlf(bytes: &[u8]) -> Option<usize> {
    bytes.windows(2).position(|pair| pair == b"\r\n")
}

const METHODS: [&[u8]; 7] = [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS"];

/// method SP target SP version (RFC 9112 3).
fn request_line(
    bytes: &[u8],
    start: usize,
    end: usize,
) -> Result<(Range<u32>, Range<u32>, Version), Malformed> {
    let line = &bytes[start..end];
    let bad = |what, at: usize, code| Malformed::new(what, start + at, code);
    let method_end = line.iter().position(|&octet| octet == b' ').unwrap_or(line.len());
    let method = &line[..method_end];
    if method.is_empty() || !method.iter().all(|&octet| is_token(octet)) {
        return Err(bad("malformed method", 0, 400));
    }
    let rest = line.get(method_end + 1..).ok_or(bad("request line without target", method_end, 400))?;
    let target_length =
        rest.iter().position(|&octet| octet == b' ').ok_or(bad("request line without version", end, 400))?;
    let (target, version) = (&rest[..target_length], &rest[target_length + 1..]);
    let version = match version {
        b"HTTP/1.0" => Version::Http10,
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1'..=b'9'] => Version::Http11,
        [b'H', b'T', b'T', b'P', b'/', b'0' | b'2'..=b'9', b'.', b'0'..=b'9'] => {
            return Err(bad("unsupported major version", method_end + target_length + 2, 505));
        }
        _ => return Err(bad("malformed version", method_end + target_length + 2, 400)),
    };
    if !METHODS.contains(&method) {
        return Err(bad("method not implemented", 0, 501));
    }
    target::check(target, method).map_err(|what| bad(what, method_end + 1, 400))?;
    Ok((place(bytes, method), place(bytes, target), version))
}

/// tchar (RFC 9110 5.6.2).
pub(in crate::protocol) fn is_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}

/// What the header lines say about framing and the connection.
#[derive(Debug, Default)]
struct Facts<'a> {
    host: Option<&'a [u8]>,
    length: Option<&'a [u8]>,
    coding: Option<&'a [u8]>,
    close: bool,
    asks_keep_alive: bool,
    expects_continue: bool,
    conditional: bool,
}

impl<'a> Facts<'a> {
    fn gather(fields: &[httparse::Header<'a>], at: usize) -> Result<Self, Malformed> {
        let mut facts = Self::default();
        for field in fields {
            let once = |slot: &mut Option<&'a [u8]>, what| match slot.replace(field.value) {
                None => Ok(()),
                Some(_) => Err(Malformed::new(what, at, 400)),
            };
            if field.name.eq_ignore_ascii_case("host") {
                once(&mut facts.host, "more than one Host")?;
            } else if field.name.eq_ignore_ascii_case("content-length") {
                once(&mut facts.length, "more than one Content-Length")?;
            } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
                once(&mut facts.coding, "more than one Transfer-Encoding")?;
            } else if field.name.eq_ignore_ascii_case("connection") {
                for option in field.value.split(|&octet| octet == b',').map(<[u8]>::trim_ascii) {
                    facts.close |= option.eq_ignore_ascii_case(b"close");
                    facts.asks_keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
                }
            } else if field.name.eq_ignore_ascii_case("expect") {
                for expectation in elements(field.value) {
                    if !expectation.eq_ignore_ascii_case(b"100-continue") {
                        return Err(Malformed::new("expectation not known", at, 417));
                    }
                    facts.expects_continue = true;
                }
            } else if field.name.eq_ignore_ascii_case("range")
                || field.name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("if-"))
            {
                facts.conditional = true;
            }
        }
        Ok(facts)
    }

    /// HTTP-4, RFC 9112 3.2.
    fn check_host(&self, version: Version, at: usize) -> Result<(), Malformed> {
        match self.host {
            None if version == Version::Http10 => Ok(()),
            None => Err(Malformed::new("no Host", at, 400)),
            Some(host) if target::is_authority(host) => Ok(()),
            Some(_) => Err(Malformed::new("malformed Host", at, 400)),
        }
    }

    /// RFC 9112 6.3, refusing where readers could disagree.
    fn framing(&self, version: Version, at: usize) -> Result<Framing, Malformed> {
        let bad = |what, code| Malformed::new(what, at, code);
        match (self.coding, self.length) {
            (Some(_), Some(_)) => Err(bad("Transfer-Encoding with Content-Length", 400)),
            (Some(_), None) if version == Version::Http10 => Err(bad("Transfer-Encoding in HTTP/1.0", 400)),
            (Some(codings), None) if is_chunked_alone(codings) => Ok(Framing::Chunked),
            (Some(coding), None) if is_unknown_coding(coding) => {
                Err(bad("transfer coding not implemented", 501))
            }
            (Some(_), None) => Err(bad("malformed Transfer-Encoding", 400)),
            (None, None) => Ok(Framing::None),
            (None, Some(digits)) => {
                if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
                    return Err(bad("malformed Content-Length", 400));
                }
                let mut length = 0usize;
                for digit in digits {
                    length = length
                        .checked_mul(10)
                        .and_then(|length| length.checked_add(usize::from(digit - b'0')))
                        .ok_or(bad("Content-Length exceeds what can be counted", 413))?;
                }
                Ok(Framing::Length(length))
            }
        }
    }

    /// RFC 9112 9.3.
    fn keep_alive(&self, version: Version) -> bool {
        !self.close && (version == Version::Http11 || self.asks_keep_alive)
    }
}

/// The elements of a list. Empty ones are ignored, a reasonable number of them (RFC 9110 5.6.1.2); what is left of a
/// list with more is what no list holds.
fn elements(list: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    let all = list.split(|&octet| octet == b',').map(<[u8]>::trim_ascii);
    let many = MAX_EMPTY < all.clone().filter(|element| element.is_empty()).count();
    all.filter(move |element| many || !element.is_empty())
}

/// Empty elements that a list may have.
const MAX_EMPTY: usize = 8;

fn is_chunked_alone(codings: &[u8]) -> bool {
    let mut codings = elements(codings);
    codings.next().is_some_and(|coding| coding.eq_ignore_ascii_case(b"chunked")) && codings.next().is_none()
}

/// A well-formed list of codings, other than `chunked` alone, that ends in none or one `chunked`.
fn is_unknown_coding(list: &[u8]) -> bool {
    let mut codings = elements(list);
    let well_formed =
        codings.clone().all(|coding| !coding.is_empty() && coding.iter().all(|&octet| is_token(octet)));
    let chunked = codings.clone().filter(|coding| coding.eq_ignore_ascii_case(b"chunked")).count();
    let others = codings.any(|coding| !coding.eq_ignore_ascii_case(b"chunked"));
    well_formed && others && chunked <= 1
}
