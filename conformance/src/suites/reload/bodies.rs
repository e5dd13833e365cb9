use std::time::Duration;

use workerspec_wire::http::Request;

use super::protocols::through_reload;
use super::scene::used;
use crate::case::{Case, Need, Source};
use crate::probe::HttpProbe;
use crate::run::Stage;
use crate::testee::Capability;
use crate::verdict::{Outcome, Surprise, broken, kept};

const HTTP: Need = Need::Can(Capability::Http);

/// Requests and answers that take long, and what is said about the end.
pub(super) const CASES: &[Case] = &[
    act! {
        "reload.upload.half-sent", Must, Source::Reload("RL-4");
        claim: "A body that was half sent must be taken to its end and answered.";
        reading: "Content-Length; the rest comes when the new release answers already.";
        needs: [HTTP, Need::Reload]; Isolated; seconds: 15;
        accepts: ["200 with the length of the whole body"]; aliases: [];
        run: |stage| upload(stage, &Request::post("/load/upload").body(&[b'x'; 20_000]), 10_000)
    },
    act! {
        "reload.upload.half-chunked", Must, Source::Reload("RL-4");
        claim: "A chunked body of which one chunk came must be taken to its end and answered.";
        reading: "The rest comes when the new release answers already.";
        needs: [HTTP, Need::Reload]; Isolated; seconds: 15;
        accepts: ["200 with the length of the whole body"]; aliases: [];
        run: |stage| {
            let head = Request::post("/load/upload").field("Transfer-Encoding", "chunked").end();
            let chunk = [b"2710\r\n".as_slice(), &[b'x'; 10_000], b"\r\n"].concat();
            let whole = [head.as_slice(), &chunk, &chunk, b"0\r\n\r\n"].concat();
            upload(stage, &whole, head.len() + chunk.len())
        }
    },
    act! {
        "reload.upload.awaits-continue", Must, Source::Reload("RL-4");
        claim: "A client that waits for 100 (Continue) must get it and its answer.";
        reading: "The head came before the reload; the body comes when 100 has, or the new release answers already.";
        needs: [HTTP, Need::Reload]; Isolated; seconds: 15;
        accepts: ["200 with the length of the whole body"]; aliases: [];
        run: awaits_continue
    },
    act! {
        "reload.answer.long", Must, Source::Reload("RL-12");
        claim: "An answer whose reader is slow must come to its end.";
        reading: "Four megabytes on each of four connections, read when the new release answers already.";
        needs: [HTTP, Need::Reload, Need::FullTier]; Isolated; seconds: 15;
        accepts: ["200 with all octets on every connection"]; aliases: [];
        run: long_answer
    },
    act! {
        "reload.answer.pipelined", Must, Source::Reload("RL-11");
        claim: "Requests that were sent in one go must all be answered, in order.";
        reading: "The first takes 900 ms; the reload comes meanwhile (DRAIN-5).";
        needs: [HTTP, Need::Reload, Need::Can(Capability::Deferred), Need::FullTier]; Isolated; seconds: 15;
        accepts: ["three answers in order"]; aliases: [];
        run: pipelined
    },
    act! {
        "reload.answer.blocked-worker", Must, Source::Reload("RL-13");
        claim: "A request that blocks its worker must be answered.";
        reading: "It takes 900 ms; meanwhile the worker hears nothing of the reload.";
        needs: [HTTP, Need::Reload, Need::FullTier]; Isolated; seconds: 15;
        accepts: ["200 with its content"]; aliases: [];
        run: blocked
    },
    act! {
        "reload.answer.close-is-announced", Must, Source::Reload("RL-20");
        claim: "A connection whose answer announces no close must answer the next request.";
        reading: "Requests one after the other on connections of before, until a close is announced or ten are answered.";
        needs: [HTTP, Need::Reload]; Isolated; seconds: 15;
        accepts: ["each request answered, up to an announced close"]; aliases: [];
        run: close_is_announced
    },
    act! {
        "reload.connection.many-idle", Must, Source::Reload("RL-10");
        claim: "The next request on each of two hundred idle connections must be answered.";
        reading: "All are used within a moment when the new release answers already.";
        needs: [HTTP, Need::Reload]; Isolated; seconds: 20;
        accepts: ["200 on every connection, with or without Connection: close"]; aliases: [];
        run: many_idle
    },
];

fn upload(stage: &Stage, whole: &[u8], half: usize) -> Outcome {
    let (first, rest) = whole.split_at(half);
    let mut probes = used(stage, 8)?;
    for probe in &mut probes {
        probe.send(first)?;
    }
    stage.holds_for(stage.quiet(), || true);
    through_reload(stage, || {
        for (number, mut probe) in probes.into_iter().enumerate() {
            probe.send(rest)?;
            match probe.receipt("upload")? {
                Ok(receipt) if receipt.length == 20_000 => {}
                Ok(receipt) => {
                    return broken(format!("connection {number}: {} octets arrived", receipt.length));
                }
                Err(no_answer) => return broken(format!("connection {number}: {no_answer}")),
            }
        }
        kept()
    })
}

