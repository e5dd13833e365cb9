//! Channels and queues of a Redis server.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::rc::{Rc, Weak};

use serde_json::Value;

use super::bus::{Bus, MAX_PENDING, OnDelivery, RETRY};
use super::message::Delivery;
use crate::connection::{Client, Connection, Link, Sent};
use crate::error::Error;
use crate::protocol::{Encode, Limits, Malformed, Next, Protocol, Setting, Split};
use crate::reactor::Timer;

/// The Redis protocol, as far as channels and lists need it (RESP2): commands out, replies in.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Resp;

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    Text(String),
    Error(String),
    Integer(i64),
    Bulk(Vec<u8>),
    List(Vec<Reply>),
    Nothing,
}

/// How deep lists may be in each other. What is asked for here has two levels.
const DEPTH: usize = 4;

impl Protocol for Resp {
    type Message<'a> = Reply;

    const NAME: &'static str = "redis";

    fn split(&mut self, input: &[u8], limits: &Limits, _: &mut Vec<u8>) -> Result<Split, Malformed> {
        match read(input, DEPTH) {
            Ok(Some((_, length))) => Ok(Split::Package(length)),
            Ok(None) if limits.max_package <= input.len() => {
                Err(Malformed::new("reply exceeds max_package", limits.max_package, 0))
            }
            Ok(None) => Ok(Split::Need),
            Err(what) => Err(Malformed::new(what, 0, 0)),
        }
    }

    fn decode(&mut self, package: &[u8]) -> Reply {
        read(package, DEPTH).ok().flatten().map_or(Reply::Nothing, |(reply, _)| reply)
    }
}

/// A reply at the start of `input` and its length, if it is whole.
fn read(input: &[u8], depth: usize) -> Result<Option<(Reply, usize)>, &'static str> {
    let Some(end) = input.windows(2).position(|pair| pair == b"\r\n") else { return Ok(None) };
    let Some((kind, line)) = input[..end].split_first() else { return Err("empty line for a reply") };
    let text = String::from_utf8_lossy(line);
    let at = end + 2;
    let number = || text.parse::<i64>().map_err(|_| "no number where a reply needs one");
    match kind {
        b'+' => Ok(Some((Reply::Text(text.into_owned()), at))),
        b'-' => Ok(Some((Reply::Error(text.into_owned()), at))),
        b':' => Ok(Some((Reply::Integer(number()?), at))),
        b'$' => {
            let Ok(length) = usize::try_from(number()?) else { return Ok(Some((Reply::Nothing, at))) };
            let Some(stop) = at.checked_add(length).and_then(|stop| stop.checked_add(2)) else {
                return Err("bulk reply longer than memory");
            };
            Ok(input.get(at..stop).map(|bulk| (Reply::Bulk(bulk[..length].to_vec()), stop)))
        }
        b'*' => {
            let Ok(length) = usize::try_from(number()?) else { return Ok(Some((Reply::Nothing, at))) };
            if depth == 0 {
                return Err("lists too deep in each other");
            }
            let (mut items, mut at) = (Vec::new(), at);
            for _ in 0..length {
                let Some((item, taken)) = read(&input[at..], depth - 1)? else { return Ok(None) };
                items.push(item);
                at += taken;
            }
            Ok(Some((Reply::List(items), at)))
        }
        _ => Err("unknown kind of reply"),
    }
}

/// A command: its words.
impl Encode<&[&[u8]]> for Resp {
    fn encode(&mut self, words: &[&[u8]], _: &Setting<'_>, out: &mut Vec<u8>) -> Next {
        out.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
        for word in words {
            out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            out.extend_from_slice(word);
            out.extend_from_slice(b"\r\n");
        }
        Next::Stay
    }
}

/// Three connections: one that is told events, one that waits for messages of queues, one that commands. The first two
/// can do nothing else while they do that.
pub(super) struct RedisBus {
    me: Weak<Self>,
    events: Line,
    queues: Line,
    commands: Line,
    subscribed: RefCell<BTreeSet<String>>,
    /// Queues for which a message is asked for.
    reserved: RefCell<BTreeSet<String>>,
    /// A wait for messages is under way.
    waiting: Cell<bool>,
    /// The last wait was refused a moment ago.
    resting: Cell<bool>,
    pending: RefCell<VecDeque<Vec<Vec<u8>>>>,
    deliver: OnDelivery,
}

/// One connection, made again when it ends.
#[derive(Default)]
struct Line {
    link: OnceCell<Link<Resp>>,
    open: Cell<bool>,
}

