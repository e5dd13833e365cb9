//! How a connection ends, and what becomes of the requests on it.

use std::time::Duration;

use crate::load::connection::{Connection, State};
use crate::load::exchange::{Cut, Detail, Exchange, Limits, NoConnection, Settled, Turn};
use crate::load::fate::{End, Fate};
use crate::load::messages::Messages;
use crate::load::population::Population;
use crate::load::receipt::Wanted;

impl Connection {
    /// The run is stopping: a stream that has no end of its own is as good as answered.
    pub(crate) fn end_stream(&mut self) -> Turn {
        let is_stream =
            |exchange: &Exchange| exchange.expects.is_some_and(|expects| expects.wanted == Wanted::Stream);
        match std::mem::replace(&mut self.state, State::Over) {
            State::Busy(exchange) if is_stream(&exchange) && self.answer.is_in_body() => {
                let settled = self.settle(exchange, Fate::Current, Detail::None);
                Turn { settled: Some(settled), end: Some(End::RunOver), ..Turn::default() }
            }
            state => {
                self.state = state;
                Turn::default()
            }
        }
    }

    /// The server ended the connection.
    pub(crate) fn cut(&mut self, cut: Cut) -> Turn {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Connecting(first) => {
                self.state = State::Connecting(first);
                self.not_connected(NoConnection::Reset)
            }
            State::Idle => Turn { end: Some(self.idle_end(cut)), ..Turn::default() },
            State::Parting(_) => Turn {
                end: Some(match cut {
                    Cut::Fin => End::Announced,
                    Cut::Reset => End::AnnouncedReset,
                }),
                ..Turn::default()
            },
            State::Busy(exchange) if exchange.written == 0 => self.cut_before_writing(exchange, cut),
            State::Busy(exchange) => {
                let fate = if 0 < self.received() {
                    Fate::Truncated
                } else if let (Some(messages), 1..) = (&self.messages, self.answered) {
                    match cut {
                        Cut::Fin if !messages.is_websocket() => Fate::CrossedClose,
                        _ => Fate::CutMessage,
                    }
                } else if self.answered == 0 {
                    Fate::FreshDrop
                } else {
                    Fate::KeepAliveRace
                };
                let settled = self.settle(exchange, fate, Detail::Cut(cut));
                let mut turn = Turn { settled: Some(settled), end: Some(End::Cut), ..Turn::default() };
                self.drop_behind(cut, &mut turn);
                turn
            }
            State::Over => Turn::default(),
        }
    }

    /// How a connection ends that is cut between two requests.
    pub(super) fn idle_end(&self, cut: Cut) -> End {
        match cut {
            _ if self.messages.as_ref().is_some_and(Messages::is_websocket) => End::Abrupt,
            Cut::Fin => End::IdleClosed,
            Cut::Reset => End::IdleReset,
        }
    }

    /// The end was there before the request's first octet: no loss on a connection that had rested, since
    /// the request goes elsewhere; but one that never answered anything was dropped with its client.
    pub(super) fn cut_before_writing(&mut self, exchange: Exchange, cut: Cut) -> Turn {
        if self.answered == 0 {
            let settled = self.settle(exchange, Fate::Unheard, Detail::Cut(cut));
            let mut turn = Turn { settled: Some(settled), end: Some(End::Cut), ..Turn::default() };
            self.drop_behind(cut, &mut turn);
            return turn;
        }
        let end = self.idle_end(cut);
        let mut turn = Turn { returned: Some(exchange), end: Some(end), ..Turn::default() };
        self.drop_behind(cut, &mut turn);
        turn
    }

    /// What was sent behind a request and will not be answered any more.
    pub(super) fn drop_behind(&mut self, cut: Cut, turn: &mut Turn) {
        while let Some(exchange) = self.behind.pop_front() {
            if exchange.written == 0 {
                self.unsent(exchange, turn);
                continue;
            }
            let fate = if self.answered == 0 { Fate::FreshDrop } else { Fate::KeepAliveRace };
            let settled = Settled { received: 0, ..self.settle(exchange, fate, Detail::Cut(cut)) };
            turn.more.push(settled);
        }
    }

    /// Nothing of it is out: it may go elsewhere, but only one can.
    pub(super) fn unsent(&self, exchange: Exchange, turn: &mut Turn) {
        if turn.returned.is_none() {
            turn.returned = Some(exchange);
        } else {
            turn.more.push(self.settle(exchange, Fate::NotSent, Detail::None));
        }
    }

    /// The connection ends after a bad answer; what was behind it goes with it.
    pub(super) fn given_up(&mut self, settled: Settled) -> Turn {
        let mut turn = Turn { settled: Some(settled), end: Some(End::GivenUp), ..Turn::default() };
        self.drop_behind(Cut::Fin, &mut turn);
        turn
    }

    /// Gives up what is past its deadline: a handshake, an answer, or a close that was announced.
    pub(crate) fn expire(&mut self, now: Duration, limits: &Limits) -> Turn {
        match &self.state {
            State::Connecting(_) if self.opened_at + limits.connect <= now => {
                self.not_connected(NoConnection::Timeout)
            }
            State::Busy(exchange)
                if exchange.written_at.is_some_and(|written| {
                    let since = if self.takes_long() { exchange.moved_at } else { written };
                    since + limits.answer <= now
                }) =>
            {
                self.give_up(Fate::Stuck)
            }
            State::Parting(since) if *since + limits.parting <= now => self.finish(End::AnnouncedHeld),
            _ => Turn::default(),
        }
    }

    /// Whether its requests take so long that only a standstill counts.
    pub(super) fn takes_long(&self) -> bool {
        matches!(self.population, Population::Upload | Population::Download | Population::Events)
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

    pub(super) fn give_up(&mut self, fate: Fate) -> Turn {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Busy(exchange) if exchange.written == 0 => {
                let mut turn = Turn { returned: Some(exchange), end: Some(End::GivenUp), ..Turn::default() };
                self.drop_behind(Cut::Fin, &mut turn);
                turn
            }
            State::Busy(exchange) => {
                let settled = self.settle(exchange, fate, Detail::None);
                let mut turn = Turn { settled: Some(settled), end: Some(End::GivenUp), ..Turn::default() };
                while let Some(exchange) = self.behind.pop_front() {
                    if exchange.written == 0 {
                        self.unsent(exchange, &mut turn);
                    } else {
                        turn.more.push(Settled { received: 0, ..self.settle(exchange, fate, Detail::None) });
                    }
                }
                turn
            }
            _ => Turn { end: Some(End::GivenUp), ..Turn::default() },
        }
    }

    pub(super) fn finish(&mut self, end: End) -> Turn {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Over => Turn::default(),
            State::Connecting(returned) => Turn { returned, end: Some(end), ..Turn::default() },
            _ => Turn { end: Some(end), ..Turn::default() },
        }
    }
}
