use std::time::Instant;

use serde::Deserialize;
use workerspec_wire::text;

use super::connection::{End, Probe};
use crate::verdict::Surprise;

/// A connection to port `text`.
#[derive(Debug)]
pub struct TextProbe {
    probe: Probe,
    deadline: Instant,
}

/// What `!who` and `/who` answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Who {
    /// The worker process.
    pub pid: i32,
    /// Its release.
    pub release: String,
    /// Its slot, or -1.
    pub worker: i64,
}

impl TextProbe {
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

    /// Sends one message.
    ///
    /// # Errors
    /// As [`Probe::send`].
    pub fn say(&mut self, payload: &[u8]) -> Result<(), Surprise> {
        self.probe.send(&text::line(payload), self.deadline)
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// As [`Probe::send`].
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Surprise> {
        self.probe.send(bytes, self.deadline)
    }

    /// The next message; an end where none came.
    ///
    /// # Errors
    /// As [`Probe::read_until`].
    pub fn hear(&mut self) -> Result<Result<Vec<u8>, End>, Surprise> {
        self.hear_until(self.deadline)
    }

    /// The next message, by a deadline of its own.
    ///
    /// # Errors
    /// As [`Probe::read_until`].
    pub fn hear_until(&mut self, deadline: Instant) -> Result<Result<Vec<u8>, End>, Surprise> {
        let end = self.probe.read_until(|bytes| bytes.contains(&b'\n'), deadline)?;
        if end != End::Enough {
            return Ok(Err(end));
        }
        let length = text::read_lines(self.probe.received()).complete[0].len();
        let mut line = self.probe.consume(length + 1);
        line.pop();
        Ok(Ok(line))
    }

    /// Sends a message and waits for the next one.
    ///
    /// # Errors
    /// As [`Probe::send`] and [`Probe::read_until`].
    pub fn ask(&mut self, payload: &[u8]) -> Result<Result<Vec<u8>, End>, Surprise> {
        self.say(payload)?;
        self.hear()
    }

    /// Which worker serves this connection.
    ///
    /// # Errors
    /// No answer, or one that is not what the contract says.
    pub fn who(&mut self) -> Result<Who, Surprise> {
        match self.ask(b"!who")? {
            Ok(answer) => serde_json::from_slice(&answer).map_err(|error| {
                Surprise(format!("!who answered {:?}: {error}", String::from_utf8_lossy(&answer)))
            }),
            Err(end) => Err(Surprise(format!("!who was not answered: {}", end.name()))),
        }
    }
}
