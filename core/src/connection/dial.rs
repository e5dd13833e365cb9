//! How a connection that a worker opens comes to be: the name, the addresses one after the other, TLS.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use mio::Token;
use mio::net::UnixStream;

use super::callbacks::OnConnection;
use super::runtime::Runtime;
use super::served::{Phase, Served};
use super::transmit::Speak;
use super::{Connection, ConnectionError};
use crate::offload::offload;
use crate::protocol::Protocol;
use crate::reactor::{Source, Timer};
use crate::tally::Call;
use crate::transport::{Address, Endpoint, Stream, TlsStream, dial};
use crate::worker::ConnectionRow;

/// What a worker that leaves has to see through besides its services.
pub(crate) trait Outgoing {
    /// Closes what is open and opens nothing again; calls `done` when it is gone.
    fn leave(&self, within: Duration, done: Box<dyn FnOnce()>);

    /// Its connections as `connections` shows them.
    fn rows(&self) -> Vec<ConnectionRow>;
}

/// Opens the connections of one client.
pub(crate) struct Dialer<P: Protocol> {
    pub(super) me: Weak<Self>,
    pub(super) number: u64,
    pub(super) runtime: Rc<Runtime<P>>,
    pub(super) endpoint: Endpoint,
    pub(super) connect_timeout: Duration,
    pub(super) bind: Option<SocketAddr>,
    pub(super) tls: Option<Arc<rustls::ClientConfig>>,
    pub(super) established: Option<OnConnection<P>>,
    pub(super) current: RefCell<Option<Connection<P>>>,
    /// An attempt that is due.
    pub(super) again: Cell<Option<Timer>>,
}

impl<P: Protocol> Outgoing for Dialer<P> {
    fn leave(&self, within: Duration, done: Box<dyn FnOnce()>) {
        self.cancel();
        self.runtime.drain(Duration::ZERO, within, None, done);
    }

    fn rows(&self) -> Vec<ConnectionRow> {
        self.runtime.rows("none")
    }
}

impl<P: Protocol> Dialer<P> {
    pub(super) fn cancel(&self) {
        self.again.take().into_iter().for_each(|timer| {
            timer.cancel();
        });
    }

    /// Keeps itself alive while there is a connection or one is due.
    fn hold(&self) {
        if let Some(me) = self.me.upgrade() {
            self.runtime.reactor.hold_client(self.number, me as Rc<dyn Outgoing>);
        }
    }

    /// Lets itself go once its runtime has no connection and none is due.
    pub(super) fn rest(&self) {
        let due = self.again.take();
        self.again.set(due);
        if due.is_none() {
            self.runtime.reactor.release_client(self.number);
        }
    }

    pub(super) fn open_after(&self, delay: Duration) {
        self.cancel();
        self.hold();
        let me = self.me.clone();
        self.again.set(Some(Timer::own_after(delay, move || {
            if let Some(dialer) = me.upgrade() {
                dialer.again.set(None);
                dialer.open();
            }
        })));
    }

    pub(super) fn open(&self) {
        let alive = self
            .current
            .borrow()
            .as_ref()
            .is_some_and(|conn| !matches!(conn.served.phase.get(), Phase::Closed | Phase::Lingering));
        if alive || self.runtime.waits_no_more() {
            return;
        }
        self.hold();
        let nowhere = match &self.endpoint {
            Endpoint::Ip(_) => Address::Unix(None),
            Endpoint::Unix(path) => Address::Unix(Some(path.clone())),
        };
        let served = Served::new(&self.runtime, Token(usize::MAX), None, nowhere, Phase::Connecting);
        self.runtime.hold(&served);
        *self.current.borrow_mut() = Some(served.handle());
        match &self.endpoint {
            Endpoint::Unix(path) => served.try_stream(UnixStream::connect(path).map(Stream::Unix), self),
            Endpoint::Ip(text) => match Endpoint::numeric(text) {
                Some(address) => served.try_next(vec![address], self),
                None => self.look_up(text.clone(), &served),
            },
        }
    }

    /// Looks the name up on another thread, so that the loop goes on (SF-46).
    fn look_up(&self, text: String, served: &Rc<Served<P>>) {
        let (me, served) = (self.me.clone(), Rc::downgrade(served));
        offload(
            move || Endpoint::resolve(&text),
            move |found| {
                let (Some(dialer), Some(served)) = (me.upgrade(), served.upgrade()) else { return };
                if served.phase.get() != Phase::Connecting {
                    return;
                }
                match found.unwrap_or_else(|| Err(io::ErrorKind::Other.into())) {
                    Ok(mut addresses) => {
                        addresses.reverse();
                        served.try_next(addresses, &dialer);
                    }
                    Err(error) => served.cannot_connect(error.kind()),
                }
            },
        );
    }
}

