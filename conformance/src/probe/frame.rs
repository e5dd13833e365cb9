use std::time::Instant;

use workerspec_wire::frame::{BadLength, HEADER, frame, read_frames};

use super::connection::{End, Probe};
use crate::verdict::Surprise;

/// A connection to port `frame`.
#[derive(Debug)]
pub struct FrameProbe {
    probe: Probe,
    deadline: Instant,
}

/// What came instead of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoFrame {
    /// The connection ended, or the deadline came.
    End(End),
    /// A length that can't be one.
    Bad(BadLength),
}

impl std::fmt::Display for NoFrame {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::End(end) => out.write_str(end.name()),
            Self::Bad(bad) => write!(out, "{bad}"),
        }
    }
}

/// Octets of the largest frame that is read: far above every limit of a testee.
const LARGEST: usize = 64 << 20;

impl FrameProbe {
    pub(crate) fn new(probe: Probe, deadline: Instant) -> Self {
        Self { probe, deadline }
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

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// As [`Probe::send`].
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Surprise> {
        self.probe.send(bytes, self.deadline)
    }

    /// Sends one message.
    ///
    /// # Errors
    /// As [`Probe::send`].
    pub fn say(&mut self, payload: &[u8]) -> Result<(), Surprise> {
        self.send(&frame(payload))
    }

    /// The next message.
    ///
    /// # Errors
    /// As [`Probe::read_until`].
    pub fn hear(&mut self) -> Result<Result<Vec<u8>, NoFrame>, Surprise> {
        self.hear_until(self.deadline)
    }

    /// The next message, by a deadline of its own.
    ///
    /// # Errors
    /// As [`Probe::read_until`].
    pub fn hear_until(&mut self, deadline: Instant) -> Result<Result<Vec<u8>, NoFrame>, Surprise> {
        let is_there = |bytes: &[u8]| match bytes.first_chunk::<HEADER>() {
            // A length that can't be one is there at once.
            Some(length) => {
                let length = u32::from_be_bytes(*length) as usize;
                !(HEADER..=LARGEST).contains(&length) || length <= bytes.len()
            }
            None => false,
        };
        let end = self.probe.read_until(is_there, deadline)?;
        if end != End::Enough {
            return Ok(Err(NoFrame::End(end)));
        }
        let length = match read_frames(self.probe.received(), LARGEST) {
            Ok(frames) => frames.complete[0].len() + HEADER,
            // A frame before the bad length is heard first.
            Err(bad) if bad.offset == 0 => return Ok(Err(NoFrame::Bad(bad))),
            Err(bad) => {
                let first = self.probe.received().first_chunk::<HEADER>();
                first.map_or(bad.offset, |length| u32::from_be_bytes(*length) as usize)
            }
        };
        Ok(Ok(self.probe.consume(length).split_off(HEADER)))
    }

    /// Sends a message and waits for the next one.
    ///
    /// # Errors
    /// As [`FrameProbe::say`] and [`FrameProbe::hear`].
    pub fn ask(&mut self, payload: &[u8]) -> Result<Result<Vec<u8>, NoFrame>, Surprise> {
        self.say(payload)?;
        self.hear()
    }

    /// Which worker serves this connection.
    ///
    /// # Errors
    /// No answer, or one that is not what the contract says.
    pub fn who(&mut self) -> Result<super::Who, Surprise> {
        match self.ask(b"!who")? {
            Ok(answer) => serde_json::from_slice(&answer).map_err(|error| {
                Surprise(format!("!who answered {:?}: {error}", String::from_utf8_lossy(&answer)))
            }),
            Err(no_frame) => Err(Surprise(format!("!who was not answered: {no_frame}"))),
        }
    }
}
