//! One connection of the driver as a state machine: what happened goes in, fates and ends come out.
//! No socket, no clock; times are offsets from the start of the run.

use std::time::Duration;

use crate::load::answer::{Answer, Keep, Progress};
use crate::load::exchange::{Cut, Detail, Exchange, Limits, NoConnection, Settled, Turn};
use crate::load::fate::{End, Fate};
use crate::load::ledger::{Ledger, Link};
use crate::load::mark::{LOOKED_AT, Mark, Marks};
use crate::load::population::Population;
use crate::load::receipt::{Forged, Receipt, Releases};
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
    answer: Answer,
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
            answer: Answer::new(),
            answered: 0,
            asks_close: population == Population::Fresh,
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
            State::Connecting(Some(first)) => {
                Turn { settled: Some(self.settle(first, fate, Detail::None)), end: Some(end), returned: None }
            }
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

    /// The request on the connection, if there is one.
    pub(crate) fn exchange(&mut self) -> Option<&mut Exchange> {
        match &mut self.state {
            State::Busy(exchange) => Some(exchange),
            _ => None,
        }
    }

    /// So many more octets of the request were handed to the kernel.
    pub(crate) fn wrote(&mut self, octets: usize, now: Duration, ledger: &mut Ledger) {
        if let State::Busy(exchange) = &mut self.state
            && 0 < octets
        {
            exchange.written += octets;
            exchange.written_at.get_or_insert(now);
            ledger.sent(&mut exchange.ticket);
        }
    }

    /// Octets came.
    pub(crate) fn octets(&mut self, octets: &[u8], now: Duration, releases: &mut Releases) -> Turn {
        if !matches!(self.state, State::Busy(_)) {
            // After the announcement a server may not send any more either.
            return self.finish(End::Unasked);
        }
        let progress = self.answer.feed(octets);
        if let Ok(Progress::More) = progress {
            self.glimpse_at(octets);
            return Turn::default();
        }
        let State::Busy(exchange) = std::mem::replace(&mut self.state, State::Over) else {
            return Turn::default();
        };
        if exchange.written == 0 {
            // An answer to nothing: the request can still go elsewhere.
            return Turn { returned: Some(exchange), end: Some(End::Unasked), settled: None };
        }
        let used = match progress {
            Ok(Progress::Done(used)) => used,
            Ok(Progress::More) => 0,
            Err(why) => {
                self.glimpse_at(octets);
                let settled = self.settle(exchange, Fate::WrongAnswer, Detail::Malformed(why));
                return Turn { settled: Some(settled), end: Some(End::GivenUp), returned: None };
            }
        };
        self.answered += 1;
        let settled = self.judge(exchange, releases);
        if settled.fate.is_answered() {
            self.answered_at = Some(now);
        } else {
            self.glimpse_at(&octets[..used]);
        }
        let end = if used < octets.len() {
            Some(End::Unasked)
        } else if settled.fate.is_answered() || settled.fate == Fate::ServerError {
            self.state = if self.answer.announces_close() || self.asks_close {
                State::Parting(now)
            } else {
                State::Idle
            };
            None
        } else {
            Some(End::GivenUp)
        };
        Turn { settled: Some(settled), end, returned: None }
    }

    /// The server ended the connection.
    pub(crate) fn cut(&mut self, cut: Cut) -> Turn {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Connecting(first) => {
                self.state = State::Connecting(first);
                self.not_connected(NoConnection::Reset)
            }
            State::Idle => Turn {
                end: Some(match cut {
                    Cut::Fin => End::IdleClosed,
                    Cut::Reset => End::IdleReset,
                }),
                ..Turn::default()
            },
            State::Parting(_) => Turn {
                end: Some(match cut {
                    Cut::Fin => End::Announced,
                    Cut::Reset => End::AnnouncedReset,
                }),
                ..Turn::default()
            },
            State::Busy(exchange) if exchange.written == 0 => self.cut_before_writing(exchange, cut),
            State::Busy(exchange) => {
                let fate = if 0 < self.answer.received() {
                    Fate::Truncated
                } else if self.answered == 0 {
                    Fate::FreshDrop
                } else {
                    Fate::KeepAliveRace
                };
                let settled = self.settle(exchange, fate, Detail::Cut(cut));
                Turn { settled: Some(settled), end: Some(End::Cut), returned: None }
            }
            State::Over => Turn::default(),
        }
    }

    /// The end was there before the request's first octet: no loss on a connection that had rested, since
    /// the request goes elsewhere; but one that never answered anything was dropped with its client.
    fn cut_before_writing(&mut self, exchange: Exchange, cut: Cut) -> Turn {
        if self.answered == 0 {
            let settled = self.settle(exchange, Fate::Unheard, Detail::Cut(cut));
            return Turn { settled: Some(settled), end: Some(End::Cut), returned: None };
        }
        let end = match cut {
            Cut::Fin => End::IdleClosed,
            Cut::Reset => End::IdleReset,
        };
        Turn { returned: Some(exchange), end: Some(end), settled: None }
    }

    /// Gives up what is past its deadline: a handshake, an answer, or a close that was announced.
    pub(crate) fn expire(&mut self, now: Duration, limits: &Limits) -> Turn {
        match &self.state {
            State::Connecting(_) if self.opened_at + limits.connect <= now => {
                self.not_connected(NoConnection::Timeout)
            }
            State::Busy(exchange)
                if exchange.written_at.is_some_and(|written| written + limits.answer <= now) =>
            {
                self.give_up(Fate::Stuck)
            }
            State::Parting(since) if *since + limits.parting <= now => self.finish(End::AnnouncedHeld),
            _ => Turn::default(),
        }
    }

    /// Ends the connection whatever it is doing, because the run was interrupted.
    pub(crate) fn abandon(&mut self) -> Turn {
        match &self.state {
            State::Connecting(_) => {
                let mut turn = self.not_connected(NoConnection::Ours);
                if let Some(settled) = &mut turn.settled {
                    settled.fate = Fate::NotSent;
                }
                turn.end = Some(End::RunOver);
                turn
            }
            State::Busy(_) => self.give_up(Fate::Abandoned),
            _ => self.finish(End::RunOver),
        }
    }

    /// Closes a connection that has no request.
    pub(crate) fn close_idle(&mut self) -> Turn {
        if self.is_idle() { self.finish(End::RunOver) } else { Turn::default() }
    }

    fn give_up(&mut self, fate: Fate) -> Turn {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Busy(exchange) if exchange.written == 0 => {
                Turn { returned: Some(exchange), end: Some(End::GivenUp), settled: None }
            }
            State::Busy(exchange) => {
                let settled = self.settle(exchange, fate, Detail::None);
                Turn { settled: Some(settled), end: Some(End::GivenUp), returned: None }
            }
            _ => Turn { end: Some(End::GivenUp), ..Turn::default() },
        }
    }

    fn finish(&mut self, end: End) -> Turn {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Over => Turn::default(),
            State::Connecting(returned) => Turn { returned, end: Some(end), settled: None },
            _ => Turn { end: Some(end), ..Turn::default() },
        }
    }

    /// Judges a complete answer.
    fn judge(&mut self, exchange: Exchange, releases: &mut Releases) -> Settled {
        let status = self.answer.status();
        if let Some((first, last)) = exchange.expects.and_then(|expects| expects.plain) {
            return self.judge_plain(exchange, (first..=last).contains(&status), releases);
        }
        if (500..600).contains(&status) {
            return self.settle(exchange, Fate::ServerError, Detail::Status(status));
        }
        if status != 200 {
            return self.settle(exchange, Fate::WrongAnswer, Detail::Status(status));
        }
        let checked = match &exchange.expects {
            Some(expects) => expects.check(self.answer.body(), releases),
            None => Err(Forged::Form),
        };
        match checked {
            Err(Forged::Other) => self.settle(exchange, Fate::Crosstalk, Detail::Forged(Forged::Other)),
            Err(why) => self.settle(exchange, Fate::WrongAnswer, Detail::Forged(why)),
            Ok(receipt) => {
                self.last_pid = receipt.pid;
                let fate = if self.answer.announces_close() && !self.asks_close {
                    Fate::Announced
                } else if receipt.release == releases.current() {
                    Fate::Current
                } else {
                    Fate::Older
                };
                let mut settled = self.settle(exchange, fate, Detail::None);
                settled.receipt = Some(receipt);
                settled
            }
        }
    }

    /// An answer as it comes from a server that knows nothing of the contract: its body matters only for marks.
    pub(crate) fn expect_plain(&mut self, marks: &Marks) {
        self.answer.keep(Keep::First(if marks.tell() { LOOKED_AT } else { 0 }));
        self.answer.look_for(&marks.fields());
    }

    /// Judges an answer that says nothing of itself but what its marks tell.
    fn judge_plain(&mut self, exchange: Exchange, right: bool, releases: &mut Releases) -> Settled {
        let status = self.answer.status();
        if !right {
            let fate = if (500..600).contains(&status) { Fate::ServerError } else { Fate::WrongAnswer };
            return self.settle(exchange, fate, Detail::Status(status));
        }
        let find = |mark: &Option<Mark>| {
            let mark = mark.as_ref()?;
            let field = mark.field().and_then(|field| self.answer.value(field));
            mark.find(field, self.answer.body()).map(<[u8]>::to_vec)
        };
        let (release, worker) = (find(&releases.marks().release), find(&releases.marks().worker));
        let receipt = match releases.attribute(release.as_deref(), worker.as_deref()) {
            // Marks that are missing in one answer say that another program gave it.
            None if releases.marks().tell() => {
                return self.settle(exchange, Fate::WrongAnswer, Detail::Unmarked);
            }
            None => Receipt { release: releases.current(), pid: 0 },
            Some(receipt) => receipt,
        };
        self.last_pid = receipt.pid;
        let announced = self.answer.announces_close() && !self.asks_close;
        let fate = match announced {
            true => Fate::Announced,
            false if receipt.release == releases.current() => Fate::Current,
            false => Fate::Older,
        };
        let mut settled = self.settle(exchange, fate, Detail::None);
        settled.receipt = Some(receipt);
        settled
    }

    /// Keeps the first octets for a transcript.
    fn glimpse_at(&mut self, octets: &[u8]) {
        let room = KEPT.saturating_sub(self.glimpse.len()).min(octets.len());
        self.glimpse.extend_from_slice(&octets[..room]);
    }

    fn settle(&self, exchange: Exchange, fate: Fate, detail: Detail) -> Settled {
        let fate = if exchange.fault && fate.was_sent() { Fate::ClientFault } else { fate };
        Settled { exchange, fate, detail, receipt: None, received: self.answer.received() }
    }
}

#[cfg(test)]
mod tests;
