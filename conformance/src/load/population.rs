//! The kinds of client that are on a server at the instant of a reload.

use schemars::JsonSchema;
use serde::Serialize;

/// A kind of client. Each meets other losses, so each has its own line in every result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Population {
    /// Closed loop over keep-alive: every connection has a request in flight at every instant, so whatever
    /// a reload does to busy connections, it does to all of these.
    Busy,
    /// Open loop over keep-alive: requests arrive by a schedule, connections rest in between.
    Paced,
    /// Open loop, one connection for each request: what meets a listener that is gone for a moment.
    Fresh,
}

impl Population {
    /// All of them, in the order of reports.
    pub const ALL: [Population; 3] = [Population::Busy, Population::Paced, Population::Fresh];

    /// Name for people.
    pub fn name(self) -> &'static str {
        match self {
            Population::Busy => "busy keep-alive",
            Population::Paced => "paced keep-alive",
            Population::Fresh => "fresh connections",
        }
    }

    /// Letter in a request's identity.
    pub(crate) fn letter(self) -> u8 {
        match self {
            Population::Busy => b'b',
            Population::Paced => b'p',
            Population::Fresh => b'f',
        }
    }

    /// Place in a table with one row each, as in [`Population::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, JsonSchema, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Safe to send again (RFC 9110 9.2.2): a lost one is the client's to retry.
    Get,
    /// Not idempotent: nobody may send it again without proof that it was not applied.
    Post,
}

impl Method {
    /// Both, in the order of reports.
    pub const ALL: [Method; 2] = [Method::Get, Method::Post];

    /// The token on the request line.
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }

    /// Place in a table with one row each, as in [`Method::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// Whether a client may send it again by itself (RFC 9110 9.2.2).
    pub fn is_idempotent(self) -> bool {
        matches!(self, Method::Get)
    }
}
