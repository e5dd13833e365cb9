//! TCP connections of a worker: the handle, its buffers, and how it ends.
//!
//! What a connection *is* (codec, bytes read and not consumed, bytes not sent, phase) is kept apart from what
//! serves it (socket registration, callbacks), so that a successor could take it over.

mod callbacks;
mod handle;
mod outbox;
mod serve;

pub(crate) use callbacks::{Callbacks, guard};
pub use handle::{Connection, SendError, Sent};
pub(crate) use serve::{Limit, Runtime};
