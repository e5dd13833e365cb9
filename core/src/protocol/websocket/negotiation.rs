//! What both sides agree on: permessage-deflate and its parameters (RFC 6455 9.1, RFC 7692 7.1).

use crate::protocol::Malformed;
use crate::protocol::http::is_token;

/// How permessage-deflate is offered or accepted. A window that is not kept between messages costs some
/// compression, and spares some 310 KiB on each connection that has sent and 20 KiB on each that has received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deflate {
    /// Whether this side keeps its window from one message to the next. Default `true`.
    pub own_takeover: bool,
    /// Whether the peer may keep its window. Default `true`.
    pub peer_takeover: bool,
    /// The logarithm of this side's window, 9 to 15. Default 15.
    pub own_bits: u8,
    /// The logarithm of the largest window that the peer may use, 9 to 15. Default 15.
    pub peer_bits: u8,
}

impl Default for Deflate {
    fn default() -> Self {
        Self { own_takeover: true, peer_takeover: true, own_bits: MAX_BITS, peer_bits: MAX_BITS }
    }
}

impl Deflate {
    /// The same with windows within 9 to 15.
    pub(super) fn in_range(mut self) -> Self {
        self.own_bits = self.own_bits.clamp(9, MAX_BITS);
        self.peer_bits = self.peer_bits.clamp(9, MAX_BITS);
        self
    }
}

/// The parameters of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Agreed {
    pub(super) own_takeover: bool,
    pub(super) peer_takeover: bool,
    /// 8 to 15.
    pub(super) own_bits: u8,
    pub(super) peer_bits: u8,
}

const NAME: &str = "permessage-deflate";
const MAX_BITS: u8 = 15;

/// The server's choice among the client's offers: the first that it can keep, and the line that says so.
pub(super) fn choose<'a>(
    deflate: &Deflate,
    fields: impl Iterator<Item = &'a [u8]>,
) -> Result<Option<(Agreed, String)>, Malformed> {
    let mut chosen = None;
    for field in fields {
        for extension in extensions(field)? {
            if chosen.is_none() && extension.name == NAME {
                chosen = Parameters::read(&extension).and_then(|offer| accept(deflate, &offer));
            }
        }
    }
    Ok(chosen)
}

/// Fails where a list breaks the grammar, of a client whose extensions are all declined.
pub(super) fn check<'a>(mut fields: impl Iterator<Item = &'a [u8]>) -> Result<(), Malformed> {
    fields.try_for_each(|field| extensions(field).map(drop))
}

fn accept(deflate: &Deflate, offer: &Parameters) -> Option<(Agreed, String)> {
    let agreed = Agreed {
        own_takeover: deflate.own_takeover && !offer.server_no_takeover,
        peer_takeover: deflate.peer_takeover && !offer.client_no_takeover,
        own_bits: deflate.own_bits.min(offer.server_bits.unwrap_or(MAX_BITS)),
        // RFC 7692 7.1.2.2: only a client that offers the parameter understands it.
        peer_bits: match offer.client_bits {
            Some(bits) => deflate.peer_bits.min(bits.unwrap_or(MAX_BITS)),
            None => MAX_BITS,
        },
    };
    let mut line = NAME.to_owned();
    if !agreed.own_takeover {
        line.push_str("; server_no_context_takeover");
    }
    if !agreed.peer_takeover {
        line.push_str("; client_no_context_takeover");
    }
    if agreed.own_bits < MAX_BITS || offer.server_bits.is_some() {
        line.push_str(&format!("; server_max_window_bits={}", agreed.own_bits));
    }
    if agreed.peer_bits < MAX_BITS {
        line.push_str(&format!("; client_max_window_bits={}", agreed.peer_bits));
    }
    Some((agreed, line))
}

/// The client's offer.
pub(super) fn offer(deflate: &Deflate) -> String {
    let mut line = NAME.to_owned();
    if !deflate.own_takeover {
        line.push_str("; client_no_context_takeover");
    }
    if !deflate.peer_takeover {
        line.push_str("; server_no_context_takeover");
    }
    if deflate.peer_bits < MAX_BITS {
        line.push_str(&format!("; server_max_window_bits={}", deflate.peer_bits));
    }
    line.push_str("; client_max_window_bits");
    if deflate.own_bits < MAX_BITS {
        line.push_str(&format!("={}", deflate.own_bits));
    }
    line
}

