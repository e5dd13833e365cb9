//! The client end that a case holds: a blocking socket with deadlines, and everything it saw.

mod connection;
mod http;
mod text;
mod transcript;

pub use connection::{End, Probe};
pub use http::{HttpProbe, NoAnswer, Receipt};
pub use text::{TextProbe, Who};
pub use transcript::{Direction, Entry, Happening, Transcript};
