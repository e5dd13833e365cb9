use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use workerspec_wire::http::Request;

use super::scene::{Traffic, fresh, reload, used, wait_release, wait_replaced, watch, worker_pids};
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::{Capability, Exit, Launch, Mode, Pid, ProcessState, Release, Signal, Testee};
use crate::verdict::{Finding, Outcome, Surprise, broken, kept, unproved};

const HTTP: Need = Need::Can(Capability::Http);
const MODES: Need = Need::Can(Capability::ReleaseModes);
const JOURNAL: Need = Need::Can(Capability::Journal);

/// Reloads at the wrong moment, and what must be true before, during and after one.
pub(super) const CASES: &[Case] = &[
    act! {
        "reload.order.old-until-ready", Must, Source::Model("SF-5");
        claim: "No old worker must leave before every successor is ready.";
        reading: "Successors need 1.2 s: none of them can be ready before.";
        needs: [HTTP, Need::Reload, MODES]; Isolated; seconds: 15;
        accepts: ["all old workers alive for 1.2 s"]; aliases: [];
        run: old_until_ready
    },
    act! {
        "reload.order.stop-after-start", Must, Source::Model("SF-5");
        claim: "No old worker must say that it stops before every successor has said that it starts.";
        reading: "By the order of lines in the journal; successors need 300 ms. A server that goes one by one has no such order.";
        needs: [HTTP, Need::Reload, MODES, JOURNAL, Need::Can(Capability::Generations)]; Isolated; seconds: 15;
        accepts: ["every `worker_start` of the new release before the first `worker_stop`"]; aliases: [];
        run: stop_after_start
    },
    act! {
        "reload.order.each-stops-once", Must, Source::Model("STOP-5");
        claim: "Every old worker must say once that it stops.";
        reading: "One `worker_stop` in the journal of each, and none of a successor.";
        needs: [HTTP, Need::Reload, JOURNAL]; Isolated; seconds: 15;
        accepts: ["one `worker_stop` of each old worker"]; aliases: [];
        run: each_stops_once
    },
    act! {
        "reload.death.of-the-old", Must, Source::Model("RELOAD-7");
        claim: "The death of an old worker during a reload must not undo the reload.";
        reading: "It is killed while successors boot; the new release has the service in the end, with as many workers.";
        needs: [HTTP, Need::Reload, MODES]; Isolated; seconds: 20;
        accepts: ["the new release, and as many workers as before"]; aliases: [];
        run: death_of_the_old
    },
    act! {
        "reload.death.of-a-successor", Must, Source::Reload("RL-24");
        claim: "The death of a successor before it is ready must leave the service whole.";
        reading: "It is killed while it boots; requests are answered all the while, and in the end there are as many workers.";
        needs: [HTTP, Need::Reload, MODES]; Isolated; seconds: 20;
        accepts: ["no request lost, and as many workers as before"]; aliases: [];
        run: death_of_a_successor
    },
    act! {
        "reload.stop.wins", Must, Source::Model("RELOAD-7");
        claim: "A stop during a reload must stop the server.";
        reading: "Successors need three seconds; the stop comes meanwhile, and has the time of any stop.";
        needs: [HTTP, Need::Reload, MODES]; Isolated; seconds: 20;
        accepts: ["status 0, and no process left"]; aliases: [];
        run: stop_wins
    },
    act! {
        "reload.stop.not-revived", Must, Source::Model("SIGNAL-5");
        claim: "A reload that is asked for during a graceful stop must not keep the server alive.";
        reading: "A request of 700 ms holds the stop; it is answered, and then the server is gone.";
        needs: [HTTP, Need::Reload, Need::GracefulStop, Need::Can(Capability::Deferred), Need::FullTier]; Isolated; seconds: 20;
        accepts: ["the answer, status 0, and no process left"]; aliases: [];
        run: not_revived
    },
    act! {
        "reload.twice.burst", Must, Source::Reload("RL-29");
        claim: "After a burst of ten reloads the newest release must have the service, with as many workers as before.";
        reading: "One after the other without waiting; signals coalesce.";
        needs: [HTTP, Need::Reload, Need::Can(Capability::Coalesce)]; Isolated; seconds: 30;
        accepts: ["every worker of the newest release, as many as before"]; aliases: [];
        run: burst
    },
    act! {
        "reload.twice.during-hang", Must, Source::Reload("RL-29");
        claim: "A good release that is asked for while another hangs must have the service in the end.";
        reading: "The hanging one is given up at its deadline, eight seconds at the most.";
        needs: [HTTP, Need::Reload, MODES, Need::Can(Capability::Coalesce)]; Isolated; seconds: 20;
        accepts: ["the good release answers"]; aliases: [];
        run: during_hang
    },
    act! {
        "reload.command.tells-hang", Must, Source::Reload("RL-32");
        claim: "A reload command that waits must end with a status other than 0 if the release hangs.";
        reading: "Within eight seconds.";
        needs: [HTTP, Need::ReloadThatWaits, MODES]; Isolated; seconds: 20;
        accepts: ["a status other than 0"]; aliases: [];
        run: tells_hang
    },
    act! {
        "reload.command.new-at-once", Must, Source::Reload("RL-18");
        claim: "When a reload command that waits has ended, the old release must not answer any more.";
        reading: "Forty fresh connections at once.";
        needs: [HTTP, Need::ReloadThatWaits]; Isolated; seconds: 20;
        accepts: ["status 0, then the new release alone"]; aliases: [];
        run: new_at_once
    },
    act! {
        "reload.signal.usr1", Must, Source::Model("SIGNAL-5");
        claim: "SIGUSR1 to the master must reload.";
        reading: "The new release answers, and the master is the same.";
        needs: [HTTP, Need::FullTier, MODES, Need::Can(Capability::Signals)]; Isolated; seconds: 15;
        accepts: ["the new release from the same master"]; aliases: [];
        run: |stage| by_signal(stage, Signal::SIGUSR1)
    },
    act! {
        "reload.signal.usr2", Must, Source::Model("SIGNAL-7");
        claim: "SIGUSR2 to the master must reload gracefully.";
        reading: "The new release answers, and the master is the same.";
        needs: [HTTP, Need::FullTier, MODES, Need::Can(Capability::Signals)]; Isolated; seconds: 15;
        accepts: ["the new release from the same master"]; aliases: [];
        run: |stage| by_signal(stage, Signal::SIGUSR2)
    },
    act! {
        "reload.signal.at-once", Must, Source::Reload("RL-33");
        claim: "A reload that is asked for the instant the server accepts must not end it.";
        reading: "Its handlers have to be there before its ports are.";
        needs: [HTTP, Need::Reload, Need::FullTier]; Isolated; seconds: 20;
        accepts: ["the master alive, and an answer"]; aliases: [];
        run: at_once
    },
    act! {
        "reload.backlog.answered", Must, Source::Model("RELOAD-9");
        claim: "Connections that wait to be accepted must be answered.";
        reading: "Every worker is blocked for 600 ms when they come, and the reload comes meanwhile.";
        needs: [HTTP, Need::Reload, Need::FullTier]; Isolated; seconds: 15;
        accepts: ["200 on every connection"]; aliases: [];
        run: backlog
    },
    act! {
        "reload.unix.never-refuses", Must, Source::Reload("RL-8");
        claim: "A unix socket must take connections at every instant of a reload, and each must be answered.";
        reading: "Fresh connections one after the other during three reloads.";
        needs: [HTTP, Need::Can(Capability::Unix), Need::Reload]; Isolated; seconds: 20;
        accepts: ["every connection is accepted and answered"]; aliases: [];
        run: unix_never_refuses
    },
    act! {
        "reload.udp.never-lost", Must, Source::Model("UDP-7");
        claim: "Every datagram must be answered during a reload.";
        reading: "One after the other, from one peer and on the loopback, during three reloads.";
        needs: [HTTP, Need::Can(Capability::Udp), Need::Reload]; Isolated; seconds: 20;
        accepts: ["every datagram answered"]; aliases: [];
        run: udp_never_lost
    },
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
    act! {
        "reload.own-sockets.never-refuses", Must, Source::Model("SF-2");
        claim: "With a listening socket for each worker every connection must be answered during a reload.";
        reading: "Fresh connections one after the other during three reloads.";
        needs: [HTTP, Need::Can(Capability::ReusePort), Need::Reload]; Isolated; seconds: 20;
        accepts: ["every connection is accepted and answered"]; aliases: [];
        run: own_sockets
    },
];

