//! What went over a connection around a loss, line by line: enough to tell it to the author of the server.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Line {
    /// When, since the start of the load.
    #[serde(rename = "at_seconds", serialize_with = "crate::load::report::seconds")]
    #[schemars(with = "f64")]
    pub at: Duration,
    /// What happened.
    pub what: What,
    /// The octets as text, escaped and cut at 256; or a few words where there are no octets.
    pub text: String,
    /// How many octets there were in all, where there were any.
    pub octets: Option<u64>,
}

/// What a line tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The attempt at the connection began.
    Opening,
    /// The handshake was done.
    Connected,
    /// The last answer before on the same connection was complete.
    Answered,
    /// The request's first octet was handed to the kernel.
    Sent,
    /// Octets of the answer, up to the end.
    Received,
    /// How it ended.
    Ended,
}

/// Octets of a transcript that are kept of each direction.
pub(crate) const KEPT: usize = 256;

/// Octets as text, cut at [`KEPT`].
pub(crate) fn text(octets: &[u8]) -> String {
    let cut = &octets[..octets.len().min(KEPT)];
    let mut text = cut.escape_ascii().to_string().replace("\\\"", "\"").replace("\\'", "'");
    if cut.len() < octets.len() {
        text.push_str(" …");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_are_escaped_and_cut() {
        assert_eq!(text(b"GET \"/\"\r\n\x00"), "GET \"/\"\\r\\n\\x00");
        assert_eq!(text(&[b'a'; 300]), "a".repeat(256) + " …");
    }
}
