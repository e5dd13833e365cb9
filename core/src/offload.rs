//! Blocking work beside the loop: a job on another thread, and what to do with its result on the loop.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use mio::Waker;

use crate::reactor::Reactor;

/// The most threads that a worker runs jobs on; more jobs wait.
const MAX_THREADS: usize = 8;

/// How long a thread without a job stays.
const IDLE: Duration = Duration::from_secs(10);

/// Runs `job` on a thread of its own and then calls `then` with its result on the loop: so any client that blocks
/// (a database, an HTTP call, a lookup) can be used in a worker without holding up its connections. `then` gets `None`
/// if the job panicked.
///
/// Jobs begin in the order they are given; eight run at a time, the others wait. A worker that leaves does not wait for
/// jobs that no connection waits for.
///
/// ```no_run
/// use workerspec_core::{Service, offload};
///
/// Service::text("127.0.0.1:5678").on_message(|conn, line| {
///     let (conn, path) = (conn.clone(), String::from_utf8_lossy(line).into_owned());
///     offload(
///         move || std::fs::read_to_string(path),
///         move |text| {
///             conn.send(text.and_then(Result::ok).unwrap_or_else(|| "?".to_owned()));
///         },
///     );
/// });
/// ```
///
/// # Panics
/// Outside a worker's callbacks.
pub fn offload<T: Send + 'static>(
    job: impl FnOnce() -> T + Send + 'static,
    then: impl FnOnce(Option<T>) + 'static,
) {
    let then = move |result: Option<Box<dyn Any + Send>>| {
        let result = result.and_then(|result| result.downcast().ok()).map(|result| *result);
        then(result);
    };
    let job = move || Box::new(job()) as Box<dyn Any + Send>;
    Reactor::current().offloaded.begin(Box::new(job), Box::new(then));
}

type Job = Box<dyn FnOnce() -> Box<dyn Any + Send> + Send>;
type Then = Box<dyn FnOnce(Option<Box<dyn Any + Send>>)>;

/// The jobs of one loop.
pub(crate) struct Offloaded {
    shared: Arc<Shared>,
    waiting: RefCell<HashMap<u64, Then>>,
    last: Cell<u64>,
}

struct Shared {
    state: Mutex<State>,
    work: Condvar,
    waker: Waker,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<(u64, Job)>,
    results: Vec<(u64, Option<Box<dyn Any + Send>>)>,
    threads: usize,
    idle: usize,
}

impl Offloaded {
    pub(crate) fn new(waker: Waker) -> Self {
        let shared = Arc::new(Shared { state: Mutex::default(), work: Condvar::new(), waker });
        Self { shared, waiting: RefCell::default(), last: Cell::new(0) }
    }

    fn begin(&self, job: Job, then: Then) {
        self.last.set(self.last.get() + 1);
        let number = self.last.get();
        self.waiting.borrow_mut().insert(number, then);
        let mut state = self.shared.lock();
        state.jobs.push_back((number, job));
        let grow = state.idle < state.jobs.len() && state.threads < MAX_THREADS;
        if grow {
            state.threads += 1;
        }
        drop(state);
        self.shared.work.notify_one();
        if grow {
            let shared = Arc::clone(&self.shared);
            let started = thread::Builder::new().name("offload".to_owned()).spawn(move || shared.work());
            if let Err(error) = started {
                self.not_started(&error);
            }
        }
    }

    /// No thread could be had: the jobs wait for those that there are, or fail where there is none.
    fn not_started(&self, error: &std::io::Error) {
        tracing::error!(%error, "cannot start a thread for blocking work");
        let mut state = self.shared.lock();
        state.threads -= 1;
        if state.threads == 0 {
            let failed: Vec<_> = state.jobs.drain(..).map(|(number, _)| (number, None)).collect();
            state.results.extend(failed);
            drop(state);
            self.shared.wake();
        }
    }

    /// Calls back for what is done.
    pub(crate) fn finish(&self) {
        let results = std::mem::take(&mut self.shared.lock().results);
        for (number, result) in results {
            let then = self.waiting.borrow_mut().remove(&number);
            let Some(then) = then else { continue };
            if catch_unwind(AssertUnwindSafe(|| then(result))).is_err() {
                tracing::error!("what follows blocking work panicked");
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that panics runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        if let Err(error) = self.waker.wake() {
            tracing::error!(%error, "cannot wake the loop");
        }
    }

    /// The life of a thread.
    fn work(&self) {
        let mut state = self.lock();
        loop {
            if let Some((number, job)) = state.jobs.pop_front() {
                drop(state);
                let result = catch_unwind(AssertUnwindSafe(job)).ok();
                state = self.lock();
                state.results.push((number, result));
                self.wake();
                continue;
            }
            state.idle += 1;
            let (back, waited) = self.work.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state = back;
            state.idle -= 1;
            if waited.timed_out() && state.jobs.is_empty() {
                state.threads -= 1;
                return;
            }
        }
    }
}
