//! Datagrams: a service of them, and a client.

mod client;
mod sender;
mod server;

pub use client::{Datagrams, DatagramsTo};
pub use sender::Sender;
pub use server::DatagramService;

/// The largest datagram that is read (UDP-1).
const MAX_DATAGRAM: usize = 65_535;
