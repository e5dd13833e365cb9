use workerspec_wire::http::Request;

use super::scene::{lost, reload, used, wait_release};
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
    reload(stage, "fresh", Mode::Up)?;
    for (number, probe) in probes.iter_mut().enumerate() {
        match probe.hear(false)? {
            Ok(response) if response.status == 200 && response.body == b"slept 500\n" => {}
            Ok(response) => return broken(format!("connection {number}: {}", response.status)),
            Err(no_answer) => return broken(lost(no_answer, number)),
        }
    }
    seen(stage)
}

fn silent(stage: &Stage) -> Outcome {
    let mut probes = Vec::new();
    for _ in 0..COUNT {
        probes.push(stage.http()?);
    }
    // Used ones came behind them and were answered: these have had every chance to be accepted.
    drop(used(stage, COUNT)?);
    continue_all(stage, &mut probes, &Request::get("/load/continued").end())
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
    continue_all(stage, &mut probes, rest)
}

fn idle(stage: &Stage) -> Outcome {
    let mut probes = used(stage, COUNT)?;
    continue_all(stage, &mut probes, &Request::get("/load/continued").end())
}

/// Reloads, waits until the new release answers, and goes on with every connection.
fn continue_all(stage: &Stage, probes: &mut [HttpProbe], bytes: &[u8]) -> Outcome {
    reload(stage, "fresh", Mode::Up)?;
    if let other @ crate::verdict::Finding::Broken(_) = seen(stage)? {
        return Ok(other);
    }
    for (number, probe) in probes.iter_mut().enumerate() {
        probe.raw().note("the new release answers; this connection goes on");
        probe.send(bytes)?;
        match probe.receipt("continued")? {
            Ok(_) => {}
            Err(no_answer) => return broken(lost(no_answer, number)),
        }
    }
    kept()
}

fn seen(stage: &Stage) -> Outcome {
    match wait_release(stage, "fresh") {
        Some(_) => kept(),
        None => broken("the new release never answers"),
    }
}
