//! A connection of a port that speaks of messages, whichever it is.

use std::time::Instant;

use workerspec_wire::websocket::{Event, opcode};

use crate::case::Need;
use crate::probe::{FrameProbe, NoFrame, Probe, Silence, TextProbe, TlsProbe, WebSocketProbe, Who};
use crate::run::Stage;
use crate::testee::Capability;
use crate::verdict::Surprise;

/// A port that speaks of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Port {
    Text,
    Frame,
    WebSocket,
    Unix,
    Tls,
}

impl Port {
    /// What a case on this port needs.
    pub(super) const fn need(self) -> Need {
        Need::Can(match self {
            Self::Text => Capability::Text,
            Self::Frame => Capability::Frame,
            Self::WebSocket => Capability::WebSocket,
            Self::Unix => Capability::Unix,
            Self::Tls => Capability::Tls,
        })
    }

    /// Its name in `[ports]`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Frame => "frame",
            Self::WebSocket => "websocket",
            Self::Unix => "unix",
            Self::Tls => "tls",
        }
    }
}

/// A connection on which messages are said and heard.
#[derive(Debug)]
pub(super) enum Speaker {
    Text(TextProbe),
    Frame(FrameProbe),
    WebSocket(WebSocketProbe),
    Tls(Box<TlsProbe>),
}

/// What came instead of a message: whether the connection is over, and in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Nothing {
    pub(super) over: bool,
    pub(super) what: String,
}

impl Nothing {
    fn new(over: bool, what: impl ToString) -> Self {
        Self { over, what: what.to_string() }
    }
}

impl Speaker {
    /// An open connection.
    pub(super) fn open(stage: &Stage, port: Port) -> Result<Self, Surprise> {
        Ok(match port {
            Port::Text => Self::Text(stage.text()?),
            Port::Frame => Self::Frame(stage.frame()?),
            Port::WebSocket => Self::WebSocket(stage.open_websocket()?),
            Port::Unix => Self::Text(stage.unix()?),
            Port::Tls => Self::Tls(Box::new(stage.tls()?)),
        })
    }

    /// An open connection over TCP whose receive buffer is small, so that the server has to wait.
    pub(super) fn narrow(stage: &Stage, port: Port) -> Result<Self, Surprise> {
        let deadline = stage.deadline();
        let probe = stage
            .try_connect(port.name(), Some(16 << 10), deadline)?
            .map_err(Surprise::of("can't connect"))?;
        Ok(match port {
            Port::Frame => Self::Frame(FrameProbe::new(probe, deadline)),
            Port::WebSocket => {
                let mut probe = WebSocketProbe::new(probe, deadline);
                probe.open(None)?.map_err(Surprise)?;
                Self::WebSocket(probe)
            }
            _ => Self::Text(TextProbe::new(probe, deadline)),
        })
    }

    /// Sends a message.
    pub(super) fn say(&mut self, message: &[u8]) -> Result<(), Surprise> {
        match self {
            Self::Text(probe) => probe.say(message),
            Self::Frame(probe) => probe.say(message),
            Self::WebSocket(probe) => probe.say(opcode::TEXT, message),
            Self::Tls(probe) => probe.say(message),
        }
    }

    /// The next message, or what came instead.
    pub(super) fn hear(&mut self, deadline: Instant) -> Result<Result<Vec<u8>, Nothing>, Surprise> {
        Ok(match self {
            Self::Text(probe) => {
                probe.hear_until(deadline)?.map_err(|end| Nothing::new(end.is_over(), end.name()))
            }
            Self::Frame(probe) => probe.hear_until(deadline)?.map_err(|no_frame| match no_frame {
                NoFrame::End(end) => Nothing::new(end.is_over(), end.name()),
                NoFrame::Bad(bad) => Nothing::new(false, bad),
            }),
            Self::WebSocket(probe) => match probe.hear(deadline)? {
                Ok(Event::Message { payload, .. }) => Ok(payload),
                Ok(Event::Close(code, _)) => Err(Nothing::new(true, format!("a close with {code:?}"))),
                Ok(other) => Err(Nothing::new(false, format!("{other:?}"))),
                Err(Silence::End(end)) => Err(Nothing::new(end.is_over(), end.name())),
                Err(Silence::Malformed(malformed)) => Err(Nothing::new(false, malformed)),
            },
            Self::Tls(probe) => probe
                .hear_until(deadline)?
                .map_err(|end| Nothing::new(end != crate::probe::TlsEnd::TimedOut, end.name())),
        })
    }

    /// Sends a message and waits for the next one, which has to come.
    pub(super) fn ask(&mut self, stage: &Stage, message: &[u8]) -> Result<Vec<u8>, Surprise> {
        self.say(message)?;
        self.hear(stage.deadline())?.map_err(|nothing| {
            Surprise(format!("{:?} was not answered: {}", String::from_utf8_lossy(message), nothing.what))
        })
    }

    /// Which worker serves it.
    pub(super) fn who(&mut self, stage: &Stage) -> Result<Who, Surprise> {
        let answer = self.ask(stage, b"!who")?;
        serde_json::from_slice(&answer).map_err(Surprise::of("!who"))
    }

    /// The socket, where there is one of our own.
    pub(super) fn raw(&mut self) -> Option<&mut Probe> {
        match self {
            Self::Text(probe) => Some(probe.raw()),
            Self::Frame(probe) => Some(probe.raw()),
            Self::WebSocket(probe) => Some(probe.raw()),
            Self::Tls(_) => None,
        }
    }

    /// Opens the window of a narrow one.
    pub(super) fn widen(&mut self) -> Result<(), Surprise> {
        self.raw().map_or(Ok(()), |probe| probe.widen())
    }
}

/// Two connections of one worker, the first of them narrow if asked for; `None` if chance gives none.
pub(super) fn two_of_one(
    stage: &Stage,
    port: Port,
    narrow: bool,
) -> Result<Option<(Speaker, Speaker)>, Surprise> {
    let mut firsts: Vec<(i32, Speaker)> = Vec::new();
    let mut seconds: Vec<(i32, Speaker)> = Vec::new();
    for round in 0..48 {
        // Not in turn: a server that hands connections round would keep the kinds apart for ever.
        let first = round % 3 != 0;
        let mut speaker =
            if first && narrow { Speaker::narrow(stage, port)? } else { Speaker::open(stage, port)? };
        let pid = speaker.who(stage)?.pid;
        if first { &mut firsts } else { &mut seconds }.push((pid, speaker));
        let pair = firsts.iter().enumerate().find_map(|(left, (pid, _))| {
            seconds.iter().position(|(other, _)| other == pid).map(|right| (left, right))
        });
        if let Some((left, right)) = pair {
            return Ok(Some((firsts.swap_remove(left).1, seconds.swap_remove(right).1)));
        }
    }
    Ok(None)
}
