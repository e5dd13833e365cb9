//! multipart/form-data: fields and files of one body (MULTI-1 to MULTI-7, SF-59; RFC 7578, RFC 2046 5.1).
//!
//! A reader of its own: the crates for it are asynchronous or have not been maintained for years.

use std::borrow::Cow;

use super::head::is_token;

/// A body of several parts, which borrow from it. Nothing is written to disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Multipart<'a> {
    parts: Vec<Part<'a>>,
}

/// A field or a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'a> {
    name: String,
    file_name: Option<String>,
    content_type: Option<&'a [u8]>,
    body: &'a [u8],
}

/// Why a body is no multipart/form-data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MultipartError {
    /// The content type is another one.
    #[error("content type is not multipart/form-data")]
    OtherType,
    /// The content type has no boundary of 1 to 70 of the characters allowed (RFC 2046 5.1.1).
    #[error("no usable boundary in the content type")]
    Boundary,
    /// The body does not begin with a boundary, or ends without one.
    #[error("multipart body without its boundary")]
    Delimiter,
    /// A part's header is malformed, or says no name.
    #[error("malformed header of part {0}")]
    Header(usize),
    /// More than 1,024 parts (MULTI-7).
    #[error("more than {MAX_PARTS} parts")]
    TooMany,
}

/// The most parts of a body.
const MAX_PARTS: usize = 1024;

/// The most header lines of a part.
const MAX_LINES: usize = 16;

impl<'a> Multipart<'a> {
    /// Reads a body by the content type of its request.
    ///
    /// # Errors
    /// See [`MultipartError`].
    pub fn read(content_type: &[u8], body: &'a [u8]) -> Result<Self, MultipartError> {
        let boundary = boundary(content_type)?;
        let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
        // The first boundary may stand at the very beginning; what comes before it is no part.
        let mut rest = match body.strip_prefix(&delimiter[2..]) {
            Some(rest) => rest,
            None => &body[find(body, &delimiter).ok_or(MultipartError::Delimiter)? + delimiter.len()..],
        };
        let mut parts = Vec::new();
        loop {
            if rest.starts_with(b"--") {
                return Ok(Self { parts });
            }
            // Blanks may follow a boundary (RFC 2046 5.1.1).
            let blanks = rest.iter().position(|octet| !matches!(octet, b' ' | b'\t')).unwrap_or(rest.len());
            rest = rest[blanks..].strip_prefix(b"\r\n").ok_or(MultipartError::Delimiter)?;
            if parts.len() == MAX_PARTS {
                return Err(MultipartError::TooMany);
            }
            let part = Part::head(rest).ok_or(MultipartError::Header(parts.len() + 1))?;
            let end = find(part.body, &delimiter).ok_or(MultipartError::Delimiter)?;
            rest = &part.body[end + delimiter.len()..];
            parts.push(Part { body: &part.body[..end], ..part });
        }
    }

    /// The parts in the order they came.
    pub fn parts(&self) -> &[Part<'a>] {
        &self.parts
    }

    /// The last part of that name.
    pub fn get(&self, name: &str) -> Option<&Part<'a>> {
        self.parts.iter().rev().find(|part| part.name == name)
    }
}

impl<'a> Part<'a> {
    /// Reads a part's header; all that follows is taken for the body.
    fn head(rest: &'a [u8]) -> Option<Self> {
        let mut lines = [httparse::EMPTY_HEADER; MAX_LINES];
        let Ok(httparse::Status::Complete((end, fields))) = httparse::parse_headers(rest, &mut lines) else {
            return None;
        };
        let field =
            |name: &str| fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)).map(|f| f.value);
        let (kind, parameters) = parameters(field("Content-Disposition")?)?;
        if !kind.eq_ignore_ascii_case("form-data") {
            return None;
        }
        let parameter = |name: &str| {
            parameters
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
                .map(|(_, value)| unescape(value))
        };
        Some(Self {
            name: parameter("name")?,
            file_name: parameter("filename"),
            content_type: field("Content-Type"),
            body: &rest[end..],
        })
    }

    /// The name of the field.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name that the file has at the client's; `None` for what is no file. It is no path on this machine:
    /// a name that leads elsewhere is the client's to send.
    pub fn file_name(&self) -> Option<&str> {
        self.file_name.as_deref()
    }

    /// The content type that the client told.
    pub fn content_type(&self) -> Option<&'a [u8]> {
        self.content_type
    }

    /// The octets.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The octets as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.body)
    }
}

fn boundary(content_type: &[u8]) -> Result<String, MultipartError> {
    let (kind, parameters) = parameters(content_type).ok_or(MultipartError::OtherType)?;
    if !kind.eq_ignore_ascii_case("multipart/form-data") {
        return Err(MultipartError::OtherType);
    }
    let allowed = |octet: u8| octet.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&octet);
    parameters
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("boundary"))
        .map(|(_, value)| value)
        .filter(|value| {
            (1..=70).contains(&value.len()) && value.bytes().all(allowed) && !value.ends_with(' ')
        })
        .ok_or(MultipartError::Boundary)
}

/// A value and its parameters: `value *( ";" name "=" ( token / quoted-string ) )`.
fn parameters(field: &[u8]) -> Option<(String, Vec<(String, String)>)> {
    let field = std::str::from_utf8(field).ok()?;
    let (kind, mut rest) = field.split_at(field.find(';').unwrap_or(field.len()));
    let mut parameters = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Some((kind.trim().to_owned(), parameters));
        }
        rest = rest.strip_prefix(';')?.trim_start();
        if rest.is_empty() {
            continue;
        }
        let (name, after) = rest.split_once('=')?;
        if name.is_empty() || !name.bytes().all(is_token) {
            return None;
        }
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted_string(quoted)?,
            None => {
                let (value, after) = after.split_at(after.find(';').unwrap_or(after.len()));
                (value.trim().to_owned(), after)
            }
        };
        parameters.push((name.to_owned(), value));
        rest = after;
    }
}

/// What stands before the closing quote, and what behind it. A backslash quotes a quote alone: some clients
/// send whole paths of Windows as they are.
fn quoted_string(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' if letters.next_if(|(_, next)| *next == '"').is_some() => value.push('"'),
            _ => value.push(letter),
        }
    }
    None
}

/// Browsers write quotes and line ends of names like this (WHATWG HTML 4.10.22.8).
fn unescape(name: &str) -> String {
    name.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n")
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(step) = haystack[from..].iter().position(|&octet| octet == needle[0]) {
        let at = from + step;
        if haystack[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}
