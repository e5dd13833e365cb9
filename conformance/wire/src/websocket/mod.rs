//! WebSocket as the judge needs it: frames that nobody may send, and a reader that forgives nothing.
//!
//! `frame` writes, `read` reads frames, `assemble` makes messages of them, `handshake` and `accept_key` open
//! a connection, `negotiated` is what was agreed on,
//! `inflate` undoes permessage-deflate, `describe` shows it all to people.

mod assemble;
mod describe;
mod error;
mod frame;
mod handshake;
mod inflate;
mod negotiated;
mod read;
mod sha1;
pub mod utf8;

pub use assemble::{Assembly, Event, Kind};
pub use describe::describe;
pub use error::{Malformed, Rule};
pub use frame::{Frame, Length, close_payload, opcode};
pub use handshake::{HandshakeError, KEY, Opening, accept_key, check_response};
pub use inflate::{Inflater, compress, compress_stored};
pub use negotiated::Agreed;
pub use read::{Peer, Received, read_frame};
