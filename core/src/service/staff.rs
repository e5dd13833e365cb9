//! The worker processes of a service: how many, under which name and user, and what is called in them.

use std::fmt::Display;

use super::Service;
use crate::protocol::Protocol;
use crate::worker::{OnStart, OnWorker, Worker, WorkerExit};

/// The part of a service that the master needs.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) name: String,
    /// Empty for a service that listens nowhere.
    pub(crate) address: String,
    pub(crate) protocol: &'static str,
    pub(crate) count: usize,
    pub(crate) reuse_port: bool,
    pub(crate) transport: Transport,
    /// The mode of a Unix socket's file.
    pub(crate) socket_mode: Option<u32>,
    pub(crate) reloadable: bool,
    pub(crate) user: Option<String>,
    pub(crate) group: Option<String>,
    /// Requests after which a worker is replaced, and the most that are added by chance.
    pub(crate) max_requests: Option<(u64, u64)>,
}

impl Settings {
    /// The defaults of a service at `address` in a protocol.
    pub(crate) fn new(address: String, protocol: &'static str) -> Self {
        Self {
            name: protocol.to_owned(),
            address,
            protocol,
            count: 1,
            reuse_port: false,
            transport: Transport::Stream,
            socket_mode: None,
            reloadable: true,
            user: None,
            group: None,
            max_requests: None,
        }
    }

    /// Whether it has an address.
    pub(crate) fn listens(&self) -> bool {
        !self.address.is_empty()
    }
}

/// What a service's socket carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Stream,
    Datagram,
}

/// Called in the master for each worker that ended.
pub(crate) type OnExit = Box<dyn Fn(&WorkerExit)>;

/// What a service calls for its worker processes.
#[derive(Default)]
pub(crate) struct Staff {
    pub(crate) start: Option<OnStart>,
    pub(crate) stop: Option<OnWorker>,
    pub(crate) reload: Option<OnWorker>,
    pub(crate) exit: Option<OnExit>,
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
    /// The name in logs and reports. Default: the protocol's. An `upgrade` finds the sockets of a service by
    /// its name and address.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = name.into();
        self
    }

    /// How many worker processes serve it. Default 1; 0 counts as 1 (MASTER-11). A reload keeps the master
    /// and its count; an `upgrade` brings the new one.
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

    /// Whether a reload replaces its workers. Those that are not reloadable stay, with all their connections,
    /// and get [`on_worker_reload`](Self::on_worker_reload) when the reload is committed (RELOAD-3, RELOAD-8);
    /// they are replaced by an `upgrade`, or when they ask for it. Default true.
    #[must_use]
    pub fn reloadable(mut self, reloadable: bool) -> Self {
        self.settings.reloadable = reloadable;
        self
    }

    /// The user whose rights its workers have, by name or number. Looked up before the server starts; taken on
    /// in each worker before `on_worker_start`, with the user's groups. A worker that can't take it on is not
    /// started (SF-23). Needs root. Default: who starts the server (MASTER-10).
    #[must_use]
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.settings.user = Some(name.into());
        self
    }

    /// The group whose rights its workers have, by name or number. Default: the user's (MASTER-10).
    #[must_use]
    pub fn group(mut self, name: impl Into<String>) -> Self {
        self.settings.group = Some(name.into());
        self
    }

    /// Has each worker replaced after that many requests: it serves on until its successor accepts, then
    /// drains, so nothing is lost (MAXREQ-1). Default: none; 0 means none.
    #[must_use]
    pub fn max_requests(self, requests: u64) -> Self {
        self.max_requests_spread(requests, 0)
    }

    /// Like [`max_requests`](Self::max_requests) with up to `spread` more by chance, so that workers that share
    /// the load evenly are not all replaced at once.
    #[must_use]
    pub fn max_requests_spread(mut self, requests: u64, spread: u64) -> Self {
        self.settings.max_requests = (0 < requests).then_some((requests, spread));
        self
    }

    /// The mode of the file of a Unix socket, such as `0o660`. Default: what the umask leaves. It belongs to the
    /// service's user and group, if it has them (MASTER-10).
    #[must_use]
    pub fn socket_mode(mut self, mode: u32) -> Self {
        self.settings.socket_mode = Some(mode);
        self
    }

    /// Called in each worker before it accepts anything. The worker is ready when it returns; one that
    /// returns an error or panics makes a reload roll back (SF-5).
    #[must_use]
    pub fn on_worker_start<R: StartResult>(mut self, callback: impl Fn(&Worker) -> R + 'static) -> Self {
        self.staff.start = Some(Box::new(move |worker| callback(worker).into_result()));
        self
    }

    /// Called in each worker that leaves in order, before it lets go of anything: its connections are still open
    /// and get their `on_close` afterwards (STOP-5, STOP-8). A panic in it is logged.
    #[must_use]
    pub fn on_worker_stop(mut self, callback: impl Fn(&Worker) + 'static) -> Self {
        self.staff.stop = Some(Box::new(callback));
        self
    }

    /// Called in each worker that a reload concerns: before it drains, or while it stays because it is not
    /// [`reloadable`](Self::reloadable) (RELOAD-8). A panic in it is logged.
    #[must_use]
    pub fn on_worker_reload(mut self, callback: impl Fn(&Worker) + 'static) -> Self {
        self.staff.reload = Some(Box::new(callback));
        self
    }

    /// Called in the master for each worker that has ended, whatever the reason, after that is logged and before
    /// a replacement is started (WORKER-7). It holds up the master: be quick. A panic in it is logged.
    #[must_use]
    pub fn on_worker_exit(mut self, callback: impl Fn(&WorkerExit) + 'static) -> Self {
        self.staff.exit = Some(Box::new(callback));
        self
    }
}
