//! The end of a worker, as the master saw it.

/// How a worker ended, for `on_worker_exit` (WORKER-7). Master only.
#[derive(Debug, Clone)]
pub struct WorkerExit {
    pub(crate) service: String,
    pub(crate) slot: usize,
    pub(crate) pid: u32,
    pub(crate) status: i32,
}

impl WorkerExit {
    /// The name of its service.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Its number within the service; its replacement gets the same.
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// Its process id, which may by now be another process's.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The raw wait status: the exit code times 256, or the signal's number (WORKER-5). 0 is a clean end.
    pub fn status(&self) -> i32 {
        self.status
    }

    /// The exit code, if it exited.
    pub fn code(&self) -> Option<i32> {
        (self.status & 0x7f == 0).then_some(self.status >> 8)
    }

    /// The number of the signal that killed it, if one did.
    pub fn signal(&self) -> Option<i32> {
        let signal = self.status & 0x7f;
        (signal != 0).then_some(signal)
    }
}
