//! A service as a worker serves it: its callbacks around the loop, its protocol forgotten.

use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use super::{ConnectionRow, Worker};
use crate::service::Staff;

/// Called in a worker before it is ready; an error keeps it from becoming so.
pub(crate) type OnStart = Box<dyn Fn(&Worker) -> Result<(), String>>;

/// Called in a worker when something happens to it.
pub(crate) type OnWorker = Box<dyn Fn(&Worker)>;

/// Begins to serve what comes to an inherited socket.
pub(crate) type Open = Box<dyn FnOnce(OwnedFd) -> io::Result<Rc<dyn Door>>>;

/// Drains: grace, deadline, and what to do when no connection is left.
pub(crate) type Drain = Box<dyn Fn(Duration, Duration, Box<dyn FnOnce()>)>;

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
    /// The connections that it has now.
    pub(crate) connections: Box<dyn Fn() -> Vec<ConnectionRow>>,
}
