//! Who listens to the control frames of a connection.

use std::rc::Rc;

use super::message::{Close, Ping, Pong};
use super::session::{Session, Step};
use crate::connection::Connection;
use crate::protocol::{Malformed, Notice, Protocol, Split};

type On<P, T> = Rc<dyn Fn(&Connection<P>, T)>;

/// The callbacks for control frames, the same at both ends.
pub(super) struct Listeners<P: Protocol> {
    pub(super) ping: Option<On<P, Ping>>,
    pub(super) pong: Option<On<P, Pong>>,
    pub(super) close: Option<On<P, Close>>,
}

/// A control frame that somebody may listen to.
pub(super) enum Heard {
    Ping(Ping),
    Pong(Pong),
    Close(Close),
}

impl<P: Protocol> Listeners<P> {
    /// What a step of the session is to the connection, and what is to be told of it. A ping that nobody
    /// listens to is answered (WS-26).
    pub(super) fn hear(
        &self,
        step: Step,
        session: &mut Session,
        out: &mut Vec<u8>,
    ) -> Result<(Split, Option<Heard>), Malformed> {
        Ok(match step {
            Step::Need => (Split::Need, None),
            Step::Part(length) => (Split::Own(length), None),
            Step::Message(length) => (Split::Package(length), None),
            Step::Ping(length, ping) if self.ping.is_some() => (Split::Own(length), Some(Heard::Ping(ping))),
            Step::Ping(length, ping) => {
                session.answer(ping, out)?;
                (Split::Own(length), None)
            }
            Step::Pong(length, pong) => {
                (Split::Own(length), self.pong.is_some().then_some(Heard::Pong(pong)))
            }
            Step::Close(length, close) => {
                (Split::End(length), self.close.is_some().then_some(Heard::Close(close)))
            }
        })
    }

    /// The call of whoever listens.
    pub(super) fn call(&self, heard: Heard) -> Option<Notice<P>> {
        Some(match heard {
            Heard::Ping(ping) => bind(self.ping.clone()?, ping),
            Heard::Pong(pong) => bind(self.pong.clone()?, pong),
            Heard::Close(close) => bind(self.close.clone()?, close),
        })
    }
}

fn bind<P: Protocol, T: 'static>(callback: On<P, T>, heard: T) -> Notice<P> {
    Box::new(move |conn| callback(conn, heard))
}

impl<P: Protocol> Default for Listeners<P> {
    fn default() -> Self {
        Self { ping: None, pong: None, close: None }
    }
}

impl<P: Protocol> Clone for Listeners<P> {
    fn clone(&self) -> Self {
        Self { ping: self.ping.clone(), pong: self.pong.clone(), close: self.close.clone() }
    }
}
