//! A service of datagrams (UDP-1 to UDP-7).

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use mio::net::UdpSocket;
use mio::{Interest, Token};

use super::{MAX_DATAGRAM, Sender};
use crate::connection::guard;
use crate::error::Error;
use crate::protocol::{Limits, Protocol, Raw, Split};
use crate::reactor::{Reactor, Source};
use crate::service::{AnyService, Declaration, Service, Settings, Staff, StartResult, Transport};
use crate::tally::Call;
use crate::worker::{Door, Serving, Worker};

/// Datagrams read before others get their turn.
const PER_TURN: usize = 64;

type OnDatagram<P> = Rc<dyn for<'a> Fn(&Sender<P>, <P as Protocol>::Message<'a>)>;

/// A service of datagrams: what Workerman calls a `Worker` on `udp://`. There are no connections, so `on_message` is the
/// one callback besides those of the workers.
///
/// Without a protocol, a message is a datagram. With one, each whole package in a datagram is a message, and what is left
/// over or malformed is dropped (UDP-3, SF-41). Each datagram is read by a fresh clone of the protocol.
pub struct DatagramService<P: Protocol> {
    service: Service<P>,
    message: Option<OnDatagram<P>>,
}

impl DatagramService<Raw> {
    /// A service of datagrams as they are, at `host:port`; port 0 takes a free one.
    pub fn udp(address: impl Into<String>) -> Self {
        Self::new(address, Raw)
    }
}

impl<P: Protocol> DatagramService<P> {
    /// A service of datagrams that hold packages of `protocol`.
    pub fn new(address: impl Into<String>, protocol: P) -> Self {
        let name = if P::NAME == Raw::NAME { "udp" } else { P::NAME };
        let service = Service::new(address, protocol).name(name).transport(Transport::Datagram);
        Self { service, message: None }
    }

    /// Called for each message.
    #[must_use]
    pub fn on_message(mut self, callback: impl for<'a> Fn(&Sender<P>, P::Message<'a>) + 'static) -> Self {
        self.message = Some(Rc::new(callback));
        self
    }

    /// As [`Service::name`].
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with(|service| service.name(name))
    }

    /// As [`Service::count`].
    #[must_use]
    pub fn count(self, workers: usize) -> Self {
        self.with(|service| service.count(workers))
    }

    /// As [`Service::reuse_port`]: with it, all datagrams of one sender go to one worker.
    #[must_use]
    pub fn reuse_port(self, own_sockets: bool) -> Self {
        self.with(|service| service.reuse_port(own_sockets))
    }

    /// As [`Service::on_worker_start`].
    #[must_use]
    pub fn on_worker_start<R: StartResult>(self, callback: impl Fn(&Worker) -> R + 'static) -> Self {
        self.with(|service| service.on_worker_start(callback))
    }

    /// As [`Service::on_worker_stop`].
    #[must_use]
    pub fn on_worker_stop(self, callback: impl Fn(&Worker) + 'static) -> Self {
        self.with(|service| service.on_worker_stop(callback))
    }

    /// Changes what it has in common with a service of connections: user, group, whether it is reloaded.
    #[must_use]
    pub fn with(self, change: impl FnOnce(Service<P>) -> Service<P>) -> Self {
        Self { service: change(self.service), ..self }
    }
}

impl<P: Protocol> fmt::Debug for DatagramService<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatagramService").field("service", &self.service).finish_non_exhaustive()
    }
}

impl<P: Protocol> From<DatagramService<P>> for AnyService {
    fn from(service: DatagramService<P>) -> Self {
        Self(Box::new(service))
    }
}

impl<P: Protocol> Declaration for DatagramService<P> {
    fn settings(&self) -> &Settings {
        self.service.settings()
    }

    fn staff(&mut self) -> &mut Staff {
        self.service.staff()
    }

    fn check(&self) -> Result<(), Error> {
        if self.message.is_some() {
            return Ok(());
        }
        Err(Error::Misuse {
            service: self.settings().name.clone(),
            what: "no on_message: nobody reads its datagrams; set one".to_owned(),
        })
    }

