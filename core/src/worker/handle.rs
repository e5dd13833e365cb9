//! What a callback knows of the worker process that it runs in, and asks of it.

use std::cell::RefCell;
use std::time::Duration;

use super::life::Life;
use crate::reactor::Timer;

/// The worker process that a callback runs in.
#[derive(Debug, Clone)]
pub struct Worker {
    pub(crate) service: String,
    pub(crate) slot: usize,
    pub(crate) generation: u64,
}

thread_local! {
    static CURRENT: RefCell<Option<Worker>> = const { RefCell::new(None) };
}

impl Worker {
    /// The worker of this process, from any of its callbacks, `on_worker_start` included.
    ///
    /// # Panics
    /// Outside a worker.
    pub fn current() -> Self {
        CURRENT.with_borrow(Clone::clone).expect("only a worker has a current worker")
    }

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

    /// Has this process replaced by a fresh one without losing anything: it serves on until its successor accepts,
    /// then drains. If the successor does not come up, it goes on serving and another one is tried.
    ///
    /// # Panics
    /// Outside a worker.
    pub fn recycle(&self) {
        // After this turn of the loop: it may be called from anywhere within a callback.
        Timer::after(Duration::ZERO, || {
            Life::current().into_iter().for_each(|life| life.ask_for_successor())
        });
    }

    /// Stops this process, and no other, as a stop of the server would: idle connections are closed at once, the
    /// rest within the stop timeout. The master starts another (WORKER-8; Workerman: `stopAll`). Prefer
    /// [`recycle`](Self::recycle) where nothing is wrong.
    ///
    /// # Panics
    /// Outside a worker.
    pub fn stop(&self) {
        Timer::after(Duration::ZERO, || Life::current().into_iter().for_each(|life| life.leave_at_once()));
    }

    pub(super) fn become_current(&self) {
        CURRENT.set(Some(self.clone()));
    }
}