fn alive(pids: &[Pid], stage: &Stage) -> bool {
    let now: Vec<Pid> = stage.testee().workers().iter().map(|worker| worker.pid).collect();
    pids.iter().all(|pid| now.contains(pid))
}

/// Asks for a reload in a thread of its own, and looks meanwhile.
fn meanwhile<Value>(
    stage: &Stage,
    name: &str,
    mode: Mode,
    look: impl FnOnce() -> Result<Value, Surprise>,
) -> Result<Value, Surprise> {
    thread::scope(|scope| {
        let trigger = scope.spawn(|| reload(stage, name, mode));
        let value = look();
        let told = trigger.join().map_err(|_| Surprise("asking for a reload panicked".to_owned()))?;
        let value = value?;
        // Where the server was stopped meanwhile there is nobody to tell.
        let _ = told;
        Ok(value)
    })
}

fn old_until_ready(stage: &Stage) -> Outcome {
    let old = worker_pids(stage)?;
    let boot = Duration::from_millis(1_200);
    let begun = Instant::now();
    meanwhile(stage, "slow", Mode::Slow(boot), || {
        let left = stage.eventually(|| (!alive(&old, stage)).then(|| begun.elapsed()));
        match left {
            None => broken("no old worker ever leaves"),
            Some(after) if after < boot => broken(format!(
                "an old worker left after {} ms, when no successor could be ready",
                after.as_millis()
            )),
            Some(_) => match wait_release(stage, "slow") {
                Some(_) => kept(),
                None => broken("the new release never answers"),
            },
        }
    })
}

