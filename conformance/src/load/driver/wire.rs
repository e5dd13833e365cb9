//! Octets to sockets and from sockets.

use std::fmt;
use std::io::{self, Read, Write};
use std::time::Duration;

use mio::event::Event;
use mio::net::TcpStream;

use crate::load::connection::Connection;
use crate::load::driver::turn::Driver;
use crate::load::exchange::{Cut, Exchange, Turn};
use crate::load::identity::Identity;
use crate::load::plan::LoadPlan;
use crate::load::population::Population;
use crate::load::receipt::Expectation;

/// A connection and its socket.
pub(super) struct Socket {
    pub(super) stream: TcpStream,
    pub(super) connection: Connection,
    /// What the kernel did not take of the request: hardly ever anything.
    pub(super) unsent: Vec<u8>,
}

impl Socket {
    /// Whether it waits for a request of the paced population.
    pub(super) fn is_resting(&self) -> bool {
        self.connection.population == Population::Paced && self.connection.is_idle()
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.connection.fmt(formatter)
    }
}

/// What a look at a socket found.
enum Found {
    Nothing,
    Octets(usize),
    Cut(Cut),
}

impl Driver<'_> {
    /// An event of a connection. Events may be stale: everything is tried, nothing assumed.
    pub(super) fn happened(&mut self, event: &Event) {
        let key = event.token().0;
        let Some(socket) = self.sockets.get_mut(key) else { return };
        if socket.connection.is_connecting() {
            if event.is_writable() || event.is_error() || event.is_write_closed() {
                self.check_handshake(key);
            }
            return;
        }
        if event.is_writable() && !socket.unsent.is_empty() {
            let unsent = std::mem::take(&mut socket.unsent);
            self.write(key, &unsent);
        }
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            self.read(key);
        }
    }

    /// Takes everything that has come; then goes on with the next request where one is due.
    fn read(&mut self, key: usize) {
        if self.drain(key) {
            self.rest_or_go_on(key);
        }
    }

    /// Reads until nothing is left; false if the connection ended over it.
    fn drain(&mut self, key: usize) -> bool {
        loop {
            let Some(socket) = self.sockets.get_mut(key) else { return false };
            let found = look(&mut socket.stream, &mut self.buffer);
            let now = self.control.now();
            let turn = match found {
                Found::Nothing => return true,
                Found::Octets(count) => {
                    socket.connection.octets(&self.buffer[..count], now, &mut self.releases)
                }
                Found::Cut(cut) => socket.connection.cut(cut),
            };
            if self.apply(key, turn, now) {
                return false;
            }
            // A busy client does what most clients do: it has an answer and speaks again, without a
            // look at what else may have come. An end that came with the answer is found after the
            // request is out, and is a race that the server lost.
            if self.is_busy_and_idle(key) {
                self.rest_or_go_on(key);
                if !self.sockets.contains(key) {
                    return false;
                }
            }
        }
    }

    fn is_busy_and_idle(&self, key: usize) -> bool {
        let connection = self.sockets.get(key).map(|socket| &socket.connection);
        connection.is_some_and(|connection| connection.population == Population::Busy && connection.is_idle())
    }

    /// An idle connection gets its next request, or rests, or is closed at the end of the run. What could
    /// be read of it was read just before.
    pub(super) fn rest_or_go_on(&mut self, key: usize) {
        let Some(socket) = self.sockets.get_mut(key) else { return };
        if !socket.connection.is_idle() {
            return;
        }
        match socket.connection.population {
            Population::Busy if self.stopping.is_none() => {
                let exchange = self.planned(Population::Busy, self.control.now());
                self.put_unchecked(key, exchange);
            }
            Population::Paced if self.stopping.is_none() || !self.pending.is_empty() => {
                match self.pending.pop_front() {
                    Some(exchange) => self.put_unchecked(key, exchange),
                    None => self.resting.push_back(key),
                }
            }
            _ => {
                let turn = socket.connection.close_idle();
                let now = self.control.now();
                self.apply(key, turn, now);
            }
        }
    }

    /// Puts a request on a connection that may have rested. An end that can be read before the first octet
    /// is written is no loss: the request then goes elsewhere.
    pub(super) fn put(&mut self, key: usize, exchange: Exchange) {
        let Some(socket) = self.sockets.get_mut(key) else {
            self.pending.push_front(exchange);
            return;
        };
        socket.connection.begin(exchange);
        if self.drain(key) {
            self.send(key);
        }
    }

    /// As [`Driver::put`], where the socket was just found empty.
    fn put_unchecked(&mut self, key: usize, exchange: Exchange) {
        self.sockets[key].connection.begin(exchange);
        self.send(key);
    }

    /// Writes the request that was put on the connection.
    fn send(&mut self, key: usize) {
        let connection = &mut self.sockets[key].connection;
        let (number, population) = (connection.number, connection.population);
        let Some(exchange) = connection.exchange() else { return };
        let id = Identity {
            run: self.run,
            population,
            connection: number,
            ordinal: exchange.ordinal,
            attempt: exchange.attempt,
        }
        .text();
        let method = exchange.ticket.method().index();
        let last = usize::from(population == Population::Fresh);
        let sum = self.templates[method][last].address(&id);
        exchange.expects = Some(Expectation { id, run: self.run, sum, plain: plain_statuses(self.plan) });
        let mut octets = std::mem::take(&mut self.outgoing);
        octets.clear();
        octets.extend_from_slice(&self.templates[method][last].octets);
        self.write(key, &octets);
        self.outgoing = octets;
    }

    /// Writes what the kernel takes, and keeps the rest until the socket is writable.
    fn write(&mut self, key: usize, octets: &[u8]) {
        let socket = &mut self.sockets[key];
        let mut rest = octets;
        while !rest.is_empty() {
            match socket.stream.write(rest) {
                Ok(count) => {
                    let now = self.control.now();
                    socket.connection.wrote(count, now, &mut self.record.ledger);
                    rest = &rest[count..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    socket.unsent.extend_from_slice(rest);
                    return;
                }
                Err(_) => {
                    // What was answered before the end is still there to be read.
                    if self.drain(key) {
                        let turn = self.sockets[key].connection.cut(Cut::Reset);
                        let now = self.control.now();
                        self.apply(key, turn, now);
                    }
                    return;
                }
            }
        }
    }

    /// Enters what a happening led to; true if the connection is over.
    pub(super) fn apply(&mut self, key: usize, turn: Turn, now: Duration) -> bool {
        if turn.end.is_some() {
            let socket = self.sockets.remove(key);
            self.conclude(socket.connection, turn, now);
            return true;
        }
        if let Some(settled) = turn.settled {
            let inside = self.is_inside(settled.exchange.intended);
            let transcript = self.transcript(&settled, &self.sockets[key].connection, now);
            self.record.settle(settled, &self.sockets[key].connection, inside, now, transcript);
        }
        false
    }

    /// Whether a reload was under way at some time since `intended`.
    pub(super) fn is_inside(&self, intended: Duration) -> bool {
        let (open, closed_at) = self.control.window();
        open || intended < closed_at
    }
}

fn look(stream: &mut TcpStream, buffer: &mut [u8]) -> Found {
    loop {
        match stream.read(buffer) {
            Ok(0) => return Found::Cut(Cut::Fin),
            Ok(count) => return Found::Octets(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Found::Nothing,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Found::Cut(Cut::Reset),
        }
    }
}

/// The statuses that are right, where the server knows nothing of the contract.
fn plain_statuses(plan: &LoadPlan) -> Option<(u16, u16)> {
    plan.plain.as_ref().map(|plain| (*plain.statuses.start(), *plain.statuses.end()))
}
