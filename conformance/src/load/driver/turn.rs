//! The loop: arrivals, events, deadlines.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::iter::Peekable;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeSpec, TimeValLike};
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use slab::Slab;
use thiserror::Error;

use crate::load::control::Control;
use crate::load::driver::record::Record;
use crate::load::driver::wire::Socket;
use crate::load::exchange::Exchange;
use crate::load::fate::{Fate, Weight};
use crate::load::plan::LoadPlan;
use crate::load::population::{Method, Population};
use crate::load::random::Random;
use crate::load::receipt::Releases;
use crate::load::schedule::Schedule;
use crate::load::speaker::Speaker;
use crate::load::tls::Stream;

/// Loads `target` until [`Control::stop`], then waits for what is under way, and returns the record.
///
/// # Errors
/// [`DriveError`] when this machine lets the driver have no event queue or timer. What the server does is
/// never an error here.
pub fn drive(
    target: SocketAddr,
    plan: &LoadPlan,
    releases: Releases,
    control: &Control,
) -> Result<Record, DriveError> {
    Driver::new(target, plan, releases, control)?.run()
}

/// The driver could not work at all.
#[derive(Debug, Error)]
#[error("{doing}: {source}")]
pub struct DriveError {
    doing: &'static str,
    source: io::Error,
}

fn while_doing(doing: &'static str) -> impl Fn(io::Error) -> DriveError {
    move |source| DriveError { doing, source }
}

/// The driver's state; its parts are used by the other files of this folder.
pub(super) struct Driver<'a> {
    pub(super) target: SocketAddr,
    pub(super) plan: &'a LoadPlan,
    pub(super) control: &'a Control,
    pub(super) poll: Poll,
    pub(super) sockets: Slab<Socket>,
    pub(super) record: Record,
    pub(super) releases: Releases,
    pub(super) run: u32,
    pub(super) connections: u32,
    /// Addresses of the loopback that connections come from.
    pub(super) sources: u32,
    pub(super) speaker: Speaker,
    pub(super) buffer: Vec<u8>,
    /// The request that is being written.
    pub(super) outgoing: Vec<u8>,
    /// By population: idle connections that wait for a request, the one that rested longest first.
    pub(super) resting: Vec<VecDeque<usize>>,
    /// By population: requests that have no connection yet.
    pub(super) pending: Vec<VecDeque<Exchange>>,
    /// Connections that take their time, when they go on, and the number of the connection.
    pub(super) held: BinaryHeap<Reverse<(Duration, usize, u32)>>,
    /// Connections that the server has ended and whose own side stays open until then.
    pub(super) unclosed: VecDeque<(Duration, Stream)>,
    /// Connections to be opened again, and when.
    pub(super) reopen: Vec<(Duration, Population, Option<Exchange>)>,
    pub(super) stopping: Option<Duration>,
    methods: Random,
    timer: TimerFd,
    armed: Option<Duration>,
    /// Arrivals of the open loops.
    schedules: Vec<(Population, Peekable<Schedule>)>,
    origin: Duration,
    next_sweep: Duration,
}

