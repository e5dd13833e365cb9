//! Bytes that were accepted for sending and that the kernel has not taken.

use std::io::{self, Write};

/// Unsent output of one connection.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    buffer: Vec<u8>,
    /// Octets of `buffer` that are sent already.
    sent: usize,
}

impl Outbox {
    pub(super) fn len(&self) -> usize {
        self.buffer.len() - self.sent
    }

    /// Where to append; `spare` supplies memory if there is none.
    pub(super) fn tail(&mut self, spare: impl FnOnce() -> Vec<u8>) -> &mut Vec<u8> {
        if self.buffer.capacity() == 0 {
            self.buffer = spare();
        }
        &mut self.buffer
    }

    /// Writes until all is out or the kernel takes no more; true if all is out.
    pub(super) fn write_to(&mut self, mut stream: impl Write) -> io::Result<bool> {
        while self.sent < self.buffer.len() {
            match stream.write(&self.buffer[self.sent..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(taken) => self.sent += taken,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.compact();
                    return Ok(false);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Gives the memory away; only when empty.
    pub(super) fn take_buffer(&mut self) -> Vec<u8> {
        self.sent = 0;
        std::mem::take(&mut self.buffer)
    }

    /// Moves the unsent rest to the front once more than half is sent, so that memory follows what
    /// is waiting and each octet is moved a bounded number of times.
    fn compact(&mut self) {
        if self.sent > self.buffer.len() / 2 {
            self.buffer.drain(..self.sent);
            self.sent = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Takes a few octets per write, then pretends to be full.
    struct Stingy {
        taken: Vec<u8>,
        gifts: Vec<usize>,
    }

    impl Write for Stingy {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            match self.gifts.pop() {
                None | Some(0) => Err(io::ErrorKind::WouldBlock.into()),
                Some(gift) => {
                    let taken = gift.min(octets.len());
                    self.taken.extend_from_slice(&octets[..taken]);
                    Ok(taken)
                }
            }
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_reordered(pieces in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..50), prop::collection::vec(0usize..20, 0..5)), 0..30)) {
            let mut outbox = Outbox::default();
            let mut stingy = Stingy { taken: Vec::new(), gifts: Vec::new() };
            let mut whole = Vec::new();
            for (piece, gifts) in pieces {
                outbox.tail(Vec::new).extend_from_slice(&piece);
                whole.extend_from_slice(&piece);
                stingy.gifts = gifts;
                let done = outbox.write_to(&mut stingy).expect("Stingy only blocks");
                prop_assert_eq!(done, outbox.len() == 0);
                prop_assert_eq!(whole.len(), stingy.taken.len() + outbox.len());
            }
            stingy.gifts = vec![usize::MAX; 2];
            prop_assert!(outbox.write_to(&mut stingy).expect("Stingy only blocks"));
            prop_assert_eq!(whole, stingy.taken);
        }
    }
}
