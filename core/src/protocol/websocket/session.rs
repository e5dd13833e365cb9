//! An open connection: frames in, frames out, and the closing handshake.

use super::deflate;
use super::frame::{self, Header, Opcode, Role, Rules};
use super::gather::Gather;
use super::key;
use super::message::{Close, CloseCode, Message, Outgoing, Ping, Pong};
use super::negotiation::Agreed;
use crate::protocol::{Farewell, Limits, Malformed, Next, Stage};

/// Octets of pongs that a peer may leave unread.
const MAX_PONGS: u32 = 1024 * 1024;

/// The state of an open connection; one that is idle holds little.
pub(super) struct Session {
    role: Role,
    /// The close was sent: nothing follows it.
    closed: bool,
    /// The peer's close has come, or is not waited for.
    done: bool,
    /// Part of a frame is in the input.
    midway: bool,
    /// Octets of pongs since all that was sent was last out.
    pongs: u32,
    deflate: Option<Box<deflate::Codec>>,
    gather: Option<Box<Gather>>,
    /// A message that was found and not yet fetched.
    ready: Option<Message>,
}

/// What the octets at the start of the input are, and how many they are.
pub(super) enum Step {
    Need,
    /// Part of a message.
    Part(usize),
    /// The end of a message, which waits in the session.
    Message(usize),
    Ping(usize, Ping),
    Pong(usize, Pong),
    /// The peer's close, which was answered.
    Close(usize, Close),
}

impl Session {
    fn new(role: Role) -> Self {
        Self {
            role,
            closed: false,
            done: false,
            midway: false,
            pongs: 0,
            deflate: None,
            gather: None,
            ready: None,
        }
    }

    fn agree(&mut self, agreed: Option<Agreed>) {
        self.deflate = agreed.map(|agreed| Box::new(deflate::Codec::new(agreed)));
    }

    /// Takes the next frame, or the next part of one, from `input`.
    pub(super) fn step(
        &mut self,
        input: &[u8],
        limits: &Limits,
        out: &mut Vec<u8>,
    ) -> Result<Step, Malformed> {
        let step = if self.gather.as_ref().is_some_and(|gather| gather.is_in_frame()) {
            self.payload(0, input, limits)?
        } else {
            let rules = Rules {
                role: self.role,
                deflate: self.deflate.is_some(),
                fragmented: self.gather.is_some(),
                room: self.room(limits),
            };
            match frame::parse(input, &rules)? {
                None => Step::Need,
                Some(header) if header.opcode.is_control() => self.control(&header, input, out)?,
                Some(header) => {
                    match &mut self.gather {
                        Some(gather) => gather.begin_frame(&header),
                        None => self.gather = Some(Box::new(Gather::new(&header, self.closed))),
                    }
                    self.payload(header.size, input, limits)?
                }
            }
        };
        self.midway = matches!(step, Step::Need) && !input.is_empty();
        Ok(step)
    }

    /// The message that was found.
    pub(super) fn fetch(&mut self) -> Message {
        self.ready.take().expect("a message is fetched when a step has found it")
    }

    /// Sends what is outgoing; after the close, nothing.
    pub(super) fn send(&mut self, outgoing: Outgoing<'_>, out: &mut Vec<u8>) -> Next {
        if self.closed {
            return Next::Close;
        }
        match outgoing {
            Outgoing::Text(text) => self.data(Opcode::Text, text.as_bytes(), out),
            Outgoing::Binary(octets) => self.data(Opcode::Binary, octets, out),
            Outgoing::Ping(Ping(payload)) => self.put(Opcode::Ping, false, payload, out),
            Outgoing::Pong(Pong(payload)) => self.put(Opcode::Pong, false, payload, out),
            Outgoing::Close(close) => {
                self.close(close, out);
                return Next::Close;
            }
        }
        Next::Stay
    }

    /// Answers a ping. A peer that pings on and on and reads none of it is closed: what is sent for it has no
    /// bound otherwise, as it is not the application that sends.
    pub(super) fn answer(&mut self, Ping(payload): Ping, out: &mut Vec<u8>) -> Result<(), Malformed> {
        let before = out.len();
        if before == 0 {
            self.pongs = 0;
        }
        self.send(Outgoing::Pong(&Pong(payload)), out);
        self.pongs = self.pongs.saturating_add((out.len() - before) as u32);
        if MAX_PONGS < self.pongs {
            Err(Malformed::new("pings whose pongs are not read", 0, 1008))
        } else {
            Ok(())
        }
    }

    /// The close for a reason of this side; at most one is sent. After a fault of the peer its own close is
    /// not waited for (RFC 6455 7.1.7).
    pub(super) fn farewell(&mut self, why: Farewell, out: &mut Vec<u8>) {
        let (code, reason) = match why {
            Farewell::Done => (CloseCode::NORMAL, ""),
            Farewell::Leaving => (CloseCode::GOING_AWAY, ""),
            Farewell::Failed => (CloseCode::INTERNAL_ERROR, ""),
            Farewell::Late => (CloseCode::POLICY, "too slow"),
            Farewell::Malformed(malformed) => {
                self.done = true;
                (CloseCode::new(malformed.code).unwrap_or(CloseCode::PROTOCOL_ERROR), malformed.what)
            }
        };
        self.close(&Close::new(code, reason), out);
    }

