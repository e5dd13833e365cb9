//! The client's end of a connection.

use std::fmt;
use std::rc::Rc;

use super::frame::Role;
use super::handshake::is_free;
use super::listeners::{Heard, Listeners};
use super::message::{Close, Message, Payload, Ping, Pong};
use super::negotiation::{self, Agreed};
use super::session::{Early, Session};
use super::{Deflate, Outgoing, Reply, key};
use crate::connection::Connection;
use crate::protocol::http::{self, is_token};
use crate::protocol::{Encode, Farewell, Limits, Malformed, Next, Notice, Protocol, Setting, Split, Stage};

/// WebSocket as a client speaks it, over a connection that this process opened (WSC-1 to WSC-9; RFC 6455).
///
/// What is sent before the handshake is done is held, and follows it in order. Each clone makes a handshake of
/// its own, with a new key. Workers only; Workerman: the `ws` protocol.
#[derive(Default)]
pub struct Ws {
    setup: Rc<Setup>,
    phase: Phase,
    due: Option<Box<Due>>,
}

type OnConnect = Rc<dyn Fn(&Connection<Ws>, &Reply)>;

/// What all connections of a client share.
#[derive(Clone, Default)]
struct Setup {
    host: String,
    target: String,
    origin: Option<String>,
    subprotocols: Vec<String>,
    fields: Vec<(String, String)>,
    deflate: Option<Deflate>,
    connect: Option<OnConnect>,
    listeners: Listeners<Ws>,
}

enum Phase {
    /// The request is out or about to be; the answer is coming.
    Asking(Box<Asking>),
    Open(Box<Session>),
    /// The handshake failed.
    Over,
}

#[derive(Default)]
struct Asking {
    key: String,
    /// Octets of the answer that hold no end of it.
    scanned: usize,
    early: Option<Box<Early>>,
}

/// What the application is to be told next.
enum Due {
    Connect(Reply),
    Heard(Heard),
}

impl Ws {
    /// A client that asks `host` (`name` or `name:port`, told as it is but for the ports 80 and 443) for
    /// `target`, a path with or without a query. Octets that cannot stand in a request line are left out.
    pub fn new(host: &str, target: &str) -> Self {
        let host = host.strip_suffix(":80").or_else(|| host.strip_suffix(":443")).unwrap_or(host);
        let visible = |text: &str| text.chars().filter(char::is_ascii_graphic).collect::<String>();
        let mut target = visible(target);
        if !target.starts_with('/') {
            target.insert(0, '/');
        }
        Self::default().with(|setup| (setup.host, setup.target) = (visible(host), target))
    }

    /// The `Origin` that is told. Default: none.
    #[must_use]
    pub fn origin(self, origin: &str) -> Self {
        let origin = origin.chars().filter(char::is_ascii_graphic).collect();
        self.with(|setup| setup.origin = Some(origin))
    }

    /// The subprotocols that are offered, the preferred first; names that are no tokens are left out. Default:
    /// none.
    #[must_use]
    pub fn subprotocols<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        let token = |name: &String| !name.is_empty() && name.bytes().all(is_token);
        self.with(|setup| setup.subprotocols = names.into_iter().map(Into::into).filter(token).collect())
    }

    /// Adds a field to the request; one named `Host` takes the place of the own. A name that is no token and a
    /// value with CR, LF or NUL are dropped (WSC-1), and names that belong to the handshake itself.
    #[must_use]
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        if is_free(&name, &value) { self.with(|setup| setup.fields.push((name, value))) } else { self }
    }

    /// Whether permessage-deflate is offered (RFC 7692). Default: no.
    #[must_use]
    pub fn deflate(self, offers: bool) -> Self {
        self.with(|setup| setup.deflate = offers.then(Deflate::default))
    }

    /// Offers permessage-deflate within these bounds; windows outside 9 to 15 are taken as the nearest.
    #[must_use]
    pub fn deflate_within(self, bounds: Deflate) -> Self {
        self.with(|setup| setup.deflate = Some(bounds.in_range()))
    }

    /// Called when the server has accepted; what was sent before is on its way (WSC-2; Workerman:
    /// `onWebSocketConnect`).
    #[must_use]
    pub fn on_websocket_connect(self, callback: impl Fn(&Connection<Self>, &Reply) + 'static) -> Self {
        self.with(|setup| setup.connect = Some(Rc::new(callback)))
    }

    /// Called for each ping, in place of the automatic pong: it sends [`Ping::pong`] itself (WSC-5).
    #[must_use]
    pub fn on_websocket_ping(self, callback: impl Fn(&Connection<Self>, Ping) + 'static) -> Self {
        self.with(|setup| setup.listeners.ping = Some(Rc::new(callback)))
    }

    /// Called for each pong.
    #[must_use]
    pub fn on_websocket_pong(self, callback: impl Fn(&Connection<Self>, Pong) + 'static) -> Self {
        self.with(|setup| setup.listeners.pong = Some(Rc::new(callback)))
    }

    /// Called once when the server's close has come; it is answered by itself (WSC-7).
    #[must_use]
    pub fn on_websocket_close(self, callback: impl Fn(&Connection<Self>, Close) + 'static) -> Self {
        self.with(|setup| setup.listeners.close = Some(Rc::new(callback)))
    }

    fn with(mut self, change: impl FnOnce(&mut Setup)) -> Self {
        change(Rc::make_mut(&mut self.setup));
        self
    }

    fn open(&mut self, input: &[u8], limits: &Limits, out: &mut Vec<u8>) -> Result<Split, Malformed> {
        let Phase::Asking(asking) = &mut self.phase else { return Ok(Split::Need) };
        let end = http::find_end(input, asking.scanned, limits.max_header)
            .map_err(|malformed| Malformed { code: 1002, ..malformed })?;
        let Some(end) = end else {
            asking.scanned = input.len();
            return Ok(Split::Need);
        };
        let reply = Reply::read(&input[..end])?;
        if matches!(reply.status(), 100 | 102..=199) {
            // RFC 9110 15.2: interim responses may precede the one that counts.
            asking.scanned = 0;
            return Ok(Split::Own(end));
        }
        let agreed = check(&reply, &self.setup, &asking.key)?;
        let session = Early::release(asking.early.take(), Role::Client, agreed, out);
        self.phase = Phase::Open(Box::new(session));
        if self.setup.connect.is_some() {
            self.due = Some(Box::new(Due::Connect(reply)));
        }
        Ok(Split::Own(end))
    }

    fn send(&mut self, outgoing: Outgoing<'_>, out: &mut Vec<u8>) -> Next {
        match &mut self.phase {
            Phase::Open(session) => session.send(outgoing, out),
            Phase::Asking(asking) => Early::hold(&mut asking.early, Role::Client, outgoing),
            Phase::Over => Next::Close,
        }
    }
}

