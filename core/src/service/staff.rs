//! The worker processes of a service: how many, under which name, and what is called in them.

use std::fmt::Display;

use super::Service;
use crate::protocol::Protocol;
use crate::worker::Worker;

/// The part of a service that the master needs.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) count: usize,
    pub(crate) reuse_port: bool,
    pub(crate) transport: Transport,
    /// The mode of a Unix socket's file.
    pub(crate) socket_mode: Option<u32>,
}

/// What a service's socket carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Stream,
    Datagram,
}

/// What `on_worker_start` may return: nothing, or a result whose error keeps the worker from becoming ready.
pub trait StartResult {
    /// The reason for not starting, if there is one.
    fn into_result(self) -> Result<(), String>;
}

impl StartResult for () {
    fn into_result(self) -> Result<(), String> {
        Ok(())
    }
}

impl<E: Display> StartResult for Result<(), E> {
    fn into_result(self) -> Result<(), String> {
        self.map_err(|error| error.to_string())
    }
}

impl<P: Protocol> Service<P> {
    /// The name in logs and reports. Default: the protocol's.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = name.into();
        self
    }

    /// How many worker processes serve it. Default 1; 0 counts as 1 (MASTER-11).
    #[must_use]
    pub fn count(mut self, workers: usize) -> Self {
        self.settings.count = workers.max(1);
        self
    }

    /// Gives each slot a listening socket of its own (`SO_REUSEPORT`), so that the kernel spreads the
    /// connections. The sockets stay with the master: what is queued for a dying worker waits for its
    /// successor (SF-2). Default: one socket, shared.
    #[must_use]
    pub fn reuse_port(mut self, own_sockets: bool) -> Self {
        self.settings.reuse_port = own_sockets;
        self
    }

    /// The mode of the file of a Unix socket, such as `0o660`. Default: what the umask leaves.
    #[must_use]
    pub fn socket_mode(mut self, mode: u32) -> Self {
        self.settings.socket_mode = Some(mode);
        self
    }

    /// Called in each worker before it accepts anything. The worker is ready when it returns; one that
    /// returns an error or panics makes a reload roll back (SF-5).
    #[must_use]
    pub fn on_worker_start<R: StartResult>(mut self, callback: impl Fn(&Worker) -> R + 'static) -> Self {
        self.start = Some(Box::new(move |worker| callback(worker).into_result()));
        self
    }

    /// Called in each worker that leaves in order, after its last connection is closed.
    #[must_use]
    pub fn on_worker_stop(mut self, callback: impl Fn(&Worker) + 'static) -> Self {
        self.stop = Some(Box::new(callback));
        self
    }
}
