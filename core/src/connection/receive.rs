//! Reading and delivering: what has come, as far as the application takes it.

use std::io::{self, Read};

use super::served::{Phase, Served};
use crate::protocol::{Farewell, Malformed, Protocol, Split};
use crate::tally::Call;

impl<P: Protocol> Served<P> {
    /// Delivers what is buffered, then reads and delivers more, as far as the application takes it.
    pub(super) fn pump(&self) {
        match self.phase.get() {
            Phase::Open => {}
            Phase::Lingering => return self.discard(),
            Phase::Closing | Phase::Closed => return,
        }
        if self.delivering.get() {
            return;
        }
        if self.backlog.get() && self.takes_more() {
            let inbox = self.inbox.take();
            let consumed = self.deliver(&inbox);
            self.keep(inbox, consumed);
        }
        if self.unread.get() && self.takes_more() {
            self.read();
        }
        self.settle();
    }

    /// Whether the next message may be delivered now.
    fn takes_more(&self) -> bool {
        // A peer that asks and does not read gets no further before it reads.
        let stuffed = P::ONE_REPLY_EACH && self.unsent() >= self.max_send_buffer.get();
        self.is_open() && !self.paused.get() && !self.owes_reply.get() && !stuffed
    }

    fn read(&self) {
        let reactor = &self.runtime.reactor;
        let mut chunk = reactor.take_chunk();
        let result = match &mut *self.stream.borrow_mut() {
            Some(stream) => stream.read(&mut chunk),
            None => Ok(0),
        };
        match result {
            Ok(0) => {
                self.unread.set(false);
                self.peer_done.set(true);
            }
            Ok(length) => {
                // A short read means that the kernel has no more, unless the peer's end is behind it.
                let more = length == chunk.len() || self.hangup.get();
                self.unread.set(more);
                if self.inbox.borrow().is_empty() {
                    let consumed = self.deliver(&chunk[..length]);
                    let rest = &chunk[consumed..length];
                    if !rest.is_empty() && self.is_open() {
                        *self.inbox.borrow_mut() = rest.to_vec();
                    }
                } else {
                    let mut inbox = self.inbox.take();
                    inbox.extend_from_slice(&chunk[..length]);
                    let consumed = self.deliver(&inbox);
                    self.keep(inbox, consumed);
                }
                if more {
                    reactor.call_again(self.token);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.unread.set(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => reactor.call_again(self.token),
            Err(_) => self.destroy(),
        }
        reactor.return_chunk(chunk);
    }

    /// Puts back what was not consumed.
    fn keep(&self, mut inbox: Vec<u8>, consumed: usize) {
        if consumed < inbox.len() && self.is_open() {
            inbox.drain(..consumed);
            *self.inbox.borrow_mut() = inbox;
        }
    }

    /// Delivers the whole packages at the start of `input`; how many octets they took.
    fn deliver(&self, input: &[u8]) -> usize {
        let mut consumed = 0;
        self.backlog.set(false);
        while self.is_open() && consumed < input.len() {
            if !self.takes_more() {
                self.backlog.set(true);
                break;
            }
            let rest = &input[consumed..];
            match self.split(rest) {
                Ok(Split::Need) => break,
                Ok(Split::Package(length)) => {
                    consumed += length;
                    self.runtime.reactor.tally().requested();
                    self.behind.set(input.len() - consumed);
                    self.deliver_one(&rest[..length]);
                }
                Ok(Split::Own(length)) => {
                    consumed += length;
                    self.notice();
                }
                Ok(Split::End(length)) => {
                    consumed += length;
                    self.notice();
                    self.begin_close();
                }
                Err(malformed) => {
                    tracing::debug!(conn = self.id, peer = %self.peer, %malformed, "peer broke the protocol");
                    self.bid_farewell(Farewell::Malformed(malformed));
                    break;
                }
            }
        }
        self.behind.set(input.len() - consumed);
        consumed
    }

    /// Tells the application what the protocol has to tell besides messages.
    fn notice(&self) {
        let Some(notice) = self.codec.borrow_mut().notice() else { return };
        let handle = self.handle();
        self.delivering.set(true);
        let fine = self.calls(Call::Notice, || notice(&handle));
        self.delivering.set(false);
        if !fine {
            tracing::error!(conn = self.id, peer = %self.peer, "a callback panicked: its connection is closed");
            self.destroy();
        }
    }

    fn split(&self, input: &[u8]) -> Result<Split, Malformed> {
        let mut outbox = self.outbox.borrow_mut();
        let before = outbox.len();
        let out = outbox.tail(|| self.runtime.reactor.spare_buffer());
        let split = self.codec.borrow_mut().split(input, &self.runtime.limit.input, out);
        let spoke = outbox.len() > before;
        drop(outbox);
        if spoke {
            self.mark_dirty();
        }
        split
    }

    fn deliver_one(&self, package: &[u8]) {
        let message = self.codec.borrow_mut().decode(package);
        self.owes_reply.set(P::ONE_REPLY_EACH);
        let Some(on_message) = &self.runtime.callbacks.message else { return };
        let handle = self.handle();
        self.delivering.set(true);
        let fine = self.calls(Call::Message, || on_message(&handle, message));
        self.delivering.set(false);
        if !fine {
            tracing::error!(conn = self.id, peer = %self.peer, "on_message panicked: its connection is closed");
            if self.owes_reply.get() { self.bid_farewell(Farewell::Failed) } else { self.destroy() }
        }
    }
}