impl<'a> Driver<'a> {
    fn new(
        target: SocketAddr,
        plan: &'a LoadPlan,
        releases: Releases,
        control: &'a Control,
    ) -> Result<Driver<'a>, DriveError> {
        let poll = Poll::new().map_err(while_doing("open an event queue"))?;
        let timer =
            TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)
                .map_err(io::Error::from)
                .map_err(while_doing("create a timer"))?;
        poll.registry()
            .register(&mut SourceFd(&timer.as_fd().as_raw_fd()), TIMER, Interest::READABLE)
            .map_err(while_doing("register the timer"))?;
        let random = Random::new(plan.seed);
        let now = control.now();
        // The seed makes runs alike, but answers of an earlier run must not pass for this one's.
        let run = random.fork(0).next() as u32 ^ std::process::id();
        let schedule = |population: Population| {
            let rate = plan.shape(population).rate?;
            // The numbers 2 and 3 are those of the paced and the fresh since ever.
            let random = random.fork(1 + population.index() as u64);
            Some((population, Schedule::new(random, rate).peekable()))
        };
        let per_population = Population::ALL.len();
        Ok(Driver {
            target,
            plan,
            control,
            poll,
            sockets: Slab::new(),
            record: Record::new(releases.names().len(), now),
            releases: releases
                .marked(plan.plain.as_ref().map(|plain| plain.marks.clone()).unwrap_or_default()),
            run,
            connections: 0,
            sources: plan.sources(),
            speaker: Speaker::new(target, plan, run),
            buffer: vec![0; 64 * 1024],
            outgoing: Vec::new(),
            resting: (0..per_population).map(|_| VecDeque::new()).collect(),
            pending: (0..per_population).map(|_| VecDeque::new()).collect(),
            held: BinaryHeap::new(),
            unclosed: VecDeque::new(),
            reopen: Vec::new(),
            stopping: None,
            methods: random.fork(1 << 32),
            timer,
            armed: None,
            schedules: Population::ALL.into_iter().filter_map(schedule).collect(),
            origin: now,
            next_sweep: now,
        })
    }

    fn run(mut self) -> Result<Record, DriveError> {
        for population in Population::ALL {
            for _ in 0..self.plan.shape(population).connections {
                self.open_next(population);
            }
        }
        let mut events = Events::with_capacity(EVENTS);
        let mut last = self.origin;
        loop {
            let mut began = self.control.now();
            if OVERSLEPT < began.saturating_sub(last) {
                // Who was away for long finds deadlines over whose answers lie there.
                self.catch_up(&mut events)?;
                began = self.control.now();
            }
            last = began;
            self.obey(began);
            self.admit(began);
            self.place();
            self.go_on(began);
            if self.next_sweep <= began {
                self.sweep(began);
                self.next_sweep = began + SWEEP;
            }
            if self.is_done() {
                break;
            }
            self.arm(began)?;
            let worked = self.control.now().saturating_sub(began);
            self.late(began, worked);
            self.take(&mut events, SWEEP)?;
        }
        let now = self.control.now();
        self.record.completions.happened(now);
        self.record.timeline.end();
        self.record.wall = now.saturating_sub(self.origin);
        self.record.cpu = thread_cpu();
        self.publish();
        Ok(self.record)
    }

    /// Waits for events, at most so long, and goes through them; gives their number.
    fn take(&mut self, events: &mut Events, patience: Duration) -> Result<usize, DriveError> {
        match self.poll.poll(events, Some(patience)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(0),
            Err(error) => return Err(while_doing("wait for events")(error)),
        }
        for event in events.iter() {
            if event.token() != TIMER {
                self.happened(event);
            }
        }
        Ok(events.iter().count())
    }

    /// Reads whatever is there, before any deadline is looked at. It is bounded: what is read leads to more.
    fn catch_up(&mut self, events: &mut Events) -> Result<(), DriveError> {
        for _ in 0..=self.sockets.len() / EVENTS {
            if self.take(events, Duration::ZERO)? < EVENTS {
                break;
            }
        }
        Ok(())
    }

    /// Looks at what the other threads want.
    fn obey(&mut self, now: Duration) {
        let aimed = self.control.aimed();
        if aimed != self.releases.current() && aimed < self.releases.names().len() {
            self.releases.aim(aimed);
            self.record.in_flight_at_aim[aimed] = self.in_flight();
        }
        if self.control.stops() && self.stopping.is_none() {
            self.stopping = Some(now);
            self.record.completions.happened(now);
            if let Some(connects) = &mut self.record.connects {
                connects.happened(now);
            }
            self.close_resting();
        }
        if self.control.aborts() {
            self.stopping.get_or_insert(now);
            self.abandon(now);
        }
        self.publish();
    }

    fn publish(&self) {
        let ledger = &self.record.ledger;
        let answered: u64 =
            [Fate::Current, Fate::Older, Fate::Announced].iter().map(|fate| ledger.fate_total(*fate)).sum();
        let lost = ledger.weighing(Weight::Race) + ledger.weighing(Weight::Loss);
        self.control.publish(answered, lost, self.sockets.len() as u64, self.record.watch.newest());
    }

    fn in_flight(&self) -> u64 {
        self.sockets.iter().filter(|(_, socket)| socket.connection.is_busy()).count() as u64
    }

    /// Takes in the requests that are due.
    fn admit(&mut self, now: Duration) {
        if self.stopping.is_some() {
            return;
        }
        let due = now.saturating_sub(self.origin);
        for index in 0..self.schedules.len() {
            let population = self.schedules[index].0;
            while let Some(at) = self.schedules[index].1.next_if(|at| *at <= due) {
                self.late(self.origin + at, due - at);
                let exchange = self.planned(population, self.origin + at);
                match population {
                    population if population.is_single() => self.open(population, Some(exchange)),
                    _ => self.pending[population.index()].push_back(exchange),
                }
            }
        }
        while let Some(index) = self.reopen.iter().position(|(at, _, _)| *at <= now) {
            let (_, population, first) = self.reopen.swap_remove(index);
            match first {
                Some(first) => self.open(population, Some(first)),
                None => self.open_next(population),
            }
        }
    }

    /// What was due at `due` came so much later.
    fn late(&mut self, due: Duration, by: Duration) {
        let record = &mut self.record;
        record.lateness = record.lateness.max(by);
        if record.lateness_inside < by && self.is_inside(due) {
            self.record.lateness_inside = by;
        }
    }

    /// A new request of `population`.
    pub(super) fn planned(&mut self, population: Population, intended: Duration) -> Exchange {
        let method = match population {
            Population::Slow | Population::Download | Population::Events => Method::Get,
            Population::Upload => Method::Post,
            population if population.is_of_messages() => Method::Message,
            _ if self.methods.chance(self.plan.post_share) => Method::Post,
            _ => Method::Get,
        };
        Exchange::new(self.record.ledger.plan(population, method), intended)
    }

    /// Wakes the loop for the next arrival: the event queue itself only counts whole milliseconds.
    fn arm(&mut self, now: Duration) -> Result<(), DriveError> {
        let held = self.held.peek().map(|Reverse((at, ..))| at.saturating_sub(self.origin));
        let arrival = match self.stopping {
            None => self.schedules.iter_mut().filter_map(|(_, schedule)| schedule.peek().copied()).min(),
            Some(_) => None,
        };
        let Some(next) = [held, arrival].into_iter().flatten().min() else { return Ok(()) };
        if self.armed == Some(next) {
            return Ok(());
        }
        self.armed = Some(next);
        let wait = (self.origin + next).saturating_sub(now).max(Duration::from_nanos(1));
        self.timer
            .set(Expiration::OneShot(TimeSpec::from_duration(wait)), TimerSetTimeFlags::empty())
            .map_err(io::Error::from)
            .map_err(while_doing("set the timer"))
    }

    fn is_done(&self) -> bool {
        self.stopping.is_some()
            && self.sockets.is_empty()
            && self.pending.iter().all(VecDeque::is_empty)
            && self.reopen.is_empty()
    }
}

/// How often deadlines are looked at; a deadline may pass by so much.
const SWEEP: Duration = Duration::from_millis(20);

/// Events that are taken at once.
const EVENTS: usize = 1024;

/// A turn that takes so long was not the driver's own doing, which wakes up for every sweep.
const OVERSLEPT: Duration = Duration::from_millis(100);

const TIMER: Token = Token(usize::MAX - 1);

/// Processor time of this thread so far.
fn thread_cpu() -> Duration {
    getrusage(UsageWho::RUSAGE_THREAD).map_or(Duration::ZERO, |usage| {
        let micros = (usage.user_time() + usage.system_time()).num_microseconds();
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    })
}
