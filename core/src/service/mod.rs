//! What a program declares: an address, a protocol, a count, callbacks.

mod callbacks;
mod definition;
mod inner;
mod job;
mod limits;
mod staff;
mod websocket;

pub use definition::AnyService;
pub(crate) use definition::Declaration;
pub use definition::Service;
pub use job::Unheard;
pub use staff::StartResult;
pub(crate) use staff::{OnExit, Settings, Staff, Transport};
