use std::time::Duration;

use super::worker::{pids, replaced};
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::{Capability, JournalLine, Mode, Pid, Release, Signal};
use crate::verdict::{Finding, Outcome, Surprise, broken, kept};

const TEXT: Need = Need::Can(Capability::Text);
const HTTP: Need = Need::Can(Capability::Http);
const JOURNAL: Need = Need::Can(Capability::Journal);
const REPORT: Need = Need::Can(Capability::ExitReport);
const MODES: Need = Need::Can(Capability::ReleaseModes);

/// WORKER-4 to WORKER-7: how workers end, what is said of it, and what follows.
pub(super) const CASES: &[Case] = &[
    act! {
        "process.exit.zero-is-replaced", Must, Source::Model("WORKER-4");
        claim: "A worker that exits with status 0 must be replaced.";
        reading: "Nothing was asked of it, so its end is as unwanted as any other.";
        needs: [TEXT]; Isolated; seconds: 8;
        accepts: ["another process in its place"]; aliases: [];
        run: |stage| { let victim = exits(stage, 0)?; replaced(stage, victim) }
    },
    act! {
        "process.exit.code-5", Must, Source::Model("WORKER-5");
        claim: "A worker that exits with status 5 must be reported with the raw status 1280.";
        reading: "The status of wait(2): the code times 256.";
        needs: [TEXT, JOURNAL, REPORT]; Isolated; seconds: 8;
        accepts: ["`worker_exit` with its pid and 1280"]; aliases: [];
        run: |stage| { let victim = exits(stage, 5)?; reported(stage, victim, 1_280) }
    },
    act! {
        "process.exit.code-255", Must, Source::Model("WORKER-5");
        claim: "A worker that exits with status 255 must be reported with the raw status 65280.";
        reading: "The status of wait(2): the code times 256.";
        needs: [TEXT, JOURNAL, REPORT]; Isolated; seconds: 8;
        accepts: ["`worker_exit` with its pid and 65280"]; aliases: [];
        run: |stage| { let victim = exits(stage, 255)?; reported(stage, victim, 65_280) }
    },
    act! {
        "process.exit.killed", Must, Source::Model("WORKER-5");
        claim: "A worker that was killed must be reported with the number of the signal.";
        reading: "The status of wait(2): 9 for SIGKILL.";
        needs: [JOURNAL, REPORT]; Isolated; seconds: 8;
        accepts: ["`worker_exit` with its pid and 9"]; aliases: [];
        run: |stage| {
            let victim = stage.all_workers()?[0].pid;
            stage.testee().signal(victim, Signal::SIGKILL).map_err(Surprise::of("can't kill a worker"))?;
            reported(stage, victim, 9)
        }
    },
    act! {
        "process.exit.told-is-clean", Must, Source::Model("SIGNAL-2");
        claim: "A worker that leaves on SIGTERM must end with status 0.";
        reading: "It was told to: neither the signal nor a code of its own remains as its status.";
        needs: [JOURNAL, REPORT, Need::FullTier]; Isolated; seconds: 8;
        accepts: ["`worker_exit` with its pid and 0"]; aliases: [];
        run: |stage| {
            let victim = stage.all_workers()?[0].pid;
            stage.testee().signal(victim, Signal::SIGTERM).map_err(Surprise::of("can't signal a worker"))?;
            reported(stage, victim, 0)
        }
    },
    act! {
        "process.exit.reported-once", Must, Source::Model("WORKER-7");
        claim: "Every worker's end must be reported once.";
        reading: "Two workers are killed one after the other; a third report would be of neither.";
        needs: [JOURNAL, REPORT]; Isolated; seconds: 10;
        accepts: ["one `worker_exit` for each"]; aliases: [];
        run: reported_once
    },
    act! {
        "process.exit.backs-off", Must, Source::Model("SF-11");
        claim: "A worker that dies at its start again and again must be started with growing delays.";
        reading: "The release exits at once; in a second and a half a loop without delay starts it more often than twelve times, one that has given up never again.";
        needs: [JOURNAL, REPORT, MODES]; Isolated; seconds: 12;
        accepts: ["from 1 to 12 starts in 1.5 s"]; aliases: [];
        run: backs_off
    },
    act! {
        "process.exit.recovers", Must, Source::Model("SF-11");
        claim: "A worker that died at its start again and again must come up when it can.";
        reading: "After a second of failing starts the release is good again; the count is reached within eight seconds.";
        needs: [HTTP, MODES]; Isolated; seconds: 15;
        accepts: ["as many workers as before, and an answer"]; aliases: [];
        run: recovers
    },
    act! {
        "process.exit.others-serve", Must, Source::Model("SF-11");
        claim: "While one worker can't be replaced the others must serve.";
        reading: "Forty connections, one after the other, during a second of failing starts.";
        needs: [HTTP, MODES, Need::FullTier, Need::SeveralWorkers]; Isolated; seconds: 12;
        accepts: ["every request is answered"]; aliases: [];
        run: others_serve
    },
    act! {
        "process.worker.starts-once", Must, Source::Model("WORKER-2");
        claim: "Every worker must start once, before it serves.";
        reading: "One `worker_start` in the journal for each worker process.";
        needs: [JOURNAL]; Isolated; seconds: 8;
        accepts: ["one `worker_start` of each worker"]; aliases: [];
        run: starts_once
    },
    act! {
        "process.worker.stops-once", Must, Source::Model("STOP-5");
        claim: "Every worker must say once that it stops when the server does.";
        reading: "One `worker_stop` in the journal for each worker process, at a graceful stop.";
        needs: [JOURNAL, Need::GracefulStop]; Isolated; seconds: 12;
        accepts: ["one `worker_stop` of each worker"]; aliases: [];
        run: stops_once
    },
];

