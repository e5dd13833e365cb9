use std::fmt;

use workerspec_wire::dump::escape;

use super::accept::Grade;
use super::part::{Content, Step};

/// Frames out on an open websocket connection, one of a list of replies back.
#[derive(Clone, Copy, Debug)]
pub struct Talk {
    /// What is offered with the handshake, as the value of `Sec-WebSocket-Extensions`. The testee has to accept it.
    pub offer: Option<&'static str>,
    /// What is sent.
    pub send: &'static [Step],
    /// In which pieces.
    pub cut: Cut,
    /// How it is known that nothing more will come.
    pub fence: Fence,
    /// Every acceptable reply, the best first.
    pub accept: &'static [Reply],
}

/// In which pieces frames are written; each is a segment of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// All in one.
    Whole,
    /// Frame by frame.
    Frames,
    /// So many octets at a time.
    Octets(usize),
}

/// How it is known that nothing more will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fence {
    /// A message follows, or a ping where a message is open, and its answer shows that all before was answered.
    /// Nothing follows a close: there the end of the connection is waited for.
    Sent,
    /// A ping follows, a message is open or not.
    Ping,
    /// Nothing can follow what was sent: the quiet window.
    Quiet,
    /// Nothing can follow what was sent, and a reply is due.
    Due,
    /// The client half-closes; the end of the connection is waited for.
    Finish,
}

/// One acceptable reply.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    /// How good it is.
    pub grade: Grade,
    /// Messages and pongs, in order; nothing else.
    pub heard: &'static [Heard],
    /// And then.
    pub end: Ending,
}

/// A message or a pong of the server.
#[derive(Clone, Copy, Debug)]
pub enum Heard {
    /// A text message.
    Text(Content),
    /// A binary message.
    Binary(Content),
    /// A pong.
    Pong(Content),
}

/// How the connection is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It goes on.
    Open,
    /// A close frame with one of these codes, 1005 being none, then the end of the connection. Any code if
    /// the list is empty.
    Closes(&'static [u16]),
    /// The end of the connection, without a close frame.
    Dropped,
}

const fn reply(grade: Grade, heard: &'static [Heard], end: Ending) -> Reply {
    Reply { grade, heard, end }
}

impl Reply {
    /// As it should be: these, and the connection goes on.
    #[must_use]
    pub const fn hears(heard: &'static [Heard]) -> Self {
        reply(Grade::Preferred, heard, Ending::Open)
    }

    /// As it should be: a close with one of these codes.
    #[must_use]
    pub const fn closes(codes: &'static [u16]) -> Self {
        reply(Grade::Preferred, &[], Ending::Closes(codes))
    }

    /// As it should be: the end without a close frame.
    #[must_use]
    pub const fn drops() -> Self {
        reply(Grade::Preferred, &[], Ending::Dropped)
    }

    /// … and these before.
    #[must_use]
    pub const fn after(mut self, heard: &'static [Heard]) -> Self {
        self.heard = heard;
        self
    }

    /// Allowed, but gives a warning.
    #[must_use]
    pub const fn tolerated(mut self) -> Self {
        self.grade = Grade::Tolerated;
        self
    }

    /// Only recorded.
    #[must_use]
    pub const fn recorded(mut self) -> Self {
        self.grade = Grade::Observed;
        self
    }
}

/// The connection is failed for a fault of the protocol (RFC 6455 7.1.7): best with its code.
pub const PROTOCOL_ERROR: &[Reply] =
    &[Reply::closes(&[1002]), Reply::closes(&[]).tolerated(), Reply::drops().tolerated()];
/// A close that is malformed: as [`PROTOCOL_ERROR`], and it is not answered as a good one.
pub const NO_CLOSE: &[Reply] = &[
    Reply::closes(&[1002]),
    Reply::closes(&[1003, 1007, 1008, 1009, 1011]).tolerated(),
    Reply::drops().tolerated(),
];
/// The connection is failed for what is not UTF-8 (RFC 6455 8.1): best with its code.
pub const NOT_UTF8: &[Reply] =
    &[Reply::closes(&[1007]), Reply::closes(&[]).tolerated(), Reply::drops().tolerated()];
/// The connection is closed for its size (RFC 6455 7.4.1): best with its code.
pub const TOO_LARGE: &[Reply] =
    &[Reply::closes(&[1009]), Reply::closes(&[1008]).tolerated(), Reply::drops().tolerated()];

impl fmt::Display for Heard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, content) = match self {
            Self::Text(content) => ("text", content),
            Self::Binary(content) => ("binary", content),
            Self::Pong(content) => ("pong", content),
        };
        match content {
            Content::Bytes(bytes) if bytes.len() <= 40 => write!(out, "{name} \"{}\"", escape(bytes)),
            Content::Bytes(bytes) => write!(out, "{name} \"{}…\"", escape(&bytes[..40])),
            Content::Repeated(octet, count) => {
                write!(out, "{name} of {count} times \"{}\"", escape(&[*octet]))
            }
            Content::Code(code, _) => write!(out, "{name} with {code}"),
            Content::BelowLimit(below) => write!(out, "{name} of max_package less {below} octets"),
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.heard {
            [] => {}
            [one, .., last] if 4 < self.heard.len() => {
                write!(out, "{} messages from {one} to {last}, then ", self.heard.len())?;
            }
            all => all.iter().try_for_each(|heard| write!(out, "{heard}, then "))?,
        }
        match self.end {
            Ending::Open => out.write_str("the connection goes on")?,
            Ending::Closes([]) => out.write_str("close with any code, and the end")?,
            Ending::Closes(codes) => {
                let codes: Vec<String> = codes
                    .iter()
                    .map(|code| if *code == 1005 { "no code".to_owned() } else { code.to_string() })
                    .collect();
                write!(out, "close with {}, and the end", codes.join(" or "))?;
            }
            Ending::Dropped => out.write_str("the end without a close frame")?,
        }
        match self.grade {
            Grade::Preferred => Ok(()),
            Grade::Tolerated => out.write_str(" (tolerated)"),
            Grade::Observed => out.write_str(" (recorded)"),
        }
    }
}
