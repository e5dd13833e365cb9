//! WebSocket: RFC 6455 with permessage-deflate (RFC 7692), server and client, without a socket in sight.
//!
//! [`WebSocket`] is the server's end of a connection, [`Ws`] the client's. Both deliver [`Message`]s, and
//! send text (`&str`, `String`), octets (`&[u8]`, `Vec<u8>`), [`Message`], [`Ping`], [`Pong`] and [`Close`].
//!
//! ```
//! use workerspec_core::protocol::WebSocket;
//!
//! let _protocol = WebSocket::new()
//!     .subprotocols(["chat"])
//!     .deflate(true)
//!     .on_websocket_connect(|conn, handshake| {
//!         if handshake.origin() != Some(b"https://example.org") {
//!             conn.close();
//!         }
//!     });
//! ```
//!
//! Payloads are taken out of the input as they arrive, into one buffer of the message; text is checked as
//! UTF-8 octet by octet, and a limit is kept while data is inflated, so neither a slow nor a hostile peer
//! makes a connection hold more than `max_package`.

mod client;
mod deflate;
mod frame;
mod gather;
mod handshake;
mod key;
mod listeners;
mod message;
mod negotiation;
mod opening;
mod reply;
mod server;
mod session;

pub use client::Ws;
pub use handshake::Handshake;
pub use message::{Close, CloseCode, Message, Outgoing, Payload, PayloadTooLong, Ping, Pong};
pub use negotiation::Deflate;
pub use reply::Reply;
pub use server::WebSocket;
