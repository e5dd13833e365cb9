//! What an answer is worth: held against what was asked.

use std::time::Duration;

use crate::load::answer::Keep;
use crate::load::connection::Connection;
use crate::load::exchange::{Detail, Exchange, Settled};
use crate::load::fate::Fate;
use crate::load::mark::{LOOKED_AT, Mark, Marks};
use crate::load::receipt::{Forged, Receipt, Releases, Wanted};

impl Connection {
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

    /// An answer as it comes from a server that knows nothing of the contract: its body matters only for marks.
    pub(crate) fn expect_plain(&mut self, marks: &Marks) {
        self.answer.keep(Keep::First(if marks.tell() { LOOKED_AT } else { 0 }));
        self.answer.look_for(&marks.fields());
    }

    /// Judges a complete answer.
    pub(super) fn judge(&mut self, exchange: Exchange, now: Duration, releases: &mut Releases) -> Settled {
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
            Some(expects) if expects.wanted == Wanted::Line => {
                expects.check(self.answer.body(), releases).map(Some)
            }
            Some(expects) => self.check_signed(expects.wanted, releases),
            None => Err(Forged::Form),
        };
        match checked {
            Err(Forged::Other) => self.settle(exchange, Fate::Crosstalk, Detail::Forged(Forged::Other)),
            Err(why) => self.settle(exchange, Fate::WrongAnswer, Detail::Forged(why)),
            Ok(receipt) => {
                if let Some(receipt) = receipt {
                    self.last_pid = receipt.pid;
                }
                let fate = if self.answer.announces_close() && !self.asks_close {
                    Fate::Announced
                } else if receipt.is_none_or(|receipt| receipt.release == releases.current()) {
                    Fate::Current
                } else {
                    Fate::Older
                };
                let mut settled = self.settle(exchange, fate, Detail::None);
                settled.receipt = receipt;
                settled
            }
        }
    }

    /// Checks an answer that does not carry the identity of its request; `None` where it does not tell who gave it.
    pub(super) fn check_signed(
        &self,
        wanted: Wanted,
        releases: &Releases,
    ) -> Result<Option<Receipt>, Forged> {
        match wanted {
            Wanted::Slept(ms) if self.answer.body() != format!("slept {ms}\n").as_bytes() => {
                return Err(Forged::Form);
            }
            Wanted::Digits(octets) if self.answer.body_octets() != octets => return Err(Forged::Length),
            Wanted::Upgrade | Wanted::Stream => {
                // Who it is is asked next; a stream tells nothing.
                return Ok(None);
            }
            _ => {}
        }
        match (self.answer.value(RELEASE), self.answer.value(PID)) {
            (Some(release), Some(pid)) => releases.receipt(release, pid).map(Some),
            _ => Err(Forged::Form),
        }
    }

    /// Judges an answer that says nothing of itself but what its marks tell.
    pub(super) fn judge_plain(
        &mut self,
        exchange: Exchange,
        right: bool,
        releases: &mut Releases,
    ) -> Settled {
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
}

/// The header fields of the contract that tell who answers.
const RELEASE: &str = "workerspec-release";
const PID: &str = "workerspec-pid";
