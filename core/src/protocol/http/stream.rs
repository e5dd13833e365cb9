//! Responses that are sent piece by piece.

use std::borrow::Cow;
use std::io::Write as _;

/// A piece of the body of a response that was begun with [`Response::chunked`](super::Response::chunked)
/// (HTTP-35). One without octets is the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk(pub(super) Cow<'static, [u8]>);

impl Chunk {
    /// A piece. Without octets it is the last.
    pub fn new(octets: impl Into<Cow<'static, [u8]>>) -> Self {
        Self(octets.into())
    }

    /// The end of the body.
    pub fn last() -> Self {
        Self(Cow::Borrowed(b""))
    }
}

/// A body of which more is to come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stream {
    /// Pieces are framed; otherwise the end of the connection is the end of the body, for HTTP/1.0.
    pub(super) chunked: bool,
    /// The response to a HEAD: nothing of the body is sent.
    pub(super) silent: bool,
    /// Server-sent events: to end between two of them is in order.
    pub(super) events: bool,
    /// The connection goes on after the last piece.
    pub(super) stays: bool,
}

impl Stream {
    /// Writes a piece.
    pub(super) fn put(&self, octets: &[u8], out: &mut Vec<u8>) {
        if self.silent || octets.is_empty() {
            return;
        }
        if !self.chunked {
            out.extend_from_slice(octets);
            return;
        }
        let line = write!(out, "{:x}\r\n", octets.len());
        debug_assert!(line.is_ok(), "writing to a Vec does not fail");
        out.extend_from_slice(octets);
        out.extend_from_slice(b"\r\n");
    }

    /// Writes the end.
    pub(super) fn end(&self, out: &mut Vec<u8>) {
        if self.chunked && !self.silent {
            out.extend_from_slice(b"0\r\n\r\n");
        }
    }
}
