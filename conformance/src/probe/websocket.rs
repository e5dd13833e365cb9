use std::time::Instant;

use workerspec_wire::http::{Read, Response, read_response};
use workerspec_wire::websocket::{
    Agreed, Assembly, Event, Frame, Inflater, KEY, Kind, Malformed, Opening, Peer, check_response, opcode,
};

use super::connection::{End, Probe};
use crate::verdict::Surprise;

/// A connection to port `websocket`.
#[derive(Debug)]
pub struct WebSocketProbe {
    probe: Probe,
    deadline: Instant,
    assembly: Assembly,
    agreed: Option<Agreed>,
    key: u32,
}

/// What came instead of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// The connection ended, or the deadline came.
    End(End),
    /// Bytes that no server may send.
    Malformed(Malformed),
}

impl std::fmt::Display for Silence {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::End(end) => out.write_str(end.name()),
            Self::Malformed(malformed) => write!(out, "{malformed}"),
        }
    }
}

impl WebSocketProbe {
    pub(crate) fn new(probe: Probe, deadline: Instant) -> Self {
        Self { probe, deadline, assembly: Assembly::new(Peer::Server), agreed: None, key: 0 }
    }

    /// The connection itself.
    pub fn raw(&mut self) -> &mut Probe {
        &mut self.probe
    }

    /// The connection itself, for good.
    #[must_use]
    pub fn into_raw(self) -> Probe {
        self.probe
    }

    /// Opens the connection; `Err` says in words why it did not open.
    ///
    /// # Errors
    /// As [`Probe::send`] and [`Probe::read_until`].
    pub fn open(&mut self, offer: Option<&str>) -> Result<Result<(), String>, Surprise> {
        let mut opening = Opening::new();
        let mut names = Vec::new();
        if let Some(offer) = offer {
            opening = opening.with(&format!("Sec-WebSocket-Extensions: {offer}"));
            names.push("permessage-deflate");
        }
        self.send(&opening.bytes())?;
        let response = match self.answer(self.deadline)? {
            Ok(response) => response,
            Err(what) => return Ok(Err(what)),
        };
        if let Err(wrong) = check_response(&response, KEY, &[], &names) {
            return Ok(Err(wrong.to_string()));
        }
        Ok(self.agree(&response, offer))
    }

    /// Takes over what the answer to a handshake agrees on; the answer itself is good.
    pub(crate) fn agree(&mut self, response: &Response, offer: Option<&str>) -> Result<(), String> {
        self.agreed = Agreed::of(response, offer.unwrap_or_default())?;
        if let Some(agreed) = self.agreed {
            let inflater = Inflater::new(agreed.server_window_bits, agreed.server_takeover);
            self.assembly = Assembly::new(Peer::Server).deflate(inflater);
        }
        Ok(())
    }

    /// What was agreed on, if anything.
    #[must_use]
    pub fn agreed(&self) -> Option<Agreed> {
        self.agreed
    }

    /// The answer to a handshake; `Err` says in words what came instead.
    ///
    /// # Errors
    /// As [`Probe::read_until`].
    pub(crate) fn answer(&mut self, deadline: Instant) -> Result<Result<Response, String>, Surprise> {
        let mut read = Ok(Read::More);
        let end = self.probe.read_until(
            |bytes| {
                read = read_response(bytes, 0, false, false);
                !matches!(read, Ok(Read::More))
            },
            deadline,
        )?;
        // A server that refuses with input unread resets behind its answer (RFC 9112 9.6): what came of it counts.
        if matches!(end, End::Closed | End::Reset) && !self.probe.received().is_empty() {
            read = read_response(self.probe.received(), 0, false, true);
        }
        Ok(match read {
            Ok(Read::Response(response)) => {
                self.probe.consume(response.range.end);
                Ok(*response)
            }
            Ok(Read::More) => Err(format!("the handshake was not answered: {}", end.name())),
            Err(malformed) => {
                Err(format!("the handshake was answered with bytes that are no answer: {malformed}"))
            }
        })
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// As [`Probe::send`].
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Surprise> {
        self.probe.send(bytes, self.deadline)
    }

    /// Sends a frame with a mask of its own.
    ///
    /// # Errors
    /// As [`Probe::send`].
    pub fn say(&mut self, opcode: u8, payload: &[u8]) -> Result<(), Surprise> {
        // Any key is as good as another; a counter makes runs alike.
        self.key = self.key.wrapping_mul(0x9e37_79b1).wrapping_add(0x6d2b_79f5);
        let mask = Some(self.key.to_be_bytes());
        self.send(&Frame { mask, ..Frame::new(opcode, payload) }.bytes())
    }

    /// The next message, pong or close. Pings of the server are passed over.
    ///
    /// # Errors
    /// As [`Probe::read_until`].
    pub fn hear(&mut self, deadline: Instant) -> Result<Result<Event, Silence>, Surprise> {
        loop {
            match self.assembly.next(self.probe.received()) {
                Err(malformed) => return Ok(Err(Silence::Malformed(malformed))),
                Ok(Some((event, size))) => {
                    self.probe.consume(size);
                    if !matches!(event, Event::Ping(_) | Event::Part) {
                        return Ok(Ok(event));
                    }
                }
                Ok(None) => {
                    let before = self.probe.received().len();
                    let end = self.probe.read_until(|bytes| before < bytes.len(), deadline)?;
                    if end != End::Enough {
                        return Ok(Err(Silence::End(end)));
                    }
                }
            }
        }
    }

    /// Sends a text message and waits for the next text message.
    ///
    /// # Errors
    /// As [`WebSocketProbe::say`] and [`WebSocketProbe::hear`].
    pub fn ask(&mut self, text: &[u8]) -> Result<Result<Vec<u8>, String>, Surprise> {
        self.say(opcode::TEXT, text)?;
        Ok(match self.hear(self.deadline)? {
            Ok(Event::Message { kind: Kind::Text, payload, .. }) => Ok(payload),
            Ok(Event::Close(code, _)) => Err(format!("the server closes with {code:?}")),
            Ok(other) => Err(format!("no text message: {other:?}")),
            Err(silence) => Err(silence.to_string()),
        })
    }

    /// Which worker serves this connection.
    ///
    /// # Errors
    /// No answer, or one that is not what the contract says.
    pub fn who(&mut self) -> Result<super::Who, Surprise> {
        let answer = self.ask(b"!who")?.map_err(|what| Surprise(format!("!who was not answered: {what}")))?;
        serde_json::from_slice(&answer).map_err(|error| {
            Surprise(format!("!who answered {:?}: {error}", String::from_utf8_lossy(&answer)))
        })
    }
}
