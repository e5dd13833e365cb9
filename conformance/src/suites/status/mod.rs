//! The status: what a server says of itself, against what was done to it.

use std::time::{Duration, Instant};

use workerspec_wire::http::Request;
use workerspec_wire::websocket::opcode;

use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::suites::speaker::{Port, Speaker};
use crate::testee::{Capability, Status, Verb};
use crate::verdict::{Finding, Outcome, Surprise, broken, kept, unproved};

const STATUS: Need = Need::Command(Verb::Status);

/// The sections of this suite.
pub const SECTIONS: &[&[Case]] = &[CASES];

/// STATUS-1 to STATUS-4 and PIPE-7.
const CASES: &[Case] = &[
    act! {
        "status.master.pid", Must, Source::Model("STATUS-2");
        claim: "The status must name the master.";
        reading: "The process of the start command.";
        needs: [STATUS]; Isolated; seconds: 12;
        accepts: ["its pid"]; aliases: [];
        run: master
    },
    act! {
        "status.worker.each", Must, Source::Model("STATUS-3");
        claim: "The status must list every worker and nobody else.";
        reading: "Children of the master that live.";
        needs: [STATUS]; Isolated; seconds: 12;
        accepts: ["the same pids"]; aliases: [];
        run: each
    },
    act! {
        "status.worker.slots", Must, Source::Model("WORKER-1");
        claim: "The status must name the slots of the workers.";
        reading: "As many workers have each slot from 0 on as there are services.";
        needs: [STATUS]; Isolated; seconds: 12;
        accepts: ["every slot from 0 to the count less one"]; aliases: [];
        run: slots
    },
    act! {
        "status.worker.replaced", Must, Source::Model("STATUS-3");
        claim: "The status must list a replacement and not the worker that died.";
        reading: "After one was killed and replaced.";
        needs: [STATUS]; Isolated; seconds: 12;
        accepts: ["the pids of the workers there are"]; aliases: [];
        run: replaced_is_listed
    },
    act! {
        "status.connections.open", Must, Source::Model("STATUS-3");
        claim: "Connections that are open must be counted.";
        reading: "Seven that have said something.";
        needs: [STATUS, Port::Text.need()]; Isolated; seconds: 12;
        accepts: ["seven more"]; aliases: [];
        run: open_connections
    },
    act! {
        "status.connections.gone", Must, Source::Model("STATUS-3");
        claim: "Connections that are gone must not be counted.";
        reading: "Seven that came and went.";
        needs: [STATUS, Port::Text.need()]; Isolated; seconds: 12;
        accepts: ["as many as before"]; aliases: [];
        run: gone_connections
    },
    act! {
        "status.requests.text", Must, Source::Model("PIPE-7");
        claim: "Every message must be counted on port text.";
        reading: "Twelve lines.";
        needs: [STATUS, Port::Text.need()]; Isolated; seconds: 12;
        accepts: ["twelve more"]; aliases: [];
        run: |stage| requests(stage, Port::Text)
    },
    act! {
        "status.requests.frame", Must, Source::Model("PIPE-7");
        claim: "Every message must be counted on port frame.";
        reading: "Twelve frames.";
        needs: [STATUS, Port::Frame.need()]; Isolated; seconds: 12;
        accepts: ["twelve more"]; aliases: [];
        run: |stage| requests(stage, Port::Frame)
    },
    act! {
        "status.requests.websocket", Must, Source::Model("PIPE-7");
        claim: "Every message must be counted on port websocket.";
        reading: "Twelve websocket messages; the handshake, three pings and a pong are none.";
        needs: [STATUS, Port::WebSocket.need()]; Isolated; seconds: 12;
        accepts: ["twelve more"]; aliases: [];
        run: |stage| requests(stage, Port::WebSocket)
    },
    act! {
        "status.requests.http", Must, Source::Model("PIPE-7");
        claim: "Every request must be counted on port http.";
        reading: "Twelve requests on three connections; one that is malformed is none.";
        needs: [STATUS, Need::Can(Capability::Http)]; Isolated; seconds: 12;
        accepts: ["twelve more"]; aliases: [];
        run: http_requests
    },
    act! {
        "status.requests.udp", Must, Source::Model("PIPE-7");
        claim: "Every datagram must be counted on port udp.";
        reading: "Twelve that were answered.";
        needs: [STATUS, Need::Can(Capability::Udp)]; Isolated; seconds: 12;
        accepts: ["twelve more"]; aliases: [];
        run: datagrams
    },
    act! {
        "status.failures.refused", Must, Source::Model("BUF-4");
        claim: "Messages that were refused must be counted as failed sends.";
        reading: "As many as the journal says of a flood to a reader that stalls.";
        needs: [STATUS, Need::Can(Capability::SendBuffer), Need::Can(Capability::Journal), Port::Text.need()]; Isolated; seconds: 12;
        accepts: ["as many more"]; aliases: [];
        run: refused
    },
    act! {
        "status.timers.pending", Must, Source::Model("TIMER-10");
        claim: "Timers that are pending must be counted.";
        reading: "Five of a minute.";
        needs: [STATUS, Need::Can(Capability::Timers), Port::Text.need()]; Isolated; seconds: 12;
        accepts: ["five more"]; aliases: [];
        run: timers_pending
    },
    act! {
        "status.timers.fired", Must, Source::Model("TIMER-10");
        claim: "Timers that have fired must not be counted.";
        reading: "Five of 1.2 s, counted before and no more after the last has run.";
        needs: [STATUS, Need::Can(Capability::Timers), Port::Text.need()]; Isolated; seconds: 12;
        accepts: ["as many as before"]; aliases: [];
        run: timers_fired
    },
    act! {
        "status.timers.gone", Must, Source::Contract("Commands inside messages");
        claim: "Timers of connections that are gone must not be counted.";
        reading: "Five of a minute, whose connection has closed.";
        needs: [STATUS, Need::Can(Capability::Timers), Port::Text.need()]; Isolated; seconds: 12;
        accepts: ["as many as before"]; aliases: [];
        run: timers_gone
    },
    act! {
        "status.busy.blocked", Must, Source::Model("STATUS-3");
        claim: "A worker that is stuck in a callback must be said to be busy.";
        reading: "It has been for a second, of two and a half; the others are not.";
        needs: [STATUS, Port::Text.need()]; Isolated; seconds: 12;
        accepts: ["that one and no other"]; aliases: [];
        run: blocked
    },
    act! {
        "status.busy.nobody", Must, Source::Model("STATUS-3");
        claim: "A worker that waits for something to do must not be said to be busy.";
        reading: "Nobody has asked anything for a second.";
        needs: [STATUS]; Isolated; seconds: 12;
        accepts: ["nobody"]; aliases: [];
        run: nobody
    },
    act! {
        "status.busy.answers-at-once", Must, Source::Model("STATUS-1");
        claim: "The status must not wait for a worker that is stuck.";
        reading: "One is blocked for three seconds; the command ends within 1.5.";
        needs: [STATUS, Port::Text.need()]; Isolated; seconds: 12;
        accepts: ["the status, within 1.5 s"]; aliases: [];
        run: answers_at_once
    },
    act! {
        "status.harm.slow-client", Must, Source::Model("SF-30");
        claim: "Looking at the status must harm no client that is slow.";
        reading: "Megabytes are owed to a reader that stalls while the status is asked for five times; then all of it arrives.";
        needs: [STATUS, Port::Text.need(), Need::Can(Capability::Journal)]; Isolated; seconds: 12;
        accepts: ["every message"]; aliases: [];
        run: slow_client
    },
];