/// What the server made of the client's offer, if there was one; an answer that the offer does not allow
/// fails the connection (RFC 6455 9.1, RFC 7692 7.1).
pub(super) fn confirm<'a>(
    deflate: Option<&Deflate>,
    fields: impl Iterator<Item = &'a [u8]>,
) -> Result<Option<Agreed>, Malformed> {
    let wrong = |what| Malformed::new(what, 0, 1010);
    let mut agreed = None;
    for field in fields {
        for extension in extensions(field)? {
            let Some(deflate) = deflate.filter(|_| extension.name == NAME) else {
                return Err(wrong("extension that was not offered"));
            };
            let answer =
                Parameters::read(&extension).ok_or(wrong("malformed parameters of permessage-deflate"))?;
            let kept = (deflate.peer_takeover || answer.server_no_takeover)
                && (deflate.peer_bits == MAX_BITS
                    || answer.server_bits.is_some_and(|bits| bits <= deflate.peer_bits))
                // In an answer the parameter has a value (RFC 7692 7.1.2.2).
                && answer.client_bits != Some(None)
                && answer.client_bits.flatten().is_none_or(|bits| bits <= deflate.own_bits);
            let own_bits = answer.client_bits.flatten().unwrap_or(deflate.own_bits);
            let taken = agreed.replace(Agreed {
                own_takeover: deflate.own_takeover && !answer.client_no_takeover,
                peer_takeover: !answer.server_no_takeover,
                own_bits,
                peer_bits: answer.server_bits.unwrap_or(MAX_BITS),
            });
            if !kept || taken.is_some() {
                return Err(wrong("permessage-deflate otherwise than offered"));
            }
        }
    }
    Ok(agreed)
}

/// One element of a `Sec-WebSocket-Extensions` list.
struct Extension {
    name: String,
    parameters: Vec<(String, Option<String>)>,
}

/// The parameters of permessage-deflate, each at most once and within its range.
#[derive(Default)]
struct Parameters {
    server_no_takeover: bool,
    client_no_takeover: bool,
    server_bits: Option<u8>,
    /// The parameter may stand without a value.
    client_bits: Option<Option<u8>>,
}

impl Parameters {
    /// `None`: a parameter that is not known, occurs twice, or has a value that it cannot have.
    fn read(extension: &Extension) -> Option<Self> {
        let mut read = Self::default();
        for (name, value) in &extension.parameters {
            let first = match (name.as_str(), value) {
                ("server_no_context_takeover", None) => {
                    !std::mem::replace(&mut read.server_no_takeover, true)
                }
                ("client_no_context_takeover", None) => {
                    !std::mem::replace(&mut read.client_no_takeover, true)
                }
                ("server_max_window_bits", Some(value)) => {
                    read.server_bits.replace(window_bits(value)?).is_none()
                }
                ("client_max_window_bits", None) => read.client_bits.replace(None).is_none(),
                ("client_max_window_bits", Some(value)) => {
                    read.client_bits.replace(Some(window_bits(value)?)).is_none()
                }
                _ => return None,
            };
            if !first {
                return None;
            }
        }
        Some(read)
    }
}

/// 8 to 15, without leading zeros (RFC 7692 7.1.2.1).
fn window_bits(value: &str) -> Option<u8> {
    match value {
        "8" => Some(8),
        "9" => Some(9),
        "10" => Some(10),
        "11" => Some(11),
        "12" => Some(12),
        "13" => Some(13),
        "14" => Some(14),
        "15" => Some(15),
        _ => None,
    }
}

/// extension-list (RFC 6455 9.1). A list that breaks the grammar fails the handshake.
fn extensions(field: &[u8]) -> Result<Vec<Extension>, Malformed> {
    let mut scanner = Scanner { rest: field };
    let mut list = Vec::new();
    loop {
        let mut extension = Extension { name: scanner.token()?, parameters: Vec::new() };
        while scanner.takes(b';') {
            let name = scanner.token()?;
            let value = if scanner.takes(b'=') { Some(scanner.value()?) } else { None };
            extension.parameters.push((name, value));
        }
        list.push(extension);
        if scanner.rest.is_empty() {
            return Ok(list);
        }
        if !scanner.takes(b',') {
            return Err(Scanner::WRONG);
        }
    }
}

struct Scanner<'a> {
    rest: &'a [u8],
}

impl Scanner<'_> {
    const WRONG: Malformed = Malformed { what: "malformed Sec-WebSocket-Extensions", at: 0, code: 400 };

    fn takes(&mut self, octet: u8) -> bool {
        self.rest = self.rest.trim_ascii_start();
        let Some(rest) = self.rest.strip_prefix(&[octet]) else { return false };
        self.rest = rest.trim_ascii_start();
        true
    }

    fn token(&mut self) -> Result<String, Malformed> {
        self.rest = self.rest.trim_ascii_start();
        let end = self.rest.iter().position(|&octet| !is_token(octet)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        if token.is_empty() {
            return Err(Self::WRONG);
        }
        self.rest = rest.trim_ascii_start();
        Ok(token.iter().map(|&octet| char::from(octet)).collect())
    }

    /// A token, or one in quotes.
    fn value(&mut self) -> Result<String, Malformed> {
        if !self.takes(b'"') {
            return self.token();
        }
        let token = self.token()?;
        if self.takes(b'"') { Ok(token) } else { Err(Self::WRONG) }
    }
}
