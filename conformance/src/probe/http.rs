use std::time::Instant;

use workerspec_wire::http::{Malformed, Read, Request, Response, read_response};

use super::connection::{End, Probe};
use crate::verdict::Surprise;

/// A connection to port `http`.
#[derive(Debug)]
pub struct HttpProbe {
    probe: Probe,
    deadline: Instant,
}

/// What came instead of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The connection ended, or the deadline came.
    End(End),
    /// Bytes that are no answer.
    Malformed(Malformed),
}

/// What came instead of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoReceipt {
    /// No answer.
    NoAnswer(NoAnswer),
    /// An answer with this status.
    Status(u16),
}

impl std::fmt::Display for NoReceipt {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoAnswer(no_answer) => write!(out, "{no_answer}"),
            Self::Status(status) => write!(out, "status {status}"),
        }
    }
}

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::End(end) => out.write_str(end.name()),
            Self::Malformed(malformed) => write!(out, "{malformed}"),
        }
    }
}

/// The content of an answer to `/load/ID`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// As in the request.
    pub id: String,
    /// The worker's release.
    pub release: String,
    /// The worker.
    pub pid: i32,
    /// Octets of the request's content.
    pub length: u64,
    /// Its slot, if the answer says.
    pub slot: Option<i64>,
    /// The answer announces a close.
    pub last: bool,
}

impl HttpProbe {
    pub(crate) fn new(probe: Probe, deadline: Instant) -> Self {
        Self { probe, deadline }
    }

    /// The connection itself.
    pub fn raw(&mut self) -> &mut Probe {
        &mut self.probe
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// As [`Probe::send`].
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Surprise> {
        self.probe.send(bytes, self.deadline)
    }

    /// The next response, interim ones included.
    ///
    /// # Errors
    /// As [`Probe::read_until`].
    pub fn hear(&mut self, to_head: bool) -> Result<Result<Response, NoAnswer>, Surprise> {
        self.hear_until(to_head, self.deadline)
    }

    /// The next response, by a deadline of its own.
    ///
    /// # Errors
    /// As [`Probe::read_until`].
    pub fn hear_until(
        &mut self,
        to_head: bool,
        deadline: Instant,
    ) -> Result<Result<Response, NoAnswer>, Surprise> {
        let mut read = Ok(Read::More);
        let end = self.probe.read_until(
            |bytes| {
                read = read_response(bytes, 0, to_head, false);
                !matches!(read, Ok(Read::More))
            },
            deadline,
        )?;
        if end == End::Closed && !self.probe.received().is_empty() {
            read = read_response(self.probe.received(), 0, to_head, true);
        }
        Ok(match read {
            Ok(Read::Response(response)) => {
                self.probe.consume(response.range.end);
                Ok(*response)
            }
            Ok(Read::More) => Err(NoAnswer::End(end)),
            Err(malformed) => Err(NoAnswer::Malformed(malformed)),
        })
    }

    /// Asks `/load/ID` and reads the answer.
    ///
    /// # Errors
    /// An answer that is not what the contract says.
    pub fn load(&mut self, id: &str) -> Result<Result<Receipt, NoReceipt>, Surprise> {
        self.send(&Request::get(&format!("/load/{id}")).end())?;
        self.receipt(id)
    }

    /// Reads the answer to `/load/ID`.
    ///
    /// # Errors
    /// An answer that is not what the contract says.
    pub fn receipt(&mut self, id: &str) -> Result<Result<Receipt, NoReceipt>, Surprise> {
        match self.hear(false)? {
            Err(no_answer) => Ok(Err(NoReceipt::NoAnswer(no_answer))),
            Ok(response) if response.status != 200 => Ok(Err(NoReceipt::Status(response.status))),
            Ok(response) => Receipt::parse(&response, id).map(Ok).map_err(Surprise),
        }
    }
}

impl Receipt {
    /// Checks an answer to `/load/ID`.
    pub(crate) fn parse(response: &Response, id: &str) -> Result<Self, String> {
        let text = String::from_utf8_lossy(&response.body).into_owned();
        let wrong = || format!("/load/{id} answered {} with {text:?}", response.status);
        let words: Vec<&str> = text.split_whitespace().collect();
        let [found, release, pid, length, ..] = words.as_slice() else { return Err(wrong()) };
        if response.status != 200 || *found != id {
            return Err(wrong());
        }
        Ok(Self {
            id: (*found).to_owned(),
            release: (*release).to_owned(),
            pid: pid.parse().map_err(|_| wrong())?,
            length: length.parse().map_err(|_| wrong())?,
            slot: response.text("workerspec-worker").and_then(|slot| slot.parse().ok()),
            last: response.announces_close(),
        })
    }
}
