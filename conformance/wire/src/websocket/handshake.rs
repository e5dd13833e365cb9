use std::fmt;

use super::sha1::{base64, sha1};
use crate::http::Response;

/// The key of RFC 6455 1.3.
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// What a server makes of a key (RFC 6455 4.2.2).
#[must_use]
pub fn accept_key(key: &str) -> String {
    base64(&sha1(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11").as_bytes()))
}

/// An opening handshake as it is to be written: lines to take away and to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    lines: Vec<String>,
}

impl Opening {
    /// What RFC 6455 4.1 asks for, and nothing else.
    #[must_use]
    pub fn new() -> Self {
        let lines = [
            "GET /echo HTTP/1.1",
            "Host: a",
            "Upgrade: websocket",
            "Connection: Upgrade",
            &format!("Sec-WebSocket-Key: {KEY}"),
            "Sec-WebSocket-Version: 13",
        ];
        Self { lines: lines.map(str::to_owned).to_vec() }
    }

    /// Without the lines that begin so.
    #[must_use]
    pub fn without(mut self, start: &str) -> Self {
        self.lines.retain(|line| !line.starts_with(start));
        self
    }

    /// With a line more, unchecked.
    #[must_use]
    pub fn with(mut self, line: &str) -> Self {
        self.lines.push(line.to_owned());
        self
    }

    /// With the first line that begins so replaced, unchecked.
    #[must_use]
    pub fn replace(mut self, start: &str, by: &str) -> Self {
        if let Some(line) = self.lines.iter_mut().find(|line| line.starts_with(start)) {
            by.clone_into(line);
        }
        self
    }

    /// The octets, with this between the lines.
    #[must_use]
    pub fn ended_by(&self, end: &str) -> Vec<u8> {
        let lines: String = self.lines.iter().map(|line| format!("{line}{end}")).collect();
        format!("{lines}{end}").into_bytes()
    }

    /// The octets.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.ended_by("\r\n")
    }
}

impl Default for Opening {
    fn default() -> Self {
        Self::new()
    }
}

/// Why an answer opens no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandshakeError {
    /// Another status than 101.
    Status(u16),
    /// `Upgrade` is missing or another (RFC 6455 4.1).
    Upgrade,
    /// `Connection` does not have the option `upgrade` (RFC 6455 4.1).
    Connection,
    /// `Sec-WebSocket-Accept` is missing, there twice, or wrong (RFC 6455 4.1).
    Accept(Option<String>),
    /// A subprotocol that was not offered (RFC 6455 4.1).
    Protocol(String),
    /// An extension that was not offered (RFC 6455 4.1).
    Extension(String),
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(out, "the handshake was answered with {status}"),
            Self::Upgrade => out.write_str("101 without `Upgrade: websocket`"),
            Self::Connection => out.write_str("101 without `Connection: Upgrade`"),
            Self::Accept(None) => out.write_str("101 without one Sec-WebSocket-Accept"),
            Self::Accept(Some(value)) => write!(out, "101 with the wrong Sec-WebSocket-Accept {value:?}"),
            Self::Protocol(name) => write!(out, "101 with the subprotocol {name:?}, which was not offered"),
            Self::Extension(name) => write!(out, "101 with the extension {name:?}, which was not offered"),
        }
    }
}

impl std::error::Error for HandshakeError {}

/// Checks what RFC 6455 4.1 has a client check.
///
/// # Errors
/// The first thing that is wrong.
pub fn check_response(
    response: &Response,
    key: &str,
    protocols: &[&str],
    extensions: &[&str],
) -> Result<(), HandshakeError> {
    if response.status != 101 {
        return Err(HandshakeError::Status(response.status));
    }
    let values = |name: &str| -> Vec<String> {
        let fields = response.fields.iter().filter(|field| field.name.eq_ignore_ascii_case(name));
        fields.map(|field| String::from_utf8_lossy(&field.value).into_owned()).collect()
    };
    if !matches!(values("upgrade").as_slice(), [value] if value.eq_ignore_ascii_case("websocket")) {
        return Err(HandshakeError::Upgrade);
    }
    let options = values("connection").join(",");
    if !options.split(',').any(|option| option.trim().eq_ignore_ascii_case("upgrade")) {
        return Err(HandshakeError::Connection);
    }
    match values("sec-websocket-accept").as_slice() {
        [value] if *value == accept_key(key) => {}
        [value] => return Err(HandshakeError::Accept(Some(value.clone()))),
        _ => return Err(HandshakeError::Accept(None)),
    }
    let chosen = values("sec-websocket-protocol");
    if 1 < chosen.len() || chosen.iter().any(|name| !protocols.contains(&name.as_str())) {
        return Err(HandshakeError::Protocol(chosen.join(", ")));
    }
    let agreed = values("sec-websocket-extensions").join(",");
    for extension in agreed.split(',').filter(|text| !text.trim().is_empty()) {
        let name = extension.split(';').next().unwrap_or_default().trim();
        if !extensions.contains(&name) {
            return Err(HandshakeError::Extension(name.to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_value_of_rfc_6455() {
        assert_eq!(accept_key(KEY), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn lines_come_and_go() {
        let text = String::from_utf8(
            Opening::new().without("Host").with("X: y").replace("Upgrade", "upgrade: WebSocket").bytes(),
        )
        .expect("ASCII");
        assert!(text.starts_with("GET /echo HTTP/1.1\r\nupgrade: WebSocket\r\nConnection: Upgrade\r\n"));
        assert!(text.ends_with("Sec-WebSocket-Version: 13\r\nX: y\r\n\r\n"));
    }
}
