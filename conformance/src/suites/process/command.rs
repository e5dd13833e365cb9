use std::fs;
use std::time::{Duration, Instant};

use workerspec_wire::http::Request;

use super::pid_file::{served_by, stop};
use super::stop::refused;
use super::worker::answers;
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::{Capability, Exit, Pid, ProcessState, Verb};
use crate::verdict::{Finding, Outcome, Surprise, broken, kept};

const HTTP: Need = Need::Can(Capability::Http);

/// CLI-5 to CLI-16 and SF-16: what the command line does, and how it ends.
pub(super) const CASES: &[Case] = &[
    act! {
        "process.command.stop", Must, Source::Model("CLI-10");
        claim: "The stop command must end the server before it ends itself with status 0.";
        reading: "When the command has returned nothing of the server is left, and a connection is refused.";
        needs: [HTTP, Need::Command(Verb::Stop)]; Isolated; seconds: 15;
        accepts: ["status 0, no process left, connection refused"]; aliases: [];
        run: stops
    },
    act! {
        "process.command.stop-graceful", Must, Source::Model("CLI-10");
        claim: "The graceful stop command must let a request finish and then end with status 0.";
        reading: "The request was begun before and takes 400 ms.";
        needs: [HTTP, Need::Can(Capability::Deferred), Need::Command(Verb::StopGraceful)]; Isolated; seconds: 20;
        accepts: ["200 with its content, then status 0 and no process"]; aliases: [];
        run: stops_gracefully
    },
    act! {
        "process.command.stop-nobody", Must, Source::Model("SF-16");
        claim: "The stop command must end with a status other than 0 where no server runs.";
        reading: "The server was stopped before.";
        needs: [Need::Command(Verb::Stop)]; Isolated; seconds: 15;
        accepts: ["a status other than 0"]; aliases: [];
        run: |stage| fails_without_server(stage, Verb::Stop)
    },
    act! {
        "process.command.reload-nobody", Must, Source::Model("SF-16");
        claim: "The reload command must end with a status other than 0 where no server runs.";
        reading: "The server was stopped before.";
        needs: [Need::Command(Verb::Reload)]; Isolated; seconds: 15;
        accepts: ["a status other than 0"]; aliases: [];
        run: |stage| fails_without_server(stage, Verb::Reload)
    },
    act! {
        "process.command.status-nobody", Must, Source::Model("SF-16");
        claim: "The status command must end with a status other than 0 where no server runs.";
        reading: "The server was stopped before.";
        needs: [Need::Command(Verb::Status)]; Isolated; seconds: 15;
        accepts: ["a status other than 0"]; aliases: [];
        run: |stage| fails_without_server(stage, Verb::Status)
    },
    act! {
        "process.command.reload", Must, Source::Model("CLI-16");
        claim: "The reload command must end with status 0 when the new workers serve.";
        reading: "After it has returned every fresh connection is answered by the new release.";
        needs: [HTTP, Need::Command(Verb::Reload)]; Isolated; seconds: 20;
        accepts: ["status 0, then the new release on twenty fresh connections"]; aliases: [];
        run: reloads
    },
    act! {
        "process.command.restart", Must, Source::Model("CLI-15");
        claim: "The restart command must stop the server and serve in its place.";
        reading: "The old master ends; processes of the command answer on the same ports.";
        needs: [HTTP, Need::Command(Verb::Restart)]; Isolated; seconds: 20;
        accepts: ["the old master gone, and an answer of the new one"]; aliases: [];
        run: restarts
    },
    act! {
        "process.command.restart-nobody", Must, Source::Model("CLI-15");
        claim: "The restart command must start the server where none runs.";
        reading: "The server was stopped before.";
        needs: [HTTP, Need::Command(Verb::Restart)]; Isolated; seconds: 20;
        accepts: ["an answer of the new one"]; aliases: [];
        run: |stage| {
            stage.all_workers()?;
            stop(stage)?;
            let beside = stage.testee().begin(Verb::Restart, stage.deadline()).map_err(Surprise::of("can't restart"))?;
            served_by(stage, &beside)
        }
    },
    act! {
        "process.daemon.returns-when-ready", Must, Source::Model("SF-16");
        claim: "The command that starts a daemon must end with status 0 when the server serves.";
        reading: "The first connection after its end is accepted and answered.";
        needs: [HTTP, Need::Command(Verb::Daemon)]; Isolated; seconds: 20;
        accepts: ["status 0, and an answer at once"]; aliases: [];
        run: daemon_serves
    },
    act! {
        "process.daemon.own-session", Must, Source::Model("MASTER-4");
        claim: "A daemon must be in a session of its own.";
        reading: "Else the end of the terminal is its end: its session is not that of the command.";
        needs: [HTTP, Need::Can(Capability::PidFile), Need::Command(Verb::Daemon)]; Isolated; seconds: 20;
        accepts: ["another session than that of the runner"]; aliases: [];
        run: own_session
    },
    act! {
        "process.daemon.standard-descriptors", Must, Source::Model("SF-21");
        claim: "A daemon must keep descriptors 0, 1 and 2 open, and none of them a socket of a client.";
        reading: "A closed one becomes the next client's socket, and what a child writes to standard error goes there.";
        needs: [HTTP, Need::Can(Capability::PidFile), Need::Command(Verb::Daemon)]; Isolated; seconds: 20;
        accepts: ["all three open in the master and its workers, and none of them TCP"]; aliases: [];
        run: standard_descriptors
    },
    act! {
        "process.daemon.second-refused", Must, Source::Model("SF-19");
        claim: "A daemon must not start where a server with the same pid file runs.";
        reading: "The command ends with a status other than 0, and the first server is unharmed.";
        needs: [HTTP, Need::Can(Capability::PidFile), Need::Command(Verb::Daemon)]; Isolated; seconds: 20;
        accepts: ["a status other than 0, the first server unharmed"]; aliases: [];
        run: second_daemon
    },
    act! {
        "process.daemon.stopped-by-command", Must, Source::Model("CLI-10");
        claim: "The stop command must end a daemon.";
        reading: "Nothing of it is left when the command has returned.";
        needs: [HTTP, Need::Command(Verb::Daemon), Need::Command(Verb::Stop)]; Isolated; seconds: 20;
        accepts: ["status 0, no process left"]; aliases: [];
        run: daemon_stopped
    },
];

