//! What became of a message, a connection's status, and what can go wrong with one.

use std::io;

/// What became of a message given to [`Connection::send`](super::Connection::send) (BUF-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// On its way: the kernel has it, or gets it when this turn of the loop ends (Workerman: `true`).
    Sent,
    /// Accepted; the kernel takes no more for now, or a handshake has to be done first (Workerman: `null`).
    Queued,
    /// Not accepted: the connection is closing, the send buffer is full, or a protocol with one
    /// reply to each message owes none (Workerman: `false`).
    Refused,
}

/// Where a connection is in its life (CONN-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// This side opens it, and it is not there yet.
    Connecting,
    /// Open both ways.
    Established,
    /// [Ended](super::Connection::end) by this side; the peer's end is awaited.
    Ending,
    /// Closing: what was sent is being flushed.
    Closing,
    /// Over.
    Closed,
}

impl Status {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connecting => "CONNECTING",
            Self::Established => "ESTABLISHED",
            Self::Ending => "ENDING",
            Self::Closing => "CLOSING",
            Self::Closed => "CLOSED",
        }
    }
}

/// What went wrong with a connection (CONN-40).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionError {
    /// A connection that this side opens could not be made; it closes.
    #[error("cannot connect: {0}")]
    ConnectFailed(io::ErrorKind),
    /// The peer is gone and a message was not sent; the connection closes.
    #[error("peer closed the connection")]
    PeerClosed,
    /// The send buffer was full and the message was dropped; the connection stays (BUF-4).
    #[error("send buffer full and message dropped")]
    BufferFull,
}

impl ConnectionError {
    /// Workerman's number for it: 1, connecting failed; 2, sending failed.
    pub fn code(self) -> u8 {
        match self {
            Self::ConnectFailed(_) => 1,
            Self::PeerClosed | Self::BufferFull => 2,
        }
    }
}
