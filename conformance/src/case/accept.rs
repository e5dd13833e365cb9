use std::fmt;

use workerspec_wire::dump::escape;

/// One acceptable outcome of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accept {
    /// How good it is.
    pub grade: Grade,
    /// What has to come.
    pub answer: Answer,
    /// The connection has to be closed afterwards.
    pub close: bool,
    /// Final answers to the bytes sent; `None` where it does not matter.
    pub count: Option<usize>,
    /// Fewer will do, if the last one announces a close that comes then.
    pub announced: bool,
}

/// How good an acceptable outcome is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// As it should be: pass.
    Preferred,
    /// Allowed, but risky or sloppy: warn.
    Tolerated,
    /// Only recorded: pass, with a note.
    Observed,
}

/// What a server may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 2xx.
    Answered,
    /// 2xx whose content is this; the content is compared in the full tier only.
    Echoes(&'static [u8]),
    /// This status.
    Status(u16),
    /// An error, whichever.
    Refused,
    /// The connection is closed without any answer.
    Closed,
    /// No answer: it waits for more.
    Waits,
}

const fn accept(grade: Grade, answer: Answer) -> Accept {
    let count = match answer {
        Answer::Answered | Answer::Echoes(_) => Some(1),
        Answer::Status(_) | Answer::Refused | Answer::Closed | Answer::Waits => None,
    };
    Accept { grade, answer, close: false, count, announced: false }
}

/// The outcome is as it should be.
#[must_use]
pub const fn prefer(answer: Answer) -> Accept {
    accept(Grade::Preferred, answer)
}

/// The outcome is allowed, but gives a warning.
#[must_use]
pub const fn tolerate(answer: Answer) -> Accept {
    accept(Grade::Tolerated, answer)
}

/// The outcome is only recorded.
#[must_use]
pub const fn observe(answer: Answer) -> Accept {
    accept(Grade::Observed, answer)
}

/// 2xx.
#[must_use]
pub const fn answered() -> Answer {
    Answer::Answered
}

/// 2xx that echoes the content.
#[must_use]
pub const fn echoes(content: &'static [u8]) -> Answer {
    Answer::Echoes(content)
}

/// Exactly this status.
#[must_use]
pub const fn status(code: u16) -> Answer {
    Answer::Status(code)
}

/// 4xx or 5xx.
#[must_use]
pub const fn refused() -> Answer {
    Answer::Refused
}

/// Closed without an answer.
#[must_use]
pub const fn closed() -> Answer {
    Answer::Closed
}

/// Waits for more.
#[must_use]
pub const fn waits() -> Answer {
    Answer::Waits
}

impl Accept {
    /// … and the connection is closed then.
    #[must_use]
    pub const fn and_close(mut self) -> Self {
        self.close = true;
        self
    }

    /// … that many times, no more and no less.
    #[must_use]
    pub const fn times(mut self, count: usize) -> Self {
        self.count = Some(count);
        self
    }

    /// … or fewer times, where the last one announces a close that comes then: to persist is a SHOULD (RFC 9112
    /// section 9.3), to say that one does not is a MUST.
    #[must_use]
    pub const fn announcing_close(mut self) -> Self {
        self.announced = true;
        self
    }
}

impl fmt::Display for Accept {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.answer {
            Answer::Answered => out.write_str("2xx")?,
            Answer::Echoes(content) => write!(out, "2xx with the content \"{}\"", escape(content))?,
            Answer::Status(code) => write!(out, "{code}")?,
            Answer::Refused => out.write_str("4xx or 5xx")?,
            Answer::Closed => out.write_str("closed without an answer")?,
            Answer::Waits => out.write_str("no answer, waiting for more")?,
        }
        match (self.count, self.answer) {
            (None, _) | (Some(1), Answer::Answered | Answer::Echoes(_)) => {}
            (Some(1), _) => out.write_str(", one answer only")?,
            (Some(count), _) if self.announced => write!(out, ", up to {count} times")?,
            (Some(count), _) => write!(out, ", {count} times")?,
        }
        if self.announced {
            out.write_str(", then a close that the last one announces")?;
        }
        if self.close {
            out.write_str(", then closed")?;
        }
        match self.grade {
            Grade::Preferred => Ok(()),
            Grade::Tolerated => out.write_str(" (tolerated)"),
            Grade::Observed => out.write_str(" (recorded)"),
        }
    }
}