fn awaits_continue(stage: &Stage) -> Outcome {
    let head =
        Request::post("/load/upload").field("Content-Length", "5").field("Expect", "100-continue").end();
    let mut probes = used(stage, 8)?;
    for probe in &mut probes {
        probe.send(&head)?;
    }
    stage.holds_for(stage.quiet(), || true);
    through_reload(stage, || {
        for (number, mut probe) in probes.into_iter().enumerate() {
            let interim = probe.hear_until(false, stage.within(Duration::from_secs(1)))?;
            if let Ok(response) = &interim
                && !response.is_interim()
            {
                return broken(format!("connection {number}: {} without a body", response.status));
            }
            probe.send(b"hello")?;
            match probe.receipt("upload")? {
                Ok(receipt) if receipt.length == 5 => {}
                Ok(receipt) => {
                    return broken(format!("connection {number}: {} octets arrived", receipt.length));
                }
                Err(no_answer) => return broken(format!("connection {number}: {no_answer}")),
            }
        }
        kept()
    })
}

fn long_answer(stage: &Stage) -> Outcome {
    let mut probes = Vec::new();
    for _ in 0..4 {
        let probe = stage
            .try_connect("http", Some(16 << 10), stage.deadline())?
            .map_err(Surprise::of("can't connect"))?;
        let mut probe = HttpProbe::new(probe, stage.deadline());
        probe.send(&Request::get("/bytes/4000000").end())?;
        // Its first octets show that it has begun.
        probe.raw().read_until(|bytes| !bytes.is_empty(), stage.deadline())?;
        probes.push(probe);
    }
    through_reload(stage, || {
        for (number, mut probe) in probes.into_iter().enumerate() {
            probe.raw().widen()?;
            match probe.hear(false)? {
                Ok(response) if response.status == 200 && response.body.len() == 4_000_000 => {}
                Ok(response) => {
                    return broken(format!("connection {number}: {} octets", response.body.len()));
                }
                Err(no_answer) => return broken(format!("connection {number}: {no_answer}")),
            }
        }
        kept()
    })
}

fn pipelined(stage: &Stage) -> Outcome {
    let all = [
        Request::get("/sleep/900").end(),
        Request::get("/load/second").end(),
        Request::get("/load/third").end(),
    ]
    .concat();
    let mut probes = used(stage, 4)?;
    for probe in &mut probes {
        probe.send(&all)?;
    }
    stage.holds_for(stage.quiet(), || true);
    through_reload(stage, || {
        for (number, mut probe) in probes.into_iter().enumerate() {
            for wanted in ["slept 900", "second ", "third "] {
                match probe.hear(false)? {
                    Ok(response) if response.body.starts_with(wanted.as_bytes()) => {}
                    Ok(response) => {
                        let body = String::from_utf8_lossy(&response.body).into_owned();
                        return broken(format!("connection {number}: {body:?} where {wanted:?} was due"));
                    }
                    Err(no_answer) => return broken(format!("connection {number}, {wanted:?}: {no_answer}")),
                }
            }
        }
        kept()
    })
}

fn blocked(stage: &Stage) -> Outcome {
    let mut probe = used(stage, 1)?.remove(0);
    probe.send(&Request::get("/block/900").end())?;
    stage.holds_for(stage.quiet(), || true);
    through_reload(stage, || match probe.hear(false)? {
        Ok(response) if response.status == 200 && response.body == b"blocked 900\n" => kept(),
        Ok(response) => broken(format!("answered with {}", response.status)),
        Err(no_answer) => broken(format!("not answered: {no_answer}")),
    })
}

fn close_is_announced(stage: &Stage) -> Outcome {
    let probes = used(stage, 8)?;
    through_reload(stage, || {
        for (number, mut probe) in probes.into_iter().enumerate() {
            for round in 0..10 {
                match probe.load("next")? {
                    Ok(receipt) if receipt.last => break,
                    Ok(_) => {}
                    Err(no_answer) => {
                        return broken(format!("connection {number}, request {round}: {no_answer}"));
                    }
                }
            }
        }
        kept()
    })
}

fn many_idle(stage: &Stage) -> Outcome {
    let mut probes = Vec::new();
    for _ in 0..200 {
        let probe =
            stage.connect_apart("http", None, stage.deadline())?.map_err(Surprise::of("can't connect"))?;
        let mut probe = HttpProbe::new(probe, stage.deadline());
        probe.load("first")?.map_err(|no_answer| Surprise(no_answer.to_string()))?;
        probes.push(probe);
    }
    through_reload(stage, || {
        for probe in &mut probes {
            probe.send(&Request::get("/load/continued").end())?;
        }
        for (number, mut probe) in probes.into_iter().enumerate() {
            if let Err(no_answer) = probe.receipt("continued")? {
                stage.keep(probe.raw().transcript());
                return broken(format!("connection {number} of 200: {no_answer}"));
            }
        }
        kept()
    })
}