    pub(super) fn awaits_goodbye(&self) -> bool {
        self.closed && !self.done
    }

    pub(super) fn stage(&self) -> Stage {
        if self.gather.is_some() || self.midway { Stage::Body } else { Stage::Between }
    }

    /// Octets that the next data frame may have, its header included (WS-25). Of a compressed message, what
    /// it stands for is bounded, and each of its frames.
    fn room(&self, limits: &Limits) -> usize {
        match &self.gather {
            Some(gather) if !gather.is_compressed() => limits.max_package.saturating_sub(gather.len()),
            _ => limits.max_package,
        }
    }

    /// Takes payload that stands behind `start` octets of header.
    fn payload(&mut self, start: usize, input: &[u8], limits: &Limits) -> Result<Step, Malformed> {
        let Some(mut gather) = self.gather.take() else { return Ok(Step::Need) };
        let taken = start + gather.take(&input[start..], self.deflate.as_deref_mut(), limits.max_package)?;
        if !gather.is_complete() {
            self.gather = Some(gather);
            return Ok(if taken == 0 { Step::Need } else { Step::Part(taken) });
        }
        self.ready = gather.finish(self.deflate.as_deref_mut(), limits.max_package)?;
        Ok(if self.ready.is_some() { Step::Message(taken) } else { Step::Part(taken) })
    }

    /// Takes a control frame, which is small, when it has come whole.
    fn control(&mut self, header: &Header, input: &[u8], out: &mut Vec<u8>) -> Result<Step, Malformed> {
        let length = header.size + header.length;
        let Some(payload) = input.get(header.size..length) else { return Ok(Step::Need) };
        let mut payload = payload.to_vec();
        frame::apply(header.mask.unwrap_or_default(), 0, &mut payload);
        Ok(match header.opcode {
            Opcode::Ping if !self.closed => Step::Ping(length, Ping(payload)),
            Opcode::Pong if !self.closed => Step::Pong(length, Pong(payload)),
            Opcode::Close => {
                let close = read_close(payload)?;
                self.done = true;
                // RFC 6455 5.5.1: the answer typically echoes the code.
                self.close(&Close { code: close.code, reason: String::new() }, out);
                Step::Close(length, close)
            }
            _ => Step::Part(length),
        })
    }

    fn close(&mut self, close: &Close, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        if let Some(gather) = &mut self.gather {
            gather.discard();
        }
        let mut payload = Vec::new();
        if let Some(code) = close.code {
            payload.extend_from_slice(&code.get().to_be_bytes());
            payload.extend_from_slice(close.reason.as_bytes());
        }
        self.put(Opcode::Close, false, &payload, out);
    }

    fn data(&mut self, opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
        match self.deflate.as_mut().and_then(|deflate| deflate.deflate(payload)) {
            Some(smaller) => self.put(opcode, true, &smaller, out),
            None => self.put(opcode, false, payload, out),
        }
    }

    fn put(&self, opcode: Opcode, compressed: bool, payload: &[u8], out: &mut Vec<u8>) {
        // RFC 6455 5.3: a new mask for each frame, which nobody can foresee.
        let mask = (self.role == Role::Client).then(key::random);
        frame::write(out, opcode, compressed, payload, mask);
    }
}

/// What was sent before the handshake was done. It follows the handshake, in order (WS-13, SF-66).
pub(super) struct Early {
    session: Session,
    frames: Vec<u8>,
}

impl Early {
    /// Holds what is outgoing. It is not compressed, whatever will be agreed on, which is always allowed.
    pub(super) fn hold(slot: &mut Option<Box<Self>>, role: Role, outgoing: Outgoing<'_>) -> Next {
        let early =
            slot.get_or_insert_with(|| Box::new(Self { session: Session::new(role), frames: Vec::new() }));
        early.session.send(outgoing, &mut early.frames)
    }

    /// Octets that are held.
    pub(super) fn held(slot: &Option<Box<Self>>) -> usize {
        slot.as_ref().map_or(0, |early| early.frames.len())
    }

    /// The session that begins now; what was held goes out first.
    pub(super) fn release(
        slot: Option<Box<Self>>,
        role: Role,
        agreed: Option<Agreed>,
        out: &mut Vec<u8>,
    ) -> Session {
        let mut session = slot.map_or_else(
            || Session::new(role),
            |early| {
                out.extend_from_slice(&early.frames);
                early.session
            },
        );
        session.agree(agreed);
        session
    }
}

/// The content of a close frame (RFC 6455 5.5.1, 7.4).
fn read_close(payload: Vec<u8>) -> Result<Close, Malformed> {
    let wrong = |what| Malformed::new(what, 0, 1002);
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() {
            Ok(Close::default())
        } else {
            Err(wrong("close frame with half a code"))
        };
    };
    let code = CloseCode::new(u16::from_be_bytes(*code)).ok_or(wrong("close code that cannot be sent"))?;
    let reason =
        std::str::from_utf8(reason).map_err(|_| Malformed::new("close reason that is not UTF-8", 0, 1007))?;
    Ok(Close { code: Some(code), reason: reason.to_owned() })
}
