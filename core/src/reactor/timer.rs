//! Timers of a worker, in deadline order on the monotonic clock.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::Reactor;

/// A job that runs once and is gone before it runs (TIMER-3).
type OnceJob = Rc<Cell<Option<Box<dyn FnOnce()>>>>;

/// What a timer does; persistent ones are kept while they run, so they may cancel themselves.
#[derive(Clone)]
pub(super) enum Job {
    Once(OnceJob),
    Every(Duration, Rc<dyn Fn()>),
}

/// The pending timers of one loop.
#[derive(Default)]
pub(super) struct Timers {
    pending: BTreeMap<(Instant, u64), Job>,
    last: u64,
}

impl Timers {
    pub(super) fn add(&mut self, deadline: Instant, job: Job) -> (Instant, u64) {
        self.last += 1;
        let key = (deadline, self.last);
        self.pending.insert(key, job);
        key
    }

    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.pending.first_key_value().map(|((deadline, _), _)| *deadline)
    }

    /// Takes the next job that is due. A persistent one is put back at `now` plus its interval, under
    /// the same number: no catch-up, no bursts (TIMER-6).
    pub(super) fn due(&mut self, now: Instant) -> Option<(u64, Job)> {
        let entry = self.pending.first_entry()?;
        let (deadline, number) = *entry.key();
        if now < deadline {
            return None;
        }
        let job = entry.remove();
        if let Job::Every(interval, _) = &job {
            self.pending.insert((now + *interval, number), job.clone());
        }
        Some((number, job))
    }

    pub(super) fn cancel(&mut self, number: u64) -> bool {
        let key = self.pending.keys().find(|(_, candidate)| *candidate == number).copied();
        key.is_some_and(|key| self.pending.remove(&key).is_some())
    }
}

/// A timer of the worker that made it. Workers only: it belongs to the loop of the callback that
/// creates it. Dropping the handle does not cancel it.
///
/// ```no_run
/// use std::time::Duration;
/// use workerspec_core::{Service, Timer};
///
/// Service::text("127.0.0.1:5678").on_message(|conn, line| {
///     let (conn, line) = (conn.clone(), line.to_vec());
///     Timer::after(Duration::from_millis(50), move || {
///         conn.send(&line);
///     });
/// });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer {
    number: u64,
}

impl Timer {
    /// Runs `job` once, `delay` from now. A job that panics is logged; the worker goes on.
    ///
    /// # Panics
    /// Outside a worker's callbacks.
    pub fn after(delay: Duration, job: impl FnOnce() + 'static) -> Self {
        let job = Job::Once(Rc::new(Cell::new(Some(Box::new(job)))));
        Self { number: Reactor::current().add_timer(delay, job) }
    }

    /// Runs `job` every `interval`, first one interval from now. The next run is due one interval
    /// after the start of this one, so a late run causes no burst (TIMER-6).
    ///
    /// # Panics
    /// Outside a worker's callbacks.
    pub fn every(interval: Duration, job: impl Fn() + 'static) -> Self {
        Self { number: Reactor::current().add_timer(interval, Job::Every(interval, Rc::new(job))) }
    }

    /// Cancels it. True if it was pending (TIMER-3).
    ///
    /// # Panics
    /// Outside a worker's callbacks.
    pub fn cancel(self) -> bool {
        Reactor::current().cancel_timer(self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn never() -> Job {
        Job::Once(Rc::new(Cell::new(None)))
    }

    #[test]
    fn jobs_come_in_deadline_order_and_only_when_due() {
        let start = super::super::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut timers = Timers::default();
        let (late, early) = (timers.add(at(20), never()).1, timers.add(at(10), never()).1);
        assert_eq!(timers.next_deadline(), Some(at(10)));
        assert!(timers.due(at(9)).is_none());
        assert_eq!(timers.due(at(30)).map(|(number, _)| number), Some(early));
        assert_eq!(timers.due(at(30)).map(|(number, _)| number), Some(late));
        assert!(timers.due(at(30)).is_none());
    }

    #[test]
    fn a_late_persistent_timer_does_not_catch_up() {
        let start = super::super::now();
        let mut timers = Timers::default();
        let every = Job::Every(Duration::from_millis(10), Rc::new(|| ()));
        timers.add(start + Duration::from_millis(10), every);
        let late = start + Duration::from_millis(35);
        assert!(timers.due(late).is_some());
        assert!(timers.due(late).is_none());
        assert_eq!(timers.next_deadline(), Some(late + Duration::from_millis(10)));
    }

    #[test]
    fn cancel_tells_whether_it_was_pending() {
        let mut timers = Timers::default();
        let number = timers.add(super::super::now(), never()).1;
        assert!(timers.cancel(number));
        assert!(!timers.cancel(number));
    }
}
