//! What `on_websocket_connect` receives, and decides.

use crate::protocol::http::{Request, Response, is_field, is_token};

/// A client's request to speak WebSocket, before it is answered. Left alone, it is accepted.
///
/// A handler that wants none of it [refuses](Self::refuse) with a response, or closes the connection, which
/// ends it without a word (WS-11).
#[derive(Debug)]
pub struct Handshake<'a> {
    request: Request<'a>,
    answer: &'a mut Answer,
}

/// What the application wants in the answer.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) fields: Vec<(String, String)>,
    pub(super) subprotocol: Option<String>,
    pub(super) refusal: Option<Response>,
}

impl<'a> Handshake<'a> {
    pub(super) fn new(request: Request<'a>, answer: &'a mut Answer) -> Self {
        Self { request, answer }
    }

    /// The request: path, query, header fields.
    pub fn request(&self) -> &Request<'a> {
        &self.request
    }

    /// The origin of the page that asks, as a browser tells it (RFC 6455 10.2).
    pub fn origin(&self) -> Option<&'a [u8]> {
        self.request.header("Origin")
    }

    /// The subprotocols that the client offers, the one it likes best first.
    pub fn subprotocols(&self) -> impl Iterator<Item = &'a str> + '_ {
        offered(&self.request)
    }

    /// The subprotocol that will be answered: of the service's list, the first that the client offers.
    pub fn subprotocol(&self) -> Option<&str> {
        self.answer.subprotocol.as_deref()
    }

    /// Answers with that subprotocol; false, and no change, where the client does not offer it (RFC 6455
    /// 4.2.2).
    pub fn choose_subprotocol(&mut self, name: &str) -> bool {
        let fits = self.subprotocols().any(|offered| offered == name);
        if fits {
            self.answer.subprotocol = Some(name.to_owned());
        }
        fits
    }

    /// Adds a field to the 101. A name that is no token or belongs to the handshake itself, and a value with
    /// CR, LF or NUL are dropped (WS-10).
    pub fn header(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        if is_free(&name, &value) {
            self.answer.fields.push((name, value));
        }
    }

    /// Answers with that response instead of the 101, and closes. Its body is what it holds itself; files and
    /// streams are not sent here.
    pub fn refuse(&mut self, response: Response) {
        self.answer.refusal = Some(response);
    }
}

/// Whether a field may be added to a handshake: it is well-formed, and not one of the handshake's own.
pub(super) fn is_free(name: &str, value: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let ours = ["upgrade", "connection", "content-length", "transfer-encoding"].contains(&lower.as_str())
        || lower.starts_with("sec-websocket-");
    is_field(name, value) && !ours
}

/// The subprotocols of a request that are tokens.
pub(super) fn offered<'a>(request: &Request<'a>) -> impl Iterator<Item = &'a str> {
    request
        .headers()
        .filter(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"))
        .flat_map(|(_, value)| value.split(|&octet| octet == b','))
        .filter_map(|name| std::str::from_utf8(name.trim_ascii()).ok())
        .filter(|name| !name.is_empty() && name.bytes().all(is_token))
}
