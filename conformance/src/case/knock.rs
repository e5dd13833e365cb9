use std::fmt;

use workerspec_wire::websocket::Opening;

use super::accept::Grade;
use super::talk::Cut;

/// An opening handshake out, one of a list of welcomes back.
#[derive(Clone, Copy, Debug)]
pub struct Knock {
    /// Makes the request.
    pub request: fn() -> Opening,
    /// What ends its lines.
    pub line_end: &'static str,
    /// What follows the head at once.
    pub behind: &'static [u8],
    /// Subprotocols that it offers.
    pub protocols: &'static [&'static str],
    /// Extensions that it offers, by name.
    pub extensions: &'static [&'static str],
    /// In which pieces; `Frames` is `Whole` here.
    pub cut: Cut,
    /// Every acceptable welcome, the best first.
    pub accept: &'static [Welcome],
}

/// One acceptable welcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// How good it is.
    pub grade: Grade,
    /// What has to come.
    pub answer: Answers,
    /// A field that the answer has to have.
    pub field: Option<(&'static str, &'static str)>,
}

/// What a server may answer to a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// 101 with all that RFC 6455 4.1 has a client check, and then a message is echoed.
    Opens,
    /// The same, with no extension agreed on.
    OpensPlain,
    /// One of these statuses; the server closes or not.
    Status(&'static [u16]),
    /// The connection is closed without an answer.
    Closed,
    /// Nothing: it waits for more.
    Waits,
}

const fn welcome(answer: Answers) -> Welcome {
    Welcome { grade: Grade::Preferred, answer, field: None }
}

impl Welcome {
    /// 101, and a message is echoed.
    #[must_use]
    pub const fn opens() -> Self {
        welcome(Answers::Opens)
    }

    /// 101 without an extension, and a message is echoed.
    #[must_use]
    pub const fn opens_plain() -> Self {
        welcome(Answers::OpensPlain)
    }

    /// One of these statuses.
    #[must_use]
    pub const fn status(codes: &'static [u16]) -> Self {
        welcome(Answers::Status(codes))
    }

    /// The end, without an answer.
    #[must_use]
    pub const fn closed() -> Self {
        welcome(Answers::Closed)
    }

    /// Nothing yet.
    #[must_use]
    pub const fn waits() -> Self {
        welcome(Answers::Waits)
    }

    /// … with this field.
    #[must_use]
    pub const fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.field = Some((name, value));
        self
    }

    /// Allowed, but gives a warning.
    #[must_use]
    pub const fn tolerated(mut self) -> Self {
        self.grade = Grade::Tolerated;
        self
    }
}

impl Knock {
    /// The bytes of the request and of what follows it.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        [(self.request)().ended_by(self.line_end).as_slice(), self.behind].concat()
    }
}

impl fmt::Display for Welcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.answer {
            Answers::Opens => out.write_str("101, and a message is echoed")?,
            Answers::OpensPlain => out.write_str("101 without an extension, and a message is echoed")?,
            Answers::Status(codes) => {
                let codes: Vec<String> = codes.iter().map(u16::to_string).collect();
                out.write_str(&codes.join(" or "))?;
            }
            Answers::Closed => out.write_str("closed without an answer")?,
            Answers::Waits => out.write_str("no answer, waiting for more")?,
        }
        if let Some((name, value)) = self.field {
            write!(out, " with `{name}: {value}`")?;
        }
        match self.grade {
            Grade::Preferred => Ok(()),
            Grade::Tolerated => out.write_str(" (tolerated)"),
            Grade::Observed => out.write_str(" (recorded)"),
        }
    }
}
