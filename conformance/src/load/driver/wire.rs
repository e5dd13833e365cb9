//! Octets to sockets and from sockets.

use std::cmp::Reverse;
use std::fmt;
use std::io::{self, Read, Write};
use std::time::Duration;

use mio::event::Event;

use crate::load::connection::Connection;
use crate::load::driver::turn::Driver;
use crate::load::exchange::{Cut, Exchange, Turn};
use crate::load::fate::End;
use crate::load::identity::Identity;
use crate::load::population::Population;
use crate::load::receipt::Wanted;
use crate::load::tls::Stream;

/// A connection and its socket.
pub(super) struct Socket {
    pub(super) stream: Stream,
    pub(super) connection: Connection,
    /// What the kernel did not take of the request: hardly ever anything.
    pub(super) unsent: Vec<u8>,
}

impl Socket {
    /// Whether it waits for a request.
    pub(super) fn is_resting(&self) -> bool {
        self.connection.is_idle()
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
            if event.is_writable() || event.is_readable() || event.is_error() || event.is_write_closed() {
                self.check_handshake(key);
            }
            return;
        }
        if event.is_writable() {
            // What fails here is found by the next read.
            let _ = socket.stream.flush_held();
            if !socket.unsent.is_empty() && socket.connection.held_until.is_none() {
                let unsent = std::mem::take(&mut socket.unsent);
                self.write(key, &unsent);
            }
        }
        let Some(socket) = self.sockets.get_mut(key) else { return };
        if socket.connection.held_until.is_some() && socket.connection.population == Population::Download {
            return;
        }
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            self.read(key, event.is_read_closed() || event.is_error());
        }
    }

    /// Takes everything that has come; then goes on with the next request where one is due.
    fn read(&mut self, key: usize, to_the_end: bool) {
        if self.drain(key, to_the_end) {
            self.rest_or_go_on(key);
        }
    }

    /// Reads until nothing is left; false if the connection ended over it.
    ///
    /// A read that does not fill the buffer has emptied the socket, and what comes later is an event of its own (epoll(7)):
    /// only where an end is to be expected, `to_the_end`, another look is worth its system call.
    fn drain(&mut self, key: usize, to_the_end: bool) -> bool {
        loop {
            let Some(socket) = self.sockets.get_mut(key) else { return false };
            let found = look(&mut socket.stream, &mut self.buffer);
            let emptied = !to_the_end
                && matches!(found, Found::Octets(count) if count < self.buffer.len())
                && !socket.stream.is_secured();
            let now = self.control.now();
            let turn = match &found {
                Found::Nothing => return true,
                Found::Octets(count) => {
                    socket.connection.octets(&self.buffer[..*count], now, &mut self.releases)
                }
                Found::Cut(cut) => socket.connection.cut(*cut),
            };
            let more = matches!(found, Found::Octets(_));
            if self.apply(key, turn, now) {
                return false;
            }
            let Some(socket) = self.sockets.get_mut(key) else { return false };
            if more && socket.connection.population == Population::Download && socket.connection.is_busy() {
                // Read at a rate of its own, so that the server has something to do for a while.
                self.hold(key, now + READ_PAUSE);
                return true;
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
            if emptied {
                return true;
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
        let population = socket.connection.population;
        let (answered, is_idler) = (socket.connection.answered(), population == Population::WebSocketIdle);
        let index = population.index();
        let goes_on = self.stopping.is_none() && self.plan.shape(population).rate.is_none();
        let pending = match self.pending[index].pop_front() {
            // It says who it is, and then nothing any more.
            None if is_idler && 2 <= answered => {
                if self.stopping.is_none() {
                    return;
                }
                None
            }
            None if goes_on && !population.is_single() => Some(self.planned(population, self.control.now())),
            pending => pending,
        };
        match pending {
            Some(exchange) => self.put_unchecked(key, exchange),
            None if self.stopping.is_none() && !population.is_single() => {
                self.resting[index].push_back(key);
            }
            None => {
                let turn = self.sockets[key].connection.close_idle();
                let now = self.control.now();
                self.apply(key, turn, now);
            }
        }
    }

    /// Puts a request on a connection that may have rested. An end that can be read before the first octet
    /// is written is no loss: the request then goes elsewhere.
    pub(super) fn put(&mut self, key: usize, exchange: Exchange) {
        let Some(socket) = self.sockets.get_mut(key) else {
            self.pending[exchange.ticket.population().index()].push_front(exchange);
            return;
        };
        socket.connection.begin(exchange);
        if self.drain(key, true) {
            self.send(key);
        }
    }

    /// As [`Driver::put`], where the socket was just found empty.
    fn put_unchecked(&mut self, key: usize, exchange: Exchange) {
        self.sockets[key].connection.begin(exchange);
        self.send(key);
    }

    /// Writes the request that was put on the connection, and the one behind it where they come in pairs.
    fn send(&mut self, key: usize) {
        let population = self.sockets[key].connection.population;
        let mut octets = std::mem::take(&mut self.outgoing);
        octets.clear();
        if self.say(key, false, &mut octets) && population == Population::Pipelined {
            let second = self.planned(population, self.control.now());
            self.sockets[key].connection.follow(second);
            self.say(key, true, &mut octets);
        }
        self.write(key, &octets);
        self.outgoing = octets;
    }

    /// Appends a request to `octets`: the current one, or the one behind it.
    fn say(&mut self, key: usize, behind: bool, octets: &mut Vec<u8>) -> bool {
        let connection = &mut self.sockets[key].connection;
        let (number, population) = (connection.number, connection.population);
        let exchange = if behind { connection.last_behind() } else { connection.exchange() };
        let Some(exchange) = exchange else { return false };
        let (ordinal, attempt) = (exchange.ordinal, exchange.attempt);
        let method = exchange.ticket.method();
        let id = Identity { run: self.run, population, connection: number, ordinal, attempt }.text();
        let before = octets.len();
        let expects = self.speaker.say(connection, method, id, ordinal, octets);
        if !matches!(expects.wanted, Wanted::Line | Wanted::Plain(..)) {
            connection.expect(expects.wanted);
        }
        let exchange = if behind { connection.last_behind() } else { connection.exchange() };
        if let Some(exchange) = exchange {
            exchange.expects = Some(expects);
            exchange.length = octets.len() - before;
        }
        true
    }

    /// Lets a connection rest until `at`, whatever comes.
    fn hold(&mut self, key: usize, at: Duration) {
        let connection = &mut self.sockets[key].connection;
        connection.held_until = Some(at);
        self.held.push(Reverse((at, key, connection.number)));
    }

    /// Connections that were held go on.
    pub(super) fn go_on(&mut self, now: Duration) {
        while let Some(Reverse((_, key, number))) =
            self.held.peek().copied().filter(|Reverse((at, ..))| *at <= now)
        {
            self.held.pop();
            // The place may have been given to another connection meanwhile.
            let Some(socket) = self.sockets.get_mut(key).filter(|socket| socket.connection.number == number)
            else {
                continue;
            };
            socket.connection.held_until = None;
            if socket.connection.population == Population::Download {
                self.read(key, true);
            } else {
                let unsent = std::mem::take(&mut socket.unsent);
                self.write(key, &unsent);
            }
        }
    }

    /// Writes what the kernel takes, and keeps the rest until the socket is writable.
    fn write(&mut self, key: usize, octets: &[u8]) {
        let socket = &mut self.sockets[key];
        let mut rest = octets;
        if socket.connection.population == Population::Upload && PIECE < rest.len() {
            // A body that takes its time: the rest goes out piece by piece.
            socket.unsent.extend_from_slice(&rest[PIECE..]);
            rest = &rest[..PIECE];
            let at = self.control.now() + WRITE_PAUSE;
            self.hold(key, at);
        }
        let socket = &mut self.sockets[key];
        while !rest.is_empty() {
            // Before the write: who loses the processor after it would take the answer for an early one.
            let now = self.control.now();
            match socket.stream.write(rest) {
                Ok(count) => {
                    socket.connection.wrote(count, now, &mut self.record.ledger);
                    rest = &rest[count..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    socket.unsent.splice(0..0, rest.iter().copied());
                    return;
                }
                Err(_) => {
                    // What was answered before the end is still there to be read.
                    if self.drain(key, true) {
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
            let Socket { mut stream, connection, .. } = self.sockets.remove(key);
            if connection.population == Population::Unclosed && turn.end == Some(End::Announced) {
                // What a descriptor is dropped with, an event queue forgets; this one goes on living.
                let _ = self.poll.registry().deregister(&mut stream.tcp);
                self.unclosed.push_back((now + UNCLOSED, stream));
            }
            self.conclude(connection, turn, now);
            return true;
        }
        for settled in turn.settled.into_iter().chain(turn.more) {
            let inside = self.is_inside(settled.exchange.intended);
            let transcript = self.transcript(&settled, &self.sockets[key].connection, now);
            self.record.settle(settled, &self.sockets[key].connection, inside, now, transcript);
        }
        if let Some(exchange) = turn.returned {
            self.pending[exchange.ticket.population().index()].push_front(exchange);
        }
        if !turn.say.is_empty() {
            self.write(key, &turn.say);
            return !self.sockets.contains(key);
        }
        false
    }

    /// Whether a reload was under way at some time since `intended`, or over just before: new workers are not yet as
    /// quick as old ones, and that is what the reload costs as well.
    pub(super) fn is_inside(&self, intended: Duration) -> bool {
        let (open, closed_at) = self.control.window();
        open || (closed_at != Duration::ZERO && intended < closed_at + WARMING)
    }
}

fn look(stream: &mut Stream, buffer: &mut [u8]) -> Found {
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

/// How long what new workers do still counts for their reload.
const WARMING: Duration = Duration::from_millis(500);

/// Octets of an upload that are written at once, and the time from one piece to the next.
const PIECE: usize = 4 * 1024;
const WRITE_PAUSE: Duration = Duration::from_millis(25);

/// How long a client that does not close keeps its side open.
const UNCLOSED: Duration = Duration::from_secs(1);

/// The time from one read of a download to the next; each takes at most a buffer of 64 KiB.
const READ_PAUSE: Duration = Duration::from_millis(5);
