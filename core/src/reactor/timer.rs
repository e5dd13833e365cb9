//! Timers of a worker, in deadline order on the monotonic clock.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
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
    /// The deadline of each, so that one is found by its number.
    deadlines: HashMap<u64, Instant>,
    /// The last number given to the application, and to the library itself.
    last: u64,
    last_own: u64,
    /// How many of the application's are pending.
    application: usize,
}

/// The numbers from here on are the library's own timers: not counted, and spared by [`Timer::cancel_all`].
const OWN: u64 = 1 << 63;

/// Whose timer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Application,
    Library,
}

impl Timers {
    pub(super) fn add(&mut self, deadline: Instant, owner: Owner, job: Job) -> u64 {
        let number = match owner {
            Owner::Application => {
                self.last += 1;
                self.application += 1;
                self.last
            }
            Owner::Library => {
                self.last_own += 1;
                OWN + self.last_own
            }
        };
        self.pending.insert((deadline, number), job);
        self.deadlines.insert(number, deadline);
        number
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
        match &job {
            Job::Every(interval, _) => {
                self.pending.insert((now + *interval, number), job.clone());
                self.deadlines.insert(number, now + *interval);
            }
            Job::Once(_) => self.drop_number(number),
        }
        Some((number, job))
    }

    fn drop_number(&mut self, number: u64) {
        if self.deadlines.remove(&number).is_some() && number < OWN {
            self.application -= 1;
        }
    }

    /// How many of the application's are pending.
    pub(super) fn count(&self) -> usize {
        self.application
    }

    /// Cancels those of the application.
    pub(super) fn clear(&mut self) {
        self.pending.retain(|(_, number), _| OWN <= *number);
        self.deadlines.retain(|number, _| OWN <= *number);
        self.application = 0;
    }

    pub(super) fn cancel(&mut self, number: u64) -> bool {
        let Some(deadline) = self.deadlines.get(&number).copied() else { return false };
        self.drop_number(number);
        self.pending.remove(&(deadline, number)).is_some()
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
        Self::add(delay, Owner::Application, once(job))
    }

    /// Runs `job` every `interval`, first one interval from now. The next run is due one interval
    /// after the start of this one, so a late run causes no burst (TIMER-6).
    ///
    /// # Panics
    /// Outside a worker's callbacks.
    pub fn every(interval: Duration, job: impl Fn() + 'static) -> Self {
        Self::add(interval, Owner::Application, Job::Every(interval, Rc::new(job)))
    }

    /// As [`after`](Self::after), for the library itself.
    pub(crate) fn own_after(delay: Duration, job: impl FnOnce() + 'static) -> Self {
        Self::add(delay, Owner::Library, once(job))
    }

    /// As [`every`](Self::every), for the library itself.
    pub(crate) fn own_every(interval: Duration, job: impl Fn() + 'static) -> Self {
        Self::add(interval, Owner::Library, Job::Every(interval, Rc::new(job)))
    }

    fn add(delay: Duration, owner: Owner, job: Job) -> Self {
        Self { number: Reactor::current().add_timer(delay, owner, job) }
    }

    /// Cancels all timers that the application has made in this worker (TIMER-10).
    ///
    /// # Panics
    /// Outside a worker's callbacks.
    pub fn cancel_all() {
        Reactor::current().cancel_all_timers();
    }

    /// Its number: 1, 2, 3 … within the worker process (TIMER-2).
    pub fn id(self) -> u64 {
        self.number
    }

    /// Cancels it. True if it was pending (TIMER-3).
    ///
    /// # Panics
    /// Outside a worker's callbacks.
    pub fn cancel(self) -> bool {
        Reactor::current().cancel_timer(self.number)
    }
}

fn once(job: impl FnOnce() + 'static) -> Job {
    Job::Once(Rc::new(Cell::new(Some(Box::new(job)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn never() -> Job {
        Job::Once(Rc::new(Cell::new(None)))
    }

    fn add(timers: &mut Timers, deadline: Instant, job: Job) -> u64 {
        timers.add(deadline, Owner::Application, job)
    }

    #[test]
    fn jobs_come_in_deadline_order_and_only_when_due() {
        let start = super::super::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut timers = Timers::default();
        let (late, early) = (add(&mut timers, at(20), never()), add(&mut timers, at(10), never()));
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
        add(&mut timers, start + Duration::from_millis(10), every);
        let late = start + Duration::from_millis(35);
        assert!(timers.due(late).is_some());
        assert!(timers.due(late).is_none());
        assert_eq!(timers.next_deadline(), Some(late + Duration::from_millis(10)));
    }

    #[test]
    fn cancel_tells_whether_it_was_pending() {
        let mut timers = Timers::default();
        let number = add(&mut timers, super::super::now(), never());
        assert!(timers.cancel(number));
        assert!(!timers.cancel(number));
    }

    #[test]
    fn the_application_counts_and_cancels_its_own() {
        // TIMER-2, TIMER-10
        let now = super::super::now();
        let mut timers = Timers::default();
        assert_eq!(add(&mut timers, now, never()), 1);
        let own = timers.add(now, Owner::Library, never());
        assert_eq!(add(&mut timers, now, never()), 2);
        assert_eq!(timers.count(), 2);
        timers.clear();
        assert_eq!(timers.count(), 0);
        assert_eq!(timers.due(now).map(|(number, _)| number), Some(own));
    }
}
