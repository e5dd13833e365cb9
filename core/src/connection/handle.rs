//! The handle that callbacks get.

use std::any::Any;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use super::served::Served;
use super::{ConnectionError, Sent, Status};
use crate::protocol::{Encode, Farewell, Limits, Next, Protocol};
use crate::reactor::Timer;
use crate::transport::Address;

/// A connection of this worker. It can be cloned, kept, and used from any callback or timer of the
/// process; once the connection is closed, sending is refused and nothing else has an effect.
///
/// Workers only. Mirrors Workerman's `TcpConnection` and `AsyncTcpConnection`.
pub struct Connection<P: Protocol> {
    pub(super) served: Rc<Served<P>>,
}

/// Sending.
impl<P: Protocol> Connection<P> {
    /// Sends a message in the connection's protocol. What is sent within one turn of the loop leaves
    /// in one write, when the turn ends or 64 KiB have gathered.
    ///
    /// A message is accepted whole whenever the send buffer holds less than its limit, so it may
    /// exceed the limit by one message (BUF-3); a full buffer refuses (BUF-4). When an accepted
    /// message fills the buffer, `on_buffer_full` is called from within (BUF-5). Before an outgoing connection is
    /// there, messages wait in the buffer (BUF-11).
    pub fn send<T>(&self, message: T) -> Sent
    where
        P: Encode<T>,
    {
        self.served.send(message)
    }

    /// Sends bytes as they are, past the protocol, under the same rules. Workerman: `send(data, raw: true)`.
    pub fn send_raw(&self, bytes: &[u8]) -> Sent {
        self.served.send_by(|_, _, out| {
            out.extend_from_slice(bytes);
            Next::Stay
        })
    }

    /// Bytes at which this connection's send buffer is full, from the next send on (BUF-7).
    pub fn set_max_send_buffer(&self, bytes: usize) {
        self.served.max_send_buffer.set(bytes);
    }

    /// Bytes that were accepted for sending and that the kernel has not taken.
    pub fn unsent(&self) -> usize {
        self.served.unsent()
    }
}

/// Receiving.
impl<P: Protocol> Connection<P> {
    /// Stops reading and delivering, also of messages that came already. What the peer sends waits in the
    /// kernel, and then with the peer; that it went away is not noticed meanwhile (CONN-20, CONN-21).
    pub fn pause_recv(&self) {
        self.served.pause();
    }

    /// Goes on reading and delivering. What had come is delivered at once, within this call, or after it when
    /// called from the connection's own callback (CONN-20).
    pub fn resume_recv(&self) {
        self.served.resume();
    }

    /// Bytes of the largest message from now on, its framing included. Default: the service's.
    pub fn set_max_package(&self, bytes: usize) {
        let limits = Limits { max_package: bytes, ..self.served.limits() };
        self.served.with_extras(|extras| extras.limits = Some(limits));
    }

    /// How long the peer may say nothing before the connection is closed: the heartbeat of HEART-2. It is found late
    /// by an eighth at most, and by a second at most. `None`: for ever. Default: the service's.
    pub fn set_idle_timeout(&self, patience: Option<Duration>) {
        self.served.with_extras(|extras| extras.idle = Some(patience));
        self.served.runtime.keep_deadlines(patience);
    }

    /// Closes the connection after that time, unless the deadline is lifted by `None` before: the deadline for
    /// authentication of AUTH-1. A further call replaces it.
    pub fn set_deadline(&self, within: Option<Duration>) {
        let me = Rc::downgrade(&self.served);
        let timer = within.map(|within| {
            Timer::own_after(within, move || {
                me.upgrade().into_iter().for_each(|served| served.close_for(Farewell::Done));
            })
        });
        let before = self.served.with_extras(|extras| std::mem::replace(&mut extras.deadline, timer));
        if let Some(before) = before {
            before.cancel();
        }
    }
}