/// The status, once the workers serve.
fn status(stage: &Stage) -> Result<Status, Surprise> {
    stage.testee().status(stage.deadline()).map_err(Surprise)
}

/// A count of all workers together.
fn total(stage: &Stage, count: fn(&crate::testee::WorkerStatus) -> i64) -> Result<i64, Surprise> {
    Ok(status(stage)?.workers.iter().map(count).sum())
}

/// Waits until a count has become what it has to be, for as long as the contract lets it be late.
fn becomes(stage: &Stage, wanted: i64, count: fn(&crate::testee::WorkerStatus) -> i64) -> Outcome {
    let late = stage.within(Duration::from_millis(1_500));
    loop {
        let now = total(stage, count)?;
        if now == wanted {
            // It stays so: a count that passes by is none.
            let again = total(stage, count)?;
            return if again == wanted { kept() } else { broken(format!("{wanted}, and then {again}")) };
        }
        if late <= Instant::now() {
            return broken(format!("{now} and not {wanted}"));
        }
        stage.holds_for(Duration::from_millis(20), || true);
    }
}

/// A count that has come to rest.
fn settled(stage: &Stage, count: fn(&crate::testee::WorkerStatus) -> i64) -> Result<i64, Surprise> {
    stage.all_workers()?;
    let mut last = total(stage, count)?;
    loop {
        stage.holds_for(Duration::from_millis(250), || true);
        let now = total(stage, count)?;
        if now == last {
            return Ok(now);
        }
        last = now;
    }
}

fn master(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    match (status(stage)?.pid, stage.testee().master().as_raw()) {
        (named, master) if named == master => kept(),
        (named, master) => broken(format!("it names {named}; the master is {master}")),
    }
}

