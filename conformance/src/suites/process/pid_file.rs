use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::{Duration, Instant};

use super::worker::answers;
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::{
    Beside, Capability, Launch, Prepare, Process, ProcessState, Signal, Testee, TesteeError,
};
use crate::verdict::{Finding, Outcome, Surprise, broken, kept, unproved};

const HTTP: Need = Need::Can(Capability::Http);
const PID_FILE: Need = Need::Can(Capability::PidFile);

/// SF-19, CLI-6 and what lies around at a start.
pub(super) const CASES: &[Case] = &[
    act! {
        "process.pid-file.stale", Must, Source::Model("CLI-6");
        claim: "A pid file of a process that is dead must not stand in the way of a start.";
        reading: "The number is above what the kernel gives to processes, so nobody has it.";
        needs: [HTTP, PID_FILE]; Isolated; seconds: 12;
        accepts: ["it starts, answers, and the file names its master"]; aliases: [];
        run: |stage| starts_over(stage, "4194305\n".to_owned())
    },
    act! {
        "process.pid-file.of-another", Must, Source::Model("CLI-6");
        claim: "A pid file that names a process of somebody else must not stand in the way of a start.";
        reading: "After a reboot the number may be anybody's: it is that of the runner here, which must live on.";
        needs: [HTTP, PID_FILE]; Isolated; seconds: 12;
        accepts: ["it starts, answers, and the file names its master"]; aliases: [];
        run: |stage| starts_over(stage, format!("{}\n", std::process::id()))
    },
    act! {
        "process.pid-file.garbage", Must, Source::Model("CLI-6");
        claim: "A pid file that holds no number must not stand in the way of a start.";
        reading: "The machine went down while it was written.";
        needs: [HTTP, PID_FILE]; Isolated; seconds: 12;
        accepts: ["it starts, answers, and the file names its master"]; aliases: [];
        run: |stage| starts_over(stage, "\0\0\0garbage -1".to_owned())
    },
    act! {
        "process.pid-file.empty", Must, Source::Model("CLI-6");
        claim: "A pid file that is empty must not stand in the way of a start.";
        reading: "The disk was full when it was written.";
        needs: [HTTP, PID_FILE]; Isolated; seconds: 12;
        accepts: ["it starts, answers, and the file names its master"]; aliases: [];
        run: |stage| starts_over(stage, String::new())
    },
    act! {
        "process.pid-file.private", Must, Source::Model("SF-20");
        claim: "The pid file must be writable by nobody but its owner.";
        reading: "Whoever writes it chooses which process the stop command of root signals.";
        needs: [PID_FILE]; Shared; seconds: 5;
        accepts: ["neither group nor others may write"]; aliases: [];
        run: private
    },
    act! {
        "process.pid-file.stays", Must, Source::Contract("Commands of the process");
        claim: "The pid file must name the master when a worker has been replaced.";
        reading: "What happens to a worker does not concern it.";
        needs: [HTTP, PID_FILE]; Isolated; seconds: 8;
        accepts: ["the same pid as before"]; aliases: [];
        run: stays
    },
    act! {
        "process.start.two-at-once", Must, Source::Model("SF-19");
        claim: "Of two starts at the same instant one must serve and the other fail.";
        reading: "In the folder of a server that has been stopped, with one pid file.";
        needs: [HTTP, PID_FILE]; Isolated; seconds: 20;
        accepts: ["one serves, and its pid is in the file; the other ends with a status other than 0"]; aliases: [];
        run: two_at_once
    },
    act! {
        "process.start.after-stop", Must, Source::Model("STOP-4");
        claim: "A server that was stopped must start again at once on the same ports.";
        reading: "Its connections were ended by it, so the kernel holds their ports: nothing of that may refuse a start.";
        needs: [HTTP]; Isolated; seconds: 15;
        accepts: ["it serves again"]; aliases: [];
        run: |stage| {
            stage.all_workers()?;
            let mut probe = stage.http()?;
            probe.load("before")?.map_err(|no_answer| Surprise(no_answer.to_string()))?;
            let testee = stage.testee();
            let signal = testee.file().stop().signal;
            testee.signal(testee.master(), signal).map_err(Surprise::of("can't stop the server"))?;
            if testee.wait_exit(stage.within(testee.file().stop().timeout)).is_none() {
                return broken("the master does not end");
            }
            serves_again(stage)
        }
    },
    act! {
        "process.start.after-kill", Must, Source::Model("SF-12");
        claim: "A server whose master was killed must start again on the same ports and pid file.";
        reading: "When its workers have ended; the pid file and a unix socket were left behind.";
        needs: [HTTP]; Isolated; seconds: 15;
        accepts: ["it serves again"]; aliases: [];
        run: after_kill
    },
    act! {
        "process.start.failed-leaves-nothing", Must, Source::Model("SF-16");
        claim: "A start that failed must leave no process behind.";
        reading: "The ports were in use; its pid file is its own.";
        needs: [HTTP]; Isolated; seconds: 12;
        accepts: ["a status other than 0, and no process"]; aliases: [];
        run: failed_leaves_nothing
    },
];

