//! Opening, reopening and giving up connections, by population.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Interest, Token};
use nix::errno::Errno;
use socket2::{Domain, Socket as Socket2, Type};

use crate::load::connection::Connection;
use crate::load::driver::turn::Driver;
use crate::load::driver::wire::Socket;
use crate::load::exchange::{Exchange, NoConnection, Settled, Turn};
use crate::load::fate::{End, Fate};
use crate::load::population::{Method, Population};
use crate::load::tally::Gap;
use crate::load::tls::Stream;

impl Driver<'_> {
    /// Opens a connection of `population` with the request that is next in it.
    pub(super) fn open_next(&mut self, population: Population) {
        let shape = self.plan.shape(population);
        let first = match population {
            population if population.is_single() => None,
            // The handshake is a request of its own.
            population if population.is_websocket() => {
                let ticket = self.record.ledger.plan(population, Method::Get);
                Some(Exchange::new(ticket, self.control.now()))
            }
            _ if shape.rate.is_none() => Some(self.planned(population, self.control.now())),
            _ => self.pending[population.index()].pop_front(),
        };
        self.open(population, first);
    }

    /// Opens a connection; `first` shares its fate if it does not come about.
    pub(super) fn open(&mut self, population: Population, first: Option<Exchange>) {
        let now = self.control.now();
        let number = self.connections;
        self.connections += 1;
        let link = self.record.ledger.open(population);
        let mut connection = Connection::new(number, population, link, first, now);
        if let Some(plain) = &self.plan.plain {
            connection.expect_plain(&plain.marks);
        }
        self.record.connects.get_or_insert(Gap::starting(now));
        let stream = match self.dial(population, number) {
            Ok(stream) => stream,
            Err(error) => {
                let turn = connection.not_connected(why_not(&error));
                self.conclude(connection, turn, now);
                return;
            }
        };
        let entry = self.sockets.vacant_entry();
        let key = entry.key();
        let socket = entry.insert(Socket { stream, connection, unsent: Vec::new() });
        // A request is one write; waiting for the acknowledgement of an earlier one would only blur latency.
        let _ = socket.stream.tcp.set_nodelay(true);
        let interest = Interest::READABLE | Interest::WRITABLE;
        if self.poll.registry().register(&mut socket.stream.tcp, Token(key), interest).is_err() {
            let turn = socket.connection.not_connected(NoConnection::Ours);
            self.apply(key, turn, now);
        }
    }

    /// The event queue says that the handshake may be over.
    pub(super) fn check_handshake(&mut self, key: usize) {
        let now = self.control.now();
        let socket = &mut self.sockets[key];
        let failure = match socket.stream.tcp.take_error() {
            Ok(None) => match socket.stream.tcp.peer_addr() {
                Ok(_) => None,
                Err(error) if error.kind() == io::ErrorKind::NotConnected => return,
                Err(error) => Some(error),
            },
            Ok(Some(error)) | Err(error) => Some(error),
        };
        if let Some(error) = failure {
            let turn = socket.connection.not_connected(why_not(&error));
            self.apply(key, turn, now);
            return;
        }
        match socket.stream.shake() {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                let turn = socket.connection.not_connected(why_not_secure(&error));
                self.apply(key, turn, now);
                return;
            }
        }
        let took = now.saturating_sub(socket.connection.opened_at);
        let first = socket.connection.connected(now);
        self.record.timeline.connected(now, took);
        self.record.slowest_connect = self.record.slowest_connect.max(took);
        if let Some(connects) = self.record.connects.as_mut().filter(|_| self.stopping.is_none()) {
            connects.happened(now);
        }
        match first {
            Some(first) => self.put(key, first),
            None => self.rest_or_go_on(key),
        }
    }

    /// A connection is over: enters the end, and opens another one if its population wants one.
    pub(super) fn conclude(&mut self, mut connection: Connection, turn: Turn, now: Duration) {
        let population = connection.population;
        let mut again = Vec::new();
        for settled in turn.settled.into_iter().chain(turn.more) {
            again.extend(self.once_more(&settled));
            let inside = self.is_inside(settled.exchange.intended);
            let transcript = self.transcript(&settled, &connection, now);
            self.record.settle(settled, &connection, inside, now, transcript);
        }
        let mut again = again.into_iter();
        let returned = turn.returned.map(|mut exchange| {
            exchange.attempt = exchange.attempt.saturating_add(1);
            exchange
        });
        // The next connection is a new one; what was pipelined behind goes out on another.
        let returned = returned.or_else(|| again.next());
        self.pending[population.index()].extend(again);
        if let (Some(end), Some(link)) = (turn.end, connection.link.take()) {
            self.record.ledger.end(link, end);
            if population.is_websocket() && end == End::Announced {
                self.record.timeline.told_goodbye(now);
            }
            if self.control.aborts() {
                if let Some(exchange) = returned {
                    self.record.ledger.settle(exchange.ticket, Fate::NotSent);
                }
                return;
            }
            // A server that drops every connection at once must not be hammered as fast as this machine can.
            let pause =
                if connection.answered() == 0 && end != End::RunOver { PAUSE } else { Duration::ZERO };
            self.succeed(population, returned, now + pause);
        } else if let Some(exchange) = returned {
            self.pending[population.index()].push_front(exchange);
        }
    }

    /// The request once more, where it met a race and a client would repeat it by itself: once, and only what is
    /// idempotent (RFC 9110 9.2.2).
    fn once_more(&mut self, settled: &Settled) -> Option<Exchange> {
        let lost = &settled.exchange;
        let (population, method) = (lost.ticket.population(), lost.ticket.method());
        let is_due = self.plan.retries
            && settled.fate == Fate::KeepAliveRace
            && method.is_idempotent()
            && !lost.again
            && !self.control.aborts();
        is_due.then(|| {
            self.record.retries.made += 1;
            let exchange = Exchange::new(self.record.ledger.plan(population, method), lost.intended);
            Exchange { attempt: lost.attempt.saturating_add(1), again: true, ..exchange }
        })
    }

    /// Begins a connection.
    fn dial(&self, population: Population, number: u32) -> io::Result<Stream> {
        let group = self.plan.groups.iter().find(|group| group.population == population);
        let target = group.map_or(self.target, |group| group.address);
        let socket = Socket2::new(Domain::for_address(target), Type::STREAM.nonblocking().cloexec(), None)?;
        if let (IpAddr::V4(address), true) = (target.ip(), 1 < self.sources)
            && address.is_loopback()
        {
            // One address has some 28,000 ports, and a closed connection keeps its own for a minute.
            let source = Ipv4Addr::new(127, 0, 0, 1 + (number % self.sources) as u8);
            socket.bind(&SocketAddr::from((source, 0)).into())?;
        }
        if population == Population::Download {
            // What the kernel takes for us the server need not hold.
            socket.set_recv_buffer_size(64 * 1024)?;
        }
        match socket.connect(&target.into()) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(Errno::EINPROGRESS as i32) => {}
            Err(error) => return Err(error),
        }
        let secured =
            population == Population::Https || self.plan.plain.as_ref().is_some_and(|plain| plain.secured);
        Stream::new(TcpStream::from_std(socket.into()), self.plan.tls.as_ref().filter(|_| secured))
    }

    fn succeed(&mut self, population: Population, returned: Option<Exchange>, at: Duration) {
        let mut returned = returned;
        if population.is_websocket()
            && let Some(message) = returned.take_if(|exchange| exchange.ticket.method() == Method::Message)
        {
            // A handshake comes first.
            self.pending[population.index()].push_front(message);
        }
        let wanted = returned.is_some()
            || !self.pending[population.index()].is_empty()
            || (!population.is_single() && self.stopping.is_none());
        if wanted {
            self.reopen.push((at, population, returned));
        }
    }

    /// Puts requests that wait on connections that rest.
    pub(super) fn place(&mut self) {
        for population in Population::ALL {
            let index = population.index();
            while !self.pending[index].is_empty() {
                let Some(key) = self.resting[index].pop_front() else { break };
                let is_fit =
                    |socket: &Socket| socket.connection.population == population && socket.is_resting();
                if !self.sockets.get(key).is_some_and(is_fit) {
                    continue;
                }
                if let Some(exchange) = self.pending[index].pop_front() {
                    self.put(key, exchange);
                }
            }
        }
    }

    /// Looks at every deadline.
    pub(super) fn sweep(&mut self, now: Duration) {
        let limits = self.plan.limits();
        let keys: Vec<usize> = self.sockets.iter().map(|(key, _)| key).collect();
        for key in keys {
            if let Some(socket) = self.sockets.get_mut(key) {
                let turn = socket.connection.expire(now, &limits);
                self.apply(key, turn, now);
            }
        }
        for pending in &mut self.pending {
            while pending.front().is_some_and(|first| first.intended + limits.answer <= now) {
                if let Some(exchange) = pending.pop_front() {
                    self.record.ledger.settle(exchange.ticket, Fate::NotSent);
                }
            }
        }
        while self.unclosed.front().is_some_and(|(until, _)| *until <= now) {
            self.unclosed.pop_front();
        }
        if self.stopping.is_some() {
            self.reopen_for_the_rest(now);
            self.close_resting();
        }
    }

    /// While stopping nothing is admitted any more, but requests that wait for a connection get theirs.
    fn reopen_for_the_rest(&mut self, now: Duration) {
        let (due, later) = std::mem::take(&mut self.reopen).into_iter().partition(|(at, _, _)| *at <= now);
        self.reopen = later;
        let due: Vec<(Duration, Population, Option<Exchange>)> = due;
        for (_, population, first) in due {
            match (population, first) {
                (population, Some(first)) => self.open(population, Some(first)),
                (population, None) if !self.pending[population.index()].is_empty() => {
                    self.open_next(population)
                }
                _ => {}
            }
        }
    }

    /// Closes every connection that rests, once the run is stopping and nothing waits for them.
    pub(super) fn close_resting(&mut self) {
        let now = self.control.now();
        let keys: Vec<usize> = self.sockets.iter().map(|(key, _)| key).collect();
        for key in keys {
            let Some(socket) = self.sockets.get_mut(key) else { continue };
            if !self.pending[socket.connection.population.index()].is_empty() {
                continue;
            }
            let turn = match socket.connection.population {
                Population::Events => socket.connection.end_stream(),
                _ => socket.connection.close_idle(),
            };
            self.apply(key, turn, now);
        }
    }

    /// Ends everything at once.
    pub(super) fn abandon(&mut self, now: Duration) {
        let keys: Vec<usize> = self.sockets.iter().map(|(key, _)| key).collect();
        for key in keys {
            if let Some(socket) = self.sockets.get_mut(key) {
                let turn = socket.connection.abandon();
                self.apply(key, turn, now);
            }
        }
        let waiting = std::mem::take(&mut self.reopen).into_iter().filter_map(|(_, _, first)| first);
        for exchange in waiting.chain(self.pending.iter_mut().flat_map(std::mem::take)) {
            self.record.ledger.settle(exchange.ticket, Fate::NotSent);
        }
    }
}

/// Before a connection is tried again that never answered.
const PAUSE: Duration = Duration::from_millis(10);

/// As [`why_not`], of the handshake of TLS.
fn why_not_secure(error: &io::Error) -> NoConnection {
    match error.kind() {
        io::ErrorKind::TimedOut => NoConnection::Timeout,
        _ => NoConnection::Reset,
    }
}

fn why_not(error: &io::Error) -> NoConnection {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => NoConnection::Refused,
        io::ErrorKind::TimedOut => NoConnection::Timeout,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => NoConnection::Reset,
        // No descriptor, no port, no memory: this machine's own limits.
        _ => NoConnection::Ours,
    }
}