/// The workers in the status, sorted, and those there are.
fn both(stage: &Stage) -> Result<(Vec<i32>, Vec<i32>), Surprise> {
    let mut named: Vec<i32> = status(stage)?.workers.iter().map(|worker| worker.pid).collect();
    let mut there: Vec<i32> = stage.testee().workers().iter().map(|worker| worker.pid.as_raw()).collect();
    named.sort_unstable();
    there.sort_unstable();
    Ok((named, there))
}

fn each(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    let late = stage.within(Duration::from_millis(1_500));
    loop {
        match both(stage)? {
            (named, there) if named == there => return kept(),
            (named, there) if late <= Instant::now() => {
                return broken(format!("it lists {named:?}; the workers are {there:?}"));
            }
            _ => stage.holds_for(Duration::from_millis(20), || true),
        };
    }
}

fn slots(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    let late = stage.within(Duration::from_millis(1_500));
    let count = stage.testee().launch().workers;
    let services = stage.expected_workers() / count;
    loop {
        let mut slots: Vec<i64> = status(stage)?.workers.iter().map(|worker| worker.slot).collect();
        slots.sort_unstable();
        let wanted: Vec<i64> = (0..count as i64).flat_map(|slot| vec![slot; services]).collect();
        if slots == wanted {
            return kept();
        }
        if late <= Instant::now() {
            return broken(format!("the slots are {slots:?} and not {wanted:?}"));
        }
        stage.holds_for(Duration::from_millis(20), || true);
    }
}

fn replaced_is_listed(stage: &Stage) -> Outcome {
    let victim = stage.all_workers()?[0].pid;
    stage
        .testee()
        .signal(victim, crate::testee::Signal::SIGKILL)
        .map_err(Surprise::of("can't kill a worker"))?;
    stage.eventually(|| {
        let gone = !stage.testee().workers().iter().any(|worker| worker.pid == victim);
        (gone && stage.testee().workers().len() == stage.expected_workers()).then_some(())
    });
    each(stage)
}

fn speakers(stage: &Stage, count: usize) -> Result<Vec<Speaker>, Surprise> {
    (0..count)
        .map(|_| {
            let mut speaker = Speaker::open(stage, Port::Text)?;
            speaker.who(stage)?;
            Ok(speaker)
        })
        .collect()
}

fn open_connections(stage: &Stage) -> Outcome {
    let before = settled(stage, |worker| worker.connections)?;
    let _speakers = speakers(stage, 7)?;
    becomes(stage, before + 7, |worker| worker.connections)
}

fn gone_connections(stage: &Stage) -> Outcome {
    let before = settled(stage, |worker| worker.connections)?;
    let speakers = speakers(stage, 7)?;
    if becomes(stage, before + 7, |worker| worker.connections)? != Finding::Kept(String::new()) {
        return unproved("they are not counted while they are open");
    }
    drop(speakers);
    becomes(stage, before, |worker| worker.connections)
}

fn requests(stage: &Stage, port: Port) -> Outcome {
    let before = settled(stage, |worker| worker.total_request)?;
    let mut speaker = Speaker::open(stage, port)?;
    for _ in 0..12 {
        speaker.ask(stage, b"counted")?;
    }
    if let Speaker::WebSocket(probe) = &mut speaker {
        for _ in 0..3 {
            probe.say(opcode::PING, b"not counted")?;
            probe.hear(stage.deadline())?.map_err(|silence| Surprise(silence.to_string()))?;
        }
        probe.say(opcode::PONG, b"not counted")?;
    }
    becomes(stage, before + 12, |worker| worker.total_request)
}

fn http_requests(stage: &Stage) -> Outcome {
    let before = settled(stage, |worker| worker.total_request)?;
    for _ in 0..3 {
        let mut probe = stage.http()?;
        for number in 0..4 {
            probe.load(&format!("counted-{number}"))?.map_err(|no_answer| Surprise(no_answer.to_string()))?;
        }
    }
    let mut malformed = stage.http()?;
    malformed.send(&Request::get("/").field("Host", "another").end())?;
    malformed.raw().wait_end(stage.within(Duration::from_secs(1)))?;
    becomes(stage, before + 12, |worker| worker.total_request)
}

fn datagrams(stage: &Stage) -> Outcome {
    let before = settled(stage, |worker| worker.total_request)?;
    let probe = stage.datagrams()?;
    for number in 0..12 {
        probe.send(format!("datagram {number} counts").as_bytes())?;
        if probe.hear(stage.within(Duration::from_secs(2)))?.is_none() {
            return unproved(format!("datagram {number} was not answered"));
        }
    }
    becomes(stage, before + 12, |worker| worker.total_request)
}

