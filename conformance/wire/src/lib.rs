//! The judge's own codec: naive, independent, strict when it reads and unchecked when it writes.
//!
//! Everything works on whole buffers. Reading accepts only what the specification allows a server to
//! send, so that a server's mistake is seen; writing puts down whatever it is given, because most cases
//! send what no good codec can express.

#![forbid(unsafe_code)]

pub mod dump;
pub mod frame;
pub mod http;
pub mod text;
pub mod websocket;