impl Line {
    fn say(&self, words: &[&[u8]]) -> bool {
        self.open.get() && self.link.get().is_some_and(|link| link.send(words) != Sent::Refused)
    }
}

/// Which of the connections, and what is done with what comes by it.
type Which = fn(&RedisBus) -> &Line;
type Hear = fn(&RedisBus, Reply);

impl RedisBus {
    pub(super) fn connect(address: &str, deliver: OnDelivery) -> Result<Rc<Self>, Error> {
        let bus = Rc::new_cyclic(|me| Self {
            me: me.clone(),
            events: Line::default(),
            queues: Line::default(),
            commands: Line::default(),
            subscribed: RefCell::default(),
            reserved: RefCell::default(),
            waiting: Cell::new(false),
            resting: Cell::new(false),
            pending: RefCell::default(),
            deliver,
        });
        let lines: [(Which, Hear); 3] = [
            (|bus| &bus.events, Self::hear_event),
            (|bus| &bus.queues, Self::hear_message),
            (|bus| &bus.commands, Self::hear_answer),
        ];
        for (which, hear) in lines {
            let link = bus.open(address, which, hear)?;
            let fresh = which(&bus).link.set(link).is_ok();
            debug_assert!(fresh, "each line is opened once");
        }
        Ok(bus)
    }

    fn open(
        self: &Rc<Self>,
        address: &str,
        which: Which,
        hear: fn(&Self, Reply),
    ) -> Result<Link<Resp>, Error> {
        let with = |me: Weak<Self>, call: fn(&Self, Which, &Connection<Resp>)| {
            move |conn: &Connection<Resp>| me.upgrade().into_iter().for_each(|bus| call(&bus, which, conn))
        };
        let hearing = Rc::downgrade(self);
        Client::new(address, Resp)
            .on_connect(with(Rc::downgrade(self), |bus, which, _| {
                which(bus).open.set(true);
                bus.resume();
            }))
            .on_close(with(Rc::downgrade(self), |bus, which, conn| {
                if which(bus).open.replace(false) {
                    tracing::warn!(peer = %conn.peer_address(), "the connection to Redis is gone; trying again");
                }
                if std::ptr::eq(which(bus), &bus.queues) {
                    bus.waiting.set(false);
                }
                conn.reconnect(RETRY);
            }))
            .on_message(move |_, reply| {
                if let Some(bus) = hearing.upgrade() {
                    hear(&bus, reply);
                }
            })
            .connect()
    }

    /// Asks again for what was asked for.
    fn resume(&self) {
        if self.events.open.get() {
            self.subscribed.borrow().iter().for_each(|channel| {
                self.events.say(&[b"SUBSCRIBE", channel.as_bytes()]);
            });
        }
        self.wait();
        while self.commands.open.get() {
            let next = self.pending.borrow_mut().pop_front();
            let Some(words) = next else { return };
            self.commands.say(&words.iter().map(Vec::as_slice).collect::<Vec<_>>());
        }
    }

    /// Waits for a message of any queue that one is asked for.
    fn wait(&self) {
        let reserved = self.reserved.borrow();
        if self.waiting.get() || self.resting.get() || reserved.is_empty() {
            return;
        }
        let mut words: Vec<&[u8]> = vec![b"BLPOP"];
        words.extend(reserved.iter().map(String::as_bytes));
        // For a second: then what is asked for by that time.
        words.push(b"1");
        self.waiting.set(self.queues.say(&words));
    }

    fn hear_event(&self, reply: Reply) {
        let Reply::List(items) = reply else { return };
        if let [Reply::Bulk(kind), Reply::Bulk(channel), Reply::Bulk(data)] = &items[..]
            && kind == b"message"
        {
            let channel = String::from_utf8_lossy(channel).into_owned();
            (self.deliver)(Delivery::Event { channel, data: value(data) });
        }
    }

    fn hear_message(&self, reply: Reply) {
        self.waiting.set(false);
        match reply {
            Reply::List(items) => {
                if let [Reply::Bulk(queue), Reply::Bulk(data)] = &items[..] {
                    let channel = String::from_utf8_lossy(queue).into_owned();
                    self.reserved.borrow_mut().remove(&channel);
                    (self.deliver)(Delivery::Queue { channel, data: value(data), id: 0 });
                }
            }
            Reply::Error(error) => {
                tracing::error!(error, "Redis cannot give messages of the queues; trying again");
                self.rest();
            }
            _ => {}
        }
        self.wait();
    }

    /// What Redis refuses, such as a queue whose name holds something else, it would refuse at once the next time too.
    fn rest(&self) {
        self.resting.set(true);
        let me = self.me.clone();
        Timer::own_after(RETRY, move || {
            if let Some(bus) = me.upgrade() {
                bus.resting.set(false);
                bus.wait();
            }
        });
    }

