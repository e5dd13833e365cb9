use std::time::Duration;

use workerspec_wire::http::Request;

use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::{Capability, Exit, ProcessState, Signal};
use crate::verdict::{Outcome, Surprise, broken, kept};

const HTTP: Need = Need::Can(Capability::Http);

/// STOP-1 to STOP-7, SIGNAL-1 and SIGNAL-3, and the end of the master.
pub(super) const CASES: &[Case] = &[
    act! {
        "process.stop.signal", Must, Source::Model("STOP-4");
        claim: "The stop signal must end the master with status 0, all workers with it, and free the port.";
        reading: "Nothing of the tree is left when the master is gone, and a connection is refused.";
        needs: [HTTP]; Isolated; seconds: 15;
        accepts: ["status 0, no process left, connection refused"]; aliases: [];
        run: by_signal
    },
    act! {
        "process.stop.interrupt", Must, Source::Model("SIGNAL-1");
        claim: "SIGINT must stop the server as the stop signal does.";
        reading: "It is what Ctrl-C sends to a master in the foreground.";
        needs: [HTTP]; Isolated; seconds: 15;
        accepts: ["status 0, no process left, connection refused"]; aliases: [];
        run: by_interrupt
    },
    act! {
        "process.stop.pid-file-gone", Must, Source::Model("STOP-4");
        claim: "The pid file must be gone when the server has stopped.";
        reading: "A pid that is left there may be another process tomorrow.";
        needs: [Need::Can(Capability::PidFile)]; Isolated; seconds: 15;
        accepts: ["no pid file"]; aliases: [];
        run: pid_file_gone
    },
    act! {
        "process.stop.graceful-finishes", Must, Source::Model("STOP-7");
        claim: "A graceful stop must answer the request that is under way.";
        reading: "The request was begun before the signal and takes 400 ms; then the master ends with status 0.";
        needs: [HTTP, Need::Can(Capability::Deferred), Need::GracefulStop]; Isolated; seconds: 15;
        accepts: ["200 with its content, then status 0"]; aliases: [];
        run: graceful_finishes
    },
    act! {
        "process.master.killed", Must, Source::Model("SF-12");
        claim: "Workers must end when their master is killed.";
        reading: "Within five seconds; workers that live on hold the port against the next start.";
        needs: []; Isolated; seconds: 7;
        accepts: ["no process left within 5 s"]; aliases: [];
        run: master_killed
    },
];

fn stopped_by(stage: &Stage, signal: Signal) -> Outcome {
    stage.all_workers()?;
    // One connection is in use, so that the stop has something to end.
    let mut probe = stage.http()?;
    probe.load("before")?.map_err(|no_answer| Surprise(format!("no answer before: {no_answer}")))?;
    let testee = stage.testee();
    testee.signal(testee.master(), signal).map_err(Surprise::of("can't signal the master"))?;
    match testee.wait_exit(stage.within(testee.file().stop().timeout)) {
        Some(Exit::Code(0)) => {}
        Some(exit) => return broken(format!("the master ended with {exit}")),
        None => return broken(format!("the master is still there after {:?}", testee.file().stop().timeout)),
    }
    match left(stage) {
        0 => refused(stage),
        left => broken(format!("{left} processes outlive the master")),
    }
}

/// Processes that live.
pub(super) fn left(stage: &Stage) -> usize {
    stage.testee().tree().iter().filter(|process| process.state != ProcessState::Zombie).count()
}

/// Whether a connection is refused.
pub(super) fn refused(stage: &Stage) -> Outcome {
    match stage.try_connect("http", None, stage.within(Duration::from_secs(1)))? {
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => kept(),
        Err(error) => broken(format!("a connection is not refused: {error}")),
        Ok(_) => broken("the port still takes connections"),
    }
}

fn by_signal(stage: &Stage) -> Outcome {
    stopped_by(stage, stage.testee().file().stop().signal)
}

fn by_interrupt(stage: &Stage) -> Outcome {
    stopped_by(stage, Signal::SIGINT)
}

fn pid_file_gone(stage: &Stage) -> Outcome {
    let testee = stage.testee();
    stage
        .eventually(|| testee.pid_file().exists().then_some(()))
        .ok_or_else(|| Surprise("there never was a pid file".to_owned()))?;
    testee
        .signal(testee.master(), testee.file().stop().signal)
        .map_err(Surprise::of("can't signal the master"))?;
    if testee.wait_exit(stage.within(testee.file().stop().timeout)).is_none() {
        return broken("the master does not end");
    }
    match testee.pid_file().exists() {
        false => kept(),
        true => broken("the pid file is still there"),
    }
}

fn graceful_finishes(stage: &Stage) -> Outcome {
    let testee = stage.testee();
    let mut probe = stage.http()?;
    // The first answer shows that the connection is accepted; the second request follows at once.
    probe.load("before")?.map_err(|no_answer| Surprise(format!("no answer before: {no_answer}")))?;
    probe.send(&Request::get("/sleep/400").end())?;
    // It is under way when it is not answered within the quiet window; the signal comes only then.
    if let Ok(response) = probe.hear_until(false, stage.within(stage.quiet()))? {
        return Err(Surprise(format!("/sleep/400 was answered at once with {}", response.status)));
    }
    let signal = testee.file().stop().graceful.ok_or_else(|| Surprise("no graceful signal".to_owned()))?;
    testee.signal(testee.master(), signal).map_err(Surprise::of("can't signal the master"))?;
    match probe.hear(false)? {
        Ok(response) if response.status == 200 && response.body == b"slept 400\n" => {}
        Ok(response) => {
            return broken(format!("{} {:?}", response.status, String::from_utf8_lossy(&response.body)));
        }
        Err(no_answer) => return broken(format!("the request under way was not answered: {no_answer}")),
    }
    drop(probe);
    match testee.wait_exit(stage.within(testee.file().stop().timeout)) {
        Some(Exit::Code(0)) => kept(),
        Some(exit) => broken(format!("it was answered, but the master ended with {exit}")),
        None => broken("it was answered, but the master does not end"),
    }
}

pub(super) fn master_killed(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    let testee = stage.testee();
    testee.signal(testee.master(), Signal::SIGKILL).map_err(Surprise::of("can't kill the master"))?;
    let deadline = stage.within(Duration::from_secs(5));
    let alive = || testee.tree().into_iter().filter(|process| process.state != ProcessState::Zombie).count();
    let gone = stage.eventually(|| match alive() {
        0 => Some(true),
        _ => (deadline <= std::time::Instant::now()).then_some(false),
    });
    match gone {
        Some(true) => kept(),
        _ => broken(format!("{} processes live on after 5 s", alive())),
    }
}
