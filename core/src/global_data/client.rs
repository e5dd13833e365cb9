//! The client: a worker's way to the values.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use flate2::Crc;
use serde_json::{Number, Value};

use super::request::{Answer, Request};
use crate::connection::{Client, Link, Sent};
use crate::error::Error;
use crate::protocol::Frame;
use crate::reactor::{Reactor, Timer};

/// How long an answer is waited for (GDATA-12).
const PATIENCE: Duration = Duration::from_secs(5);

/// How often an idle connection says that it lives (GDATA-9, GDATA-12).
const KEEP_ALIVE: Duration = Duration::from_secs(25);

/// How long after the end of a connection the next is tried.
const RETRY: Duration = Duration::from_secs(1);

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GlobalDataError {
    /// The connection ended before the answer came, or none came within five seconds. What was asked for may have been
    /// done.
    #[error("no answer from the server of global data")]
    NoAnswer,
    /// The server did not understand.
    #[error("the server of global data refused: {0}")]
    Refused(String),
}

/// What is called with an answer.
type Then = Box<dyn FnOnce(Result<Value, GlobalDataError>)>;

/// A worker's way to variables that it shares with others. It can be cloned. With several servers, each key belongs to one
/// of them (GDATA-12).
///
/// Nothing blocks: each question takes a callback for its answer. A connection that ends is made again; questions that were
/// under way get [`GlobalDataError::NoAnswer`], later ones wait for the connection.
///
/// Workers only. Mirrors Workerman's `GlobalData\Client`.
#[derive(Clone)]
pub struct GlobalData {
    servers: Rc<[Rc<Line>]>,
}

/// One server's connection.
#[derive(Default)]
struct Line {
    link: OnceCell<Link<Frame>>,
    open: Cell<bool>,
    /// Questions that wait for their answers, in order.
    asked: RefCell<VecDeque<Question>>,
    last: Cell<u64>,
}

struct Question {
    number: u64,
    then: Then,
    patience: Timer,
    /// What is to be said, if it could not be said yet.
    payload: Option<Vec<u8>>,
}

impl GlobalData {
    /// Through the servers at these addresses, one at least. All clients must name the same, in the same order.
    ///
    /// # Errors
    /// [`Error`] where there is no address, or no connection can be begun.
    ///
    /// # Panics
    /// Outside a worker's callbacks.
    pub fn connect(addresses: &[&str]) -> Result<Self, Error> {
        if addresses.is_empty() {
            return Err(Error::Misuse {
                service: "global data".into(),
                what: "name one server at least".into(),
            });
        }
        let servers: Rc<[Rc<Line>]> =
            addresses.iter().map(|address| Line::open(address)).collect::<Result<_, _>>()?;
        Reactor::current().keep(Rc::new(Rc::clone(&servers)));
        Ok(Self { servers })
    }

    /// The value of `key`; null where there is none (GDATA-3).
    pub fn get(&self, key: &str, then: impl FnOnce(Result<Value, GlobalDataError>) + 'static) {
        self.ask(Request::Get { key: key.into() }, then);
    }

    /// Sets it (GDATA-4).
    pub fn set(
        &self,
        key: &str,
        value: impl Into<Value>,
        then: impl FnOnce(Result<(), GlobalDataError>) + 'static,
    ) {
        self.ask(Request::Set { key: key.into(), value: value.into() }, move |answer| {
            then(answer.map(|_| ()))
        });
    }

    /// Sets it if there is none; whether it did (GDATA-5).
    pub fn add(
        &self,
        key: &str,
        value: impl Into<Value>,
        then: impl FnOnce(Result<bool, GlobalDataError>) + 'static,
    ) {
        self.ask(Request::Add { key: key.into(), value: value.into() }, truth(then));
    }

    /// Adds to it; the sum, or false where there is none (GDATA-6).
    pub fn increment(
        &self,
        key: &str,
        step: impl Into<Number>,
        then: impl FnOnce(Result<Value, GlobalDataError>) + 'static,
    ) {
        self.ask(Request::Increment { key: key.into(), step: step.into() }, then);
    }

    /// Sets it if it is `expect`, null meaning none; whether it did (GDATA-7). What is read, changed and set this way
    /// loses no other change.
    pub fn cas(
        &self,
        key: &str,
        expect: impl Into<Value>,
        value: impl Into<Value>,
        then: impl FnOnce(Result<bool, GlobalDataError>) + 'static,
    ) {
        let (expect, value) = (expect.into(), value.into());
        self.ask(Request::Cas { key: key.into(), expect, value }, truth(then));
    }

    /// Removes it (GDATA-8).
    pub fn delete(&self, key: &str, then: impl FnOnce(Result<(), GlobalDataError>) + 'static) {
        self.ask(Request::Delete { key: key.into() }, move |answer| then(answer.map(|_| ())));
    }

