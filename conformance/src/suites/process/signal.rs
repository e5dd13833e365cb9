use super::worker::{answers, pids, replaced};
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::{Capability, Pid, Process, ProcessState, Signal};
use crate::verdict::{Finding, Outcome, Surprise, broken, kept, unproved};

const HTTP: Need = Need::Can(Capability::Http);

/// SIGNAL-2 to SIGNAL-16: what a worker, and the master, do on a signal from outside.
pub(super) const CASES: &[Case] = &[
    act! {
        "process.worker-signal.term", Must, Source::Model("SIGNAL-2");
        claim: "A worker on SIGTERM must leave and be replaced.";
        reading: "The master goes on; the count is reached again without the worker that was told.";
        needs: [HTTP, Need::FullTier]; Isolated; seconds: 10;
        accepts: ["another process in its place, and an answer"]; aliases: [];
        run: |stage| leaves_on(stage, Signal::SIGTERM)
    },
    act! {
        "process.worker-signal.int", Must, Source::Model("SIGNAL-2");
        claim: "A worker on SIGINT must leave and be replaced.";
        reading: "The master goes on; the count is reached again without the worker that was told.";
        needs: [HTTP, Need::FullTier, Need::Can(Capability::Signals)]; Isolated; seconds: 10;
        accepts: ["another process in its place, and an answer"]; aliases: [];
        run: |stage| leaves_on(stage, Signal::SIGINT)
    },
    act! {
        "process.worker-signal.hup", Must, Source::Model("SIGNAL-2");
        claim: "A worker on SIGHUP must leave and be replaced.";
        reading: "The master goes on; the count is reached again without the worker that was told.";
        needs: [HTTP, Need::FullTier, Need::Can(Capability::Signals)]; Isolated; seconds: 10;
        accepts: ["another process in its place, and an answer"]; aliases: [];
        run: |stage| leaves_on(stage, Signal::SIGHUP)
    },
    act! {
        "process.worker-signal.tstp", Must, Source::Model("SIGNAL-2");
        claim: "A worker on SIGTSTP must leave and be replaced.";
        reading: "It is a stop of the worker here and not of the job: nobody would continue it.";
        needs: [HTTP, Need::FullTier, Need::Can(Capability::Signals)]; Isolated; seconds: 10;
        accepts: ["another process in its place, and an answer"]; aliases: [];
        run: |stage| leaves_on(stage, Signal::SIGTSTP)
    },
    act! {
        "process.worker-signal.quit", Must, Source::Model("SIGNAL-4");
        claim: "A worker on SIGQUIT must leave and be replaced.";
        reading: "It has no connection, so there is nothing that it could finish first.";
        needs: [HTTP, Need::FullTier, Need::Can(Capability::Signals)]; Isolated; seconds: 10;
        accepts: ["another process in its place, and an answer"]; aliases: [];
        run: |stage| leaves_on(stage, Signal::SIGQUIT)
    },
    act! {
        "process.worker-signal.usr1", Must, Source::Model("RELOAD-11");
        claim: "A worker on SIGUSR1 must be replaced, and no other.";
        reading: "A reload of that worker alone.";
        needs: [HTTP, Need::FullTier, Need::Can(Capability::Signals)]; Isolated; seconds: 10;
        accepts: ["another process in its place, the others as before"]; aliases: [];
        run: |stage| leaves_on(stage, Signal::SIGUSR1)
    },
    act! {
        "process.worker-signal.usr2", Must, Source::Model("SIGNAL-8");
        claim: "A worker on SIGUSR2 must be replaced, and no other.";
        reading: "A graceful reload of that worker alone.";
        needs: [HTTP, Need::FullTier, Need::Can(Capability::Signals)]; Isolated; seconds: 10;
        accepts: ["another process in its place, the others as before"]; aliases: [];
        run: |stage| leaves_on(stage, Signal::SIGUSR2)
    },
    act! {
        "process.worker-signal.illegal", Must, Source::Model("WORKER-4");
        claim: "A worker that dies of SIGILL must be replaced.";
        reading: "A crash of the runtime is a death like any other; SIGSEGV itself has handlers in many of them.";
        needs: [HTTP]; Isolated; seconds: 10;
        accepts: ["another process in its place, and an answer"]; aliases: [];
        run: |stage| leaves_on(stage, Signal::SIGILL)
    },
    act! {
        "process.worker-signal.all-killed", Must, Source::Model("WORKER-4");
        claim: "Workers that are all killed at once must all be replaced.";
        reading: "Several deaths may reach the master as one signal (KF-14).";
        needs: [HTTP]; Isolated; seconds: 10;
        accepts: ["as many workers as before, none of them old, and an answer"]; aliases: [];
        run: all_killed
    },
    act! {
        "process.worker-signal.queue-kept", Must, Source::Model("RELOAD-9");
        claim: "A connection made while no worker lives must be answered by a replacement within two seconds.";
        reading: "The listener is the master's: nothing is refused, and it waits in the queue.";
        needs: [HTTP, Need::FullTier]; Isolated; seconds: 10;
        accepts: ["accepted, and answered within 2 s"]; aliases: [];
        run: queue_kept
    },
    act! {
        "process.worker-signal.continued", Must, Source::Model("SF-10");
        claim: "A worker that is stopped and continued must serve on as the same process.";
        reading: "Nothing else happens meanwhile; the workers are the same before and after.";
        needs: [HTTP]; Isolated; seconds: 10;
        accepts: ["the same workers, and an answer"]; aliases: [];
        run: continued
    },
    act! {
        "process.worker-signal.pipe", Must, Source::Model("SIGNAL-13");
        claim: "A worker must ignore SIGPIPE.";
        reading: "A peer that has gone would end every worker that writes to it.";
        needs: [HTTP, Need::FullTier]; Isolated; seconds: 8;
        accepts: ["the same workers, and an answer"]; aliases: [];
        run: |stage| { let worker = stage.all_workers()?[0].pid; nothing_happens(stage, worker, Signal::SIGPIPE) }
    },
    act! {
        "process.master-signal.pipe", Must, Source::Model("SIGNAL-13");
        claim: "The master must ignore SIGPIPE.";
        reading: "Whoever reads its output may go away.";
        needs: [HTTP, Need::FullTier]; Isolated; seconds: 8;
        accepts: ["the same master and workers, and an answer"]; aliases: [];
        run: |stage| nothing_happens(stage, stage.testee().master(), Signal::SIGPIPE)
    },
];

