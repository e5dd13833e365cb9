//! TCP connections of a worker: the handle, its buffers, and how it ends.
//!
//! What a connection *is* (codec, bytes read and not consumed, bytes not sent, phase) is kept apart from what
//! serves it (socket registration, callbacks), so that a successor could take it over.

mod callbacks;
mod ending;
mod handle;
mod outbox;
mod receive;
mod runtime;
mod served;
mod transmit;

pub(crate) use callbacks::{Callbacks, guard};
pub use handle::{Connection, SendError, Sent};
pub(crate) use runtime::{Limit, Runtime};
