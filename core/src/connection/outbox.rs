//! Bytes that were accepted for sending and that the kernel has not taken.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use crate::protocol::FilePart;

/// Octets of a file that are read at a time.
const FILE_CHUNK: usize = 128 * 1024;

/// Octets of files that are sent before other connections get their turn.
const FILE_TURN: usize = 1024 * 1024;

/// Unsent output of one connection.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    buffer: Vec<u8>,
    /// Octets of `buffer` that are sent already.
    sent: usize,
    /// Files that follow the buffer, each with what follows it.
    files: Option<Box<Files>>,
}

/// Boxed as a whole: one pointer for the many connections that send no file.
type Files = VecDeque<(FilePart, Vec<u8>)>;

/// How far a write came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrote {
    /// Everything is out.
    All,
    /// The kernel takes no more for now.
    Blocked,
    /// There is more, and the kernel might take it, but others wait.
    Enough,
}

impl Outbox {
    /// Unsent octets that are held in memory.
    pub(super) fn len(&self) -> usize {
        let behind: usize =
            self.files.iter().flat_map(|files| files.iter()).map(|(_, rest)| rest.len()).sum();
        self.buffer.len() - self.sent + behind
    }

    /// Whether part of a file is still to be sent.
    pub(super) fn has_file(&self) -> bool {
        self.files.is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sent == self.buffer.len() && self.files.is_none()
    }

    /// Where to append; `spare` supplies memory if there is none.
    pub(super) fn tail(&mut self, spare: impl FnOnce() -> Vec<u8>) -> &mut Vec<u8> {
        if let Some((_, rest)) = self.files.as_mut().and_then(|files| files.back_mut()) {
            return rest;
        }
        if self.buffer.capacity() == 0 {
            self.buffer = spare();
        }
        &mut self.buffer
    }

    /// Appends part of a file. It is read as the peer takes it.
    pub(super) fn append(&mut self, file: FilePart) {
        self.files.get_or_insert_default().push_back((file, Vec::new()));
    }

    /// Writes until all is out or the kernel takes no more.
    ///
    /// # Errors
    /// What the kernel said; `UnexpectedEof` where a file is shorter than was promised.
    pub(super) fn write_to(&mut self, mut stream: impl Write) -> io::Result<Wrote> {
        let mut from_files = 0;
        loop {
            while self.sent < self.buffer.len() {
                match stream.write(&self.buffer[self.sent..]) {
                    Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Ok(taken) => self.sent += taken,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        self.compact();
                        return Ok(Wrote::Blocked);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            if self.files.is_none() {
                return Ok(Wrote::All);
            }
            if FILE_TURN <= from_files {
                return Ok(Wrote::Enough);
            }
            from_files += self.refill()?;
        }
    }

    /// Puts the next octets of the first file into the empty buffer, or what follows a file that is out.
    fn refill(&mut self) -> io::Result<usize> {
        let Some(files) = &mut self.files else { return Ok(0) };
        self.sent = 0;
        self.buffer.clear();
        let Some((part, _)) = files.front_mut() else {
            self.files = None;
            return Ok(0);
        };
        if part.length == 0 {
            if let Some((_, rest)) = files.pop_front() {
                self.buffer = rest;
            }
            if files.is_empty() {
                self.files = None;
            }
            return Ok(0);
        }
        let wanted = usize::try_from(part.length).unwrap_or(usize::MAX).min(FILE_CHUNK);
        self.buffer.resize(wanted, 0);
        let got = part.file.read_at(&mut self.buffer, part.offset)?;
        self.buffer.truncate(got);
        if got == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        part.offset += got as u64;
        part.length -= got as u64;
        Ok(got)
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
                prop_assert_eq!(done == Wrote::All, outbox.is_empty());
                prop_assert_eq!(whole.len(), stingy.taken.len() + outbox.len());
            }
            stingy.gifts = vec![usize::MAX; 2];
            prop_assert_eq!(outbox.write_to(&mut stingy).expect("Stingy only blocks"), Wrote::All);
            prop_assert_eq!(whole, stingy.taken);
        }
    }

    #[test]
    fn files_go_out_in_their_place_and_a_short_one_is_an_error() {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(b"0123456789").expect("room for ten octets");
        let part =
            |offset, length| FilePart { file: file.try_clone().expect("a descriptor"), offset, length };
        let mut outbox = Outbox::default();
        let mut sink = Vec::new();
        outbox.tail(Vec::new).extend_from_slice(b"<");
        outbox.append(part(2, 3));
        outbox.tail(Vec::new).extend_from_slice(b"|");
        outbox.append(part(0, 10));
        outbox.tail(Vec::new).extend_from_slice(b">");
        assert_eq!((outbox.len(), outbox.has_file()), (3, true));
        assert_eq!(outbox.write_to(&mut sink).expect("a Vec takes all"), Wrote::All);
        assert_eq!(sink, b"<234|0123456789>");
        assert!(outbox.is_empty());
        outbox.append(part(8, 3));
        let error = outbox.write_to(&mut sink).expect_err("the file ends early");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
