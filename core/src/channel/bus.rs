//! What carries the requests of a client and brings deliveries back.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;

use super::message::{Delivery, Request, encode};
use crate::connection::{Client, Connection, Link, Sent};
use crate::error::Error;
use crate::protocol::Frame;
use crate::reactor::Timer;

/// How long after the end of a connection the next is tried (CHAN-8).
pub(super) const RETRY: Duration = Duration::from_secs(1);

/// How often an idle connection says that it lives (CHAN-3).
const KEEP_ALIVE: Duration = Duration::from_secs(25);

/// Messages that wait for a connection; older ones are dropped for newer.
pub(super) const MAX_PENDING: usize = 10_000;

/// What a [`Channel`](super::Channel) speaks through.
pub(super) trait Bus {
    fn subscribe(&self, channel: &str);
    fn unsubscribe(&self, channel: &str);
    fn publish(&self, channel: &str, data: Value);
    fn watch(&self, queue: &str);
    fn unwatch(&self, queue: &str);
    fn enqueue(&self, queue: &str, data: Value);
    /// Asks for one message more of a queue.
    fn reserve(&self, queue: &str);
    fn done(&self, id: u64);
    /// Gives a message back that is not wanted any more.
    fn back(&self, queue: &str, data: Value, id: u64);
    fn close(&self);
}

/// What is called for what comes in.
pub(super) type OnDelivery = Rc<dyn Fn(Delivery)>;

/// A connection to a [`ChannelServer`](super::ChannelServer), made again when it ends, with all that was asked for.
pub(super) struct ServerBus {
    link: OnceCell<Link<Frame>>,
    state: RefCell<State>,
    open: Cell<bool>,
}

#[derive(Default)]
struct State {
    subscribed: BTreeSet<String>,
    /// Queues, with the messages that are asked for and have not come.
    watched: BTreeMap<String, usize>,
    /// Publications and messages that wait for a connection.
    pending: VecDeque<Request>,
}

impl ServerBus {
    pub(super) fn connect(address: &str, deliver: OnDelivery) -> Result<Rc<Self>, Error> {
        let bus = Rc::new(Self { link: OnceCell::new(), state: RefCell::default(), open: Cell::new(false) });
        let (opened, closed, hearing) = (Rc::downgrade(&bus), Rc::downgrade(&bus), Rc::downgrade(&bus));
        let client = Client::frame(address)
            .on_connect(move |conn| opened.upgrade().into_iter().for_each(|bus| bus.resume(conn)))
            .on_close(move |conn| {
                if let Some(bus) = closed.upgrade() {
                    if bus.open.replace(false) {
                        tracing::warn!(peer = %conn.peer_address(), "the channel's connection is gone; trying again");
                    }
                    conn.reconnect(RETRY);
                }
            })
            .on_message(move |_, payload| {
                let (Some(bus), Ok(delivery)) = (hearing.upgrade(), serde_json::from_slice(payload)) else {
                    return;
                };
                bus.note(&delivery);
                deliver(delivery);
            });
        let link = client.connect()?;
        let alive = link.clone();
        Timer::own_every(KEEP_ALIVE, move || {
            if alive.connection().is_open() {
                alive.send(b"");
            }
        });
        if bus.link.set(link).is_err() {
            unreachable!("it was made above");
        }
        Ok(bus)
    }

    /// Asks again for all that was asked for, then says what had to wait.
    fn resume(&self, conn: &Connection<Frame>) {
        self.open.set(true);
        let mut state = self.state.borrow_mut();
        let say = |request: &Request| conn.send(encode(request));
        if !state.subscribed.is_empty() {
            say(&Request::Subscribe { channels: state.subscribed.iter().cloned().collect() });
        }
        if !state.watched.is_empty() {
            say(&Request::Watch { channels: state.watched.keys().cloned().collect() });
        }
        for (queue, credits) in &state.watched {
            (0..*credits).for_each(|_| {
                say(&Request::Reserve { channels: Some(vec![queue.clone()]) });
            });
        }
        state.pending.drain(..).for_each(|request| {
            say(&request);
        });
    }

    fn note(&self, delivery: &Delivery) {
        if let Delivery::Queue { channel, .. } = delivery
            && let Some(credits) = self.state.borrow_mut().watched.get_mut(channel)
        {
            *credits = credits.saturating_sub(1);
        }
    }

    /// Says it if there is a connection.
    fn say(&self, request: &Request) -> bool {
        let open = self.open.get();
        open && self.link.get().is_some_and(|link| link.send(encode(request)) != Sent::Refused)
    }

    /// Says it, or has it wait.
    fn say_or_keep(&self, request: Request) {
        if !self.say(&request) {
            let mut state = self.state.borrow_mut();
            if MAX_PENDING <= state.pending.len() {
                tracing::warn!("too much waits for the channel's connection: the oldest is dropped");
                state.pending.pop_front();
            }
            state.pending.push_back(request);
        }
    }
}

fn one(channel: &str) -> Vec<String> {
    vec![channel.to_owned()]
}

impl Bus for ServerBus {
    fn subscribe(&self, channel: &str) {
        if self.state.borrow_mut().subscribed.insert(channel.to_owned()) {
            self.say(&Request::Subscribe { channels: one(channel) });
        }
    }

    fn unsubscribe(&self, channel: &str) {
        if self.state.borrow_mut().subscribed.remove(channel) {
            self.say(&Request::Unsubscribe { channels: one(channel) });
        }
    }

    fn publish(&self, channel: &str, data: Value) {
        self.say_or_keep(Request::Publish { channels: one(channel), data });
    }

    fn watch(&self, queue: &str) {
        let new = self.state.borrow_mut().watched.insert(queue.to_owned(), 0).is_none();
        if new {
            self.say(&Request::Watch { channels: one(queue) });
        }
    }

    fn unwatch(&self, queue: &str) {
        if self.state.borrow_mut().watched.remove(queue).is_some() {
            self.say(&Request::Unwatch { channels: one(queue) });
        }
    }

    fn enqueue(&self, queue: &str, data: Value) {
        self.say_or_keep(Request::Enqueue { channels: one(queue), data });
    }

    fn reserve(&self, queue: &str) {
        if let Some(credits) = self.state.borrow_mut().watched.get_mut(queue) {
            *credits += 1;
        }
        self.say(&Request::Reserve { channels: Some(one(queue)) });
    }

    fn done(&self, id: u64) {
        // Without the connection it came by, the server has given it to somebody else.
        self.say(&Request::Done { id });
    }

    fn back(&self, _: &str, _: Value, id: u64) {
        self.say(&Request::Back { id });
    }

    fn close(&self) {
        self.link.get().into_iter().for_each(Link::close);
    }
}
