//! The client end that a case holds: a blocking socket with deadlines, and everything it saw.

mod connection;
mod frame;
mod http;
mod text;
mod transcript;
mod websocket;

pub use connection::{End, Probe};
pub use frame::{FrameProbe, NoFrame};
pub use http::{HttpProbe, NoAnswer, Receipt};
pub use text::{TextProbe, Who};
pub use transcript::{Direction, Entry, Happening, Manner, Piece, Transcript, end};
pub use websocket::{Silence, WebSocketProbe};