    fn hear_answer(&self, reply: Reply) {
        if let Reply::Error(error) = reply {
            tracing::error!(error, "Redis refused");
        }
    }

    fn command(&self, words: &[&[u8]]) {
        if !self.commands.say(words) {
            let mut pending = self.pending.borrow_mut();
            if MAX_PENDING <= pending.len() {
                tracing::warn!("too much waits for the connection to Redis: the oldest is dropped");
                pending.pop_front();
            }
            pending.push_back(words.iter().map(|word| word.to_vec()).collect());
        }
    }
}

/// What others put there may be no JSON; then it is text.
fn value(data: &[u8]) -> Value {
    serde_json::from_slice(data).unwrap_or_else(|_| String::from_utf8_lossy(data).into())
}

impl Bus for RedisBus {
    fn subscribe(&self, channel: &str) {
        if self.subscribed.borrow_mut().insert(channel.to_owned()) {
            self.events.say(&[b"SUBSCRIBE", channel.as_bytes()]);
        }
    }

    fn unsubscribe(&self, channel: &str) {
        if self.subscribed.borrow_mut().remove(channel) {
            self.events.say(&[b"UNSUBSCRIBE", channel.as_bytes()]);
        }
    }

    fn publish(&self, channel: &str, data: Value) {
        self.command(&[b"PUBLISH", channel.as_bytes(), data.to_string().as_bytes()]);
    }

    fn watch(&self, _: &str) {}

    fn unwatch(&self, queue: &str) {
        self.reserved.borrow_mut().remove(queue);
    }

    fn enqueue(&self, queue: &str, data: Value) {
        self.command(&[b"RPUSH", queue.as_bytes(), data.to_string().as_bytes()]);
    }

    fn reserve(&self, queue: &str) {
        self.reserved.borrow_mut().insert(queue.to_owned());
        self.wait();
    }

    fn done(&self, _: u64) {}

    fn back(&self, queue: &str, data: Value, _: u64) {
        self.command(&[b"LPUSH", queue.as_bytes(), data.to_string().as_bytes()]);
    }

    fn close(&self) {
        for line in [&self.events, &self.queues, &self.commands] {
            line.link.get().into_iter().for_each(Link::close);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read_whole_or_not_at_all() {
        let bytes = b"*3\r\n$7\r\nmessage\r\n:-5\r\n*1\r\n$-1\r\n+OK\r\n";
        let list = Reply::List(vec![
            Reply::Bulk(b"message".to_vec()),
            Reply::Integer(-5),
            Reply::List(vec![Reply::Nothing]),
        ]);
        let length = bytes.len() - 5;
        assert_eq!(read(bytes, DEPTH), Ok(Some((list, length))));
        for cut in 0..length {
            assert_eq!(read(&bytes[..cut], DEPTH), Ok(None), "{cut}");
        }
        assert_eq!(read(&bytes[length..], DEPTH), Ok(Some((Reply::Text("OK".into()), 5))));
    }

    proptest::proptest! {
        #[test]
        fn every_cut_of_any_bytes_gives_the_same(
            bytes in proptest::collection::vec(proptest::prop_oneof![
                proptest::strategy::Just(b'*'), proptest::strategy::Just(b'$'), proptest::strategy::Just(b':'),
                proptest::strategy::Just(b'\r'), proptest::strategy::Just(b'\n'), proptest::strategy::Just(b'1'),
                proptest::strategy::Just(b'2'), proptest::arbitrary::any::<u8>(),
            ], 0..60),
        ) {
            // Once it is whole, or wrong, more octets change nothing.
            let mut first = None;
            for end in 0..=bytes.len() {
                let now = read(&bytes[..end], DEPTH);
                match (&first, now) {
                    (None, Ok(None)) => {}
                    (None, now) => first = Some(now),
                    (Some(before), now) => proptest::prop_assert_eq!(before, &now),
                }
            }
        }
    }

    #[test]
    fn hostile_replies_are_refused() {
        for bad in [&b"?\r\n"[..], b"\r\n", b"$x\r\n", b"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"] {
            assert!(read(bad, DEPTH).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn commands_are_lists_of_bulks() {
        let mut out = Vec::new();
        let setting = Setting { draining: false, date: "" };
        assert_eq!(Resp.encode(&[&b"PUBLISH"[..], b"a", b""][..], &setting, &mut out), Next::Stay);
        assert_eq!(out, b"*3\r\n$7\r\nPUBLISH\r\n$1\r\na\r\n$0\r\n\r\n");
    }
}
