//! What `on_message` of an HTTP service receives.

use std::borrow::Cow;

use super::chunked;
use super::form::Form;
use super::head::{Framing, Head, text};
use super::multipart::{Multipart, MultipartError};
use super::target;

/// The version that a request speaks. A minor version above 1 is served as 1.1 (RFC 9110 2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    Http11,
}

/// A whole request: head and joined body. It borrows the connection's buffer; what has to outlive the
/// callback is copied out.
#[derive(Debug)]
pub struct Request<'a> {
    head: Head,
    package: &'a [u8],
    body: Cow<'a, [u8]>,
}

impl<'a> Request<'a> {
    pub(in crate::protocol) fn new(head: Head, package: &'a [u8]) -> Self {
        let rest = &package[head.end..];
        let body = match head.framing {
            Framing::Chunked => Cow::Owned(chunked::join(rest)),
            Framing::None | Framing::Length(_) => Cow::Borrowed(rest),
        };
        Self { head, package, body }
    }

    /// The method, in the case it was sent in: one of GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS.
    pub fn method(&self) -> &'a str {
        self.head.method(self.package)
    }

    /// The target as it was sent (Workerman: `uri`).
    pub fn target(&self) -> &'a str {
        text(self.package, &self.head.target)
    }

    /// The path of the target, percent-encoded as it was sent; `/` for an absolute target without one.
    pub fn path(&self) -> &'a str {
        let origin = target::origin_form(self.target());
        let path = origin.split_once('?').map_or(origin, |(path, _)| path);
        if path.is_empty() { "/" } else { path }
    }

    /// What follows the first `?` of the target, percent-encoded as it was sent; empty without one.
    pub fn query(&self) -> &'a str {
        self.target().split_once('?').map_or("", |(_, query)| query)
    }

    /// The path with its percent-encoding undone once; `None` where that gives no UTF-8 text, or a `%` is not
    /// followed by two hexadecimal digits. `%2F` is a slash here like any other.
    pub fn decoded_path(&self) -> Option<String> {
        target::percent_decode(self.path()).and_then(|octets| String::from_utf8(octets).ok())
    }

    /// The names and values of the query (HTTP-22).
    pub fn query_form(&self) -> Form {
        Form::read(self.query().as_bytes())
    }

    /// The `Host`, with its port if it has one (HTTP-20).
    pub fn host(&self) -> Option<&'a str> {
        self.header("Host").and_then(|host| std::str::from_utf8(host).ok())
    }

    /// The `Host` without a port (HTTP-20); an IPv6 address keeps its brackets.
    pub fn host_name(&self) -> Option<&'a str> {
        let host = self.host()?;
        let name = host.rfind(':').filter(|colon| !host[*colon..].contains(']'));
        Some(name.map_or(host, |colon| &host[..colon]))
    }

    /// The version of the request.
    pub fn version(&self) -> Version {
        self.head.version
    }

    /// The value of the first field of that name, in any case, without the blanks around it.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The values of all fields of that name, joined with commas (HTTP-21).
    pub fn joined(&self, name: &str) -> Option<Vec<u8>> {
        let values: Vec<&[u8]> = self
            .headers()
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect();
        if values.is_empty() { None } else { Some(values.join(&b',')) }
    }

    /// The cookies in the order they came, values as they were sent (HTTP-23). What is not UTF-8 is left out.
    pub fn cookies(&self) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        self.headers()
            .filter(|(field, _)| field.eq_ignore_ascii_case("cookie"))
            .filter_map(|(_, value)| std::str::from_utf8(value).ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.trim(), value))
    }

    /// The value of that cookie; of several the last (HTTP-23).
    pub fn cookie(&self, name: &str) -> Option<&'a str> {
        self.cookies().filter(|(known, _)| *known == name).last().map(|(_, value)| value)
    }

    /// The names and values of an urlencoded body (HTTP-24); empty where the body is of another type, which
    /// `Content-Type` tells, or does not tell.
    pub fn form(&self) -> Form {
        let kind = self.header("Content-Type").unwrap_or(b"application/x-www-form-urlencoded");
        let end = kind.iter().position(|&octet| octet == b';').unwrap_or(kind.len());
        if kind[..end].trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
            Form::read(&self.body)
        } else {
            Form::default()
        }
    }

    /// The parts of a multipart body (MULTI-1); nothing is read before it is asked for (MULTI-6).
    ///
    /// # Errors
    /// See [`MultipartError`].
    pub fn multipart(&self) -> Result<Multipart<'_>, MultipartError> {
        Multipart::read(self.header("Content-Type").unwrap_or_default(), &self.body)
    }

    /// All header fields in the order they came: name as sent, value without the blanks around it.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + '_ {
        self.head.lines(self.package)
    }

    /// The head as it was sent, with the blank line (HTTP-20).
    pub fn raw_head(&self) -> &'a [u8] {
        &self.package[..self.head.end]
    }

    /// The request as it was sent, with the framing of its body (HTTP-20).
    pub fn raw(&self) -> &'a [u8] {
        self.package
    }

    /// The body; empty where there is none. A chunked body is joined.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}
