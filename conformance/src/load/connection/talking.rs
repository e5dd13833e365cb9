//! A connection of messages: WebSocket, text and frames.

use std::time::Duration;

use crate::load::connection::{Connection, State};
use crate::load::exchange::{Detail, Exchange, Settled, Turn};
use crate::load::fate::{End, Fate};
use crate::load::identity::Identity;
use crate::load::messages::{Came, closing};
use crate::load::population::Population;
use crate::load::receipt::{Forged, Releases, Wanted};

impl Connection {
    /// Octets came on a connection of messages.
    pub(super) fn message_octets(&mut self, octets: &[u8], now: Duration, releases: &Releases) -> Turn {
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
    pub(super) fn judge_message(
        &mut self,
        exchange: Exchange,
        message: &[u8],
        releases: &Releases,
    ) -> Settled {
        let Some(expects) = exchange.expects else {
            return self.settle(exchange, Fate::WrongAnswer, Detail::Forged(Forged::Form));
        };
        let served_by = match expects.wanted {
            Wanted::Who => match releases.who(message) {
                Ok(receipt) => Some(receipt),
                Err(why) => return self.settle(exchange, Fate::WrongAnswer, Detail::Forged(why)),
            },
            // A connection of lines or frames may have gone over to another worker since it was told.
            _ if message == expects.id => self.served_by.filter(|_| self.population == Population::WebSocket),
            _ if Identity::is_of_run(message, expects.run) => {
                return self.settle(exchange, Fate::Crosstalk, Detail::Forged(Forged::Other));
            }
            _ => return self.settle(exchange, Fate::WrongAnswer, Detail::NotEchoed),
        };
        self.served_by = served_by.or(self.served_by);
        if let Some(receipt) = served_by {
            self.last_pid = receipt.pid;
        }
        let is_current = served_by.is_none_or(|receipt| receipt.release == releases.current());
        let fate = if is_current { Fate::Current } else { Fate::Older };
        let mut settled = self.settle(exchange, fate, Detail::None);
        settled.receipt = served_by;
        settled
    }
}
