//! A service: an address in a protocol, and what it becomes in a worker.

use std::rc::Rc;
use std::time::Duration;

use super::{Settings, Staff};
use crate::connection::{Callbacks, Limit, Runtime};
use crate::error::Error;
use crate::protocol::{Frame, Http, Limits, Protocol, Text};
use crate::reactor::Reactor;
use crate::worker::Serving;

/// A listener with its worker processes: what Workerman calls a `Worker`.
///
/// Declared alike in the master and in each worker, because `main` runs in all of them; callbacks run
/// in workers only.
pub struct Service<P: Protocol> {
    pub(super) settings: Settings,
    pub(super) limit: Limit,
    pub(super) codec: P,
    pub(super) callbacks: Callbacks<P>,
    pub(super) staff: Staff,
}

impl Service<Text> {
    /// A service of newline-framed text at `address`, such as `127.0.0.1:5678`; port 0 takes a free one.
    pub fn text(address: impl Into<String>) -> Self {
        Self::new(address, Text::default())
    }
}

impl Service<Frame> {
    /// A service of length-prefixed frames at `address`; port 0 takes a free one.
    pub fn frame(address: impl Into<String>) -> Self {
        Self::new(address, Frame)
    }
}

impl Service<Http> {
    /// An HTTP/1.1 service at `address`, such as `127.0.0.1:8080`; port 0 takes a free one.
    pub fn http(address: impl Into<String>) -> Self {
        Self::new(address, Http::default())
    }
}

impl<P: Protocol> Service<P> {
    /// A service at `address` in any protocol; each connection starts with a clone of `protocol`.
    pub fn new(address: impl Into<String>, protocol: P) -> Self {
        Self {
            settings: Settings::new(address.into(), P::NAME),
            limit: Limit {
                input: Limits::default(),
                max_send_buffer: 1024 * 1024,
                close_timeout: Duration::from_secs(10),
                linger: Duration::from_secs(2),
            },
            codec: protocol,
            callbacks: Callbacks::default(),
            staff: Staff::default(),
        }
    }
}

impl<P: Protocol> std::fmt::Debug for Service<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A service whose protocol is forgotten: what a server holds a list of.
pub(crate) trait AnyService {
    fn settings(&self) -> &Settings;

    /// What the service calls for its worker processes.
    fn staff(&mut self) -> &mut Staff;

    /// Checks what can be checked before anything is opened.
    fn check(&self) -> Result<(), Error>;

    /// Turns it into what a worker runs.
    fn into_serving(self: Box<Self>, reactor: &Rc<Reactor>) -> Serving;
}

impl<P: Protocol> AnyService for Service<P> {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn staff(&mut self) -> &mut Staff {
        &mut self.staff
    }

    fn check(&self) -> Result<(), Error> {
        if P::ONE_REPLY_EACH && self.callbacks.message.is_none() {
            return Err(Error::Misuse {
                service: self.settings.name.clone(),
                what: "no on_message: its clients would wait for ever; set one".to_owned(),
            });
        }
        Ok(())
    }

    fn into_serving(self: Box<Self>, reactor: &Rc<Reactor>) -> Serving {
        let service = *self;
        let runtime = Runtime::new(Rc::clone(reactor), service.callbacks, service.codec, service.limit);
        let draining = Rc::clone(&runtime);
        Serving {
            staff: service.staff,
            adopt: Box::new(move |stream, peer| runtime.adopt(stream, peer)),
            drain: Box::new(move |grace, within, emptied| draining.drain(grace, within, emptied)),
            connections: Box::new(Vec::new),
        }
    }
}
