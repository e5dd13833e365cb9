//! One connection of the driver as a state machine: what happened goes in, fates and ends come out.
//! No socket, no clock; times are offsets from the start of the run.

mod ending;
mod judging;
mod talking;

use std::collections::VecDeque;
use std::time::Duration;

use crate::load::answer::{Answer, Progress};
use crate::load::exchange::{Cut, Detail, Exchange, NoConnection, Settled, Turn};
use crate::load::fate::{End, Fate};
use crate::load::ledger::{Ledger, Link};
use crate::load::messages::Messages;
use crate::load::population::Population;
use crate::load::receipt::{Receipt, Releases, Wanted};
use crate::load::transcript::KEPT;

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Its number within the run.
    pub(crate) number: u32,
    /// The population it belongs to.
    pub(crate) population: Population,
    /// Its place in the books, until the end is entered.
    pub(crate) link: Option<Link>,
    /// When the attempt began.
    pub(crate) opened_at: Duration,
    /// When the handshake was done.
    pub(crate) connected_at: Option<Duration>,
    /// When the last answer was complete.
    pub(crate) answered_at: Option<Duration>,
    /// The process that answered last, 0 if none did.
    pub(crate) last_pid: u32,
    /// The first octets of an answer that did not come in one piece, or was not right.
    pub(crate) glimpse: Vec<u8>,
    /// The driver's own: what is left of a download or an upload that takes its time waits until then.
    pub(crate) held_until: Option<Duration>,
    answer: Answer,
    messages: Option<Messages>,
    /// Requests that were sent behind the one under way.
    behind: VecDeque<Exchange>,
    /// Who serves a connection of messages.
    served_by: Option<Receipt>,
    answered: u32,
    asks_close: bool,
    state: State,
}

#[derive(Debug)]
enum State {
    Connecting(Option<Exchange>),
    Idle,
    Busy(Exchange),
    /// Announced or asked to close; waiting since then for the server to do it.
    Parting(Duration),
    Over,
}

impl Connection {
    /// An attempt that has begun; `first` is bound to it and shares its fate if it does not come about.
    /// `asks_close`: its one request asks the server to close afterwards.
    pub(crate) fn new(
        number: u32,
        population: Population,
        link: Link,
        first: Option<Exchange>,
        opened_at: Duration,
    ) -> Connection {
        Connection {
            number,
            population,
            link: Some(link),
            opened_at,
            connected_at: None,
            answered_at: None,
            last_pid: 0,
            glimpse: Vec::new(),
            held_until: None,
            answer: Answer::new(),
            messages: match population {
                Population::Text => Some(Messages::lines()),
                Population::Frame => Some(Messages::frames()),
                _ => None,
            },
            behind: VecDeque::new(),
            served_by: None,
            answered: 0,
            asks_close: population.is_single(),
            state: State::Connecting(first),
        }
    }

    /// Whether the handshake is still under way.
    pub(crate) fn is_connecting(&self) -> bool {
        matches!(self.state, State::Connecting(_))
    }

