//! How long a peer may take: a head, a body, a silence (SF-42, HEART-2).

use std::time::Duration;

use super::runtime::Runtime;
use super::served::{Reply, Served};
use crate::protocol::{Farewell, Protocol, Stage};
use crate::reactor::Timer;

/// Looks per deadline: a connection that is late is found within an eighth of its deadline.
const LOOKS: u32 = 8;

/// The shortest and the longest time between two looks.
const QUICKEST: Duration = Duration::from_millis(20);
const SLOWEST: Duration = Duration::from_secs(1);

/// What is wrong with a connection that is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Late {
    /// It said nothing for too long: it is closed as if it were done.
    Idle,
    /// It began something and does not end it.
    Slow,
}

impl<P: Protocol> Runtime<P> {
    /// Looks at all connections from time to time, if there is a deadline to be kept. Called again when a
    /// connection gets a shorter one.
    pub(super) fn keep_deadlines(&self, shortest: Option<Duration>) {
        let Some(shortest) = shortest else { return };
        let period = (shortest / LOOKS).clamp(QUICKEST, SLOWEST);
        if self.looking.get().is_some_and(|(at, _)| at <= period) {
            return;
        }
        let me = self.me.clone();
        let timer = Timer::own_every(period, move || {
            if let Some(runtime) = me.upgrade() {
                runtime.snapshot().iter().for_each(|served| served.check_deadline());
            }
        });
        if let Some((_, before)) = self.looking.replace(Some((period, timer))) {
            before.cancel();
        }
    }
}

impl<P: Protocol> Served<P> {
    fn check_deadline(&self) {
        match self.lateness() {
            None => {}
            Some(Late::Idle) => self.close_for(Farewell::Done),
            Some(Late::Slow) => {
                tracing::debug!(conn = self.id, peer = %self.peer.borrow(), "peer takes too long");
                self.close_for(Farewell::Late);
            }
        }
    }

    fn lateness(&self) -> Option<Late> {
        // What waits for the application is not the peer's fault.
        if !self.is_open() || self.paused.get() || self.delivering.get() {
            return None;
        }
        let limit = &self.runtime.limit;
        let now = self.runtime.reactor.millis();
        let over = |since: u32, patience: Option<Duration>| {
            patience.is_some_and(|patience| patience.as_millis() <= u128::from(now.wrapping_sub(since)))
        };
        if self.is_handshaking() {
            return over(self.began.get(), Some(limit.handshake)).then_some(Late::Slow);
        }
        if matches!(self.reply.get(), Reply::Owed | Reply::Begun) {
            return None;
        }
        let buffered = !self.inbox.borrow().is_empty();
        let late = match self.codec.borrow().stage() {
            Stage::Head => over(self.began.get(), limit.header),
            Stage::Body => over(self.active.get(), limit.body),
            Stage::Between if buffered => over(self.active.get(), limit.body),
            Stage::Between => false,
        };
        if late {
            return Some(Late::Slow);
        }
        over(self.active.get(), self.idle_timeout()).then_some(Late::Idle)
    }
}
