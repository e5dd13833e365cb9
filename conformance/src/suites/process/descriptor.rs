use std::fs;
use std::time::Duration;

use super::worker::replaced;
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::{Capability, Pid, Process, Signal};
use crate::verdict::{Finding, Outcome, Surprise, broken, kept};

const TEXT: Need = Need::Can(Capability::Text);

/// SF-22 and RL-28: who holds what.
pub(super) const CASES: &[Case] = &[
    act! {
        "process.descriptor.not-to-children", Must, Source::Model("SF-22");
        claim: "A child process of a worker must get neither its connections nor its listeners.";
        reading: "A child that outlives a stop would hold the port, and a client would never see its connection end.";
        needs: [TEXT, Need::Can(Capability::Spawn)]; Isolated; seconds: 8;
        accepts: ["no socket among the descriptors of the child"]; aliases: [];
        run: not_to_children
    },
    act! {
        "process.descriptor.connection-ends-beside-child", Must, Source::Model("SF-22");
        claim: "A connection must end when the worker closes it, whatever children the worker has.";
        reading: "The client sees the end at once although a child lives on.";
        needs: [TEXT, Need::Can(Capability::Spawn)]; Isolated; seconds: 8;
        accepts: ["`bye`, then closed"]; aliases: [];
        run: ends_beside_child
    },
    act! {
        "process.descriptor.returned", Must, Source::Reload("RL-28");
        claim: "A worker must hold no descriptor of connections that are gone.";
        reading: "Forty connections came and went; as many descriptors as before within two seconds.";
        needs: [TEXT]; Isolated; seconds: 10;
        accepts: ["as many descriptors as before"]; aliases: [];
        run: returned
    },
    act! {
        "process.descriptor.deaths-leave-none", Must, Source::Reload("RL-28");
        claim: "The master must hold no descriptor of workers that have died.";
        reading: "Four workers are killed; as many descriptors of the master as after the first.";
        needs: [TEXT]; Isolated; seconds: 15;
        accepts: ["no more descriptors than after the first death"]; aliases: [];
        run: deaths_leave_none
    },
    act! {
        "process.master.killed-while-busy", Must, Source::Model("SF-12");
        claim: "Workers must end when their master is killed, also while connections are open.";
        reading: "Within five seconds; eight connections are idle.";
        needs: [TEXT]; Isolated; seconds: 8;
        accepts: ["no process left within 5 s"]; aliases: [];
        run: killed_while_busy
    },
];

/// A connection whose worker has a child.
fn with_child(stage: &Stage) -> Result<(crate::probe::TextProbe, Pid), Surprise> {
    stage.all_workers()?;
    let mut probe = stage.text()?;
    probe.who()?;
    let answer = probe.ask(b"!spawn")?.map_err(|end| Surprise(end.name().to_owned()))?;
    let text = String::from_utf8_lossy(&answer).into_owned();
    let pid = text.strip_prefix("spawned ").and_then(|pid| pid.parse().ok());
    let pid = pid.ok_or_else(|| Surprise(format!("`!spawn` answered {text:?}")))?;
    Ok((probe, Pid::from_raw(pid)))
}

fn not_to_children(stage: &Stage) -> Outcome {
    let (_probe, child) = with_child(stage)?;
    // Until it has executed its program, it has all that its parent has.
    let links = || -> Option<Vec<String>> {
        let name = fs::read_to_string(format!("/proc/{child}/comm")).ok()?;
        let parent = Process::read(child)?.parent;
        let other = fs::read_to_string(format!("/proc/{parent}/comm")).unwrap_or_default();
        let entries = fs::read_dir(format!("/proc/{child}/fd")).ok()?;
        let links = entries.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
        (name != other).then(|| links.map(|link| link.display().to_string()).collect())
    };
    let links = stage.eventually(links).ok_or_else(|| Surprise(format!("nothing is known of {child}")))?;
    match links.iter().filter(|link| link.starts_with("socket:")).count() {
        0 => kept(),
        sockets => broken(format!("the child holds {sockets} sockets: {links:?}")),
    }
}

fn ends_beside_child(stage: &Stage) -> Outcome {
    let (mut probe, _child) = with_child(stage)?;
    probe.say(b"!close")?;
    match probe.hear()? {
        Ok(line) if line == b"bye" => {}
        other => return broken(format!("no `bye`: {other:?}")),
    }
    match probe.raw().wait_end(stage.within(Duration::from_secs(2)))? {
        end if end.is_over() => kept(),
        end => broken(format!("the connection does not end: {}", end.name())),
    }
}

/// Descriptors of the workers, in all.
fn held(stage: &Stage) -> usize {
    stage.testee().workers().iter().filter_map(|worker| worker.descriptors).sum()
}

fn returned(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    // What the first connections open for good is no leak.
    for _ in 0..8 {
        stage.text()?.who()?;
    }
    let mut before = held(stage);
    stage.holds_for(Duration::from_millis(100), || {
        before = before.min(held(stage));
        true
    });
    let mut probes = Vec::new();
    for _ in 0..40 {
        let mut probe = stage.text()?;
        probe.who()?;
        probes.push(probe);
    }
    drop(probes);
    let soon = stage.within(Duration::from_secs(2));
    stage.eventually(|| (held(stage) <= before || soon <= std::time::Instant::now()).then_some(()));
    match held(stage) {
        now if now <= before => kept(),
        now => broken(format!("{before} descriptors before forty connections, {now} after")),
    }
}

fn deaths_leave_none(stage: &Stage) -> Outcome {
    let master = stage.testee().master();
    let held = || Process::read(master).and_then(|process| process.descriptors);
    let mut first = None;
    for _ in 0..4 {
        let victim = stage.all_workers()?[0].pid;
        stage.testee().signal(victim, Signal::SIGKILL).map_err(Surprise::of("can't kill a worker"))?;
        if let other @ Finding::Broken(_) = replaced(stage, victim)? {
            return Ok(other);
        }
        stage.all_workers()?;
        if first.is_none() {
            // Ends of pipes may be closed a moment after a process is gone.
            stage.holds_for(Duration::from_millis(100), || true);
            first = held();
        }
    }
    let soon = stage.within(Duration::from_secs(1));
    stage.eventually(|| (held() <= first || soon <= std::time::Instant::now()).then_some(()));
    match held() {
        now if now <= first => kept(),
        now => broken(format!("{first:?} descriptors of the master after one death, {now:?} after four")),
    }
}

fn killed_while_busy(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    let mut probes = Vec::new();
    for _ in 0..8 {
        let mut probe = stage.text()?;
        probe.who()?;
        probes.push(probe);
    }
    super::stop::master_killed(stage)
}
