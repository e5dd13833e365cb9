//! The client: what a worker publishes, and what it wants to be told.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};

use serde::Serialize;
use serde_json::Value;

use super::bus::{Bus, OnDelivery, ServerBus};
use super::message::Delivery;
use super::redis::RedisBus;
use crate::error::Error;

type OnData = Rc<dyn Fn(Value)>;
type OnOther = Rc<dyn Fn(&str, Value)>;

/// A worker's way to speak to other workers, also of other programs and machines. It can be cloned; the connection is
/// one, is made again when it ends, and asks again for all that was asked for.
///
/// Workers only, from any callback. Mirrors Workerman's `Channel\Client`. Callbacks that panic are logged and cost
/// nothing else.
#[derive(Clone)]
pub struct Channel {
    shared: Rc<Shared>,
}

struct Shared {
    bus: Rc<dyn Bus>,
    handlers: RefCell<Handlers>,
}

#[derive(Default)]
struct Handlers {
    events: BTreeMap<String, OnData>,
    other: Option<OnOther>,
    queues: BTreeMap<String, Watch>,
}

#[derive(Clone)]
struct Watch {
    callback: OnData,
    /// Asks for the next message after each.
    goes_on: bool,
}

impl Channel {
    /// Through a [`ChannelServer`](super::ChannelServer) at `address`. Returns at once; what is asked for and published
    /// waits until the connection is there.
    ///
    /// # Errors
    /// [`Error`] where no connection can be begun.
    ///
    /// # Panics
    /// Outside a worker's callbacks.
    pub fn connect(address: &str) -> Result<Self, Error> {
        Self::through(|deliver| ServerBus::connect(address, deliver))
    }

    /// Through a Redis server at `address`, for several machines: channels are Redis channels, queues are Redis lists.
    /// A message of a queue is gone if its consumer dies with it.
    ///
    /// # Errors
    /// [`Error`] where no connection can be begun.
    ///
    /// # Panics
    /// Outside a worker's callbacks.
    pub fn redis(address: &str) -> Result<Self, Error> {
        Self::through(|deliver| RedisBus::connect(address, deliver))
    }

    fn through<B: Bus + 'static>(
        connect: impl FnOnce(OnDelivery) -> Result<Rc<B>, Error>,
    ) -> Result<Self, Error> {
        let target: Rc<RefCell<Weak<Shared>>> = Rc::default();
        let hearing = Rc::clone(&target);
        let deliver: OnDelivery = Rc::new(move |delivery| {
            let shared = hearing.borrow().upgrade();
            shared.into_iter().for_each(|shared| shared.deliver(delivery.clone()));
        });
        let shared = Rc::new(Shared { bus: connect(deliver)?, handlers: RefCell::default() });
        *target.borrow_mut() = Rc::downgrade(&shared);
        // It lives as long as the worker: what it is told to do must not depend on a handle being kept.
        crate::reactor::Reactor::current().keep(Rc::clone(&shared) as Rc<dyn std::any::Any>);
        Ok(Self { shared })
    }

    /// Calls back for each event of `channel`, in place of an earlier callback (CHAN-8).
    pub fn on(&self, channel: &str, callback: impl Fn(Value) + 'static) {
        self.shared.handlers.borrow_mut().events.insert(channel.to_owned(), Rc::new(callback));
        self.shared.bus.subscribe(channel);
    }

    /// Calls back for events without a callback of their own. Without it they are logged.
    pub fn on_other(&self, callback: impl Fn(&str, Value) + 'static) {
        self.shared.handlers.borrow_mut().other = Some(Rc::new(callback));
    }

    /// Wants no more events of `channel`.
    pub fn unsubscribe(&self, channel: &str) {
        self.shared.handlers.borrow_mut().events.remove(channel);
        self.shared.bus.unsubscribe(channel);
    }

    /// Gives `data` to all who subscribe to `channel` now, this worker too if it does (CHAN-4). At most 10 MiB as JSON
    /// (CHAN-11).
    ///
    /// # Errors
    /// What serde says where `data` has no JSON form.
    pub fn publish(&self, channel: &str, data: &impl Serialize) -> Result<(), serde_json::Error> {
        self.shared.bus.publish(channel, serde_json::to_value(data)?);
        Ok(())
    }

    /// Puts `data` into `queue`, for one of those who watch it, now or later (CHAN-6).
    ///
    /// # Errors
    /// What serde says where `data` has no JSON form.
    pub fn enqueue(&self, queue: &str, data: &impl Serialize) -> Result<(), serde_json::Error> {
        self.shared.bus.enqueue(queue, serde_json::to_value(data)?);
        Ok(())
    }

    /// Calls back for messages of `queue`, one after the other.
    pub fn watch(&self, queue: &str, callback: impl Fn(Value) + 'static) {
        self.watch_with(queue, Rc::new(callback), true);
        self.shared.bus.reserve(queue);
    }

    /// As [`watch`](Self::watch), one message for each [`reserve`](Self::reserve).
    pub fn watch_by_hand(&self, queue: &str, callback: impl Fn(Value) + 'static) {
        self.watch_with(queue, Rc::new(callback), false);
    }

    fn watch_with(&self, queue: &str, callback: OnData, goes_on: bool) {
        self.shared.handlers.borrow_mut().queues.insert(queue.to_owned(), Watch { callback, goes_on });
        self.shared.bus.watch(queue);
    }

    /// Asks for one message of a queue that is watched by hand.
    pub fn reserve(&self, queue: &str) {
        self.shared.bus.reserve(queue);
    }

    /// Wants no more messages of `queue`.
    pub fn unwatch(&self, queue: &str) {
        self.shared.handlers.borrow_mut().queues.remove(queue);
        self.shared.bus.unwatch(queue);
    }

    /// Closes the connection for good.
    pub fn close(&self) {
        self.shared.bus.close();
    }
}

impl Shared {
    fn deliver(&self, delivery: Delivery) {
        match delivery {
            Delivery::Event { channel, data } => self.event(&channel, data),
            Delivery::Queue { channel, data, id } => self.queued(&channel, data, id),
            Delivery::Refused { channel } => {
                tracing::warn!(channel, "the queue is full: a message was refused")
            }
        }
    }

    fn event(&self, channel: &str, data: Value) {
        let handlers = self.handlers.borrow();
        let (callback, other) = (handlers.events.get(channel).cloned(), handlers.other.clone());
        drop(handlers);
        match (callback, other) {
            (Some(callback), _) => guarded(channel, || callback(data)),
            (None, Some(other)) => guarded(channel, || other(channel, data)),
            (None, None) => tracing::warn!(channel, "an event without a callback"),
        }
    }

    fn queued(&self, queue: &str, data: Value, id: u64) {
        let watch = self.handlers.borrow().queues.get(queue).cloned();
        // Not watched any more.
        let Some(watch) = watch else { return self.bus.back(queue, data, id) };
        guarded(queue, || (watch.callback)(data));
        self.bus.done(id);
        let still = self.handlers.borrow().queues.contains_key(queue);
        if watch.goes_on && still {
            self.bus.reserve(queue);
        }
    }
}

fn guarded(channel: &str, call: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(call)).is_err() {
        tracing::error!(channel, "a callback of the channel panicked");
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").finish_non_exhaustive()
    }
}
