//! The client end that a case holds: a blocking socket with deadlines, and everything it saw.

mod connection;
mod datagram;
mod frame;
mod http;
mod text;
mod tls;
mod transcript;
mod websocket;

pub use connection::{End, Probe};
pub use datagram::DatagramProbe;
pub use frame::{FrameProbe, NoFrame};
pub use http::{HttpProbe, NoAnswer, NoReceipt, Receipt};
pub use text::{TextProbe, Who};
pub use tls::{TlsEnd, TlsProbe};
pub use transcript::{Direction, Entry, Happening, Manner, Piece, Transcript, Transport, end};
pub use websocket::{Silence, WebSocketProbe};
