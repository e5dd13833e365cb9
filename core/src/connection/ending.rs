//! The ways a connection ends: last words, flush, half-close, read to the peer's end, close.

use std::io::{self, Read};

use super::served::{Phase, Reply, Served};
use super::transmit::Speak;
use crate::protocol::{Farewell, Protocol, Stage};
use crate::tally::Call;

impl<P: Protocol> Served<P> {
    /// Closes what has nothing left to do: the peer is done, or the worker drains and waits no more.
    pub(super) fn settle(&self) {
        if self.phase.get() == Phase::Parting {
            if self.peer_done.get() {
                self.shut();
            }
            return;
        }
        if !self.is_open()
            || self.delivering.get()
            || self.reply.get() != Reply::None
            || self.backlog.get()
            || self.unread.get()
            || self.works.get() != 0
        {
            return;
        }
        if !self.outbox.borrow().is_empty() || self.paused.get() {
            return;
        }
        if self.peer_done.get() {
            self.shut();
        } else if self.goes_over() {
            self.offer();
        } else if (self.departs.get() || self.runtime.waits_no_more()) && !self.is_within_a_message() {
            self.close_for(Farewell::Leaving);
        }
    }

    /// Whether part of a message has come.
    fn is_within_a_message(&self) -> bool {
        !self.inbox.borrow().is_empty() || self.codec.borrow().stage() == Stage::Body
    }

    /// Closes the connection at the next end of a message.
    pub(super) fn depart(&self) {
        self.departs.set(true);
        self.retire();
    }

    /// Closes the connection if it is idle, after a look at what the kernel still holds (I3).
    pub(super) fn retire(&self) {
        self.unread.set(true);
        self.pump();
    }

    /// Looks in the next turn of the loop whether there is nothing left to do.
    pub(super) fn look_again(&self) {
        if self.is_open() {
            self.unread.set(true);
            self.runtime.reactor.call_again(self.token.get());
        }
    }

    /// Says the last words that the protocol has for it, then closes. While it connects there is nobody to
    /// say them to (CONN-27).
    pub(super) fn close_for(&self, why: Farewell) {
        match self.phase.get() {
            Phase::Open => {}
            Phase::Connecting => return self.destroy(),
            _ => return,
        }
        self.speak(|codec, setting, out| codec.farewell(why, setting, out));
        self.part();
    }

    /// The last words are said: awaits the peer's own where the protocol does, else closes.
    pub(super) fn part(&self) {
        if !self.is_open() {
            return;
        }
        self.reply.set(Reply::None);
        if self.codec.borrow().awaits_goodbye() {
            self.phase.set(Phase::Parting);
            self.paused.set(false);
            self.arm(self.runtime.limit.close_timeout, Self::destroy);
            self.mark_dirty();
            if self.unread.get() || self.backlog.get() {
                self.runtime.reactor.call_again(self.token.get());
            }
            return;
        }
        self.close_quietly();
    }

    /// Closes when what was sent is out; nothing more is said and nothing is read.
    pub(super) fn close_quietly(&self) {
        if !matches!(self.phase.get(), Phase::Open | Phase::Parting) {
            return;
        }
        self.disarm();
        self.phase.set(Phase::Closing);
        self.inbox.take();
        self.mark_dirty();
        if self.blocked.get() {
            self.arm(self.runtime.limit.close_timeout, Self::destroy);
        }
    }

    /// The peer has said its last words.
    pub(super) fn finish_parting(&self) {
        if self.phase.get() == Phase::Parting {
            self.close_quietly();
        }
    }

    /// Half-closes when what was sent is out, and reads to the peer's end (CONN-30, CONN-31).
    pub(super) fn end(&self) {
        match self.phase.get() {
            Phase::Connecting => self.destroy(),
            Phase::Open => {
                self.ended.set(true);
                self.close_quietly();
            }
            _ => {}
        }
    }

    /// Ends our side and waits for the peer's, so that what the peer still sends does not turn the
    /// close into a reset that destroys what it has not read (I5, KF-6).
    pub(super) fn shut(&self) {
        let linger = self.runtime.limit.linger;
        let shut = self.stream.borrow_mut().as_mut().map_or(Ok(()), |stream| stream.shut());
        if shut.is_err() || linger.is_zero() || self.peer_done.get() {
            return self.destroy();
        }
        self.phase.set(Phase::Lingering);
        self.arm(linger, Self::destroy);
        if !self.ended.get() {
            // CONN-25: for the application it is over; what remains is between the kernels.
            self.tell_close();
        }
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
            None => reactor.call_again(self.token.get()),
        }
    }

    /// Calls `on_close`, once, while the addresses and numbers can still be read (CONN-5).
    fn tell_close(&self) {
        if !self.told_close.replace(true) {
            self.call(Call::Close, |callbacks| callbacks.close.clone());
            self.drop_extras();
            self.runtime.reactor.tally().disconnected();
            self.runtime.dismiss(self.id);
        }
    }

    pub(super) fn destroy(&self) {
        if self.phase.replace(Phase::Closed) == Phase::Closed {
            return;
        }
        self.disarm();
        self.runtime.reactor.forget(self.token.get());
        self.tell_close();
        self.inbox.take();
        self.outbox.take();
        // Dropping the socket closes it and takes it out of epoll: no other process holds it.
        self.stream.borrow_mut().take();
        self.runtime.forget(self.id);
    }
}
