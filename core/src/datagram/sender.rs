//! Who a datagram came from, and answering it.

use std::cell::RefCell;
use std::fmt;
use std::net::SocketAddr;
use std::rc::Rc;

use mio::net::UdpSocket;

use crate::protocol::{Encode, Protocol, Setting};
use crate::reactor::Reactor;

/// Who a datagram came from. It can be cloned, kept, and answered at any time while the worker serves; there is no
/// connection behind it, so there is nothing to close (SF-41).
///
/// Workers only. Mirrors Workerman's `UdpConnection`.
pub struct Sender<P: Protocol> {
    pub(super) socket: Rc<UdpSocket>,
    pub(super) codec: Rc<RefCell<P>>,
    pub(super) address: SocketAddr,
}

impl<P: Protocol> Sender<P> {
    /// Sends one datagram to the sender, in the protocol of the service. Whether the kernel took all of it: a datagram above
    /// 65,507 bytes is never taken, and one may get lost on the way without a word (UDP-4).
    pub fn send<T>(&self, message: T) -> bool
    where
        P: Encode<T>,
    {
        let bytes = encode(&mut *self.codec.borrow_mut(), message);
        self.send_raw(&bytes)
    }

    /// Sends bytes as they are.
    pub fn send_raw(&self, bytes: &[u8]) -> bool {
        let sent = self.socket.send_to(bytes, self.address).is_ok_and(|sent| sent == bytes.len());
        if !sent {
            Reactor::current().tally().send_failed();
        }
        sent
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// A message as one datagram.
pub(super) fn encode<P: Protocol + Encode<T>, T>(codec: &mut P, message: T) -> Vec<u8> {
    let mut bytes = Vec::new();
    Reactor::current()
        .with_date(|date| codec.encode(message, &Setting { draining: false, date }, &mut bytes));
    bytes
}

impl<P: Protocol> Clone for Sender<P> {
    fn clone(&self) -> Self {
        Self { socket: Rc::clone(&self.socket), codec: Rc::clone(&self.codec), address: self.address }
    }
}

impl<P: Protocol> fmt::Debug for Sender<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("address", &self.address).finish_non_exhaustive()
    }
}
