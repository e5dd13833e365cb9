use std::ops::Range;

use super::body::{self, Content};
use super::error::{Malformed, Rule};
use super::head;

/// One response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The minor version: 0 or 1 from a server that knows what it does.
    pub minor: u8,
    /// 100 to 599.
    pub status: u16,
    /// What follows the status code; may be empty.
    pub reason: Vec<u8>,
    /// In the order they came.
    pub fields: Vec<Field>,
    /// The content, chunks joined.
    pub body: Vec<u8>,
    /// Fields after the last chunk.
    pub trailers: Vec<Field>,
    /// How the end of the content was known.
    pub framing: Framing,
    /// Where in the buffer it stood.
    pub range: Range<usize>,
}

/// A field line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// As it came.
    pub name: String,
    /// Without the blanks around it.
    pub value: Vec<u8>,
}

/// How the end of the content was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// No content by rule: 1xx, 204, 304, or the answer to HEAD.
    None,
    /// Content-Length.
    Length,
    /// Chunks.
    Chunked,
    /// The end of the connection.
    Close,
}

/// What is at the front of a buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// Nothing wrong so far, not complete.
    More,
    /// A response; the next begins at the end of its range.
    Response(Box<Response>),
}

impl Response {
    /// 1xx: another response follows for the same request.
    #[must_use]
    pub fn is_interim(&self) -> bool {
        self.status < 200
    }

    /// The value of the first field of that name, whatever its case.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(name))
            .map(|field| field.value.as_slice())
    }

    /// The value of a field as text; `None` if it is absent or not UTF-8.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.field(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Whether it announces the end of the connection: `Connection: close`, or HTTP/1.0 without
    /// keep-alive.
    #[must_use]
    pub fn announces_close(&self) -> bool {
        let option = |wanted: &str| {
            self.fields
                .iter()
                .filter(|field| field.name.eq_ignore_ascii_case("connection"))
                .flat_map(|field| field.value.split(|byte| *byte == b','))
                .any(|option| option.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes()))
        };
        option("close") || (self.minor == 0 && !option("keep-alive"))
    }
}

/// Reads the response that begins at `from`.
///
/// `to_head` says that it answers a HEAD request; `ended` that nothing will follow the buffer.
///
/// # Errors
/// The first rule that it breaks, as soon as the bytes show it.
pub fn read_response(bytes: &[u8], from: usize, to_head: bool, ended: bool) -> Result<Read, Malformed> {
    let more = |offset: usize| match ended {
        true => Rule::Truncated.at(offset),
        false => Ok(Read::More),
    };
    let Some(head) = head::read(bytes, from)? else { return more(bytes.len()) };
    let framing = body::framing(&head, to_head)?;
    match body::read(bytes, head.end, framing, ended)? {
        None => more(bytes.len()),
        Some(Content { body, trailers, end }) => Ok(Read::Response(Box::new(Response {
            minor: head.minor,
            status: head.status,
            reason: head.reason,
            fields: head.fields,
            body,
            trailers,
            framing: framing.into(),
            range: from..end,
        }))),
    }
}