/// Whether the answer is one to our request (WSC-3; RFC 6455 4.1).
fn check(reply: &Reply, setup: &Setup, key: &str) -> Result<Option<Agreed>, Malformed> {
    let refuse = |what| Err(Malformed::new(what, 0, 1002));
    let lists = |field, option: &str| {
        reply
            .values(field)
            .flat_map(|value| value.split(|&octet| octet == b','))
            .any(|value| value.trim_ascii().eq_ignore_ascii_case(option.as_bytes()))
    };
    if reply.status() != 101 {
        return refuse("server did not switch protocols");
    }
    if !lists("Upgrade", "websocket") || !lists("Connection", "upgrade") {
        return refuse("server switched to something else");
    }
    if !reply.values("Sec-WebSocket-Accept").eq([key::accept(key.as_bytes()).as_bytes()]) {
        return refuse("server did not prove that it read the key");
    }
    let mut chosen = reply.values("Sec-WebSocket-Protocol");
    if let Some(name) = chosen.next()
        && (chosen.next().is_some() || !setup.subprotocols.iter().any(|offered| offered.as_bytes() == name))
    {
        return refuse("subprotocol that was not offered");
    }
    negotiation::confirm(setup.deflate.as_ref(), reply.values("Sec-WebSocket-Extensions"))
}

impl Protocol for Ws {
    type Message<'a> = Message;

    const NAME: &'static str = "ws";

    fn split(&mut self, input: &[u8], limits: &Limits, out: &mut Vec<u8>) -> Result<Split, Malformed> {
        match &mut self.phase {
            Phase::Asking(_) => self.open(input, limits, out),
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

    fn farewell(&mut self, why: Farewell, _: &Setting<'_>, out: &mut Vec<u8>) {
        match &mut self.phase {
            Phase::Open(session) => session.farewell(why, out),
            // There is no way to say it before the handshake is done.
            phase => *phase = Phase::Over,
        }
    }

    fn awaits_goodbye(&self) -> bool {
        if let Phase::Open(session) = &self.phase { session.awaits_goodbye() } else { false }
    }

    fn greet(&mut self, out: &mut Vec<u8>) {
        let Phase::Asking(asking) = &mut self.phase else { return };
        asking.key = key::new_key();
        let setup = &self.setup;
        let mut text = format!("GET {} HTTP/1.1\r\n", setup.target);
        let mut line = |name: &str, value: &str| {
            [name, ": ", value, "\r\n"].into_iter().for_each(|part| text.push_str(part));
        };
        if !setup.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            line("Host", &setup.host);
        }
        line("Connection", "Upgrade");
        line("Upgrade", "websocket");
        if let Some(origin) = &setup.origin {
            line("Origin", origin);
        }
        if !setup.subprotocols.is_empty() {
            line("Sec-WebSocket-Protocol", &setup.subprotocols.join(", "));
        }
        line("Sec-WebSocket-Version", "13");
        line("Sec-WebSocket-Key", &asking.key);
        if let Some(deflate) = &setup.deflate {
            line("Sec-WebSocket-Extensions", &negotiation::offer(deflate));
        }
        setup.fields.iter().for_each(|(name, value)| line(name, value));
        text.push_str("\r\n");
        out.extend_from_slice(text.as_bytes());
    }

    fn notice(&mut self) -> Option<Notice<Self>> {
        let due = *self.due.take()?;
        let setup = &self.setup;
        Some(match due {
            Due::Connect(reply) => {
                let callback = setup.connect.clone()?;
                Box::new(move |conn| callback(conn, &reply))
            }
            Due::Heard(heard) => setup.listeners.call(heard)?,
        })
    }

    fn stage(&self) -> Stage {
        match &self.phase {
            Phase::Asking(_) => Stage::Head,
            Phase::Open(session) => session.stage(),
            Phase::Over => Stage::Between,
        }
    }

    fn held(&self) -> usize {
        if let Phase::Asking(asking) = &self.phase { Early::held(&asking.early) } else { 0 }
    }
}

impl<T: Payload> Encode<T> for Ws {
    fn encode(&mut self, reply: T, _: &Setting<'_>, out: &mut Vec<u8>) -> Next {
        self.send(reply.outgoing(), out)
    }
}

impl Default for Phase {
    fn default() -> Self {
        Self::Asking(Box::default())
    }
}

impl Clone for Ws {
    /// The same settings and callbacks, for a connection that is new (WSC-9).
    fn clone(&self) -> Self {
        Self { setup: Rc::clone(&self.setup), ..Self::default() }
    }
}

impl fmt::Debug for Ws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ws")
            .field("host", &self.setup.host)
            .field("target", &self.setup.target)
            .finish_non_exhaustive()
    }
}
