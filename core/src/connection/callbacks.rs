//! The callbacks of a service or of one connection, and the fence around them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::{Connection, ConnectionError};
use crate::protocol::Protocol;

pub(crate) type OnConnection<P> = Rc<dyn Fn(&Connection<P>)>;
pub(crate) type OnMessage<P> = Rc<dyn for<'a> Fn(&Connection<P>, <P as Protocol>::Message<'a>)>;
pub(crate) type OnError<P> = Rc<dyn Fn(&Connection<P>, ConnectionError)>;

/// What the application wants to be told. All optional.
pub(crate) struct Callbacks<P: Protocol> {
    pub(crate) connect: Option<OnConnection<P>>,
    pub(crate) message: Option<OnMessage<P>>,
    pub(crate) close: Option<OnConnection<P>>,
    pub(crate) error: Option<OnError<P>>,
    pub(crate) buffer_full: Option<OnConnection<P>>,
    pub(crate) buffer_drain: Option<OnConnection<P>>,
}

impl<P: Protocol> Default for Callbacks<P> {
    fn default() -> Self {
        Self { connect: None, message: None, close: None, error: None, buffer_full: None, buffer_drain: None }
    }
}

/// Runs application code; false if it panicked. The panic ends here: it costs the connection it was
/// called for and nothing else (SF-13).
pub(crate) fn guard(run: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(run)).is_ok()
}
