//! The ways a connection ends: flush, half-close, read to the peer's end, close.

use std::io::{self, Read};
use std::net::Shutdown;
use std::time::Duration;

use super::served::{Phase, Served};
use crate::protocol::{Farewell, Protocol};
use crate::reactor::Timer;
use crate::tally::Call;

impl<P: Protocol> Served<P> {
    /// Closes what has nothing left to do: the peer is done, or the worker drains and waits no more.
    pub(super) fn settle(&self) {
        if !self.is_open()
            || self.delivering.get()
            || self.owes_reply.get()
            || self.backlog.get()
            || self.unread.get()
        {
            return;
        }
        if self.unsent() > 0 || self.paused.get() {
            return;
        }
        if self.peer_done.get() {
            self.destroy();
        } else if self.runtime.waits_no_more() && self.inbox.borrow().is_empty() {
            self.begin_close();
        }
    }

    /// Closes the connection if it is idle, after a look at what the kernel still holds (I3).
    pub(super) fn retire(&self) {
        self.unread.set(true);
        self.pump();
    }

    pub(super) fn bid_farewell(&self, why: Farewell) {
        self.runtime.setting(0, |setting| {
            let mut outbox = self.outbox.borrow_mut();
            let out = outbox.tail(|| self.runtime.reactor.spare_buffer());
            self.codec.borrow_mut().farewell(why, setting, out);
        });
        self.begin_close();
    }

    pub(super) fn begin_close(&self) {
        if !self.is_open() {
            return;
        }
        self.phase.set(Phase::Closing);
        self.inbox.take();
        self.mark_dirty();
        if self.blocked.get() {
            self.give_up_after(self.runtime.limit.close_timeout, Phase::Closing);
        }
    }

    /// Ends our side and waits for the peer's, so that what the peer still sends does not turn the
    /// close into a reset that destroys what it has not read (I5, KF-6).
    pub(super) fn shut(&self) {
        if self.peer_done.get() {
            return self.destroy();
        }
        let shut = self.stream.borrow().as_ref().map_or(Ok(()), |stream| stream.shutdown(Shutdown::Write));
        if shut.is_err() {
            return self.destroy();
        }
        self.phase.set(Phase::Lingering);
        self.give_up_after(self.runtime.limit.linger, Phase::Lingering);
        self.discard();
    }

    pub(super) fn discard(&self) {
        let reactor = &self.runtime.reactor;
        let mut chunk = reactor.take_chunk();
        // Bounded, so that a peer that pours does not hold the loop.
        let mut over = None;
        for _ in 0..4 {
            let result = self.stream.borrow_mut().as_mut().map_or(Ok(0), |stream| stream.read(&mut chunk));
            match result {
                Ok(0) => over = Some(true),
                Ok(_) => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => over = Some(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => over = Some(true),
            }
            break;
        }
        reactor.return_chunk(chunk);
        match over {
            Some(true) => self.destroy(),
            Some(false) => {}
            None => reactor.call_again(self.token),
        }
    }

    pub(super) fn give_up_after(&self, patience: Duration, phase: Phase) {
        let me = self.me.clone();
        Timer::after(patience, move || {
            if let Some(served) = me.upgrade().filter(|served| served.phase.get() == phase) {
                served.destroy();
            }
        });
    }

    pub(super) fn destroy(&self) {
        if self.phase.replace(Phase::Closed) == Phase::Closed {
            return;
        }
        self.runtime.reactor.forget(self.token);
        // Dropping the socket closes it and takes it out of epoll: no other process holds it.
        self.stream.borrow_mut().take();
        self.inbox.take();
        self.outbox.take();
        self.call(Call::Close, &self.runtime.callbacks.close);
        self.runtime.reactor.tally().disconnected();
        self.runtime.forget(self.id);
    }
}
