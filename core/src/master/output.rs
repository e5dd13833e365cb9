//! What a worker writes to standard error while it boots: passed on, and the tail kept for the report
//! of a reload that fails.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};

use mio::unix::pipe;

/// Octets kept of each worker's output.
const TAIL: usize = 4096;

/// The reading end of a booting worker's standard error.
#[derive(Debug)]
pub(super) struct BootOutput {
    pipe: pipe::Receiver,
    tail: VecDeque<u8>,
}

impl BootOutput {
    /// A pipe; the worker gets the second part.
    pub(super) fn pipe() -> io::Result<(Self, OwnedFd)> {
        let (sender, receiver) = pipe::new()?;
        // The worker's end blocks, as programs expect of standard error.
        sender.set_nonblocking(false)?;
        Ok((Self { pipe: receiver, tail: VecDeque::new() }, sender.into()))
    }

    /// Takes what has come; false once the worker has let go of its end.
    pub(super) fn read(&mut self) -> bool {
        let mut chunk = [0; 4096];
        // Bounded, so that a worker that floods does not hold the master.
        for _ in 0..16 {
            match self.pipe.read(&mut chunk) {
                Ok(0) => return false,
                Ok(length) => {
                    let _ = io::stderr().write_all(&chunk[..length]);
                    self.tail.extend(&chunk[..length]);
                    let surplus = self.tail.len().saturating_sub(TAIL);
                    self.tail.drain(..surplus);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
        true
    }

    /// The last lines of the output.
    pub(super) fn tail(&self) -> String {
        let octets: Vec<u8> = self.tail.iter().copied().collect();
        String::from_utf8_lossy(&octets).trim_end().to_owned()
    }

    pub(super) fn pipe_mut(&mut self) -> &mut pipe::Receiver {
        &mut self.pipe
    }
}

impl AsRawFd for BootOutput {
    fn as_raw_fd(&self) -> i32 {
        self.pipe.as_raw_fd()
    }
}
