//! What the application sends, and how it stands on the wire.

use std::borrow::Cow;
use std::io::Write as _;

use crate::protocol::Setting;

/// A response. `Date`, `Content-Length` and `Connection` are written by the server; a field of
/// one of these names set here is ignored, but `Connection: close` closes (HTTP-39).
#[derive(Debug, Clone, Default)]
pub struct Response {
    status: u16,
    fields: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    body: Cow<'static, [u8]>,
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

/// Writes a response. `head_only`: to HEAD, length without content (RFC 9110 9.3.2);
/// `setting.draining`: with `Connection: close`; `keeps_old`: with `Connection: keep-alive`, for an HTTP/1.0
/// client that asked for it.
pub(in crate::protocol) fn write(
    response: &Response,
    head_only: bool,
    setting: &Setting<'_>,
    keeps_old: bool,
    out: &mut Vec<u8>,
) {
    // 1xx, 204 and 304 have neither content nor Content-Length (RFC 9110 8.6, 15.3.5, 15.4.5).
    let bodiless = response.status < 200 || matches!(response.status, 204 | 304);
    out.reserve(256 + response.body.len());
    let line =
        write!(out, "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status, reason(response.status), setting.date);
    debug_assert!(line.is_ok(), "writing to a Vec does not fail");
    for (name, value) in &response.fields {
        let ours = ["date", "content-length", "connection", "transfer-encoding"];
        if ours.iter().any(|field| name.eq_ignore_ascii_case(field)) {
            continue;
        }
        for part in [name.as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            out.extend_from_slice(part);
        }
    }
    if !bodiless {
        let line = write!(out, "Content-Length: {}\r\n", response.body.len());
        debug_assert!(line.is_ok(), "writing to a Vec does not fail");
    }
    if setting.draining {
        // RFC 9110 7.8: who sends Upgrade names it in Connection.
        let upgrades = response.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("upgrade"));
        out.extend_from_slice(if upgrades {
            b"Connection: close, Upgrade\r\n"
        } else {
            b"Connection: close\r\n"
        });
    } else if keeps_old {
        out.extend_from_slice(b"Connection: keep-alive\r\n");
    }
    out.extend_from_slice(b"\r\n");
    if !bodiless && !head_only {
        out.extend_from_slice(&response.body);
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
        411 => "Length Required",
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