fn stop_after_start(stage: &Stage) -> Outcome {
    let old = worker_pids(stage)?;
    reload(stage, "slow", Mode::Slow(Duration::from_millis(300)))?;
    if wait_replaced(stage, &old).is_none() {
        return broken("old workers are still there at the deadline");
    }
    let journal = stage.testee().journal();
    let first_stop = journal.iter().position(|line| line.event == "worker_stop");
    let last_start = journal.iter().rposition(|line| line.event == "worker_start" && line.release == "slow");
    match (last_start, first_stop) {
        (None, _) => broken("no `worker_start` of the new release"),
        (Some(_), None) => broken("no `worker_stop`"),
        (Some(start), Some(stop)) if start < stop => kept(),
        (Some(start), Some(stop)) => {
            broken(format!("`worker_stop` is line {stop}, the last `worker_start` line {start}"))
        }
    }
}

fn each_stops_once(stage: &Stage) -> Outcome {
    let old = worker_pids(stage)?;
    reload(stage, "fresh", Mode::Up)?;
    if wait_replaced(stage, &old).is_none() {
        return broken("old workers are still there at the deadline");
    }
    let stops: Vec<i32> = stage
        .testee()
        .journal()
        .iter()
        .filter(|line| line.event == "worker_stop")
        .map(|line| line.pid)
        .collect();
    for pid in &old {
        let count = stops.iter().filter(|other| **other == pid.as_raw()).count();
        if count != 1 {
            return broken(format!("{count} `worker_stop` of the old worker {pid}"));
        }
    }
    match stops.len() == old.len() {
        true => kept(),
        false => broken(format!("{} `worker_stop` of {} old workers", stops.len(), old.len())),
    }
}

/// Waits until children of the master beyond the old workers are there.
fn successors(stage: &Stage, old: &[Pid]) -> Option<Vec<Pid>> {
    stage.eventually(|| {
        let now: Vec<Pid> = stage.testee().workers().iter().map(|worker| worker.pid).collect();
        let new: Vec<Pid> = now.into_iter().filter(|pid| !old.contains(pid)).collect();
        (!new.is_empty()).then_some(new)
    })
}

fn complete(stage: &Stage) -> bool {
    let wanted = stage.expected_workers();
    stage.eventually(|| (stage.testee().workers().len() == wanted).then_some(())).is_some()
}

