//! Sending: encode now, write when the turn ends or a lot has gathered.

use super::served::{Phase, Served};
use super::{SendError, Sent};
use crate::protocol::{Encode, Next, Protocol};
use crate::tally::Call;

/// Unsent octets from which a send does not wait for the end of the turn.
const WRITE_NOW: usize = 64 * 1024;

impl<P: Protocol> Served<P> {
    pub(super) fn send<T>(&self, message: T) -> Sent
    where
        P: Encode<T>,
    {
        if !self.is_open() || (P::ONE_REPLY_EACH && !self.owes_reply.get()) {
            return Sent::Refused;
        }
        let limit = self.max_send_buffer.get();
        if !P::ONE_REPLY_EACH && self.unsent() >= limit {
            self.tell_error(SendError::BufferFull);
            return Sent::Refused;
        }
        let next = self.runtime.setting(self.behind.get(), |setting| {
            let mut outbox = self.outbox.borrow_mut();
            let out = outbox.tail(|| self.runtime.reactor.spare_buffer());
            self.codec.borrow_mut().encode(message, setting, out)
        });
        if next != Next::More {
            self.owes_reply.set(false);
        }
        self.mark_dirty();
        if self.unsent() >= WRITE_NOW {
            self.write();
        }
        if self.phase.get() == Phase::Closed {
            return Sent::Refused;
        }
        if self.unsent() >= limit {
            self.call(Call::BufferFull, &self.runtime.callbacks.buffer_full);
        }
        if next == Next::Close {
            self.begin_close();
        }
        if P::ONE_REPLY_EACH && !self.delivering.get() {
            // The reply came later, from a timer: go on with what was pipelined behind it.
            self.runtime.reactor.call_again(self.token);
        }
        if self.blocked.get() { Sent::Queued } else { Sent::Sent }
    }

    pub(super) fn mark_dirty(&self) {
        if !self.dirty.replace(true) {
            self.runtime.reactor.mark_dirty(self.handle().served);
        }
    }

    /// Writes what is unsent, and does what waited for it to be out.
    pub(super) fn write(&self) {
        if self.blocked.get() || self.phase.get() == Phase::Closed {
            return;
        }
        let result = match &*self.stream.borrow() {
            Some(stream) => self.outbox.borrow_mut().write_to(stream),
            None => return,
        };
        match result {
            Ok(false) => {
                self.blocked.set(true);
                self.deferred.set(true);
                if self.phase.get() == Phase::Closing {
                    self.give_up_after(self.runtime.limit.close_timeout, Phase::Closing);
                }
            }
            Ok(true) => self.written(),
            Err(_) => {
                self.tell_error(SendError::PeerClosed);
                self.destroy();
            }
        }
    }

    fn written(&self) {
        let buffer = self.outbox.borrow_mut().take_buffer();
        self.runtime.reactor.recycle(buffer);
        // BUF-6: a write that had to wait for the kernel has emptied the buffer.
        if self.deferred.replace(false) {
            self.call(Call::BufferDrain, &self.runtime.callbacks.buffer_drain);
        }
        match self.phase.get() {
            Phase::Closing if self.unsent() == 0 => self.shut(),
            Phase::Open => {
                if self.backlog.get() || self.unread.get() {
                    self.runtime.reactor.call_again(self.token);
                }
                self.settle();
            }
            _ => {}
        }
    }
}
