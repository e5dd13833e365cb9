//! The handle that callbacks get.

use std::fmt;
use std::net::SocketAddr;
use std::rc::Rc;

use super::served::Served;
use crate::protocol::{Encode, Protocol};

/// What became of a message given to [`Connection::send`] (BUF-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// On its way: the kernel has it, or gets it when this turn of the loop ends (Workerman: `true`).
    Sent,
    /// Accepted; the kernel takes no more for now (Workerman: `null`).
    Queued,
    /// Not accepted: the connection is closing, the send buffer is full, or a protocol with one
    /// reply to each message owes none (Workerman: `false`).
    Refused,
}

/// Why a message was not sent (CONN-40).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The peer is gone; the connection closes.
    #[error("peer closed the connection")]
    PeerClosed,
    /// The send buffer was full and the message was dropped; the connection stays (BUF-4).
    #[error("send buffer full and message dropped")]
    BufferFull,
}

impl SendError {
    /// Workerman's number for it: 2, a failed send.
    pub fn code(self) -> u8 {
        2
    }
}

/// A connection of this worker. It can be cloned, kept, and used from any callback or timer of the
/// process; once the connection is closed, sending is refused and nothing else has an effect.
///
/// Workers only. Mirrors Workerman's `TcpConnection`.
pub struct Connection<P: Protocol> {
    pub(super) served: Rc<Served<P>>,
}

impl<P: Protocol> Connection<P> {
    /// Sends a message in the connection's protocol. What is sent within one turn of the loop leaves
    /// in one write.
    ///
    /// A message is accepted whole whenever the send buffer holds less than its limit, so it may
    /// exceed the limit by one message (BUF-3); a full buffer refuses (BUF-4). When an accepted
    /// message fills the buffer, `on_buffer_full` is called from within (BUF-5).
    pub fn send<T>(&self, message: T) -> Sent
    where
        P: Encode<T>,
    {
        self.served.send(message)
    }

    /// Closes when what was sent is out; from now on nothing is read and nothing more can be sent.
    /// A peer that does not read is cut after the service's close timeout (CONN-25, SF-36).
    pub fn close(&self) {
        self.served.begin_close();
    }

    /// Sends a last message, then [closes](Self::close).
    pub fn close_with<T>(&self, message: T) -> Sent
    where
        P: Encode<T>,
    {
        let sent = self.send(message);
        self.close();
        sent
    }

    /// Closes now and drops what was not sent (CONN-28).
    pub fn destroy(&self) {
        self.served.destroy();
    }

    /// Stops reading and delivering. What the peer sends waits in the kernel, and then with the peer (CONN-20).
    pub fn pause_recv(&self) {
        self.served.pause(true);
    }

    /// Goes on reading and delivering, first what had come before the pause (CONN-20).
    pub fn resume_recv(&self) {
        self.served.pause(false);
    }

    /// The number of this connection: 1, 2, 3 … within its worker process (CONN-1).
    pub fn id(&self) -> u64 {
        self.served.id
    }

    /// The address of the peer.
    pub fn peer_address(&self) -> SocketAddr {
        self.served.peer
    }

    /// Bytes at which this connection's send buffer is full, from the next send on (BUF-7).
    pub fn set_max_send_buffer(&self, bytes: usize) {
        self.served.max_send_buffer.set(bytes);
    }

    /// Bytes that were accepted for sending and that the kernel has not taken.
    pub fn unsent(&self) -> usize {
        self.served.unsent()
    }

    /// Whether it is open: neither closing nor closed.
    pub fn is_open(&self) -> bool {
        self.served.is_open()
    }
}

impl<P: Protocol> Clone for Connection<P> {
    fn clone(&self) -> Self {
        Self { served: Rc::clone(&self.served) }
    }
}

impl<P: Protocol> fmt::Debug for Connection<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("id", &self.id())
            .field("peer", &self.peer_address())
            .finish_non_exhaustive()
    }
}