impl<P: Protocol> Served<P> {
    /// Tries the last of `candidates`.
    fn try_next(&self, mut candidates: Vec<SocketAddr>, dialer: &Dialer<P>) {
        let Some(address) = candidates.pop() else { return self.cannot_connect(io::ErrorKind::NotFound) };
        self.with_extras(|extras| extras.candidates = candidates);
        *self.peer.borrow_mut() = address.into();
        self.try_stream(dial(address, dialer.bind).map(Stream::Tcp), dialer);
    }

    fn try_stream(&self, begun: io::Result<Stream>, dialer: &Dialer<P>) {
        let reactor = &self.runtime.reactor;
        let token = reactor.reserve();
        self.token.set(token);
        let watched = begun.and_then(|mut stream| {
            stream.register(reactor.registry(), token)?;
            Ok(stream)
        });
        match watched {
            Ok(stream) => {
                *self.stream.borrow_mut() = Some(stream);
                reactor.adopt(token, self.handle().served as Rc<dyn Source>);
                self.arm(dialer.connect_timeout, |served| served.next_or_fail(io::ErrorKind::TimedOut));
            }
            Err(error) => {
                reactor.forget(token);
                self.next_or_fail(error.kind());
            }
        }
    }

    /// The kernel reported something about the socket that is being connected.
    pub(super) fn connect_progress(&self) {
        let state = self.stream.borrow_mut().as_mut().map_or(Ok(None), Stream::connected);
        match state {
            Ok(None) => {}
            Ok(Some(peer)) => self.established(peer),
            Err(error) => self.next_or_fail(error.kind()),
        }
    }

    fn next_or_fail(&self, why: io::ErrorKind) {
        let dialer = self.runtime.dialer.get().and_then(Weak::upgrade);
        let candidates = self.with_extras(|extras| std::mem::take(&mut extras.candidates));
        self.disarm();
        self.runtime.reactor.forget(self.token.get());
        self.stream.borrow_mut().take();
        match dialer {
            Some(dialer) if !candidates.is_empty() => self.try_next(candidates, &dialer),
            _ => self.cannot_connect(why),
        }
    }

    fn cannot_connect(&self, why: io::ErrorKind) {
        tracing::debug!(conn = self.id, peer = %self.peer.borrow(), %why, "cannot connect");
        self.tell_error(ConnectionError::ConnectFailed(why));
        self.destroy();
    }

    fn established(&self, peer: Address) {
        self.disarm();
        if !matches!(peer, Address::Unix(_)) {
            *self.peer.borrow_mut() = peer;
        }
        if let Err(error) = self.begin_tls() {
            tracing::warn!(conn = self.id, %error, "cannot begin TLS");
            return self.cannot_connect(io::ErrorKind::InvalidInput);
        }
        self.phase.set(Phase::Open);
        let now = self.runtime.reactor.millis();
        self.active.set(now);
        self.began.set(now);
        self.call(Call::Connect, |callbacks| callbacks.connect.clone());
        if !self.is_open() {
            return;
        }
        self.speak(|codec, _, out| codec.greet(out));
        let dialer = self.runtime.dialer.get().and_then(Weak::upgrade);
        if let Some(established) = dialer.as_ref().and_then(|dialer| dialer.established.clone()) {
            established(&self.handle());
        }
        self.write();
        self.unread.set(true);
        self.pump();
    }

    fn begin_tls(&self) -> io::Result<()> {
        let Some(dialer) = self.runtime.dialer.get().and_then(Weak::upgrade) else { return Ok(()) };
        let (Some(config), Endpoint::Ip(address)) = (&dialer.tls, &dialer.endpoint) else { return Ok(()) };
        let host = address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host);
        let taken = self.stream.borrow_mut().take();
        let Some(Stream::Tcp(socket)) = taken else { return Ok(()) };
        // The registration goes with the socket: only its wrapping changes.
        let session = TlsStream::connect(socket, config, host).map_err(io::Error::other)?;
        *self.stream.borrow_mut() = Some(Stream::Tls(Box::new(session)));
        Ok(())
    }
}