fn leaves_on(stage: &Stage, signal: Signal) -> Outcome {
    let before = pids(&stage.all_workers()?);
    let victim = before[0];
    stage.testee().signal(victim, signal).map_err(Surprise::of("can't signal a worker"))?;
    match replaced(stage, victim)? {
        Finding::Kept(_) => {}
        other => return Ok(other),
    }
    let now = pids(&stage.testee().workers());
    if let Some(gone) = before[1..].iter().find(|pid| !now.contains(pid)) {
        return broken(format!(
            "worker {victim} was told to go, by {signal}, and worker {gone} went as well"
        ));
    }
    answers(stage)
}

fn all_killed(stage: &Stage) -> Outcome {
    let before = pids(&stage.all_workers()?);
    for victim in &before {
        stage.testee().signal(*victim, Signal::SIGKILL).map_err(Surprise::of("can't kill a worker"))?;
    }
    let complete = stage.eventually(|| {
        let now = pids(&stage.testee().workers());
        (now.len() == before.len() && !now.iter().any(|pid| before.contains(pid))).then_some(())
    });
    match (complete, stage.testee().exited()) {
        (_, Some(exit)) => broken(format!("the master is gone: {exit}")),
        (Some(()), None) => answers(stage),
        (None, None) => {
            let now = pids(&stage.testee().workers());
            broken(format!(
                "workers {before:?} were killed; there are {} of {}: {now:?}",
                now.len(),
                before.len()
            ))
        }
    }
}

fn queue_kept(stage: &Stage) -> Outcome {
    for victim in pids(&stage.all_workers()?) {
        stage.testee().signal(victim, Signal::SIGKILL).map_err(Surprise::of("can't kill a worker"))?;
    }
    let deadline = stage.within(std::time::Duration::from_secs(2));
    let probe = match stage.try_connect("http", None, deadline)? {
        Ok(probe) => probe,
        Err(error) => return broken(format!("not accepted: {error}")),
    };
    match crate::probe::HttpProbe::new(probe, deadline).load("queued")? {
        Ok(_) => kept(),
        Err(no_answer) => broken(format!("accepted, but: {no_answer}")),
    }
}

pub(super) fn is_stopped(pid: Pid) -> bool {
    Process::read(pid).is_some_and(|process| process.state == ProcessState::Stopped)
}

fn continued(stage: &Stage) -> Outcome {
    let before = pids(&stage.all_workers()?);
    stage.testee().signal(before[0], Signal::SIGSTOP).map_err(Surprise::of("can't stop a worker"))?;
    if stage.eventually(|| is_stopped(before[0]).then_some(())).is_none() {
        return unproved("the worker does not stop on SIGSTOP");
    }
    // A master that looks at its children sees the stop within this time, and what it does then.
    stage.holds_for(std::time::Duration::from_millis(150), || true);
    stage.testee().signal(before[0], Signal::SIGCONT).map_err(Surprise::of("can't continue a worker"))?;
    same_workers(stage, &before)
}

fn nothing_happens(stage: &Stage, whom: Pid, signal: Signal) -> Outcome {
    let before = pids(&stage.all_workers()?);
    stage.testee().signal(whom, signal).map_err(Surprise::of("can't send a signal"))?;
    same_workers(stage, &before)
}

fn same_workers(stage: &Stage, before: &[Pid]) -> Outcome {
    let mut now = Vec::new();
    let same = stage.holds_for(std::time::Duration::from_millis(200), || {
        now = pids(&stage.testee().workers());
        now.len() == before.len() && before.iter().all(|pid| now.contains(pid))
    });
    match (same, stage.testee().exited()) {
        (_, Some(exit)) => broken(format!("the master is gone: {exit}")),
        (true, None) => answers(stage),
        (false, None) => broken(format!("the workers were {before:?} and are {now:?}")),
    }
}
