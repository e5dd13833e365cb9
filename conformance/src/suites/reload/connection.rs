use std::thread;
use std::time::Duration;

use workerspec_wire::http::Request;

use super::scene::{reload, used, wait_release, watch, worker_pids};
use crate::case::{Case, Need, Source};
use crate::probe::HttpProbe;
use crate::run::Stage;
use crate::testee::{Capability, Mode};
use crate::verdict::{Outcome, Surprise, broken, kept};

const HTTP: Need = Need::Can(Capability::Http);

/// What becomes of connections in each state they can be in.
pub(super) const CASES: &[Case] = &[
    act! {
        "reload.request.under-way", Must, Source::Reload("RL-13");
        claim: "A request that is being worked on must be answered.";
        reading: "It takes 500 ms and was begun before the reload; who answers it does not matter.";
        needs: [HTTP, Need::Reload, Need::Can(Capability::Deferred)]; Isolated; seconds: 15;
        accepts: ["200 with its content on every connection"]; aliases: [];
        run: under_way
    },
    act! {
        "reload.connection.silent", Must, Source::Reload("RL-4");
        claim: "A connection that was accepted and has said nothing yet must be answered when it speaks.";
        reading: "It is in use: its request may be on the way. It speaks when the new release answers already.";
        needs: [HTTP, Need::Reload]; Isolated; seconds: 15;
        accepts: ["200 on every connection, from either release"]; aliases: [];
        run: silent
    },
    act! {
        "reload.request.half-sent", Must, Source::Reload("RL-4");
        claim: "A request whose head was half sent must be answered when the rest comes.";
        reading: "The rest comes when the new release answers already.";
        needs: [HTTP, Need::Reload]; Isolated; seconds: 15;
        accepts: ["200 on every connection, from either release"]; aliases: [];
        run: half_sent
    },
    // RELOAD-10
    act! {
        "reload.connection.idle", Must, Source::Reload("RL-10");
        claim: "The next request on an idle connection must be answered.";
        reading: "Its client can't know of the reload; the answer may announce the close, but an unannounced close can cut a request.";
        needs: [HTTP, Need::Reload]; Isolated; seconds: 15;
        accepts: ["200 on every connection, with or without Connection: close"]; aliases: [];
        run: idle
    },
];

/// Connections per case: enough that each of two workers has some.
const COUNT: usize = 8;

fn under_way(stage: &Stage) -> Outcome {
    let mut probes = used(stage, COUNT)?;
    for probe in &mut probes {
        probe.send(&Request::get("/sleep/500").end())?;
    }
    // Under way means read by the worker: not answered within the quiet window.
    if let Ok(response) = probes[0].hear_until(false, stage.within(stage.quiet()))? {
        return Err(Surprise(format!("/sleep/500 was answered at once with {}", response.status)));
    }
    while_reloading(stage, probes, |number, probe| {
        Ok(match probe.hear(false)? {
            Ok(response) if response.status == 200 && response.body == b"slept 500\n" => None,
            Ok(response) => Some(format!("connection {number}: {}", response.status)),
            Err(no_answer) => Some(format!("connection {number}: {no_answer}")),
        })
    })
}

fn silent(stage: &Stage) -> Outcome {
    let mut probes = Vec::new();
    for _ in 0..COUNT {
        probes.push(stage.http()?);
    }
    // Used ones came behind them and were answered: these have had every chance to be accepted.
    drop(used(stage, COUNT)?);
    continue_all(stage, probes, &Request::get("/load/continued").end())
}

fn half_sent(stage: &Stage) -> Outcome {
    let whole = Request::get("/load/continued").field("X-Filler", "half of a request").end();
    let (first, rest) = whole.split_at(whole.len() / 2);
    let mut probes = Vec::new();
    for _ in 0..COUNT {
        let mut probe = stage.http()?;
        probe.send(first)?;
        probes.push(probe);
    }
    drop(used(stage, COUNT)?);
    continue_all(stage, probes, rest)
}

fn idle(stage: &Stage) -> Outcome {
    let probes = used(stage, COUNT)?;
    continue_all(stage, probes, &Request::get("/load/continued").end())
}

/// Goes on with every connection when the new release answers.
fn continue_all(stage: &Stage, probes: Vec<HttpProbe>, bytes: &[u8]) -> Outcome {
    while_reloading(stage, probes, |number, probe| {
        probe.raw().note("the new release answers; this connection goes on");
        probe.send(bytes)?;
        Ok(probe.receipt("continued")?.err().map(|no_answer| format!("connection {number}: {no_answer}")))
    })
}

/// Within this time of the new release's first answer every old worker has been told to go.
const TOLD: Duration = Duration::from_millis(500);

/// Reloads, waits until the new release answers and the old one drains, and looks at each connection: a sentence is a loss.
///
/// A reload command that waits for old connections is still running then, so it has a thread of its own.
fn while_reloading(
    stage: &Stage,
    mut probes: Vec<HttpProbe>,
    mut look: impl FnMut(usize, &mut HttpProbe) -> Result<Option<String>, Surprise>,
) -> Outcome {
    worker_pids(stage)?;
    thread::scope(|scope| {
        let trigger = scope.spawn(|| reload(stage, "fresh", Mode::Up));
        let answered = wait_release(stage, "fresh");
        // It may answer well before the old workers are told to go.
        watch(stage, TOLD);
        let outcome = match answered {
            None => broken("the new release never answers"),
            Some(_) => probes
                .iter_mut()
                .enumerate()
                .find_map(|(number, probe)| look(number, probe).transpose())
                .map_or_else(kept, |loss| broken(loss?)),
        };
        // The command ends when nothing holds the old workers any more.
        drop(probes);
        trigger.join().map_err(|_| Surprise("asking for a reload panicked".to_owned()))??;
        outcome
    })
}
