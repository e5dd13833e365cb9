use std::fs;
use std::time::{Duration, Instant};

use workerspec_wire::http::Request;

use super::protocols::through_reload;
use super::scene::{meanwhile, three_reloads, used, wait_release, worker_pids};
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::{Capability, Mode, Pid, ProcessState};
use crate::verdict::{Finding, Outcome, Surprise, broken, kept, unproved};

const HTTP: Need = Need::Can(Capability::Http);

/// What old workers leave, and how soon.
pub(super) const CASES: &[Case] = &[
    act! {
        "reload.process.no-zombies", Must, Source::Reload("RL-28");
        claim: "Old workers must be reaped.";
        reading: "No zombie of the tree two seconds after three reloads.";
        needs: [HTTP, Need::Reload]; Isolated; seconds: 20;
        accepts: ["no zombie"]; aliases: [];
        run: no_zombies
    },
    act! {
        "reload.process.drain-is-idle", Must, Source::Reload("RL-37");
        claim: "A worker that drains must not burn processor time.";
        reading: "A request of 2.5 s holds it; in half a second it uses less than a sixth of that.";
        needs: [HTTP, Need::Reload, Need::Can(Capability::Deferred)]; Isolated; seconds: 15;
        accepts: ["less than 83 ms of processor time in 500 ms"]; aliases: [];
        run: drain_is_idle
    },
    act! {
        "reload.process.silent-does-not-hold", Must, Source::Reload("RL-27");
        claim: "A connection that says nothing must not hold an old worker for ever.";
        reading: "Eight seconds from the new release's first answer.";
        needs: [HTTP, Need::Reload, Need::FullTier]; Isolated; seconds: 20;
        accepts: ["no old worker left"]; aliases: [];
        run: silent_does_not_hold
    },
];

fn no_zombies(stage: &Stage) -> Outcome {
    if let Some(problem) = three_reloads(stage)? {
        return broken(problem);
    }
    let zombies =
        || stage.testee().tree().iter().filter(|process| process.state == ProcessState::Zombie).count();
    let soon = stage.within(Duration::from_secs(2));
    stage.eventually(|| (zombies() == 0 || soon <= Instant::now()).then_some(()));
    match zombies() {
        0 => kept(),
        count => broken(format!("{count} zombies")),
    }
}

/// Processor time that a process has used.
fn used_time(pid: Pid) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    // Linux counts a hundred of them in a second, wherever it shows them.
    Some(Duration::from_millis(ticks * 10))
}

fn drain_is_idle(stage: &Stage) -> Outcome {
    let mut probe = stage.http()?;
    let receipt = probe.load("before")?.map_err(|no_answer| Surprise(no_answer.to_string()))?;
    let old = Pid::from_raw(receipt.pid);
    probe.send(&Request::get("/sleep/2500").end())?;
    stage.holds_for(stage.quiet(), || true);
    through_reload(stage, || {
        let Some(before) = used_time(old) else { return unproved("the worker is gone") };
        let begun = Instant::now();
        stage.holds_for(Duration::from_millis(500), || true);
        let Some(after) = used_time(old) else { return unproved("the worker is gone") };
        let (used, took) = (after.saturating_sub(before), begun.elapsed());
        drop(probe);
        match used * 6 < took {
            true => Ok(Finding::Kept(format!("{} ms in {} ms", used.as_millis(), took.as_millis()))),
            false => broken(format!("{} ms in {} ms", used.as_millis(), took.as_millis())),
        }
    })
}

fn silent_does_not_hold(stage: &Stage) -> Outcome {
    let old = worker_pids(stage)?;
    let mut silent = Vec::new();
    for _ in 0..8 {
        silent.push(stage.http()?);
    }
    drop(used(stage, 8)?);
    meanwhile(stage, "fresh", Mode::Up, || {
        if wait_release(stage, "fresh").is_none() {
            return broken("the new release never answers");
        }
        let patience = stage.within(Duration::from_secs(8));
        let left = || {
            let now: Vec<Pid> = stage.testee().workers().iter().map(|worker| worker.pid).collect();
            old.iter().filter(|pid| now.contains(pid)).count()
        };
        stage.eventually(|| (left() == 0 || patience <= Instant::now()).then_some(()));
        let still = left();
        drop(silent);
        match still {
            0 => kept(),
            left => broken(format!("{left} old workers are left after 8 s")),
        }
    })
}