/// Starts a testee with that in its pid file.
fn starts_over(stage: &Stage, content: String) -> Outcome {
    let first = stage.testee();
    let prepare = Prepare::with(move |pid_file, _| fs::write(pid_file, &content));
    let launch = Launch { prepare, ..first.launch().clone() };
    let testee = match Testee::start(first.file(), &launch) {
        Ok(testee) => testee,
        Err(error @ (TesteeError::Died { .. } | TesteeError::NotReady { .. })) => {
            return broken(format!("it does not start: {error}"));
        }
        Err(error) => return Err(Surprise(format!("can't start a testee: {error}"))),
    };
    let named =
        || fs::read_to_string(testee.pid_file()).is_ok_and(|text| text == format!("{}\n", testee.master()));
    match stage.eventually(|| named().then_some(())) {
        Some(()) => kept(),
        None => {
            broken(format!("it serves, and its pid file holds {:?}", fs::read_to_string(testee.pid_file())))
        }
    }
}

fn private(stage: &Stage) -> Outcome {
    let path = stage.testee().pid_file();
    stage
        .eventually(|| path.exists().then_some(()))
        .ok_or_else(|| Surprise("there is no pid file".to_owned()))?;
    let mode =
        fs::metadata(&path).map_err(Surprise::of("can't look at the pid file"))?.permissions().mode() & 0o777;
    match mode & 0o022 {
        0 => Ok(Finding::Kept(format!("mode {mode:o}"))),
        _ => broken(format!("its mode is {mode:o}")),
    }
}

fn stays(stage: &Stage) -> Outcome {
    let path = stage.testee().pid_file();
    let victim = stage.all_workers()?[0].pid;
    stage.testee().signal(victim, Signal::SIGKILL).map_err(Surprise::of("can't kill a worker"))?;
    if let other @ Finding::Broken(_) = super::worker::replaced(stage, victim)? {
        return Ok(other);
    }
    match fs::read_to_string(&path) {
        Ok(text) if text == format!("{}\n", stage.testee().master()) => kept(),
        other => broken(format!("it holds {other:?}; the master is {}", stage.testee().master())),
    }
}

/// Stops the server by its signal and waits until nothing of it is left.
pub(super) fn stop(stage: &Stage) -> Result<(), Surprise> {
    let testee = stage.testee();
    testee
        .signal(testee.master(), testee.file().stop().signal)
        .map_err(Surprise::of("can't stop the server"))?;
    all_gone(stage)
}

fn all_gone(stage: &Stage) -> Result<(), Surprise> {
    let alive = || stage.testee().tree().iter().any(|process| process.state != ProcessState::Zombie);
    let gone = stage.eventually(|| (!alive()).then_some(()));
    gone.ok_or_else(|| Surprise("the server does not end".to_owned()))
}

/// Starts the server again in the same folder, and has it answer.
fn serves_again(stage: &Stage) -> Outcome {
    let beside = stage.testee().begin_start(stage.deadline()).map_err(Surprise::of("can't start again"))?;
    served_by(stage, &beside)
}