fn refused(stage: &Stage) -> Outcome {
    let before = settled(stage, |worker| worker.send_fail)?;
    let mut speaker = Speaker::narrow(stage, Port::Text)?;
    let pid = speaker.who(stage)?.pid;
    speaker.say(b"!flood 400 50000")?;
    let flood = stage.eventually(|| {
        stage.testee().journal().into_iter().find(|line| line.event == "flood" && line.pid == pid)
    });
    match flood.and_then(|line| line.refused) {
        None => Err(Surprise("the journal has no `flood`".to_owned())),
        Some(0) => unproved("nothing was refused"),
        Some(refused) => becomes(stage, before + refused as i64, |worker| worker.send_fail),
    }
}

fn timers_pending(stage: &Stage) -> Outcome {
    let before = settled(stage, |worker| worker.timers)?;
    let mut speaker = speakers(stage, 1)?.remove(0);
    for number in 0..5 {
        speaker.say(format!("!after far{number} 60000").as_bytes())?;
    }
    speaker.ask(stage, b"fence")?;
    becomes(stage, before + 5, |worker| worker.timers)
}

fn timers_fired(stage: &Stage) -> Outcome {
    let before = settled(stage, |worker| worker.timers)?;
    let mut speaker = speakers(stage, 1)?.remove(0);
    for number in 0..5 {
        speaker.say(format!("!after near{number} 1200").as_bytes())?;
    }
    if becomes(stage, before + 5, |worker| worker.timers)? != Finding::Kept(String::new()) {
        return unproved("they are not counted while they are pending");
    }
    for _ in 0..5 {
        speaker.hear(stage.deadline())?.map_err(|nothing| Surprise(nothing.what))?;
    }
    becomes(stage, before, |worker| worker.timers)
}

fn timers_gone(stage: &Stage) -> Outcome {
    let before = settled(stage, |worker| worker.timers)?;
    let mut speaker = speakers(stage, 1)?.remove(0);
    for number in 0..5 {
        speaker.say(format!("!after far{number} 60000").as_bytes())?;
    }
    if becomes(stage, before + 5, |worker| worker.timers)? != Finding::Kept(String::new()) {
        return unproved("they are not counted while they are pending");
    }
    drop(speaker);
    becomes(stage, before, |worker| worker.timers)
}

/// A worker that is stuck for so long.
fn stuck(stage: &Stage, ms: u64) -> Result<(Speaker, i32), Surprise> {
    stage.all_workers()?;
    let mut speaker = Speaker::open(stage, Port::Text)?;
    let pid = speaker.who(stage)?.pid;
    speaker.say(format!("!block {ms}").as_bytes())?;
    Ok((speaker, pid))
}

fn blocked(stage: &Stage) -> Outcome {
    let (_speaker, pid) = stuck(stage, 2_500)?;
    stage.holds_for(Duration::from_millis(1_000), || true);
    let busy: Vec<i32> =
        status(stage)?.workers.iter().filter(|worker| worker.is_busy()).map(|worker| worker.pid).collect();
    match busy == [pid] {
        true => kept(),
        false => broken(format!("{pid} is blocked; busy are {busy:?}")),
    }
}

fn nobody(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    stage.holds_for(Duration::from_millis(1_000), || true);
    let busy: Vec<i32> =
        status(stage)?.workers.iter().filter(|worker| worker.is_busy()).map(|worker| worker.pid).collect();
    match busy.is_empty() {
        true => kept(),
        false => broken(format!("busy are {busy:?}")),
    }
}

fn answers_at_once(stage: &Stage) -> Outcome {
    let (_speaker, pid) = stuck(stage, 3_000)?;
    stage.holds_for(Duration::from_millis(700), || true);
    let begun = Instant::now();
    let lists = status(stage)?.workers.iter().any(|worker| worker.pid == pid);
    match (begun.elapsed(), lists) {
        (took, _) if Duration::from_millis(1_500) < took => broken(format!("after {} ms", took.as_millis())),
        (_, false) => broken(format!("{pid} is blocked and is not listed")),
        (took, true) => Ok(Finding::Kept(format!("after {} ms", took.as_millis()))),
    }
}

fn slow_client(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    let mut speaker = Speaker::narrow(stage, Port::Text)?;
    let pid = speaker.who(stage)?.pid;
    // More than the kernel takes: the server itself has to hold some.
    speaker.say(b"!flood 200 60000")?;
    let flood = stage.eventually(|| {
        stage.testee().journal().into_iter().find(|line| line.event == "flood" && line.pid == pid)
    });
    let sent =
        flood.and_then(|line| line.sent).ok_or_else(|| Surprise("the journal has no `flood`".to_owned()))?;
    for _ in 0..5 {
        status(stage)?;
    }
    speaker.widen()?;
    for number in 0..sent {
        match speaker.hear(stage.deadline())? {
            Ok(message) if message.len() == 60_000 => {}
            other => {
                let what = other.map(|message| format!("{} octets", message.len()));
                return broken(format!("message {number} of {sent}: {what:?}"));
            }
        }
    }
    kept()
}
