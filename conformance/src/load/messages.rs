//! Reads messages of lines, of length-prefixed frames and of WebSocket. No socket, no clock.

use workerspec_wire::websocket::{Assembly, Event, Frame, Peer, close_payload, opcode};

use crate::load::answer::Malformed;

/// How messages are told from one another.
#[derive(Debug)]
enum Framing {
    Lines,
    Frames,
    WebSocket(Box<Assembly>),
}

/// What has come.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// A message, without its framing.
    Message(Vec<u8>),
    /// A WebSocket's Close with its code, 1005 where it has none.
    Close(u16),
    /// Something that wants this answer.
    Ping(Vec<u8>),
}

/// The octets of one connection that came and are not used yet.
#[derive(Debug)]
pub(crate) struct Messages {
    framing: Framing,
    buffer: Vec<u8>,
}

impl Messages {
    /// Of lines.
    pub(crate) fn lines() -> Messages {
        Messages { framing: Framing::Lines, buffer: Vec::new() }
    }

    /// Of length-prefixed frames.
    pub(crate) fn frames() -> Messages {
        Messages { framing: Framing::Frames, buffer: Vec::new() }
    }

    /// Of a WebSocket whose handshake is done.
    pub(crate) fn websocket() -> Messages {
        Messages { framing: Framing::WebSocket(Box::new(Assembly::new(Peer::Server))), buffer: Vec::new() }
    }

    /// Whether it is a WebSocket.
    pub(crate) fn is_websocket(&self) -> bool {
        matches!(self.framing, Framing::WebSocket(_))
    }

    /// Takes octets from the connection.
    pub(crate) fn push(&mut self, octets: &[u8]) {
        self.buffer.extend_from_slice(octets);
    }

    /// Octets of a message that is not complete.
    pub(crate) fn left(&self) -> usize {
        self.buffer.len()
    }

    /// The next that is complete.
    ///
    /// # Errors
    /// [`Malformed::Message`] when this can't become a message.
    pub(crate) fn next(&mut self) -> Result<Option<Came>, Malformed> {
        loop {
            let (came, size) = match &mut self.framing {
                Framing::Lines => match self.buffer.iter().position(|octet| *octet == b'\n') {
                    Some(end) => (Came::Message(self.buffer[..end].to_vec()), end + 1),
                    None => return self.more(),
                },
                Framing::Frames => match frame(&self.buffer)? {
                    Some(size) => (Came::Message(self.buffer[4..size].to_vec()), size),
                    None => return self.more(),
                },
                Framing::WebSocket(assembly) => {
                    let Some((event, size)) = assembly.next(&self.buffer).map_err(|_| Malformed::Message)?
                    else {
                        return self.more();
                    };
                    let came = match event {
                        Event::Message { payload, .. } => Came::Message(payload),
                        Event::Close(code, _) => Came::Close(code.unwrap_or(1005)),
                        Event::Ping(payload) => Came::Ping(Frame::new(opcode::PONG, payload).bytes()),
                        Event::Pong(_) | Event::Part => {
                            self.buffer.drain(..size);
                            continue;
                        }
                    };
                    (came, size)
                }
            };
            self.buffer.drain(..size);
            return Ok(Some(came));
        }
    }

    fn more(&self) -> Result<Option<Came>, Malformed> {
        if MAX_MESSAGE < self.buffer.len() { Err(Malformed::Message) } else { Ok(None) }
    }

    /// Writes a message as a client sends it.
    pub(crate) fn encode(&self, payload: &[u8], out: &mut Vec<u8>) {
        match &self.framing {
            Framing::Lines => {
                out.extend_from_slice(payload);
                out.push(b'\n');
            }
            Framing::Frames => out.extend_from_slice(&workerspec_wire::frame::frame(payload)),
            Framing::WebSocket(_) => out.extend_from_slice(&Frame::new(opcode::TEXT, payload).bytes()),
        }
    }
}

/// The answer to a Close: one of the same code (RFC 6455 5.5.1).
pub(crate) fn closing(code: u16) -> Vec<u8> {
    // 1005 stands for none and is never sent (RFC 6455 7.4.1).
    let payload = if code == 1005 { Vec::new() } else { close_payload(code, b"") };
    Frame::new(opcode::CLOSE, payload).bytes()
}

/// Octets of the frame at the start, if it is complete.
fn frame(buffer: &[u8]) -> Result<Option<usize>, Malformed> {
    let Some(header) = buffer.first_chunk::<4>() else { return Ok(None) };
    let size = u32::from_be_bytes(*header) as usize;
    if !(4..=MAX_MESSAGE).contains(&size) {
        return Err(Malformed::Message);
    }
    Ok((size <= buffer.len()).then_some(size))
}

/// Octets of a message, framing included: the load's own are far shorter.
const MAX_MESSAGE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(mut messages: Messages, octets: &[u8], cut: usize) -> Vec<Came> {
        let mut found = Vec::new();
        for part in [&octets[..cut], &octets[cut..]] {
            messages.push(part);
            while let Some(came) = messages.next().expect("well-formed") {
                found.push(came);
            }
        }
        found
    }

    proptest! {
        #[test]
        fn no_cut_changes_what_comes(cut in 0usize..16) {
            let wanted = || vec![Came::Message(b"ab".to_vec()), Came::Message(b"".to_vec())];
            prop_assert_eq!(all(Messages::lines(), b"ab\n\n", cut.min(4)), wanted());
            prop_assert_eq!(all(Messages::frames(), b"\0\0\0\x06ab\0\0\0\x04", cut.min(10)), wanted());
            let socket = all(Messages::websocket(), b"\x81\x02ab\x89\x00\x88\x02\x03\xe9", cut.min(10));
            prop_assert_eq!(socket.len(), 3);
            prop_assert!(matches!(socket[2], Came::Close(1001)));
        }
    }

    #[test]
    fn a_length_below_itself_is_no_frame() {
        let mut messages = Messages::frames();
        messages.push(&[0, 0, 0, 3]);
        assert_eq!(messages.next(), Err(Malformed::Message));
    }
}