    /// Has it removed after that time, `None`: not any more; whether there is one.
    pub fn expire(
        &self,
        key: &str,
        after: Option<Duration>,
        then: impl FnOnce(Result<bool, GlobalDataError>) + 'static,
    ) {
        let seconds = after.map(|after| after.as_secs_f64());
        self.ask(Request::Expire { key: key.into(), seconds }, truth(then));
    }

    fn ask(&self, request: Request, then: impl FnOnce(Result<Value, GlobalDataError>) + 'static) {
        let mut sum = Crc::new();
        sum.update(request.key().as_bytes());
        let server = sum.sum() as usize % self.servers.len();
        let payload = serde_json::to_vec(&request).expect("JSON values have a JSON form");
        self.servers[server].ask(payload, Box::new(then));
    }
}

fn truth(
    then: impl FnOnce(Result<bool, GlobalDataError>) + 'static,
) -> impl FnOnce(Result<Value, GlobalDataError>) {
    move |answer| then(answer.map(|value| value == true))
}

impl Line {
    fn open(address: &str) -> Result<Rc<Self>, Error> {
        let line = Rc::new(Self::default());
        let (opened, closed, hearing) = (Rc::downgrade(&line), Rc::downgrade(&line), Rc::downgrade(&line));
        let link = Client::frame(address)
            .on_connect(move |_| opened.upgrade().into_iter().for_each(|line| line.resume()))
            .on_close(move |conn| {
                if let Some(line) = closed.upgrade() {
                    line.open.set(false);
                    line.fail_said();
                    conn.reconnect(RETRY);
                }
            })
            .on_message(move |_, payload| {
                hearing.upgrade().into_iter().for_each(|line| line.hear(payload));
            })
            .connect()?;
        let alive = link.clone();
        Timer::own_every(KEEP_ALIVE, move || {
            if alive.connection().is_open() {
                alive.send(b"ping");
            }
        });
        let fresh = line.link.set(link).is_ok();
        debug_assert!(fresh, "the line was made above");
        Ok(line)
    }

    fn ask(self: &Rc<Self>, payload: Vec<u8>, then: Then) {
        self.last.set(self.last.get() + 1);
        let number = self.last.get();
        let line = Rc::downgrade(self);
        let patience = Timer::own_after(PATIENCE, move || {
            line.upgrade().into_iter().for_each(|line| line.give_up(number));
        });
        // Behind one that waits, this one waits too: answers come in order.
        let waits = self.asked.borrow().back().is_some_and(|question| question.payload.is_some());
        let payload = if !waits && self.say(&payload) { None } else { Some(payload) };
        self.asked.borrow_mut().push_back(Question { number, then, patience, payload });
    }

    fn say(&self, payload: &[u8]) -> bool {
        self.open.get() && self.link.get().is_some_and(|link| link.send(payload) != Sent::Refused)
    }

    /// Says what had to wait.
    fn resume(&self) {
        self.open.set(true);
        for question in self.asked.borrow_mut().iter_mut() {
            if let Some(payload) = question.payload.take()
                && !self.say(&payload)
            {
                question.payload = Some(payload);
                return;
            }
        }
    }

    fn hear(&self, payload: &[u8]) {
        let question = self.asked.borrow_mut().pop_front();
        let Some(question) = question else { return };
        question.answer(match serde_json::from_slice(payload) {
            Ok(Answer::Ok(value)) => Ok(value),
            Ok(Answer::Error(why)) => Err(GlobalDataError::Refused(why)),
            Err(error) => Err(GlobalDataError::Refused(format!("not an answer: {error}"))),
        });
    }

    /// An answer did not come in time. Those after it on the same connection can't be told from it any more, so the
    /// connection goes too, unless nothing was said yet.
    fn give_up(&self, number: u64) {
        let mut asked = self.asked.borrow_mut();
        let Some(at) = asked.iter().position(|question| question.number == number) else { return };
        let said = asked[at].payload.is_none();
        let late = if said { None } else { asked.remove(at) };
        drop(asked);
        match (late, self.link.get()) {
            (Some(question), _) => question.answer(Err(GlobalDataError::NoAnswer)),
            (None, Some(link)) => link.connection().destroy(),
            (None, None) => {}
        }
    }

    /// The connection is gone: what was said on it gets no answer.
    fn fail_said(&self) {
        let mut asked = self.asked.borrow_mut();
        let (said, unsaid) = asked.drain(..).partition(|question| question.payload.is_none());
        *asked = unsaid;
        drop(asked);
        let said: VecDeque<Question> = said;
        said.into_iter().for_each(|question| question.answer(Err(GlobalDataError::NoAnswer)));
    }
}

impl Question {
    fn answer(self, answer: Result<Value, GlobalDataError>) {
        self.patience.cancel();
        if catch_unwind(AssertUnwindSafe(|| (self.then)(answer))).is_err() {
            tracing::error!("a callback of global data panicked");
        }
    }
}

impl fmt::Debug for GlobalData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GlobalData").field("servers", &self.servers.len()).finish()
    }
}
