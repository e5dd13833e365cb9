//! Datagrams to one address, and what comes back (UDP-10, UDP-11).

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::rc::{Rc, Weak};

use mio::net::UdpSocket;
use mio::{Interest, Token};

use super::MAX_DATAGRAM;
use super::sender::encode;
use crate::connection::guard;
use crate::protocol::{Encode, Protocol, Raw};
use crate::reactor::{Reactor, Source};
use crate::tally::Call;

type OnReply<P> = Rc<dyn for<'a> Fn(&DatagramsTo<P>, <P as Protocol>::Message<'a>)>;
type OnEvent<P> = Rc<dyn Fn(&DatagramsTo<P>)>;

/// Datagrams to be sent to one address, in a protocol, with callbacks for what comes back. Workers only. Mirrors
/// Workerman's `AsyncUdpConnection`.
pub struct Datagrams<P: Protocol> {
    address: SocketAddr,
    codec: P,
    connect: Option<OnEvent<P>>,
    message: Option<OnReply<P>>,
    close: Option<OnEvent<P>>,
}

impl Datagrams<Raw> {
    /// To `address`, as they are.
    pub fn udp(address: SocketAddr) -> Self {
        Self::new(address, Raw)
    }
}

impl<P: Protocol> Datagrams<P> {
    /// To `address`, each holding a package of `protocol`. What comes back is decoded whole, without looking for
    /// packages in it (UDP-11).
    pub fn new(address: SocketAddr, protocol: P) -> Self {
        Self { address, codec: protocol, connect: None, message: None, close: None }
    }

    /// Called once, within [`connect`](Self::connect).
    #[must_use]
    pub fn on_connect(mut self, callback: impl Fn(&DatagramsTo<P>) + 'static) -> Self {
        self.connect = Some(Rc::new(callback));
        self
    }

    /// Called for each datagram that comes back.
    #[must_use]
    pub fn on_message(
        mut self,
        callback: impl for<'a> Fn(&DatagramsTo<P>, P::Message<'a>) + 'static,
    ) -> Self {
        self.message = Some(Rc::new(callback));
        self
    }

    /// Called once, when it is closed.
    #[must_use]
    pub fn on_close(mut self, callback: impl Fn(&DatagramsTo<P>) + 'static) -> Self {
        self.close = Some(Rc::new(callback));
        self
    }

    /// Makes the socket. Nothing is sent by it.
    ///
    /// # Errors
    /// What socket, bind or connect said.
    ///
    /// # Panics
    /// Outside a worker's callbacks.
    pub fn connect(self) -> io::Result<DatagramsTo<P>> {
        let reactor = Reactor::current();
        let any: SocketAddr =
            if self.address.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
        let mut socket = UdpSocket::bind(any)?;
        socket.connect(self.address)?;
        let token = reactor.reserve();
        reactor.registry().register(&mut socket, token, Interest::READABLE)?;
        let outlet = Rc::new_cyclic(|me| Outlet {
            me: me.clone(),
            reactor: Rc::clone(&reactor),
            token,
            address: self.address,
            socket: RefCell::new(Some(socket)),
            codec: RefCell::new(self.codec),
            message: self.message,
            close: Cell::new(self.close),
            buffer: RefCell::new(Vec::new()),
            refused: Cell::new(false),
        });
        reactor.adopt(token, Rc::clone(&outlet) as Rc<dyn Source>);
        let to = DatagramsTo { outlet };
        if let Some(connect) = &self.connect {
            connect(&to);
        }
        Ok(to)
    }
}

impl<P: Protocol> fmt::Debug for Datagrams<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Datagrams").field("address", &self.address).finish_non_exhaustive()
    }
}

/// A socket for datagrams to one address. It lives until it is [closed](Self::close), whether or not a handle is kept
/// (UDP-11).
pub struct DatagramsTo<P: Protocol> {
    outlet: Rc<Outlet<P>>,
}

impl<P: Protocol> DatagramsTo<P> {
    /// Sends one datagram. Whether the kernel took all of it; false also where the one before was refused by the
    /// other end (UDP-10), and once it is closed.
    pub fn send<T>(&self, message: T) -> bool
    where
        P: Encode<T>,
    {
        let bytes = encode(&mut *self.outlet.codec.borrow_mut(), message);
        let socket = self.outlet.socket.borrow();
        let refused = self.outlet.refused.take();
        let takes = |socket: &UdpSocket| socket.send(&bytes).is_ok_and(|sent| sent == bytes.len());
        let sent = !refused && socket.as_ref().is_some_and(takes);
        if !sent {
            self.outlet.reactor.tally().send_failed();
        }
        sent
    }

    /// Closes the socket and calls `on_close`.
    pub fn close(&self) {
        self.outlet.reactor.forget(self.outlet.token);
        if self.outlet.socket.borrow_mut().take().is_none() {
            return;
        }
        let close = self.outlet.close.take();
        close.into_iter().for_each(|close| close(self));
    }

    /// Where it sends to.
    pub fn address(&self) -> SocketAddr {
        self.outlet.address
    }
}

impl<P: Protocol> Clone for DatagramsTo<P> {
    fn clone(&self) -> Self {
        Self { outlet: Rc::clone(&self.outlet) }
    }
}

impl<P: Protocol> fmt::Debug for DatagramsTo<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatagramsTo").field("address", &self.address()).finish_non_exhaustive()
    }
}

struct Outlet<P: Protocol> {
    me: Weak<Self>,
    reactor: Rc<Reactor>,
    token: Token,
    address: SocketAddr,
    socket: RefCell<Option<UdpSocket>>,
    codec: RefCell<P>,
    message: Option<OnReply<P>>,
    close: Cell<Option<OnEvent<P>>>,
    buffer: RefCell<Vec<u8>>,
    /// The other end refused what was sent last.
    refused: Cell<bool>,
}

impl<P: Protocol> Source for Outlet<P> {
    fn ready(self: Rc<Self>, _: bool, _: bool) {
        let mut buffer = std::mem::take(&mut *self.buffer.borrow_mut());
        buffer.resize(MAX_DATAGRAM, 0);
        loop {
            let read = self.socket.borrow().as_ref().map(|socket| socket.recv(&mut buffer));
            match read {
                Some(Ok(length)) => self.deliver(&buffer[..length]),
                // The other end refused what was sent: the next send says so.
                Some(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    self.refused.set(true);
                }
                Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Some(Err(_)) | None => break,
            }
        }
        *self.buffer.borrow_mut() = buffer;
    }
}

impl<P: Protocol> Outlet<P> {
    fn deliver(&self, datagram: &[u8]) {
        let (Some(on_message), Some(outlet)) = (&self.message, self.me.upgrade()) else { return };
        let message = self.codec.borrow_mut().decode(datagram);
        let to = DatagramsTo { outlet };
        if !self.reactor.tally().during(Call::Message, || guard(|| on_message(&to, message))) {
            tracing::error!(peer = %self.address, "on_message panicked");
        }
    }
}
