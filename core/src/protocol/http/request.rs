//! What `on_message` of an HTTP service receives.

use std::borrow::Cow;

use super::chunked;
use super::head::{Framing, Head, text};
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

    /// The version of the request.
    pub fn version(&self) -> Version {
        self.head.version
    }

    /// The value of the first field of that name, in any case, without the blanks around it.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All header fields in the order they came: name as sent, value without the blanks around it.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + '_ {
        let package = self.package;
        self.head.fields.iter().map(move |(name, value)| {
            (text(package, name), &package[value.start as usize..value.end as usize])
        })
    }

    /// The body; empty where there is none. A chunked body is joined.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}