fn death_of_the_old(stage: &Stage) -> Outcome {
    let old = worker_pids(stage)?;
    meanwhile(stage, "slow", Mode::Slow(Duration::from_millis(700)), || {
        if successors(stage, &old).is_none() {
            return unproved("no successor was seen beside the old workers");
        }
        // One by one, the first of them may have left by now.
        if !old.iter().any(|pid| stage.testee().signal(*pid, Signal::SIGKILL).is_ok()) {
            return unproved("no old worker was left when a successor was seen");
        }
        if wait_release(stage, "slow").is_none() {
            return broken("the new release never answers");
        }
        match wait_replaced(stage, &old) {
            Some(_) => kept(),
            None => broken(format!(
                "{} of {} workers in the end",
                stage.testee().workers().len(),
                stage.expected_workers()
            )),
        }
    })
}

fn death_of_a_successor(stage: &Stage) -> Outcome {
    let old = worker_pids(stage)?;
    let (traffic, outcome) = Traffic::during(stage, || {
        meanwhile(stage, "slow", Mode::Slow(Duration::from_millis(700)), || {
            let Some(new) = successors(stage, &old) else {
                return unproved("no successor was seen beside the old workers");
            };
            // It may be gone by itself: its release was given up.
            let _ = stage.testee().signal(new[0], Signal::SIGKILL);
            watch(stage, Duration::from_millis(1_200));
            match (complete(stage), stage.testee().exited()) {
                (_, Some(exit)) => broken(format!("the master is gone: {exit}")),
                (true, None) => kept(),
                (false, None) => broken(format!("{} workers in the end", stage.testee().workers().len())),
            }
        })
    })?;
    match traffic.first_loss() {
        Some(loss) => broken(loss),
        None => Ok(outcome),
    }
}

fn gone(stage: &Stage) -> Outcome {
    match stage.testee().wait_exit(stage.within(stage.testee().file().stop().timeout)) {
        Some(Exit::Code(0)) => {}
        Some(exit) => return broken(format!("the master ended with {exit}")),
        None => return broken("the master is still there"),
    }
    let left = stage.testee().tree().iter().filter(|process| process.state != ProcessState::Zombie).count();
    match left {
        0 => kept(),
        left => broken(format!("{left} processes outlive the master")),
    }
}

fn stop_wins(stage: &Stage) -> Outcome {
    let old = worker_pids(stage)?;
    let testee = stage.testee();
    meanwhile(stage, "slow", Mode::Slow(Duration::from_secs(3)), || {
        if successors(stage, &old).is_none() {
            return unproved("no successor was seen beside the old workers");
        }
        testee
            .signal(testee.master(), testee.file().stop().signal)
            .map_err(Surprise::of("can't stop the server"))?;
        gone(stage)
    })
}

fn not_revived(stage: &Stage) -> Outcome {
    worker_pids(stage)?;
    let testee = stage.testee();
    let mut probe = used(stage, 1)?.remove(0);
    probe.send(&Request::get("/sleep/700").end())?;
    stage.holds_for(stage.quiet(), || true);
    let signal = testee.file().stop().graceful.ok_or_else(|| Surprise("no graceful signal".to_owned()))?;
    testee.signal(testee.master(), signal).map_err(Surprise::of("can't stop the server"))?;
    stage.holds_for(Duration::from_millis(100), || true);
    meanwhile(stage, "late", Mode::Up, || {
        match probe.hear(false)? {
            Ok(response) if response.status == 200 => {}
            Ok(response) => return broken(format!("{} for the request under way", response.status)),
            Err(no_answer) => return broken(format!("the request under way was not answered: {no_answer}")),
        }
        drop(probe);
        gone(stage)
    })
}