/// Whether a request is answered by a process of that tree.
pub(super) fn served_by(stage: &Stage, beside: &Beside) -> Outcome {
    let patience = stage.within(Duration::from_secs(6));
    let mut last = "nobody answers".to_owned();
    let ours = stage.eventually(|| {
        if patience <= Instant::now() || beside.exited().is_some_and(|_| beside.tree().is_empty()) {
            return Some(false);
        }
        let probe = stage.connect_apart("http", None, patience).ok()?.ok()?;
        match crate::probe::HttpProbe::new(probe, patience).load("again").ok()? {
            Ok(receipt) if beside.tree().iter().any(|process| process.pid.as_raw() == receipt.pid) => {
                Some(true)
            }
            Ok(receipt) => {
                last = format!("process {} answers, which it did not start", receipt.pid);
                None
            }
            Err(_) => None,
        }
    });
    match ours {
        Some(true) => kept(),
        _ => broken(format!("{last}; it says {:?}", beside.output())),
    }
}

fn after_kill(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    let testee = stage.testee();
    testee.signal(testee.master(), Signal::SIGKILL).map_err(Surprise::of("can't kill the master"))?;
    let deadline = stage.within(Duration::from_secs(5));
    let alive = || testee.tree().iter().filter(|process| process.state != ProcessState::Zombie).count();
    stage.eventually(|| (alive() == 0 || deadline <= Instant::now()).then_some(()));
    match alive() {
        0 => serves_again(stage),
        left => broken(format!("{left} processes live on after 5 s and hold the ports")),
    }
}

fn two_at_once(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    stop(stage)?;
    let testee = stage.testee();
    let deadline = stage.deadline();
    let (one, other) = thread::scope(|scope| {
        let other = scope.spawn(|| testee.begin_start(deadline));
        let one = testee.begin_start(deadline);
        (one, other.join())
    });
    let one = one.map_err(Surprise::of("can't start"))?;
    let other =
        other.map_err(|_| Surprise("a start panicked".to_owned()))?.map_err(Surprise::of("can't start"))?;
    let patience = stage.within(Duration::from_secs(8));
    let loser = stage.eventually(|| match (one.exited(), other.exited()) {
        (None, None) => (patience <= Instant::now()).then_some(None),
        ended => Some(Some(ended)),
    });
    let (winner, exit) = match loser.flatten() {
        None => return broken("both starts are still there after 8 s"),
        Some((Some(_), Some(_))) => return broken("both starts ended"),
        Some((Some(exit), None)) => (&other, exit),
        Some((None, exit)) => match exit {
            Some(exit) => (&one, exit),
            None => return unproved("neither ended"),
        },
    };
    if exit == crate::testee::Exit::Code(0) {
        return broken("one of them ended with status 0");
    }
    if let broken @ Finding::Broken(_) = served_by(stage, winner)? {
        return Ok(broken);
    }
    let pid = fs::read_to_string(testee.pid_file()).unwrap_or_default();
    match pid == format!("{}\n", winner.pid()) {
        true => kept(),
        false => broken(format!("{} serves, and the pid file holds {pid:?}", winner.pid())),
    }
}

fn failed_leaves_nothing(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    let patience = stage.within(Duration::from_secs(8));
    let beside = stage.testee().begin_beside(patience).map_err(Surprise::of("can't start a second one"))?;
    match beside.wait_exit(patience) {
        None => return broken("it still runs after 8 s"),
        Some(crate::testee::Exit::Code(0)) => return broken("it ended with status 0"),
        Some(_) => {}
    }
    // A moment for what is on its way to its end.
    let soon = stage.within(Duration::from_secs(1));
    stage.eventually(|| (beside.tree().is_empty() || soon <= Instant::now()).then_some(()));
    let left: Vec<Process> = beside.tree();
    match left.is_empty() {
        true => answers(stage),
        false => broken(format!("{} processes of it are left", left.len())),
    }
}
