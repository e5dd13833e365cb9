use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use workerspec_wire::http::Request;

use super::scene::{Traffic, meanwhile, three_reloads, used, worker_pids};
use crate::case::{Case, Need, Source};
use crate::probe::{Probe, TextProbe};
use crate::run::Stage;
use crate::testee::{Capability, Launch, Mode, Testee};
use crate::verdict::{Outcome, Surprise, broken, kept};

const HTTP: Need = Need::Can(Capability::Http);

/// Ports that take and answer at every instant of a reload.
pub(super) const CASES: &[Case] = &[
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
        "reload.own-sockets.never-refuses", Must, Source::Model("SF-2");
        claim: "With a listening socket for each worker every connection must be answered during a reload.";
        reading: "Fresh connections one after the other during three reloads.";
        needs: [HTTP, Need::Can(Capability::ReusePort), Need::Reload]; Isolated; seconds: 20;
        accepts: ["every connection is accepted and answered"]; aliases: [];
        run: own_sockets
    },
];

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

/// Does something again and again during three reloads: a sentence is a loss.
fn during_reloads(
    stage: &Stage,
    mut once: impl FnMut() -> Result<Option<String>, Surprise> + Send,
) -> Outcome {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let over = &over;
        let asking = scope.spawn(move || {
            let mut count = 0;
            loop {
                if let Some(loss) = once()? {
                    return Ok(Some(format!("after {count}: {loss}")));
                }
                count += 1;
                if over.load(Ordering::Relaxed) {
                    return Ok(None);
                }
                // A pace, not a wait.
                thread::sleep(Duration::from_millis(1));
            }
        });
        let ended = three_reloads(stage);
        over.store(true, Ordering::Relaxed);
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
        let probe = match Probe::connect_unix("unix", &path) {
            Ok(probe) => probe,
            Err(error) => return Ok(Some(format!("no connection: {error}"))),
        };
        Ok(match TextProbe::new(probe, deadline).ask(b"during")? {
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
