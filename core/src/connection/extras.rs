//! What few connections have: callbacks of their own, a context, limits that differ from the service's. Held
//! apart, so that the many pay one pointer for it.

use std::any::Any;
use std::net::SocketAddr;
use std::time::Duration;

use super::Callbacks;
use super::served::Served;
use crate::protocol::{Limits, Protocol};
use crate::reactor::Timer;

/// What few connections have.
pub(super) struct Extras<P: Protocol> {
    /// Callbacks that win over the service's (CONN-3).
    pub(super) own: Callbacks<P>,
    /// Whatever the application keeps with the connection.
    pub(super) context: Option<Box<dyn Any>>,
    pub(super) limits: Option<Limits>,
    /// An idle timeout of its own; the inner `None` is none at all.
    pub(super) idle: Option<Option<Duration>>,
    /// Closes the connection unless the application lifts it.
    pub(super) deadline: Option<Timer>,
    /// Addresses to try if connecting to the present one fails.
    pub(super) candidates: Vec<SocketAddr>,
}

impl<P: Protocol> Default for Extras<P> {
    fn default() -> Self {
        Self {
            own: Callbacks::default(),
            context: None,
            limits: None,
            idle: None,
            deadline: None,
            candidates: Vec::new(),
        }
    }
}

impl<P: Protocol> Served<P> {
    /// Changes what this connection has of its own.
    pub(super) fn with_extras<R>(&self, change: impl FnOnce(&mut Extras<P>) -> R) -> R {
        change(self.extras.borrow_mut().get_or_insert_default())
    }

    /// A callback: the connection's own, else the service's.
    pub(super) fn callback<T>(&self, pick: impl Fn(&Callbacks<P>) -> Option<T>) -> Option<T> {
        let own = self.extras.borrow().as_ref().and_then(|extras| pick(&extras.own));
        own.or_else(|| pick(&self.runtime.callbacks))
    }

    pub(super) fn limits(&self) -> Limits {
        let own = self.extras.borrow().as_ref().and_then(|extras| extras.limits);
        own.unwrap_or(self.runtime.limit.input)
    }

    pub(super) fn idle_timeout(&self) -> Option<Duration> {
        let own = self.extras.borrow().as_ref().and_then(|extras| extras.idle);
        own.unwrap_or(self.runtime.limit.idle)
    }

    /// Whether the connection differs in nothing from any other of its service.
    pub(super) fn is_like_all(&self) -> bool {
        self.extras.borrow().is_none() && self.max_send_buffer.get() == self.runtime.limit.max_send_buffer
    }

    /// Drops all of it. The callbacks may hold other connections, and those this one.
    pub(super) fn drop_extras(&self) {
        let extras = self.extras.take();
        if let Some(timer) = extras.as_ref().and_then(|extras| extras.deadline) {
            timer.cancel();
        }
        drop(extras);
    }
}
