//! The server's side of the opening handshake: what it demands, and how it answers (RFC 6455 4.2).

use std::cell::RefCell;

use super::Deflate;
use super::handshake::{Answer, offered};
use super::key;
use super::negotiation::{self, Agreed};
use crate::protocol::Malformed;
use crate::protocol::http::{Framing, Head, Request, Response, Version};

/// A request that may be answered with 101.
pub(super) struct Opening {
    bytes: Vec<u8>,
    head: Head,
    accept: String,
    deflate: Option<(Agreed, String)>,
    pub(super) answer: RefCell<Answer>,
}

impl Opening {
    /// Checks the request whose head is all of `bytes` (WS-1, WS-3 to WS-5; SF-60).
    pub(super) fn check(
        bytes: &[u8],
        subprotocols: &[String],
        deflate: Option<&Deflate>,
    ) -> Result<Self, Malformed> {
        let head = Head::parse(bytes)?;
        let request = Request::new(head.clone(), bytes);
        let refuse = |what, code| Err(Malformed::new(what, 0, code));
        if request.method() != "GET" {
            return refuse("handshake with another method than GET", 405);
        }
        if request.version() != Version::Http11 {
            return refuse("handshake in HTTP/1.0", 400);
        }
        if !matches!(head.framing, Framing::None | Framing::Length(0)) {
            return refuse("handshake with a body", 400);
        }
        if !lists(&request, "upgrade", "websocket") {
            return refuse("no Upgrade to websocket", 426);
        }
        if !lists(&request, "connection", "upgrade") {
            return refuse("no Connection: Upgrade", 400);
        }
        match only(&request, "sec-websocket-version") {
            Found::One(b"13") => {}
            Found::None => return refuse("no Sec-WebSocket-Version", 400),
            Found::One(_) | Found::Many => return refuse("another Sec-WebSocket-Version than 13", 426),
        }
        let key = match only(&request, "sec-websocket-key") {
            Found::One(key) if key::is_key(key) => key,
            Found::One(_) => return refuse("Sec-WebSocket-Key that is not 16 bytes in base64", 400),
            Found::None => return refuse("no Sec-WebSocket-Key", 400),
            Found::Many => return refuse("more than one Sec-WebSocket-Key", 400),
        };
        let extensions = values(&request, "sec-websocket-extensions");
        let deflate = match deflate {
            Some(deflate) => negotiation::choose(deflate, extensions)?,
            None => negotiation::check(extensions).map(|()| None)?,
        };
        let subprotocol = subprotocols.iter().find(|known| offered(&request).any(|name| name == **known));
        Ok(Self {
            accept: key::accept(key),
            deflate,
            answer: RefCell::new(Answer { subprotocol: subprotocol.cloned(), ..Answer::default() }),
            bytes: bytes.to_vec(),
            head,
        })
    }

    /// The request, as often as it is asked for.
    pub(super) fn request(&self) -> Request<'_> {
        Request::new(self.head.clone(), &self.bytes)
    }

    /// What of the input it took.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Writes the 101 in the model's order (WS-8); what was agreed on with it.
    pub(super) fn accept(&self, out: &mut Vec<u8>) -> Option<Agreed> {
        let answer = self.answer.borrow();
        let mut text = String::with_capacity(256);
        text.push_str(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Connection: Upgrade\r\n",
        );
        let mut line = |name: &str, value: &str| {
            [name, ": ", value, "\r\n"].into_iter().for_each(|part| text.push_str(part));
        };
        line("Sec-WebSocket-Accept", &self.accept);
        if let Some(subprotocol) = &answer.subprotocol {
            line("Sec-WebSocket-Protocol", subprotocol);
        }
        if let Some((_, extension)) = &self.deflate {
            line("Sec-WebSocket-Extensions", extension);
        }
        answer.fields.iter().for_each(|(name, value)| line(name, value));
        text.push_str("\r\n");
        out.extend_from_slice(text.as_bytes());
        self.deflate.as_ref().map(|(agreed, _)| *agreed)
    }
}

/// The response to a handshake that failed with that status.
pub(super) fn refusal(status: u16) -> Response {
    let response = Response::new(status);
    match status {
        405 => response.header("Allow", "GET"),
        426 => response.header("Upgrade", "websocket").header("Sec-WebSocket-Version", "13"),
        // RFC 6455 4.4: the versions that are spoken, to a client that named none.
        400 => response.header("Sec-WebSocket-Version", "13"),
        _ => response,
    }
}

/// Whether a request may begin like that. What is no HTTP is refused before the limit of a head (WS-1).
pub(super) fn may_begin(input: &[u8]) -> bool {
    METHODS.iter().any(|method| {
        let length = method.len().min(input.len());
        input[..length] == method[..length]
    })
}

const METHODS: [&[u8]; 7] = [b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"PATCH ", b"OPTIONS "];

/// How often a field occurs that may occur once.
enum Found<'a> {
    None,
    One(&'a [u8]),
    Many,
}

fn values<'a>(request: &Request<'a>, field: &'static str) -> impl Iterator<Item = &'a [u8]> {
    request.headers().filter(move |(name, _)| name.eq_ignore_ascii_case(field)).map(|(_, value)| value)
}

fn only<'a>(request: &Request<'a>, field: &'static str) -> Found<'a> {
    let mut values = values(request, field);
    match (values.next(), values.next()) {
        (None, _) => Found::None,
        (Some(value), None) => Found::One(value),
        (Some(_), Some(_)) => Found::Many,
    }
}

/// Whether one of the field's comma-separated values is `option`, in any case.
fn lists(request: &Request<'_>, field: &'static str, option: &str) -> bool {
    values(request, field)
        .flat_map(|value| value.split(|&octet| octet == b','))
        .any(|value| value.trim_ascii().eq_ignore_ascii_case(option.as_bytes()))
}