/// Runs a command that has to end.
fn run(stage: &Stage, verb: Verb) -> Result<(Exit, String), Surprise> {
    let deadline = stage.deadline() - Duration::from_millis(500);
    let (exit, output) =
        stage.testee().command(verb, deadline).map_err(Surprise::of("can't run a command"))?;
    exit.map(|exit| (exit, output)).ok_or_else(|| Surprise(format!("{verb} does not end")))
}

fn nobody_left(stage: &Stage) -> Outcome {
    let alive =
        || stage.testee().tree().iter().filter(|process| process.state != ProcessState::Zombie).count();
    // Its end may be told an instant before the kernel has taken the last of it away.
    let soon = stage.within(Duration::from_millis(200));
    stage.eventually(|| (alive() == 0 || soon <= Instant::now()).then_some(()));
    match alive() {
        0 => refused(stage),
        left => broken(format!("{left} processes are left when the command has ended")),
    }
}

fn stops(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    match run(stage, Verb::Stop)? {
        (Exit::Code(0), _) => nobody_left(stage),
        (exit, output) => broken(format!("{exit}; it says {output:?}")),
    }
}

fn stops_gracefully(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    let mut probe = stage.http()?;
    probe.load("before")?.map_err(|no_answer| Surprise(no_answer.to_string()))?;
    probe.send(&Request::get("/sleep/400").end())?;
    if let Ok(response) = probe.hear_until(false, stage.within(stage.quiet()))? {
        return Err(Surprise(format!("/sleep/400 was answered at once with {}", response.status)));
    }
    let deadline = stage.deadline();
    let beside =
        stage.testee().begin(Verb::StopGraceful, deadline).map_err(Surprise::of("can't run a command"))?;
    match probe.hear(false)? {
        Ok(response) if response.status == 200 && response.body == b"slept 400\n" => {}
        other => return broken(format!("the request under way was not answered: {other:?}")),
    }
    drop(probe);
    match beside.wait_exit(deadline) {
        Some(Exit::Code(0)) => nobody_left(stage),
        Some(exit) => broken(format!("it was answered, but the command ended with {exit}")),
        None => broken("it was answered, but the command does not end"),
    }
}

fn fails_without_server(stage: &Stage, verb: Verb) -> Outcome {
    stage.all_workers()?;
    stop(stage)?;
    match run(stage, verb)? {
        (Exit::Code(0), output) => broken(format!("status 0; it says {output:?}")),
        (exit, _) => Ok(Finding::Kept(exit.to_string())),
    }
}

fn reloads(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    let fresh = crate::testee::Release::up("fresh");
    stage.testee().set_release(&fresh).map_err(Surprise::of("can't set the release"))?;
    match run(stage, Verb::Reload)? {
        (Exit::Code(0), _) => {}
        (exit, output) => return broken(format!("{exit}; it says {output:?}")),
    }
    for number in 0..20 {
        match stage.http()?.load(&format!("after-{number}"))? {
            Ok(receipt) if receipt.release == "fresh" => {}
            Ok(receipt) => return broken(format!("answer {number} is of release {}", receipt.release)),
            Err(no_answer) => return broken(format!("request {number} was lost: {no_answer}")),
        }
    }
    kept()
}