    fn into_serving(self: Box<Self>, reactor: &Rc<Reactor>) -> Result<Serving, Error> {
        let (message, codec) = (self.message, self.service.codec().clone());
        let opening = Rc::clone(reactor);
        let common = Box::new(self.service).into_serving(reactor)?;
        let open = move |fd: OwnedFd| {
            let socket = UdpSocket::from_std(fd.into());
            Inlet::start(&opening, socket, codec, message)
        };
        Ok(Serving { open: Box::new(open), ..common })
    }
}

/// The socket in a worker.
struct Inlet<P: Protocol> {
    reactor: Rc<Reactor>,
    socket: Rc<UdpSocket>,
    token: Token,
    codec: P,
    message: Option<OnDatagram<P>>,
    buffer: RefCell<Box<[u8]>>,
}

impl<P: Protocol> Inlet<P> {
    fn start(
        reactor: &Rc<Reactor>,
        mut socket: UdpSocket,
        codec: P,
        message: Option<OnDatagram<P>>,
    ) -> io::Result<Rc<dyn Door>> {
        let token = reactor.reserve();
        reactor.registry().register(&mut socket, token, Interest::READABLE)?;
        let inlet = Rc::new(Self {
            reactor: Rc::clone(reactor),
            socket: Rc::new(socket),
            token,
            codec,
            message,
            buffer: RefCell::new(vec![0; MAX_DATAGRAM].into_boxed_slice()),
        });
        reactor.adopt(token, Rc::clone(&inlet) as Rc<dyn Source>);
        Ok(inlet)
    }

    /// Reads one datagram; false where there is none.
    fn read_one(&self) -> bool {
        let mut buffer = self.buffer.borrow_mut();
        match self.socket.recv_from(&mut buffer) {
            Ok((length, address)) => {
                self.deliver(&buffer[..length], address);
                true
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            // An earlier answer could not be delivered; that is no news about what comes.
            Err(error) => {
                tracing::debug!(%error, "cannot read a datagram");
                error.kind() != io::ErrorKind::InvalidInput
            }
        }
    }

    fn deliver(&self, datagram: &[u8], address: SocketAddr) {
        let codec = Rc::new(RefCell::new(self.codec.clone()));
        let sender = Sender { socket: Rc::clone(&self.socket), codec: Rc::clone(&codec), address };
        let mut rest = datagram;
        // UDP-2: without a protocol an empty datagram is a message too.
        let mut raw_and_empty = datagram.is_empty() && P::NAME == Raw::NAME;
        while !rest.is_empty() || raw_and_empty {
            let found = if raw_and_empty {
                Ok(Split::Package(0))
            } else {
                codec.borrow_mut().split(
                    rest,
                    &Limits { max_package: usize::MAX, ..Limits::default() },
                    &mut Vec::new(),
                )
            };
            raw_and_empty = false;
            match found {
                Ok(Split::Package(length)) => {
                    let message = codec.borrow_mut().decode(&rest[..length]);
                    rest = &rest[length..];
                    self.tell(&sender, message);
                }
                Ok(Split::Own(length)) if 0 < length => rest = &rest[length..],
                Ok(Split::Need | Split::Own(_) | Split::End(_)) => return,
                Err(malformed) => {
                    tracing::debug!(peer = %address, %malformed, "peer broke the protocol");
                    return;
                }
            }
        }
    }

    fn tell(&self, sender: &Sender<P>, message: P::Message<'_>) {
        self.reactor.tally().requested();
        let Some(on_message) = &self.message else { return };
        let fine = self.reactor.tally().during(Call::Message, || guard(|| on_message(sender, message)));
        if !fine {
            tracing::error!(peer = %sender.address, "on_message panicked");
        }
    }
}

impl<P: Protocol> Source for Inlet<P> {
    fn ready(self: Rc<Self>, _: bool, _: bool) {
        for _ in 0..PER_TURN {
            if !self.read_one() {
                return;
            }
        }
        self.reactor.call_again(self.token);
    }
}

impl<P: Protocol> Door for Inlet<P> {
    /// Several workers may share the socket: what is queued is left to them, and to the successor.
    fn leave(&self) {
        self.reactor.forget(self.token);
    }
}
