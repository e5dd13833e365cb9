//! The server's end of a connection.

use std::fmt;
use std::rc::Rc;

use super::frame::Role;
use super::handshake::Handshake;
use super::listeners::{Heard, Listeners};
use super::message::{Close, Message, Payload, Ping, Pong};
use super::opening::{self, Opening};
use super::session::{Early, Session};
use super::{Deflate, Outgoing};
use crate::connection::Connection;
use crate::protocol::http::{self, Request, Response};
use crate::protocol::{Encode, Farewell, Limits, Malformed, Next, Notice, Protocol, Setting, Split, Stage};

/// WebSocket as a server speaks it (WS-1 to WS-34; RFC 6455, RFC 7692).
///
/// A service is declared with one that carries its settings and callbacks; each connection starts with a
/// clone, which shares them. Frames are checked strictly, a fault closes with its code (1002, 1007, 1009),
/// and every close is a handshake (SF-61 to SF-65). Workers only.
#[derive(Default)]
pub struct WebSocket {
    setup: Rc<Setup>,
    phase: Phase,
    due: Option<Box<Due>>,
}

type OnConnect = Rc<dyn Fn(&Connection<WebSocket>, &mut Handshake<'_>)>;
type OnConnected = Rc<dyn Fn(&Connection<WebSocket>, &Request<'_>)>;

/// What all connections of a service share.
#[derive(Clone, Default)]
struct Setup {
    deflate: Option<Deflate>,
    subprotocols: Vec<String>,
    connect: Option<OnConnect>,
    connected: Option<OnConnected>,
    listeners: Listeners<WebSocket>,
}

enum Phase {
    /// The request is coming: octets of it that have, and hold no end of it.
    Opening {
        scanned: usize,
        early: Option<Box<Early>>,
    },
    /// The application has the request.
    Deciding {
        opening: Rc<Opening>,
        early: Option<Box<Early>>,
    },
    Open(Box<Session>),
    /// Refused, or left before it was open.
    Over,
}

/// What the application is to be told next.
enum Due {
    Connect(Rc<Opening>),
    Connected(Rc<Opening>),
    Heard(Heard),
}

impl WebSocket {
    /// WebSocket without compression, subprotocols and callbacks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether permessage-deflate is accepted from clients that offer it (RFC 7692). Default: no.
    #[must_use]
    pub fn deflate(self, accepts: bool) -> Self {
        self.with(|setup| setup.deflate = accepts.then(Deflate::default))
    }

    /// Accepts permessage-deflate within these bounds; windows outside 9 to 15 are taken as the nearest.
    #[must_use]
    pub fn deflate_within(self, bounds: Deflate) -> Self {
        self.with(|setup| setup.deflate = Some(bounds.in_range()))
    }

    /// The subprotocols of the service, the preferred first: a client is answered with the first that it
    /// offers. Default: none, and none is answered (WS-10).
    #[must_use]
    pub fn subprotocols<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        self.with(|setup| setup.subprotocols = names.into_iter().map(Into::into).collect())
    }

    /// Called when a client asks to speak WebSocket, before it is answered: adds fields, chooses a
    /// subprotocol, or refuses (WS-9 to WS-11; Workerman: `onWebSocketConnect`). What it sends goes out after
    /// the 101, in order (SF-66).
    #[must_use]
    pub fn on_websocket_connect(
        self,
        callback: impl Fn(&Connection<Self>, &mut Handshake<'_>) + 'static,
    ) -> Self {
        self.with(|setup| setup.connect = Some(Rc::new(callback)))
    }

    /// Called after the 101 (WS-9; Workerman: `onWebSocketConnected`).
    #[must_use]
    pub fn on_websocket_connected(
        self,
        callback: impl Fn(&Connection<Self>, &Request<'_>) + 'static,
    ) -> Self {
        self.with(|setup| setup.connected = Some(Rc::new(callback)))
    }

    /// Called for each ping, in place of the automatic pong: it sends [`Ping::pong`] itself (WS-26; Workerman:
    /// `onWebSocketPing`).
    #[must_use]
    pub fn on_websocket_ping(self, callback: impl Fn(&Connection<Self>, Ping) + 'static) -> Self {
        self.with(|setup| setup.listeners.ping = Some(Rc::new(callback)))
    }

    /// Called for each pong (WS-26; Workerman: `onWebSocketPong`).
    #[must_use]
    pub fn on_websocket_pong(self, callback: impl Fn(&Connection<Self>, Pong) + 'static) -> Self {
        self.with(|setup| setup.listeners.pong = Some(Rc::new(callback)))
    }

    /// Called once when the peer's close has come; it is answered by itself (SF-67; Workerman:
    /// `onWebSocketClose`).
    #[must_use]
    pub fn on_websocket_close(self, callback: impl Fn(&Connection<Self>, Close) + 'static) -> Self {
        self.with(|setup| setup.listeners.close = Some(Rc::new(callback)))
    }

    fn with(mut self, change: impl FnOnce(&mut Setup)) -> Self {
        change(Rc::make_mut(&mut self.setup));
        self
    }

    /// Follows the request; once it is whole, the application's turn comes first if it wants one.
    fn open(&mut self, input: &[u8], limits: &Limits, out: &mut Vec<u8>) -> Result<Split, Malformed> {
        if !opening::may_begin(input) {
            return Err(Malformed::new("no HTTP request", 0, 400));
        }
        let Phase::Opening { scanned, early } = &mut self.phase else { return Ok(Split::Need) };
        let Some(end) = http::find_end(input, *scanned, limits.max_header)? else {
            *scanned = input.len();
            return Ok(Split::Need);
        };
        let opening = Opening::check(&input[..end], &self.setup.subprotocols, self.setup.deflate.as_ref())?;
        let (opening, early) = (Rc::new(opening), early.take());
        if self.setup.connect.is_none() {
            return Ok(self.accept(opening, early, out));
        }
        self.due = Some(Box::new(Due::Connect(Rc::clone(&opening))));
        self.phase = Phase::Deciding { opening, early };
        Ok(Split::Own(0))
    }

    fn accept(&mut self, opening: Rc<Opening>, early: Option<Box<Early>>, out: &mut Vec<u8>) -> Split {
        let agreed = opening.accept(out);
        self.phase = Phase::Open(Box::new(Early::release(early, Role::Server, agreed, out)));
        let length = opening.len();
        if self.setup.connected.is_some() {
            self.due = Some(Box::new(Due::Connected(opening)));
        }
        Split::Own(length)
    }

    fn send(&mut self, outgoing: Outgoing<'_>, out: &mut Vec<u8>) -> Next {
        match &mut self.phase {
            Phase::Open(session) => session.send(outgoing, out),
            Phase::Opening { early, .. } | Phase::Deciding { early, .. } => {
                Early::hold(early, Role::Server, outgoing)
            }
            Phase::Over => Next::Close,
        }
    }
}

impl Protocol for WebSocket {
    type Message<'a> = Message;

    const NAME: &'static str = "websocket";
    const CLOSES_IN_WORDS: bool = true;

    fn split(&mut self, input: &[u8], limits: &Limits, out: &mut Vec<u8>) -> Result<Split, Malformed> {
        match &mut self.phase {
            Phase::Opening { .. } => self.open(input, limits, out),
            Phase::Deciding { opening, early } => {
                let (opening, early) = (Rc::clone(opening), early.take());
                Ok(self.accept(opening, early, out))
            }
            Phase::Open(session) => {
                let step = session.step(input, limits, out)?;
                let (split, heard) = self.setup.listeners.hear(step, session, out)?;
                self.due = heard.map(|heard| Box::new(Due::Heard(heard)));
                Ok(split)
            }
            Phase::Over => Ok(Split::End(input.len())),
        }
    }

    fn decode(&mut self, _: &[u8]) -> Message {
        let Phase::Open(session) = &mut self.phase else {
            unreachable!("a package is decoded after split has found it")
        };
        session.fetch()
    }

    fn farewell(&mut self, why: Farewell, setting: &Setting<'_>, out: &mut Vec<u8>) {
        let begun = !matches!(self.phase, Phase::Opening { scanned: 0, .. });
        let status = match (&mut self.phase, why) {
            (Phase::Open(session), _) => return session.farewell(why, out),
            (Phase::Over, _) => return,
            (_, Farewell::Malformed(malformed)) => malformed.code,
            (_, Farewell::Late) if begun => 408,
            (_, Farewell::Leaving) if begun => 503,
            (_, Farewell::Failed) => 500,
            // WS-11: a bare end.
            (_, Farewell::Done | Farewell::Late | Farewell::Leaving) => {
                self.phase = Phase::Over;
                return;
            }
        };
        self.refuse(&opening::refusal(status), setting, out);
    }

    fn awaits_goodbye(&self) -> bool {
        if let Phase::Open(session) = &self.phase { session.awaits_goodbye() } else { false }
    }

    fn notice(&mut self) -> Option<Notice<Self>> {
        let due = *self.due.take()?;
        let setup = Rc::clone(&self.setup);
        Some(match due {
            Due::Connect(opening) => {
                let callback = setup.connect.clone()?;
                Box::new(move |conn| {
                    let mut answer = opening.answer.take();
                    callback(conn, &mut Handshake::new(opening.request(), &mut answer));
                    let refusal = answer.refusal.take();
                    *opening.answer.borrow_mut() = answer;
                    if let Some(response) = refusal {
                        conn.close_with(Refusal(response));
                    }
                })
            }
            Due::Connected(opening) => {
                let callback = setup.connected.clone()?;
                Box::new(move |conn| callback(conn, &opening.request()))
            }
            Due::Heard(heard) => setup.listeners.call(heard)?,
        })
    }

    fn stage(&self) -> Stage {
        match &self.phase {
            Phase::Open(session) => session.stage(),
            // A client that connects and asks for nothing is in its handshake too.
            Phase::Opening { .. } | Phase::Deciding { .. } => Stage::Head,
            Phase::Over => Stage::Between,
        }
    }

    fn held(&self) -> usize {
        match &self.phase {
            Phase::Opening { early, .. } | Phase::Deciding { early, .. } => Early::held(early),
            Phase::Open(_) | Phase::Over => 0,
        }
    }
}

impl<T: Payload> Encode<T> for WebSocket {
    fn encode(&mut self, reply: T, _: &Setting<'_>, out: &mut Vec<u8>) -> Next {
        self.send(reply.outgoing(), out)
    }
}

/// The response of an application that does not accept a handshake.
struct Refusal(Response);

impl Encode<Refusal> for WebSocket {
    fn encode(&mut self, Refusal(response): Refusal, setting: &Setting<'_>, out: &mut Vec<u8>) -> Next {
        self.refuse(&response, setting, out);
        Next::Close
    }
}

impl WebSocket {
    fn refuse(&mut self, response: &Response, setting: &Setting<'_>, out: &mut Vec<u8>) {
        self.phase = Phase::Over;
        http::write_whole(response, setting.date, out);
    }
}

impl Clone for WebSocket {
    /// The same settings and callbacks, for a connection that is new.
    fn clone(&self) -> Self {
        Self { setup: Rc::clone(&self.setup), ..Self::default() }
    }
}

impl Default for Phase {
    fn default() -> Self {
        Self::Opening { scanned: 0, early: None }
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket").finish_non_exhaustive()
    }
}