fn restarts(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    let deadline = stage.deadline();
    let beside = stage.testee().begin(Verb::Restart, deadline).map_err(Surprise::of("can't restart"))?;
    if stage.testee().wait_exit(stage.within(Duration::from_secs(8))).is_none() {
        return broken(format!("the old master is still there; the command says {:?}", beside.output()));
    }
    served_by(stage, &beside)
}

/// A daemon in the place of a server that was stopped.
fn daemon(stage: &Stage) -> Result<Result<crate::testee::Beside, String>, Surprise> {
    stage.all_workers()?;
    stop(stage)?;
    let deadline = stage.within(Duration::from_secs(8));
    let beside =
        stage.testee().begin(Verb::Daemon, deadline).map_err(Surprise::of("can't start a daemon"))?;
    Ok(match beside.wait_exit(deadline) {
        Some(Exit::Code(0)) => Ok(beside),
        Some(exit) => Err(format!("{exit}; it says {:?}", beside.output())),
        None => Err("the command does not return".to_owned()),
    })
}

fn daemon_serves(stage: &Stage) -> Outcome {
    let beside = match daemon(stage)? {
        Ok(beside) => beside,
        Err(problem) => return broken(problem),
    };
    let deadline = stage.within(Duration::from_secs(2));
    let probe = match stage.try_connect("http", None, deadline)? {
        Ok(probe) => probe,
        Err(error) => return broken(format!("it has returned, and a connection fails: {error}")),
    };
    match crate::probe::HttpProbe::new(probe, deadline).load("daemon")? {
        Ok(receipt) if beside.tree().iter().any(|process| process.pid.as_raw() == receipt.pid) => kept(),
        Ok(receipt) => broken(format!("process {} answers, which it did not start", receipt.pid)),
        Err(no_answer) => broken(format!("it has returned, and a request is not answered: {no_answer}")),
    }
}

/// The master of a daemon, by its pid file.
fn master(stage: &Stage) -> Result<Pid, Surprise> {
    let text =
        fs::read_to_string(stage.testee().pid_file()).map_err(Surprise::of("can't read the pid file"))?;
    text.trim().parse().map(Pid::from_raw).map_err(|_| Surprise(format!("the pid file holds {text:?}")))
}

fn own_session(stage: &Stage) -> Outcome {
    let _beside = match daemon(stage)? {
        Ok(beside) => beside,
        Err(problem) => return broken(problem),
    };
    let of = |pid: Option<Pid>| nix::unistd::getsid(pid).map_err(Surprise::of("can't tell a session"));
    let (runner, daemon) = (of(None)?, of(Some(master(stage)?))?);
    match runner == daemon {
        true => broken(format!("it is in session {daemon}, as the runner is")),
        false => kept(),
    }
}

fn standard_descriptors(stage: &Stage) -> Outcome {
    let beside = match daemon(stage)? {
        Ok(beside) => beside,
        Err(problem) => return broken(problem),
    };
    // Whatever is free would be taken by these.
    let mut probes = Vec::new();
    for _ in 0..8 {
        let mut probe = stage.http()?;
        probe.load("daemon")?.map_err(|no_answer| Surprise(no_answer.to_string()))?;
        probes.push(probe);
    }
    let tcp = fs::read_to_string("/proc/net/tcp").map_err(Surprise::of("can't read /proc/net/tcp"))?;
    for process in beside.tree() {
        for descriptor in 0..3 {
            let link = match fs::read_link(format!("/proc/{}/fd/{descriptor}", process.pid)) {
                Ok(link) => link.display().to_string(),
                Err(error) => return broken(format!("descriptor {descriptor} of {}: {error}", process.pid)),
            };
            let inode = link.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
            if inode.is_some_and(|inode| tcp.split_whitespace().any(|word| word == inode)) {
                return broken(format!("descriptor {descriptor} of {} is a TCP socket", process.pid));
            }
        }
    }
    kept()
}

fn second_daemon(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    let (exit, output) = run(stage, Verb::Daemon)?;
    match (exit, stage.testee().exited()) {
        (Exit::Code(0), _) => broken(format!("status 0; it says {output:?}")),
        (_, Some(exit)) => broken(format!("the first server is gone: {exit}")),
        (_, None) => answers(stage),
    }
}

fn daemon_stopped(stage: &Stage) -> Outcome {
    let beside = match daemon(stage)? {
        Ok(beside) => beside,
        Err(problem) => return broken(problem),
    };
    match run(stage, Verb::Stop)? {
        (Exit::Code(0), _) => {}
        (exit, output) => return broken(format!("{exit}; it says {output:?}")),
    }
    let soon = stage.within(Duration::from_millis(200));
    stage.eventually(|| (beside.tree().is_empty() || soon <= Instant::now()).then_some(()));
    match beside.tree().len() {
        0 => kept(),
        left => broken(format!("{left} processes are left when the command has ended")),
    }
}
