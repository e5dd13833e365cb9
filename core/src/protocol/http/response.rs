//! What the application sends, and how it stands on the wire.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use super::cookie::Cookie;
use super::file;

/// A response. `Date`, `Content-Length`, `Transfer-Encoding` and `Connection` are written by the server; a
/// field of one of these names set here is ignored, but `Connection: close` closes (HTTP-39).
#[derive(Debug, Clone, Default)]
pub struct Response {
    pub(super) status: u16,
    pub(super) fields: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    pub(super) body: Cow<'static, [u8]>,
    pub(super) more: More,
}

/// What follows the octets of a response's body.
#[derive(Debug, Clone, Default)]
pub(super) enum More {
    /// They are all.
    #[default]
    Nothing,
    /// Pieces, which the application sends.
    Chunks,
    /// Events, which the application sends.
    Events,
    /// A file; the body has no octets of its own.
    File(file::Body),
}

impl Response {
    /// A response with that status code (100 to 599) and no body.
    pub fn new(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// 200 with `text/plain;charset=utf-8`.
    pub fn text(body: impl Into<Cow<'static, str>>) -> Self {
        Self::new(200).header("Content-Type", "text/plain;charset=utf-8").body(into_octets(body.into()))
    }

    /// 200 with `text/html;charset=utf-8`.
    pub fn html(body: impl Into<String>) -> Self {
        Self::new(200).header("Content-Type", "text/html;charset=utf-8").body(body.into().into_bytes())
    }

    /// 200 with a body that follows in [`Chunk`](super::Chunk)s, up to the last; a body set here is the first
    /// (HTTP-35). A client that speaks HTTP/1.0 gets the pieces bare, and the end of the connection as their end.
    pub fn chunked() -> Self {
        Self { more: More::Chunks, ..Self::new(200) }
    }

    /// 200 with `text/event-stream`, to be followed by [`Event`](super::Event)s (HTTP-36). It ends with
    /// [`Chunk::last`](super::Chunk::last) or with the connection.
    pub fn events() -> Self {
        let response = Self { more: More::Events, ..Self::new(200) };
        response.header("Content-Type", "text/event-stream").header("Cache-Control", "no-cache")
    }

    /// The file at `path`, with type, date and tag (FILE-2), or 404 and 403 where it cannot be opened (FILE-1).
    /// What the client asks by `Range` and `If-…` is heeded: 206, 304, 412, 416.
    ///
    /// The path is trusted; for paths that a client chooses there is [`WebRoot`](super::WebRoot).
    pub fn file(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        match file::Body::open(path) {
            Ok(body) => Self::of_file(body, path.file_name().unwrap_or_default()),
            Err(error) => Self::unopened(&error),
        }
    }

    /// The open file, as if it had that name.
    pub fn open_file(file: File, name: &OsStr) -> Self {
        match file::Body::new(file) {
            Ok(body) => Self::of_file(body, name),
            Err(error) => Self::unopened(&error),
        }
    }

    fn of_file(body: file::Body, name: &OsStr) -> Self {
        let (kind, disposition) = file::described(name);
        let mut response = Self { more: More::File(body), ..Self::new(200) }.header("Content-Type", kind);
        if let Some(disposition) = disposition {
            response = response.header("Content-Disposition", disposition);
        }
        response
    }

    fn unopened(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::forbidden(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::not_found(),
            _ => {
                tracing::warn!(%error, "a file cannot be opened");
                Self::new(503)
            }
        }
    }

    /// 404 as the model words it (FILE-1).
    pub fn not_found() -> Self {
        Self { status: 404, ..Self::html("<h3>404 Not Found</h3>") }
    }

    /// 403 as the model words it (FILE-1).
    pub fn forbidden() -> Self {
        Self { status: 403, ..Self::html("403 Forbidden") }
    }

    /// With another status code.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Sends only that part of the file, with 206; length 0 is all that is left (FILE-3). An offset behind the
    /// end is answered with 416, a length beyond it with what there is (SF-57).
    #[must_use]
    pub fn part(mut self, offset: u64, length: u64) -> Self {
        if let More::File(body) = &mut self.more {
            body.choose(offset, length);
        }
        self
    }

    /// Sets a cookie; one that would break out of its line is dropped (HTTP-34).
    #[must_use]
    pub fn cookie(self, cookie: &Cookie) -> Self {
        match cookie.line() {
            Some(line) => self.header("Set-Cookie", line),
            None => self,
        }
    }

    /// Adds a field. A name that is no token and a value with CR, LF or NUL are dropped (HTTP-32).
    #[must_use]
    pub fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Cow<'static, str>>) -> Self {
        let (name, value) = (name.into(), value.into());
        if is_field(&name, &value) {
            self.fields.push((name, value));
        }
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Cow<'static, [u8]>>) -> Self {
        self.body = body.into();
        self
    }

