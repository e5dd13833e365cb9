//! What a program declares: an address, a protocol, a count, callbacks.

mod callbacks;
mod definition;
mod limits;
mod staff;

pub(crate) use definition::AnyService;
pub use definition::Service;
pub(crate) use staff::Settings;
pub use staff::StartResult;