/// Has the worker of a fresh connection exit with that code; which it was.
fn exits(stage: &Stage, code: u8) -> Result<Pid, Surprise> {
    stage.all_workers()?;
    let mut probe = stage.text()?;
    let victim = Pid::from_raw(probe.who()?.pid);
    probe.say(format!("!exit {code}").as_bytes())?;
    let end = probe.raw().wait_end(stage.deadline())?;
    match end.is_over() {
        true => Ok(victim),
        false => Err(Surprise(format!("the connection outlives `!exit {code}`"))),
    }
}

fn reports(stage: &Stage) -> Vec<JournalLine> {
    stage.testee().journal().into_iter().filter(|line| line.event == "worker_exit").collect()
}

fn reported(stage: &Stage, victim: Pid, status: i64) -> Outcome {
    let line =
        stage.eventually(|| reports(stage).into_iter().find(|line| line.child == Some(victim.as_raw())));
    match line {
        None => broken(format!("the journal never reports the end of {victim}")),
        Some(line) if line.status == Some(status) => kept(),
        Some(line) => broken(format!("reported with status {:?} and not {status}", line.status)),
    }
}

fn reported_once(stage: &Stage) -> Outcome {
    let mut killed = Vec::new();
    for _ in 0..2 {
        let victim = stage.all_workers()?[0].pid;
        stage.testee().signal(victim, Signal::SIGKILL).map_err(Surprise::of("can't kill a worker"))?;
        if let other @ Finding::Broken(_) = replaced(stage, victim)? {
            return Ok(other);
        }
        killed.push(victim.as_raw());
    }
    let children = || reports(stage).iter().filter_map(|line| line.child).collect::<Vec<_>>();
    stage.eventually(|| (killed.iter().all(|pid| children().contains(pid))).then_some(()));
    match children() {
        found if found == killed => kept(),
        found => broken(format!("{killed:?} were killed; the journal reports the end of {found:?}")),
    }
}

/// Makes every further start fail, and kills a worker.
fn loops(stage: &Stage) -> Result<(), Surprise> {
    let victim = stage.all_workers()?[0].pid;
    stage
        .testee()
        .set_release(&Release::new("broken", Mode::Exit))
        .map_err(Surprise::of("can't set a release"))?;
    stage.testee().signal(victim, Signal::SIGKILL).map_err(Surprise::of("can't kill a worker"))
}

fn backs_off(stage: &Stage) -> Outcome {
    loops(stage)?;
    let failed = || reports(stage).iter().filter(|line| line.status == Some(3 * 256)).count();
    if stage.eventually(|| (1 <= failed()).then_some(())).is_none() {
        return broken("the worker is never started again");
    }
    let first = failed();
    stage.holds_for(Duration::from_millis(1_500), || true);
    match failed() - first {
        starts @ 1..=12 => Ok(Finding::Kept(format!("{starts} starts"))),
        0 => broken("no further start in 1.5 s"),
        starts => broken(format!("{starts} starts in 1.5 s")),
    }
}

fn recovers(stage: &Stage) -> Outcome {
    let wanted = stage.expected_workers();
    loops(stage)?;
    stage.holds_for(Duration::from_secs(1), || true);
    stage.testee().set_release(&Release::up("good")).map_err(Surprise::of("can't set a release"))?;
    // A worker that fails is there for a moment too: one that has stayed is meant.
    let complete = stage.eventually(|| {
        let now = pids(&stage.testee().workers());
        let stays = || stage.holds_for(Duration::from_millis(200), || pids(&stage.testee().workers()) == now);
        (now.len() == wanted && stays()).then_some(())
    });
    match complete {
        Some(()) => super::worker::answers(stage),
        None => broken(format!("{} of {wanted} workers at the deadline", stage.testee().workers().len())),
    }
}

fn others_serve(stage: &Stage) -> Outcome {
    loops(stage)?;
    for number in 0..40 {
        match stage.http()?.load(&format!("meanwhile-{number}"))? {
            Ok(receipt) if receipt.release != "broken" => {}
            Ok(receipt) => return broken(format!("process {} of the broken release answers", receipt.pid)),
            Err(no_answer) => return broken(format!("request {number} was not answered: {no_answer}")),
        }
        stage.holds_for(Duration::from_millis(20), || true);
    }
    kept()
}

fn starts_once(stage: &Stage) -> Outcome {
    let workers = pids(&stage.all_workers()?);
    for worker in workers {
        let count = events(stage, "worker_start", worker);
        if count != 1 {
            return broken(format!("{count} `worker_start` of {worker}"));
        }
    }
    kept()
}

fn stops_once(stage: &Stage) -> Outcome {
    let workers = pids(&stage.all_workers()?);
    let testee = stage.testee();
    let signal = testee.file().stop().graceful.ok_or_else(|| Surprise("no graceful signal".to_owned()))?;
    testee.signal(testee.master(), signal).map_err(Surprise::of("can't signal the master"))?;
    if testee.wait_exit(stage.deadline()).is_none() {
        return broken("the master does not end");
    }
    for worker in workers {
        let count = events(stage, "worker_stop", worker);
        if count != 1 {
            return broken(format!("{count} `worker_stop` of {worker}"));
        }
    }
    kept()
}

fn events(stage: &Stage, event: &str, pid: Pid) -> usize {
    stage.testee().journal().iter().filter(|line| line.event == event && line.pid == pid.as_raw()).count()
}