fn burst(stage: &Stage) -> Outcome {
    let old = worker_pids(stage)?;
    for number in 0..9 {
        let testee = stage.testee();
        let name = format!("burst-{number}");
        testee.set_release(&Release::up(name)).map_err(Surprise::of("can't set a release"))?;
        // Where the means is a command it waits: only a signal makes a burst, and the master takes one.
        match testee.file().tier() {
            crate::testee::Tier::Full => {
                testee.signal(testee.master(), Signal::SIGUSR1).map_err(Surprise::of("can't reload"))?;
            }
            crate::testee::Tier::Http => drop(testee.reload().map_err(Surprise::of("can't reload"))?),
        }
        stage.holds_for(Duration::from_millis(5), || true);
    }
    reload(stage, "newest", Mode::Up)?;
    if wait_replaced(stage, &old).is_none() {
        return broken("workers of before the burst are still there at the deadline");
    }
    let settled = stage.eventually(|| {
        let newest = (0..20).all(|_| fresh(stage).is_ok_and(|receipt| receipt.release == "newest"));
        (newest && stage.testee().workers().len() == stage.expected_workers()).then_some(())
    });
    match settled {
        Some(()) => kept(),
        None => broken(format!("{} workers; fresh: {:?}", stage.testee().workers().len(), fresh(stage))),
    }
}

fn during_hang(stage: &Stage) -> Outcome {
    let old = worker_pids(stage)?;
    meanwhile(stage, "hanging", Mode::Hang, || {
        if successors(stage, &old).is_none() {
            return unproved("no successor was seen beside the old workers");
        }
        let answered = thread::scope(|scope| {
            let trigger = scope.spawn(|| reload(stage, "good", Mode::Up));
            let patience = stage.within(Duration::from_secs(8));
            let seen = stage.eventually(|| match fresh(stage) {
                Ok(receipt) if receipt.release == "good" => Some(true),
                _ => (patience <= Instant::now()).then_some(false),
            });
            drop(trigger.join());
            seen
        });
        match answered {
            Some(true) => kept(),
            _ => broken("the good release does not answer within 8 s"),
        }
    })
}

fn tells_hang(stage: &Stage) -> Outcome {
    worker_pids(stage)?;
    let testee = stage.testee();
    testee.set_release(&Release::new("hanging", Mode::Hang)).map_err(Surprise::of("can't set a release"))?;
    let trigger =
        testee.reload_until(stage.within(Duration::from_secs(8))).map_err(Surprise::of("can't reload"))?;
    match trigger.exit {
        Some(Exit::Code(0)) => broken("status 0 for a release that hangs"),
        Some(_) => kept(),
        None => broken("the command still waits after 8 s"),
    }
}

fn new_at_once(stage: &Stage) -> Outcome {
    worker_pids(stage)?;
    let trigger = reload(stage, "fresh", Mode::Up)?;
    if trigger.exit != Some(Exit::Code(0)) {
        return broken(format!("the command: {:?}, {:?}", trigger.exit, trigger.output));
    }
    for number in 0..40 {
        match fresh(stage) {
            Ok(receipt) if receipt.release == "fresh" => {}
            Ok(receipt) => return broken(format!("answer {number} is of release {}", receipt.release)),
            Err(loss) => return broken(format!("request {number} was lost: {loss}")),
        }
    }
    kept()
}

fn by_signal(stage: &Stage, signal: Signal) -> Outcome {
    let old = worker_pids(stage)?;
    let testee = stage.testee();
    testee.set_release(&Release::up("fresh")).map_err(Surprise::of("can't set a release"))?;
    testee.signal(testee.master(), signal).map_err(Surprise::of("can't signal the master"))?;
    match (wait_release(stage, "fresh"), testee.exited()) {
        (_, Some(exit)) => return broken(format!("the master is gone: {exit}")),
        (None, None) => return broken("the new release never answers"),
        (Some(_), None) => {}
    }
    match wait_replaced(stage, &old) {
        Some(_) => kept(),
        None => broken("old workers are still there at the deadline"),
    }
}

fn at_once(stage: &Stage) -> Outcome {
    let first = stage.testee();
    for round in 0..3 {
        // It counts as started the instant that its ports accept.
        let testee =
            Testee::start(first.file(), first.launch()).map_err(Surprise::of("can't start a testee"))?;
        testee.signal(testee.master(), Signal::SIGUSR1).map_err(Surprise::of("can't signal the master"))?;
        let exit = testee.wait_exit(stage.within(Duration::from_millis(300)));
        if let Some(exit) = exit {
            return broken(format!("start {round}: the master ended with {exit}; {}", testee.log_tail(5)));
        }
    }
    kept()
}

