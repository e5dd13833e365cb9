//! Connections of a worker, accepted and opened: the handle, the buffers, and how one ends.
//!
//! What a connection *is* (codec, bytes read and not consumed, bytes not sent, phase) is kept apart from what
//! serves it (socket registration, callbacks), so that a successor could take it over.

mod callbacks;
mod client;
mod deadline;
mod dial;
mod ending;
mod error;
mod extras;
mod group;
mod handle;
mod handoff;
mod outbox;
mod pipe;
mod receive;
mod runtime;
mod served;
mod transmit;
mod websocket;
mod work;

pub(crate) use callbacks::{Callbacks, guard};
pub use client::{Client, Link};
pub(crate) use dial::Outgoing;
pub use error::{ConnectionError, Sent, Status};
pub use group::{Connections, Group};
pub use handle::Connection;
pub(crate) use handoff::Hand;
pub(crate) use runtime::{Arrival, Limit, Runtime};
pub use work::Work;