/// Ending.
impl<P: Protocol> Connection<P> {
    /// Closes when what was sent is out; from now on nothing is read and nothing more can be sent. A protocol with a
    /// closing handshake performs it. A peer that does not read is cut after the service's close timeout
    /// (CONN-25, SF-36). `on_close` is called when all is out; that the peer gets it in spite of what it may
    /// still be sending is seen to after that.
    pub fn close(&self) {
        self.served.close_for(Farewell::Done);
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

    /// Ends this side when what was sent is out, and discards what comes until the peer's end or the linger
    /// timeout, when `on_close` is called (CONN-30, CONN-31).
    pub fn end(&self) {
        self.served.end();
    }

    /// Sends a last message, then [ends](Self::end) this side.
    pub fn end_with<T>(&self, message: T) -> Sent
    where
        P: Encode<T>,
    {
        let sent = self.send(message);
        self.end();
        sent
    }

    /// Closes now and drops what was not sent (CONN-28).
    pub fn destroy(&self) {
        self.served.destroy();
    }

    /// Where it is in its life (CONN-2).
    pub fn status(&self) -> Status {
        self.served.status()
    }

    /// Whether it is open: neither connecting nor closing nor closed.
    pub fn is_open(&self) -> bool {
        self.served.is_open()
    }
}

/// Knowing.
impl<P: Protocol> Connection<P> {
    /// The number of this connection: 1, 2, 3 … within its worker process, for accepted and opened ones
    /// together (CONN-1).
    pub fn id(&self) -> u64 {
        self.served.id
    }

    /// The address of the peer (CONN-8); for one that this side opens, from when it is there.
    pub fn peer_address(&self) -> Address {
        self.served.peer.borrow().clone()
    }

    /// The address of this end; `None` once it is closed, or before it is there.
    pub fn local_address(&self) -> Option<Address> {
        self.served.stream.borrow().as_ref().and_then(|stream| stream.local_address().ok())
    }

    /// Bytes read from the socket, under TLS after decryption (CONN-9).
    pub fn bytes_read(&self) -> u64 {
        self.served.bytes_read.get()
    }

    /// Bytes that the socket took, under TLS before encryption (CONN-9).
    pub fn bytes_written(&self) -> u64 {
        self.served.bytes_written.get()
    }

    /// Keeps something with the connection, in place of what was kept before. It goes with the connection,
    /// after `on_close`.
    pub fn set_context(&self, context: impl Any) {
        self.served.with_extras(|extras| extras.context = Some(Box::new(context)));
    }

    /// Calls `use_it` with what was kept by [`set_context`](Self::set_context), if that is a `T`. It must not ask for the
    /// context again, nor close the connection.
    pub fn context<T: Any, R>(&self, use_it: impl FnOnce(&mut T) -> R) -> Option<R> {
        let mut extras = self.served.extras.borrow_mut();
        extras.as_mut()?.context.as_mut()?.downcast_mut().map(use_it)
    }
}

/// Callbacks of this connection alone, which win over the service's (CONN-3).
impl<P: Protocol> Connection<P> {
    /// As [`Service::on_message`](crate::Service::on_message), for this connection.
    pub fn on_message(&self, callback: impl for<'a> Fn(&Self, P::Message<'a>) + 'static) {
        self.served.with_extras(|extras| extras.own.message = Some(Rc::new(callback)));
    }

    /// As [`Service::on_close`](crate::Service::on_close), for this connection.
    pub fn on_close(&self, callback: impl Fn(&Self) + 'static) {
        self.served.with_extras(|extras| extras.own.close = Some(Rc::new(callback)));
    }

    /// As [`Service::on_error`](crate::Service::on_error), for this connection.
    pub fn on_error(&self, callback: impl Fn(&Self, ConnectionError) + 'static) {
        self.served.with_extras(|extras| extras.own.error = Some(Rc::new(callback)));
    }

    /// As [`Service::on_buffer_full`](crate::Service::on_buffer_full), for this connection.
    pub fn on_buffer_full(&self, callback: impl Fn(&Self) + 'static) {
        self.served.with_extras(|extras| extras.own.buffer_full = Some(Rc::new(callback)));
    }

    /// As [`Service::on_buffer_drain`](crate::Service::on_buffer_drain), for this connection.
    pub fn on_buffer_drain(&self, callback: impl Fn(&Self) + 'static) {
        self.served.with_extras(|extras| extras.own.buffer_drain = Some(Rc::new(callback)));
    }
}

impl<P: Protocol> Clone for Connection<P> {
    fn clone(&self) -> Self {
        Self { served: Rc::clone(&self.served) }
    }
}

impl<P: Protocol> PartialEq for Connection<P> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.served, &other.served)
    }
}

impl<P: Protocol> Eq for Connection<P> {}

impl<P: Protocol> fmt::Debug for Connection<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("id", &self.id())
            .field("peer", &self.peer_address())
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
