//! The life of a worker process: start, ready, accept, drain, exit.

mod accept;
mod run;
mod serving;

pub(crate) use accept::{Acceptor, Listener};
pub(crate) use run::{Birth, VARIABLE, serve};
pub(crate) use serving::{Door, OnStart, OnStop, Serving};

/// The worker process that a callback runs in.
#[derive(Debug, Clone)]
pub struct Worker {
    pub(crate) service: String,
    pub(crate) slot: usize,
    pub(crate) generation: u64,
}

impl Worker {
    /// The name of its service.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Its number within the service, 0 to count-1; a new worker gets that of the one it replaces
    /// (WORKER-1; Workerman: `id`).
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// How many reloads the server had committed when it was started, its own included.
    pub fn generation(&self) -> u64 {
        self.generation
    }
}
