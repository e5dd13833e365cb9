//! What carries the bytes: addresses, streams over TCP and Unix sockets, and TLS over them.

mod address;
mod stream;
mod tls;

pub use address::Address;
pub(crate) use address::Endpoint;
pub(crate) use stream::{Stream, dial};
pub(crate) use tls::TlsStream;
pub use tls::{Tls, Trust};
