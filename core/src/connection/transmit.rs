//! Sending: encode now, write when the turn ends or a lot has gathered.

use super::outbox::Wrote;
use super::served::{Phase, Reply, Served};
use super::{ConnectionError, Sent};
use crate::protocol::{Encode, Next, Protocol, Setting};
use crate::tally::Call;

/// Unsent octets from which a send does not wait for the end of the turn.
const WRITE_NOW: usize = 64 * 1024;

/// Lets the codec write to the outbox.
pub(super) trait Speak<P> {
    /// What it writes leaves when the turn ends.
    fn speak<R>(&self, say: impl FnOnce(&mut P, &Setting<'_>, &mut Vec<u8>) -> R) -> R;
}

impl<P: Protocol> Speak<P> for Served<P> {
    fn speak<R>(&self, say: impl FnOnce(&mut P, &Setting<'_>, &mut Vec<u8>) -> R) -> R {
        let mut outbox = self.outbox.borrow_mut();
        let before = outbox.len();
        let out = outbox.tail(|| self.runtime.reactor.spare_buffer());
        let said =
            self.runtime.setting(self.announces(), |setting| say(&mut self.codec.borrow_mut(), setting, out));
        let spoke = before < outbox.len();
        drop(outbox);
        if spoke {
            self.mark_dirty();
        }
        said
    }
}

impl<P: Protocol> Served<P> {
    /// Whether what is said now has to say that the connection closes, if the worker drains: not while what the peer has
    /// pipelined waits, and not if a successor takes the connection over.
    fn announces(&self) -> bool {
        self.behind.get() == 0 && !self.goes_over()
    }

    pub(super) fn send<T>(&self, message: T) -> Sent
    where
        P: Encode<T>,
    {
        self.send_by(|codec, setting, out| codec.encode(message, setting, out))
    }

    /// Sends what `encode` writes, under the rules of the send buffer (BUF-1 to BUF-5).
    pub(super) fn send_by(&self, encode: impl FnOnce(&mut P, &Setting<'_>, &mut Vec<u8>) -> Next) -> Sent {
        let connecting = self.phase.get() == Phase::Connecting;
        let owes = matches!(self.reply.get(), Reply::Owed | Reply::Begun);
        if !(self.is_open() || connecting) || (P::ONE_REPLY_EACH && !owes) {
            return Sent::Refused;
        }
        let limit = self.max_send_buffer.get();
        let bounded = !P::ONE_REPLY_EACH || self.reply.get() == Reply::Begun;
        if bounded && limit <= self.unsent() {
            self.tell_error(ConnectionError::BufferFull);
            return Sent::Refused;
        }
        let next = self.speak(encode);
        if let Some(file) = self.codec.borrow_mut().file() {
            self.outbox.borrow_mut().append(file);
            self.mark_dirty();
        }
        if P::ONE_REPLY_EACH {
            self.reply.set(match next {
                Next::More => Reply::Begun,
                _ if self.outbox.borrow().has_file() => Reply::Flushing,
                _ => Reply::None,
            });
        }
        if WRITE_NOW <= self.unsent() {
            self.write();
        }
        if self.phase.get() == Phase::Closed {
            return Sent::Refused;
        }
        if limit <= self.unsent() {
            self.call(Call::BufferFull, |callbacks| callbacks.buffer_full.clone());
        }
        if next == Next::Close {
            self.part();
        }
        if P::ONE_REPLY_EACH && !self.delivering.get() {
            // The reply came later, from a timer: go on with what was pipelined behind it.
            self.runtime.reactor.call_again(self.token.get());
        }
        let waits = connecting || self.blocked.get() || 0 < self.codec.borrow().held();
        if waits { Sent::Queued } else { Sent::Sent }
    }

    pub(super) fn mark_dirty(&self) {
        if !self.dirty.replace(true) {
            self.runtime.reactor.mark_dirty(self.handle().served);
        }
    }

    /// Writes what is unsent, and does what waited for it to be out.
    pub(super) fn write(&self) {
        if self.blocked.get()
            || matches!(self.phase.get(), Phase::Connecting | Phase::Handing | Phase::Closed)
        {
            return;
        }
        let result = match &mut *self.stream.borrow_mut() {
            Some(stream) => {
                let mut counted = Counted { stream, octets: 0 };
                let wrote = self.outbox.borrow_mut().write_to(&mut counted);
                let octets = counted.octets;
                if 0 < octets {
                    self.bytes_written.set(self.bytes_written.get() + octets);
                    self.active.set(if P::ONE_REPLY_EACH {
                        self.runtime.reactor.millis()
                    } else {
                        self.active.get()
                    });
                }
                match wrote {
                    Ok(Wrote::All) => stream.push().map(|out| if out { Wrote::All } else { Wrote::Blocked }),
                    other => other,
                }
            }
            None => return,
        };
        match result {
            Ok(Wrote::Blocked) => {
                self.blocked.set(true);
                self.deferred.set(true);
                if self.phase.get() == Phase::Closing && self.timer.get().is_none() {
                    self.arm(self.runtime.limit.close_timeout, Self::destroy);
                }
            }
            Ok(Wrote::Enough) => self.mark_dirty_next_turn(),
            Ok(Wrote::All) => self.written(),
            Err(error) => {
                tracing::debug!(conn = self.id, peer = %self.peer.borrow(), %error, "cannot write");
                // BUF-8, BUF-9: the application is told where it could not know; once the kernel has made
                // it wait, the close says it.
                if self.deferred.get() || 0 == self.unsent() {
                    self.runtime.reactor.tally().send_failed();
                } else {
                    self.tell_error(ConnectionError::PeerClosed);
                }
                self.destroy();
            }
        }
    }

    /// Goes on writing when the others have had their turn.
    fn mark_dirty_next_turn(&self) {
        // Readiness for writing is not repeated by the kernel, so ask as if it had come.
        self.blocked.set(true);
        self.runtime.reactor.write_again(self.token.get());
    }

    fn written(&self) {
        let buffer = self.outbox.borrow_mut().take_buffer();
        self.runtime.reactor.recycle(buffer);
        if self.reply.get() == Reply::Flushing {
            self.reply.set(Reply::None);
        }
        // BUF-6: a write that had to wait for the kernel has emptied the buffer.
        if self.deferred.replace(false) {
            self.call(Call::BufferDrain, |callbacks| callbacks.buffer_drain.clone());
        }
        match self.phase.get() {
            Phase::Closing if self.outbox.borrow().is_empty() => self.shut(),
            Phase::Open => {
                if self.backlog.get() || self.unread.get() {
                    self.runtime.reactor.call_again(self.token.get());
                }
                self.settle();
            }
            _ => {}
        }
    }
}

/// Counts what a stream takes.
struct Counted<'a, W> {
    stream: &'a mut W,
    octets: u64,
}

impl<W: std::io::Write> std::io::Write for Counted<'_, W> {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        let taken = self.stream.write(octets)?;
        self.octets += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}