    /// Whether it can take a request.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle)
    }

    /// Whether it has a request that is not settled.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self.state, State::Busy(_) | State::Connecting(Some(_)))
    }

    /// Whether its one request asks the server to close afterwards.
    pub(crate) fn asks_close(&self) -> bool {
        self.asks_close
    }

    /// Requests that it has answered.
    pub(crate) fn answered(&self) -> u32 {
        self.answered
    }

    /// The handshake is done; gives back the request that was bound to it.
    pub(crate) fn connected(&mut self, now: Duration) -> Option<Exchange> {
        self.connected_at = Some(now);
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Connecting(first) => first,
            other => {
                self.state = other;
                None
            }
        }
    }

    /// The handshake failed.
    pub(crate) fn not_connected(&mut self, why: NoConnection) -> Turn {
        let (fate, end) = match why {
            NoConnection::Refused => (Fate::Refused, End::Refused),
            NoConnection::Reset => (Fate::ConnectReset, End::ConnectReset),
            NoConnection::Timeout => (Fate::ConnectTimeout, End::ConnectTimeout),
            NoConnection::Ours => (Fate::OurFault, End::OurFault),
        };
        match std::mem::replace(&mut self.state, State::Over) {
            State::Connecting(Some(first)) => Turn {
                settled: Some(self.settle(first, fate, Detail::None)),
                end: Some(end),
                ..Turn::default()
            },
            State::Connecting(None) => Turn { end: Some(end), ..Turn::default() },
            other => {
                self.state = other;
                Turn::default()
            }
        }
    }

    /// Puts a request on the connection; it is written next.
    pub(crate) fn begin(&mut self, mut exchange: Exchange) {
        exchange.ordinal = self.answered;
        exchange.fault = !self.is_idle();
        self.answer.reset();
        self.glimpse.clear();
        self.state = State::Busy(exchange);
    }

    /// Puts a request behind the one that is under way.
    pub(crate) fn follow(&mut self, mut exchange: Exchange) {
        exchange.ordinal = self.answered + 1 + self.behind.len() as u32;
        self.behind.push_back(exchange);
    }

    /// The request that was put behind last.
    pub(crate) fn last_behind(&mut self) -> Option<&mut Exchange> {
        self.behind.back_mut()
    }

    /// The messages that it speaks, if it does.
    pub(crate) fn messages(&self) -> Option<&Messages> {
        self.messages.as_ref()
    }

    /// The request on the connection, if there is one.
    pub(crate) fn exchange(&mut self) -> Option<&mut Exchange> {
        match &mut self.state {
            State::Busy(exchange) => Some(exchange),
            _ => None,
        }
    }

    /// So many more octets of what is to be sent were handed to the kernel.
    pub(crate) fn wrote(&mut self, octets: usize, now: Duration, ledger: &mut Ledger) {
        let State::Busy(current) = &mut self.state else { return };
        let mut left = octets;
        for exchange in std::iter::once(current).chain(&mut self.behind) {
            let room = exchange.length.saturating_sub(exchange.written);
            // What is beyond every request is an answer to a ping: nobody's.
            let taken = left.min(room);
            if 0 < taken {
                exchange.written += taken;
                exchange.written_at.get_or_insert(now);
                exchange.moved_at = now;
                ledger.sent(&mut exchange.ticket);
            }
            left -= taken;
        }
    }

    /// Octets came.
    pub(crate) fn octets(&mut self, octets: &[u8], now: Duration, releases: &mut Releases) -> Turn {
        if self.messages.is_some() {
            return self.message_octets(octets, now, releases);
        }
        if !matches!(self.state, State::Busy(_)) {
            // After the announcement a server may not send any more either.
            return self.finish(End::Unasked);
        }
        let progress = self.answer.feed(octets);
        if let Ok(Progress::More) = progress {
            self.glimpse_at(octets);
            if let State::Busy(exchange) = &mut self.state {
                exchange.moved_at = now;
            }
            return Turn::default();
        }
        let State::Busy(exchange) = std::mem::replace(&mut self.state, State::Over) else {
            return Turn::default();
        };
        if exchange.written == 0 {
            // An answer to nothing: the request can still go elsewhere.
            let mut turn = Turn { returned: Some(exchange), end: Some(End::Unasked), ..Turn::default() };
            self.drop_behind(Cut::Fin, &mut turn);
            return turn;
        }
        let used = match progress {
            Ok(Progress::Done(used)) => used,
            Ok(Progress::More) => 0,
            Err(why) => {
                self.glimpse_at(octets);
                let settled = self.settle(exchange, Fate::WrongAnswer, Detail::Malformed(why));
                return self.given_up(settled);
            }
        };
        self.answered += 1;
        let upgraded = exchange.expects.is_some_and(|expects| expects.wanted == Wanted::Upgrade);
        let settled = self.judge(exchange, now, releases);
        if !settled.fate.is_answered() {
            self.glimpse_at(&octets[..used]);
            if settled.fate != Fate::ServerError {
                return self.given_up(settled);
            }
        } else {
            self.answered_at = Some(now);
        }
        if upgraded && settled.fate.is_answered() {
            self.messages = Some(Messages::websocket());
            self.state = State::Idle;
            let mut turn = self.message_octets(&octets[used..], now, releases);
            turn.more.extend(turn.settled.take());
            turn.settled = Some(settled);
            return turn;
        }
        let mut turn = Turn { settled: Some(settled), ..Turn::default() };
        if self.answer.announces_close() || self.asks_close {
            self.state = State::Parting(now);
            self.drop_behind(Cut::Fin, &mut turn);
        } else if let Some(next) = self.behind.pop_front() {
            self.state = State::Busy(next);
            self.answer.reset();
            self.glimpse.clear();
            if used < octets.len() {
                let mut rest = self.octets(&octets[used..], now, releases);
                rest.more.extend(rest.settled.take());
                let count = rest.more.len().min(1);
                rest.more.rotate_right(count);
                rest.settled = turn.settled;
                return rest;
            }
        } else {
            self.state = State::Idle;
        }
        if used < octets.len() {
            let end = self.finish(End::Unasked).end;
            turn.end = end;
        }
        turn
    }

    /// Octets of the answer under way.
    fn received(&self) -> u64 {
        self.messages.as_ref().map_or(self.answer.received(), |messages| messages.left() as u64)
    }

    /// Keeps the first octets for a transcript.
    fn glimpse_at(&mut self, octets: &[u8]) {
        let room = KEPT.saturating_sub(self.glimpse.len()).min(octets.len());
        self.glimpse.extend_from_slice(&octets[..room]);
    }

    fn settle(&self, exchange: Exchange, fate: Fate, detail: Detail) -> Settled {
        let fate = if exchange.fault && fate.was_sent() { Fate::ClientFault } else { fate };
        Settled { exchange, fate, detail, receipt: None, received: self.received() }
    }
}

#[cfg(test)]
mod tests;