    /// The delimiter of a response whose body is all there.
    pub(super) fn delimiter(&self) -> Delimiter {
        // 1xx, 204 and 304 have neither content nor Content-Length (RFC 9110 8.6, 15.3.5, 15.4.5).
        if self.status < 200 || matches!(self.status, 204 | 304) {
            return Delimiter::None;
        }
        Delimiter::Length(self.body.len() as u64)
    }

    /// Whether the application asked to close after this response.
    pub(super) fn closes(&self) -> bool {
        self.fields.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("connection") && value.trim().eq_ignore_ascii_case("close")
        })
    }
}

fn into_octets(text: Cow<'static, str>) -> Cow<'static, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// Whether a field can stand in a head: the name a token, the value without CR, LF and NUL.
pub(in crate::protocol) fn is_field(name: &str, value: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(super::head::is_token)
        && !value.bytes().any(|octet| matches!(octet, b'\r' | b'\n' | 0))
}

/// How the end of a response is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delimiter {
    /// There is no content, and there could be none.
    None,
    Length(u64),
    Chunked,
    /// The end of the connection.
    Close,
}

/// What a head says of its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Persistence {
    /// Nothing: it stays, as HTTP/1.1 does.
    Stays,
    /// `keep-alive`, for an HTTP/1.0 client that asked for it.
    StaysOld,
    /// `close`
    Closes,
}

/// Writes a whole response after which the connection closes.
pub(in crate::protocol) fn write_whole(response: &Response, date: &str, out: &mut Vec<u8>) {
    let delimiter = response.delimiter();
    write_head(response, response.status, delimiter, Persistence::Closes, date, out);
    if delimiter != Delimiter::None {
        out.extend_from_slice(&response.body);
    }
}

/// Writes a head, with that status.
pub(super) fn write_head(
    response: &Response,
    status: u16,
    delimiter: Delimiter,
    persistence: Persistence,
    date: &str,
    out: &mut Vec<u8>,
) {
    out.reserve(256 + response.body.len());
    let line = write!(out, "HTTP/1.1 {status} {}\r\nDate: {date}\r\n", reason(status));
    debug_assert!(line.is_ok(), "writing to a Vec does not fail");
    for (name, value) in &response.fields {
        let ours = ["date", "content-length", "connection", "transfer-encoding"];
        if !ours.iter().any(|field| name.eq_ignore_ascii_case(field)) {
            write_field(name, value, out);
        }
    }
    match delimiter {
        Delimiter::Length(length) => {
            let line = write!(out, "Content-Length: {length}\r\n");
            debug_assert!(line.is_ok(), "writing to a Vec does not fail");
        }
        Delimiter::Chunked => write_field("Transfer-Encoding", "chunked", out),
        Delimiter::None | Delimiter::Close => {}
    }
    // RFC 9110 7.8: who sends Upgrade names it in Connection.
    let upgrades = response.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("upgrade"));
    match persistence {
        Persistence::Closes if upgrades => write_field("Connection", "close, Upgrade", out),
        Persistence::Closes => write_field("Connection", "close", out),
        Persistence::StaysOld => write_field("Connection", "keep-alive", out),
        Persistence::Stays => {}
    }
    out.extend_from_slice(b"\r\n");
}

fn write_field(name: &str, value: &str, out: &mut Vec<u8>) {
    for part in [name.as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
        out.extend_from_slice(part);
    }
}

/// The standard reason phrase (RFC 9110 15); empty for a code that has none here.
fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        422 => "Unprocessable Content",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}
