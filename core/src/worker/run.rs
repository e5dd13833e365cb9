//! What a worker process does from its first instruction in core to its exit.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::rc::Rc;

use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;

use super::life::{Life, Signals};
use super::{Birth, Identity, Worker};
use crate::control::Control;
use crate::error::Error;
use crate::handed::Taken;
use crate::logging::{self, LogSettings};
use crate::reactor::Reactor;
use crate::service::{Declaration, Settings, Staff};
use crate::tally::{Call, Tally};

/// The exit code of a worker whose `on_worker_start` failed (WORKER-3).
const START_FAILED: u8 = 250;

/// Serves as the worker that `birth` describes, until it is told to go.
///
/// # Errors
/// Where the descriptors that the master hands over are missing, the service's user can't be become, or
/// the loop can't be made.
pub(crate) fn serve(
    birth: Birth,
    services: Vec<Box<dyn Declaration>>,
    log: &LogSettings,
) -> Result<ExitCode, Error> {
    let system = |attempt: &'static str| Error::system(format!("{attempt} in a worker"));
    if !die_with(birth.master).map_err(system("watch the master"))? {
        return Ok(ExitCode::FAILURE);
    }
    let taking = || system("take what the master handed over");
    let mut taken = Taken::take(&birth.descriptors).map_err(taking())?;
    logging::init(log, taken.optional(Birth::LOG), birth.echo);
    let control = Control::inherited(taken.required(Birth::CONTROL).map_err(taking())?);
    let stderr = taken.required(Birth::STDERR).map_err(taking())?;
    let board = taken.required(Birth::BOARD).map_err(taking())?;
    let tally = Tally::at(board.as_fd(), birth.seat).map_err(system("map the scoreboard"))?;
    // A job has none.
    let listener = taken.all(Birth::LISTENER).into_iter().next();

    let service = services.into_iter().nth(birth.service).ok_or_else(|| Error::Misuse {
        service: format!("number {}", birth.service),
        what: "main declares fewer services in a worker than in the master".to_owned(),
    })?;
    let settings = service.settings().clone();
    if let Some(identity) = Identity::of(&settings)? {
        identity.assume()?;
        // The kernel forgot the tie to the master when the credentials changed (prctl(2)).
        if !die_with(birth.master).map_err(system("watch the master"))? {
            return Ok(ExitCode::FAILURE);
        }
    }
    allow_all_descriptors();
    let worker = Worker { service: settings.name.clone(), slot: birth.slot, generation: birth.generation };
    worker.become_current();
    let reactor = Reactor::start(tally).map_err(system("make the loop"))?;
    let signals = Signals::watch().map_err(system("watch for signals"))?;
    let serving = match service.into_serving(&reactor) {
        Ok(serving) => serving,
        Err(error) => {
            tracing::error!(slot = worker.slot, "cannot serve: {error}");
            return Ok(ExitCode::from(START_FAILED));
        }
    };
    if !starts(&serving.staff, &worker, &reactor) {
        return Ok(ExitCode::from(START_FAILED));
    }
    let life = Life::begin(worker, birth, &settings, control, listener, serving, &reactor);
    life.watch(signals).map_err(system("watch the control socket"))?;
    recycle_after(&settings, &life);
    prctl::set_pdeathsig(None).map_err(io::Error::from).map_err(system("let go of the master"))?;
    leave_boot_output(stderr);
    life.ready();
    reactor.run().map_err(system("run the loop"))?;
    Ok(ExitCode::SUCCESS)
}

/// As many connections as the system lets this process have, not as few as programs that use select(2) need.
fn allow_all_descriptors() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard, hard));
    if let Err(error) = raised {
        tracing::warn!(%error, "cannot raise the number of descriptors");
    }
}

/// Until it is ready a worker may hang in code of the application; then it must not outlive its master. Tied to
/// the master's only thread. False if that is gone already.
fn die_with(master: i32) -> io::Result<bool> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    Ok(nix::unistd::getppid().as_raw() == master)
}

/// Runs `on_worker_start`; false, and a line in the log, where it fails.
fn starts(staff: &Staff, worker: &Worker, reactor: &Reactor) -> bool {
    let Some(start) = &staff.start else { return true };
    let started =
        reactor.tally().during(Call::WorkerStart, || catch_unwind(AssertUnwindSafe(|| start(worker))));
    match started {
        Ok(Ok(())) => true,
        Ok(Err(reason)) => {
            tracing::error!(slot = worker.slot, "on_worker_start failed: {reason}");
            false
        }
        Err(_) => {
            tracing::error!(slot = worker.slot, "on_worker_start panicked");
            false
        }
    }
}

/// MAXREQ-1: asks for a successor after so many requests.
fn recycle_after(settings: &Settings, life: &Rc<Life>) {
    let Some((requests, spread)) = settings.max_requests else { return };
    // Numbers that differ from process to process are enough.
    let chance = u64::from(std::process::id()).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let limit = requests + chance % spread.saturating_add(1);
    let asking = Rc::downgrade(life);
    life.reactor.tally().when_requests_reach(limit, move || {
        tracing::info!(requests = limit, "max_requests reached: asking for a successor");
        asking.upgrade().into_iter().for_each(|life| life.ask_for_successor());
    });
}

/// While it boots, a worker's standard error goes to the master, which keeps the tail for its report.
/// From now on it goes where the master's goes.
fn leave_boot_output(stderr: OwnedFd) {
    if let Err(error) = nix::unistd::dup2_stderr(&stderr) {
        tracing::warn!(%error, "standard error stays with the master");
    }
}
