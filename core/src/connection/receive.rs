//! Reading and delivering: what has come, as far as the application takes it.

use std::io::{self, Read};

use super::served::{Phase, Reply, Served};
use super::transmit::Speak;
use crate::protocol::{Farewell, Malformed, Protocol, Split, Stage};
use crate::tally::Call;
use crate::transport::Stream;

impl<P: Protocol> Served<P> {
    /// Delivers what is buffered, then reads and delivers more, as far as the application takes it.
    pub(super) fn pump(&self) {
        match self.phase.get() {
            Phase::Open | Phase::Parting => {}
            Phase::Lingering => return self.discard(),
            Phase::Connecting | Phase::Handing | Phase::Closing | Phase::Closed => return,
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
        match self.phase.get() {
            Phase::Open => {}
            Phase::Parting => return true,
            _ => return false,
        }
        // A peer that asks and does not read gets no further before it reads.
        let stuffed = P::ONE_REPLY_EACH && self.unsent() >= self.max_send_buffer.get();
        !self.paused.get() && self.reply.get() == Reply::None && !stuffed
    }

    fn read(&self) {
        let reactor = &self.runtime.reactor;
        let mut chunk = reactor.take_chunk();
        let result = match &mut *self.stream.borrow_mut() {
            Some(stream) => stream.read(&mut chunk).map(|length| (length, stream.short_read_is_all())),
            None => Ok((0, true)),
        };
        match result {
            Ok((0, _)) => {
                self.unread.set(false);
                self.peer_done.set(true);
            }
            Ok((length, exact)) => {
                self.bytes_read.set(self.bytes_read.get() + length as u64);
                let now = reactor.millis();
                self.active.set(now);
                if self.is_between() {
                    self.began.set(now);
                }
                // A short read means that the kernel has no more, unless the peer's end is behind it.
                let more = !exact || length == chunk.len() || self.hangup.get();
                self.unread.set(more);
                if self.inbox.borrow().is_empty() {
                    let consumed = self.deliver(&chunk[..length]);
                    let rest = &chunk[consumed..length];
                    if !rest.is_empty() && self.reads_on() {
                        *self.inbox.borrow_mut() = rest.to_vec();
                    }
                } else {
                    let mut inbox = self.inbox.take();
                    inbox.extend_from_slice(&chunk[..length]);
                    let consumed = self.deliver(&inbox);
                    self.keep(inbox, consumed);
                }
                if more {
                    reactor.call_again(self.token.get());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.unread.set(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => reactor.call_again(self.token.get()),
            Err(error) => {
                tracing::debug!(conn = self.id, peer = %self.peer.borrow(), %error, "cannot read");
                self.destroy();
            }
        }
        reactor.return_chunk(chunk);
    }

    /// Whether no part of a message has come.
    fn is_between(&self) -> bool {
        self.inbox.borrow().is_empty() && self.codec.borrow().stage() == Stage::Between
    }

    /// Whether what comes still matters.
    fn reads_on(&self) -> bool {
        matches!(self.phase.get(), Phase::Open | Phase::Parting)
    }

    /// Puts back what was not consumed.
    fn keep(&self, mut inbox: Vec<u8>, consumed: usize) {
        if consumed < inbox.len() && self.reads_on() {
            inbox.drain(..consumed);
            *self.inbox.borrow_mut() = inbox;
        }
    }

    /// Delivers the whole packages at the start of `input`; how many octets they took.
    fn deliver(&self, input: &[u8]) -> usize {
        let mut consumed = 0;
        self.backlog.set(false);
        while self.reads_on() && consumed < input.len() {
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
                    self.close_for(Farewell::Done);
                    self.finish_parting();
                }
                Err(malformed) => {
                    tracing::debug!(conn = self.id, peer = %self.peer.borrow(), %malformed, "peer broke the protocol");
                    if self.phase.get() == Phase::Parting {
                        self.close_quietly();
                    } else {
                        self.close_for(Farewell::Malformed(malformed));
                    }
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
        let nested = self.delivering.replace(true);
        let fine = self.calls(Call::Notice, || notice(&handle));
        self.delivering.set(nested);
        if !fine {
            self.close_for(Farewell::Failed);
        }
    }

    fn split(&self, input: &[u8]) -> Result<Split, Malformed> {
        let limits = self.limits();
        self.speak(|codec, _, out| codec.split(input, &limits, out))
    }

    fn deliver_one(&self, package: &[u8]) {
        let message = self.codec.borrow_mut().decode(package);
        if !self.is_open() {
            // After the last words only the peer's own matter.
            return;
        }
        if P::ONE_REPLY_EACH {
            self.reply.set(Reply::Owed);
        }
        let Some(on_message) = self.callback(|callbacks| callbacks.message.clone()) else { return };
        let handle = self.handle();
        self.delivering.set(true);
        let fine = self.calls(Call::Message, || on_message(&handle, message));
        self.delivering.set(false);
        if !fine {
            match self.reply.get() {
                // Half a reply cannot be mended.
                Reply::Begun | Reply::Flushing => self.destroy(),
                Reply::Owed | Reply::None => self.close_for(Farewell::Failed),
            }
        }
    }

    /// Whether the transport's own handshake is still under way.
    pub(super) fn is_handshaking(&self) -> bool {
        self.stream.borrow().as_ref().is_some_and(Stream::is_handshaking)
    }
}
