//! One connection of the driver as a state machine: what happened goes in, fates and ends come out.
//! No socket, no clock; times are offsets from the start of the run.

use std::collections::VecDeque;
use std::time::Duration;

use crate::load::answer::{Answer, Keep, Progress};
use crate::load::exchange::{Cut, Detail, Exchange, Limits, NoConnection, Settled, Turn};
use crate::load::fate::{End, Fate};
use crate::load::identity::Identity;
use crate::load::ledger::{Ledger, Link};
use crate::load::mark::{LOOKED_AT, Mark, Marks};
use crate::load::messages::{Came, Messages, closing};
use crate::load::population::Population;
use crate::load::receipt::{Forged, Receipt, Releases, Wanted};
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

    /// How the answer to the request that was put on is to be read.
    pub(crate) fn expect(&mut self, wanted: Wanted) {
        match wanted {
            Wanted::Slept(_) | Wanted::Digits(_) => {
                let keep = if matches!(wanted, Wanted::Digits(_)) { Keep::Digits } else { Keep::All };
                self.answer.keep(keep);
                if self.answered == 0 {
                    self.answer.look_for(&[RELEASE.to_owned(), PID.to_owned()]);
                }
            }
            Wanted::Upgrade => self.answer.expect_upgrade(),
            Wanted::Stream => self.answer.keep(Keep::First(0)),
            _ => {}
        }
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

    /// The connection ends after a bad answer; what was behind it goes with it.
    fn given_up(&mut self, settled: Settled) -> Turn {
        let mut turn = Turn { settled: Some(settled), end: Some(End::GivenUp), ..Turn::default() };
        self.drop_behind(Cut::Fin, &mut turn);
        turn
    }

    /// What was sent behind a request and will not be answered any more.
    fn drop_behind(&mut self, cut: Cut, turn: &mut Turn) {
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
    fn unsent(&self, exchange: Exchange, turn: &mut Turn) {
        if turn.returned.is_none() {
            turn.returned = Some(exchange);
        } else {
            turn.more.push(self.settle(exchange, Fate::NotSent, Detail::None));
        }
    }

    /// Octets came on a connection of messages.
    fn message_octets(&mut self, octets: &[u8], now: Duration, releases: &Releases) -> Turn {
        let mut turn = Turn::default();
        let Some(mut messages) = self.messages.take() else { return turn };
        messages.push(octets);
        loop {
            let came = match messages.next() {
                Ok(Some(came)) => came,
                Ok(None) => break,
                Err(why) => {
                    self.glimpse_at(octets);
                    turn.end = Some(match std::mem::replace(&mut self.state, State::Over) {
                        State::Busy(exchange) if 0 < exchange.written => {
                            turn.settled =
                                Some(self.settle(exchange, Fate::WrongAnswer, Detail::Malformed(why)));
                            End::GivenUp
                        }
                        State::Busy(exchange) => {
                            turn.returned = Some(exchange);
                            End::Unasked
                        }
                        _ => End::Unasked,
                    });
                    break;
                }
            };
            match (came, std::mem::replace(&mut self.state, State::Over)) {
                (Came::Ping(pong), state) => {
                    turn.say.extend_from_slice(&pong);
                    self.state = state;
                }
                (Came::Message(message), State::Busy(exchange)) if 0 < exchange.written => {
                    self.answered += 1;
                    let settled = self.judge_message(exchange, &message, releases);
                    self.state = State::Idle;
                    if settled.fate.is_answered() {
                        self.answered_at = Some(now);
                    } else {
                        self.glimpse_at(&message);
                        self.state = State::Over;
                        turn.end = Some(End::GivenUp);
                    }
                    turn.settled = Some(settled);
                }
                (Came::Close(code), state) => {
                    turn.say.extend_from_slice(&closing(code));
                    self.state = State::Parting(now);
                    match state {
                        State::Busy(exchange) if exchange.written == 0 => turn.returned = Some(exchange),
                        State::Busy(exchange) => {
                            let fate =
                                if matches!(code, 1001 | 1012) { Fate::Crossed } else { Fate::CutMessage };
                            turn.settled = Some(self.settle(exchange, fate, Detail::Closed(code)));
                        }
                        _ => {}
                    }
                }
                (_, State::Busy(exchange)) => {
                    turn.returned = Some(exchange);
                    turn.end = Some(End::Unasked);
                }
                _ => turn.end = Some(End::Unasked),
            }
            if turn.end.is_some() {
                break;
            }
        }
        if 0 < messages.left() {
            self.glimpse_at(octets);
        }
        self.messages = Some(messages);
        turn
    }

    /// Judges a message that came back.
    fn judge_message(&mut self, exchange: Exchange, message: &[u8], releases: &Releases) -> Settled {
        let Some(expects) = exchange.expects else {
            return self.settle(exchange, Fate::WrongAnswer, Detail::Forged(Forged::Form));
        };
        let served_by = match expects.wanted {
            Wanted::Who => match releases.who(message) {
                Ok(receipt) => Some(receipt),
                Err(why) => return self.settle(exchange, Fate::WrongAnswer, Detail::Forged(why)),
            },
            _ if message == expects.id => self.served_by,
            _ if Identity::is_of_run(message, expects.run) => {
                return self.settle(exchange, Fate::Crosstalk, Detail::Forged(Forged::Other));
            }
            _ => return self.settle(exchange, Fate::WrongAnswer, Detail::NotEchoed),
        };
        self.served_by = served_by;
        self.last_pid = served_by.map_or(0, |receipt| receipt.pid);
        let is_current = served_by.is_none_or(|receipt| receipt.release == releases.current());
        let fate = if is_current { Fate::Current } else { Fate::Older };
        let mut settled = self.settle(exchange, fate, Detail::None);
        settled.receipt = served_by;
        settled
    }

    /// The run is stopping: a stream that has no end of its own is as good as answered.
    pub(crate) fn end_stream(&mut self, releases: &Releases) -> Turn {
        let is_stream =
            |exchange: &Exchange| exchange.expects.is_some_and(|expects| expects.wanted == Wanted::Stream);
        match std::mem::replace(&mut self.state, State::Over) {
            State::Busy(exchange) if is_stream(&exchange) && self.answer.is_in_body() => {
                let mut settled = self.settle(exchange, Fate::Current, Detail::None);
                settled.receipt = Some(Receipt { release: releases.current(), pid: 0 });
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
    fn idle_end(&self, cut: Cut) -> End {
        match cut {
            _ if self.messages.as_ref().is_some_and(Messages::is_websocket) => End::Abrupt,
            Cut::Fin => End::IdleClosed,
            Cut::Reset => End::IdleReset,
        }
    }

    /// Octets of the answer under way.
    fn received(&self) -> u64 {
        self.messages.as_ref().map_or(self.answer.received(), |messages| messages.left() as u64)
    }

    /// The end was there before the request's first octet: no loss on a connection that had rested, since
    /// the request goes elsewhere; but one that never answered anything was dropped with its client.
    fn cut_before_writing(&mut self, exchange: Exchange, cut: Cut) -> Turn {
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
    fn takes_long(&self) -> bool {
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

    fn give_up(&mut self, fate: Fate) -> Turn {
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

    fn finish(&mut self, end: End) -> Turn {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Over => Turn::default(),
            State::Connecting(returned) => Turn { returned, end: Some(end), ..Turn::default() },
            _ => Turn { end: Some(end), ..Turn::default() },
        }
    }

    /// Judges a complete answer.
    fn judge(&mut self, exchange: Exchange, now: Duration, releases: &mut Releases) -> Settled {
        let status = self.answer.status();
        let wanted = exchange.expects.map_or(Wanted::Line, |expects| expects.wanted);
        if let Wanted::Plain(first, last) = wanted {
            return self.judge_plain(exchange, (first..=last).contains(&status), releases);
        }
        if let (Wanted::Slept(wanted), Some(written)) = (wanted, exchange.written_at) {
            let took = now.saturating_sub(written);
            // A clock of the server may be coarse; a tenth is no matter of clocks.
            if status == 200 && took < Duration::from_millis(wanted.into()).mul_f64(0.9) {
                return self.settle(exchange, Fate::WrongAnswer, Detail::Early(took));
            }
        }
        if (500..600).contains(&status) {
            return self.settle(exchange, Fate::ServerError, Detail::Status(status));
        }
        if status != if wanted == Wanted::Upgrade { 101 } else { 200 } {
            return self.settle(exchange, Fate::WrongAnswer, Detail::Status(status));
        }
        let checked = match &exchange.expects {
            Some(expects) if expects.wanted == Wanted::Line => expects.check(self.answer.body(), releases),
            Some(expects) => self.check_signed(expects.wanted, releases),
            None => Err(Forged::Form),
        };
        match checked {
            Err(Forged::Other) => self.settle(exchange, Fate::Crosstalk, Detail::Forged(Forged::Other)),
            Err(why) => self.settle(exchange, Fate::WrongAnswer, Detail::Forged(why)),
            Ok(receipt) => {
                if receipt.pid != 0 {
                    self.last_pid = receipt.pid;
                }
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

    /// Checks an answer that does not carry the identity of its request.
    fn check_signed(&self, wanted: Wanted, releases: &Releases) -> Result<Receipt, Forged> {
        match wanted {
            Wanted::Slept(ms) if self.answer.body() != format!("slept {ms}\n").as_bytes() => {
                return Err(Forged::Form);
            }
            Wanted::Digits(octets) if self.answer.body_octets() != octets => return Err(Forged::Length),
            Wanted::Upgrade | Wanted::Stream => {
                // Who it is is asked next; a stream tells nothing.
                return Ok(Receipt { release: releases.current(), pid: 0 });
            }
            _ => {}
        }
        match (self.answer.value(RELEASE), self.answer.value(PID)) {
            (Some(release), Some(pid)) => releases.receipt(release, pid),
            _ => Err(Forged::Form),
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
        Settled { exchange, fate, detail, receipt: None, received: self.received() }
    }
}

/// The header fields of the contract that tell who answers.
const RELEASE: &str = "workerspec-release";
const PID: &str = "workerspec-pid";

#[cfg(test)]
mod tests;
