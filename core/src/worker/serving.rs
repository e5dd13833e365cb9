//! A service as a worker serves it: its callbacks around the loop, its protocol forgotten.

use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use super::{ConnectionRow, Worker};
use crate::connection::Hand;
use crate::service::Staff;

/// Called in a worker before it is ready; an error keeps it from becoming so.
pub(crate) type OnStart = Box<dyn Fn(&Worker) -> Result<(), String>>;

/// Called in a worker when something happens to it.
pub(crate) type OnWorker = Box<dyn Fn(&Worker)>;

/// Begins to serve what comes to an inherited socket.
pub(crate) type Open = Box<dyn FnOnce(OwnedFd) -> io::Result<Rc<dyn Door>>>;

/// Drains: grace, deadline, how connections go to a successor if there is one, and what to do when no connection is left.
pub(crate) type Drain = Box<dyn Fn(Duration, Duration, Option<Hand>, Box<dyn FnOnce()>)>;

/// What comes of connections that are handed over, at either end.
pub(crate) trait Handover {
    /// Serves a connection that the worker before this one has handed over.
    ///
    /// # Errors
    /// Where it is no connection that this service can serve.
    fn adopt(&self, socket: OwnedFd) -> io::Result<()>;

    /// The successor serves the connection of this number.
    fn handed(&self, number: u64);

    /// Nobody has taken the connection of this number.
    fn kept(&self, number: u64);
}

/// A socket that work comes in by.
pub(crate) trait Door {
    /// Takes what has come already, and nothing after that.
    fn leave(&self);
}

/// A service ready to be served.
pub(crate) struct Serving {
    pub(crate) staff: Staff,
    pub(crate) open: Open,
    pub(crate) drain: Drain,
    pub(crate) handover: Rc<dyn Handover>,
    /// The connections that it has now.
    pub(crate) connections: Box<dyn Fn() -> Vec<ConnectionRow>>,
}
