//! The driver: one thread, thousands of connections, and every octet accounted for.
//!
//! [`drive`] turns the loop ([`turn`]), puts requests on sockets and takes answers off them ([`wire`]),
//! and enters what came of each ([`record`]). What a happening means is decided by
//! [`Connection`](crate::load::connection::Connection), which knows no socket.

mod open;
mod record;
mod transcript;
mod turn;
mod wire;

pub use record::{Loss, Record, Retries};
pub use turn::{DriveError, drive};

#[cfg(test)]
mod tests;