fn backlog(stage: &Stage) -> Outcome {
    worker_pids(stage)?;
    // Enough that each worker takes one and is blocked by it.
    let mut blocking = Vec::new();
    for mut probe in used(stage, 8)? {
        probe.send(&Request::get("/block/600").end())?;
        blocking.push(probe);
    }
    stage.holds_for(stage.quiet(), || true);
    let mut queued = Vec::new();
    for _ in 0..16 {
        let mut probe = stage.http()?;
        probe.send(&Request::get("/load/queued").end())?;
        queued.push(probe);
    }
    meanwhile(stage, "fresh", Mode::Up, || {
        for (number, probe) in queued.iter_mut().enumerate() {
            if let Err(no_answer) = probe.receipt("queued")? {
                return broken(format!("connection {number} of 16: {no_answer}"));
            }
        }
        // The command may wait for them.
        drop((queued, blocking));
        kept()
    })
}

fn three_reloads(stage: &Stage) -> Result<Option<String>, Surprise> {
    for number in 0..3 {
        let old = worker_pids(stage)?;
        let name = format!("release-{number}");
        reload(stage, &name, Mode::Up)?;
        if wait_release(stage, &name).is_none() || wait_replaced(stage, &old).is_none() {
            return Ok(Some(format!("the reload to {name} did not end")));
        }
    }
    Ok(None)
}

/// Does something again and again during three reloads: a sentence is a loss.
fn during_reloads(
    stage: &Stage,
    mut once: impl FnMut() -> Result<Option<String>, Surprise> + Send,
) -> Outcome {
    let over = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        let over = &over;
        let asking = scope.spawn(move || {
            let mut count = 0;
            loop {
                if let Some(loss) = once()? {
                    return Ok(Some(format!("after {count}: {loss}")));
                }
                count += 1;
                if over.load(std::sync::atomic::Ordering::Relaxed) {
                    return Ok(None);
                }
                // A pace, not a wait.
                thread::sleep(Duration::from_millis(1));
            }
        });
        let ended = three_reloads(stage);
        over.store(true, std::sync::atomic::Ordering::Relaxed);
        let loss = asking.join().map_err(|_| Surprise("the traffic panicked".to_owned()))??;
        match (loss, ended?) {
            (Some(loss), _) => broken(loss),
            (None, Some(problem)) => broken(problem),
            (None, None) => kept(),
        }
    })
}

fn unix_never_refuses(stage: &Stage) -> Outcome {
    let path = stage.testee().socket("unix").ok_or_else(|| Surprise("no port unix".to_owned()))?;
    during_reloads(stage, || {
        let deadline = stage.within(Duration::from_secs(3));
        let probe = match crate::probe::Probe::connect_unix("unix", &path) {
            Ok(probe) => probe,
            Err(error) => return Ok(Some(format!("no connection: {error}"))),
        };
        Ok(match crate::probe::TextProbe::new(probe, deadline).ask(b"during")? {
            Ok(line) if line == b"during" => None,
            other => Some(format!("{other:?}")),
        })
    })
}

fn udp_never_lost(stage: &Stage) -> Outcome {
    let probe = stage.datagrams()?;
    let mut number = 0_u32;
    during_reloads(stage, || {
        number += 1;
        let datagram = format!("datagram {number}");
        probe.send(datagram.as_bytes())?;
        Ok(match probe.hear(stage.within(Duration::from_secs(2)))? {
            Some(answer) if answer == datagram.as_bytes() => None,
            Some(answer) => Some(format!("{:?} came", String::from_utf8_lossy(&answer))),
            None => Some(format!("{datagram} was not answered")),
        })
    })
}

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
    super::protocols::through_reload(stage, || {
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

fn own_sockets(stage: &Stage) -> Outcome {
    let first = stage.testee();
    let launch = Launch { reuse_port: true, ..first.launch().clone() };
    let testee = Testee::start(first.file(), &launch).map_err(Surprise::of("can't start a testee"))?;
    let own = stage.with_testee(testee);
    let (traffic, problem) = Traffic::during(&own, || three_reloads(&own))?;
    match (traffic.first_loss(), problem) {
        (Some(loss), _) => broken(loss),
        (None, Some(problem)) => broken(problem),
        (None, None) => kept(),
    }
}
