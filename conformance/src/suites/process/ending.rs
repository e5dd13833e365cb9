use std::time::{Duration, Instant};

use workerspec_wire::http::Request;

use super::stop::{left, refused};
use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::suites::speaker::{Port, Speaker};
use crate::testee::{Capability, Exit, ProcessState, Signal};
use crate::verdict::{Outcome, Surprise, broken, kept, unproved};

const HTTP: Need = Need::Can(Capability::Http);
const TEXT: Need = Need::Can(Capability::Text);
const DEFERRED: Need = Need::Can(Capability::Deferred);
const GRACEFUL: Need = Need::GracefulStop;

/// STOP-1 to STOP-7: stops in every state that connections and workers can be in.
pub(super) const CASES: &[Case] = &[
    act! {
        "process.stop.hangup", Must, Source::Model("SIGNAL-1");
        claim: "SIGHUP must stop the server as the stop signal does.";
        reading: "The terminal of a server in the foreground has gone.";
        needs: [HTTP, Need::FullTier, Need::Can(Capability::Signals)]; Isolated; seconds: 15;
        accepts: ["status 0, no process left"]; aliases: [];
        run: |stage| { stage.all_workers()?; ends_on(stage, Signal::SIGHUP) }
    },
    act! {
        "process.stop.terminal-stop", Must, Source::Model("SIGNAL-1");
        claim: "SIGTSTP must stop the server as the stop signal does.";
        reading: "It is what Ctrl-Z sends; a server whose master sleeps would be lost.";
        needs: [HTTP, Need::FullTier, Need::Can(Capability::Signals)]; Isolated; seconds: 15;
        accepts: ["status 0, no process left"]; aliases: [];
        run: |stage| { stage.all_workers()?; ends_on(stage, Signal::SIGTSTP) }
    },
    act! {
        "process.stop.repeated", Must, Source::Model("SIGNAL-1");
        claim: "A stop signal that is repeated must do no harm.";
        reading: "Three in a row; the end is that of one.";
        needs: [HTTP, Need::FullTier]; Isolated; seconds: 15;
        accepts: ["status 0, no process left"]; aliases: [];
        run: |stage| {
            stage.all_workers()?;
            let signal = stage.testee().file().stop().signal;
            tell(stage, signal)?;
            // Apart from the first, or they are one; it may have done its work by then.
            stage.holds_for(Duration::from_millis(20), || true);
            let _ = tell(stage, signal);
            ends_on(stage, signal)
        }
    },
    act! {
        "process.stop.during-graceful", Must, Source::Model("STOP-2");
        claim: "A stop signal during a graceful stop must end the server at once.";
        reading: "A request that takes thirty seconds holds the graceful stop; four seconds for the other.";
        needs: [HTTP, DEFERRED, GRACEFUL, Need::FullTier]; Isolated; seconds: 15;
        accepts: ["no process left within 4 s"]; aliases: [];
        run: during_graceful
    },
    act! {
        "process.stop.idle-connection", Must, Source::Model("STOP-5");
        claim: "An idle connection must not hold up a stop.";
        reading: "It carried a request before; four seconds.";
        needs: [HTTP, Need::FullTier]; Isolated; seconds: 15;
        accepts: ["no process left within 4 s"]; aliases: [];
        run: |stage| {
            stage.all_workers()?;
            let mut probe = stage.http()?;
            probe.load("before")?.map_err(|no_answer| Surprise(no_answer.to_string()))?;
            ends_soon(stage)
        }
    },
    act! {
        "process.stop.answer-pending", Must, Source::Model("STOP-2");
        claim: "An answer that is not due for long must not hold up a stop.";
        reading: "A request that takes thirty seconds without blocking its worker; four seconds.";
        needs: [HTTP, DEFERRED, Need::FullTier]; Isolated; seconds: 15;
        accepts: ["no process left within 4 s"]; aliases: [];
        run: |stage| { let _probe = asks(stage, "/sleep/30000")?; ends_soon(stage) }
    },
    act! {
        "process.stop.worker-blocked", Must, Source::Model("STOP-2");
        claim: "A worker that is stuck in a callback must not hold up a stop.";
        reading: "It is killed when its time is over; four seconds.";
        needs: [HTTP, Need::FullTier]; Isolated; seconds: 15;
        accepts: ["no process left within 4 s"]; aliases: [];
        run: |stage| { let _probe = asks(stage, "/block/30000")?; ends_soon(stage) }
    },
    act! {
        "process.stop.reader-stalled", Must, Source::Model("STOP-2");
        claim: "A peer that does not read must not hold up a stop.";
        reading: "Megabytes are owed to a client that reads nothing; four seconds.";
        needs: [TEXT, Need::FullTier]; Isolated; seconds: 15;
        accepts: ["no process left within 4 s"]; aliases: [];
        run: |stage| {
            stage.all_workers()?;
            let mut probe = stage.narrow_text()?;
            probe.who()?;
            probe.say(b"!flood 100 60000")?;
            stage.holds_for(stage.quiet(), || true);
            ends_soon(stage)
        }
    },
    act! {
        "process.stop.worker-stopped", Must, Source::Model("STOP-2");
        claim: "A worker that is stopped by a signal must not hold up a stop.";
        reading: "It hears nothing, so it is killed when its time is over; four seconds.";
        needs: [HTTP, Need::FullTier]; Isolated; seconds: 15;
        accepts: ["no process left within 4 s"]; aliases: [];
        run: |stage| {
            let worker = stage.all_workers()?[0].pid;
            stage.testee().signal(worker, Signal::SIGSTOP).map_err(Surprise::of("can't stop a worker"))?;
            ends_soon(stage)
        }
    },
    act! {
        "process.graceful.text-answer", Must, Source::Model("STOP-7");
        claim: "A graceful stop must give the answer that is pending on port text.";
        reading: "It was asked for before the signal and is due 400 ms later.";
        needs: [TEXT, DEFERRED, GRACEFUL]; Isolated; seconds: 15;
        accepts: ["the answer"]; aliases: [];
        run: |stage| pending_answer(stage, Port::Text)
    },
    act! {
        "process.graceful.websocket-answer", Must, Source::Model("STOP-7");
        claim: "A graceful stop must give the answer that is pending on port websocket.";
        reading: "It was asked for before the signal and is due 400 ms later.";
        needs: [Need::Can(Capability::WebSocket), DEFERRED, GRACEFUL]; Isolated; seconds: 15;
        accepts: ["the answer"]; aliases: [];
        run: |stage| pending_answer(stage, Port::WebSocket)
    },
    act! {
        "process.graceful.upload", Must, Source::Model("STOP-7");
        claim: "A graceful stop must take the rest of a body that is on its way, and answer.";
        reading: "Half of the body came before the signal, the rest comes 100 ms behind it.";
        needs: [HTTP, GRACEFUL, Need::FullTier]; Isolated; seconds: 15;
        accepts: ["200 with the length of the whole body"]; aliases: [];
        run: upload
    },
    act! {
        "process.graceful.long-answer", Must, Source::Model("STOP-7");
        claim: "A graceful stop must send an answer to its end.";
        reading: "Eight megabytes to a client that begins to read after the signal.";
        needs: [HTTP, GRACEFUL, Need::FullTier]; Isolated; seconds: 15;
        accepts: ["200 with all octets"]; aliases: [];
        run: long_answer
    },
    act! {
        "process.graceful.idle-does-not-hold", Must, Source::Model("SF-4");
        claim: "An idle connection must not hold up a graceful stop for ever.";
        reading: "It carried a request before; the server ends within its own stop timeout.";
        needs: [HTTP, GRACEFUL, Need::FullTier]; Isolated; seconds: 14;
        accepts: ["status 0 in time"]; aliases: [];
        run: |stage| {
            stage.all_workers()?;
            let mut probe = stage.http()?;
            probe.load("before")?.map_err(|no_answer| Surprise(no_answer.to_string()))?;
            ends_on(stage, graceful(stage)?)
        }
    },
    act! {
        "process.graceful.nobody-in-a-void", Must, Source::Model("SF-6");
        claim: "A connection that comes during a graceful stop must be refused or answered.";
        reading: "A request under way holds the stop; the newcomer is not left without a word for two seconds.";
        needs: [HTTP, DEFERRED, GRACEFUL, Need::FullTier]; Isolated; seconds: 15;
        accepts: ["refused, closed, or answered"]; aliases: [];
        run: nobody_in_a_void
    },
];

/// A stop that takes longer has been held up.
const SOON: Duration = Duration::from_secs(4);

fn tell(stage: &Stage, signal: Signal) -> Result<(), Surprise> {
    let testee = stage.testee();
    testee.signal(testee.master(), signal).map_err(Surprise::of("can't signal the master"))
}

fn graceful(stage: &Stage) -> Result<Signal, Surprise> {
    stage.testee().file().stop().graceful.ok_or_else(|| Surprise("no graceful signal".to_owned()))
}

fn ends_on(stage: &Stage, signal: Signal) -> Outcome {
    // It may have ended of an earlier one.
    let told = tell(stage, signal);
    let testee = stage.testee();
    match testee.wait_exit(stage.within(testee.file().stop().timeout)) {
        Some(Exit::Code(0)) => {}
        Some(exit) => return broken(format!("the master ended with {exit}")),
        None => {
            return told
                .and(broken(format!("the master is still there after {:?}", testee.file().stop().timeout)));
        }
    }
    match left(stage) {
        0 => refused(stage),
        left => broken(format!("{left} processes outlive the master")),
    }
}

fn ends_soon(stage: &Stage) -> Outcome {
    tell(stage, stage.testee().file().stop().signal)?;
    gone_by(stage, Instant::now() + SOON)
}

fn gone_by(stage: &Stage, deadline: Instant) -> Outcome {
    let deadline = deadline.min(stage.deadline());
    if stage.testee().wait_exit(deadline).is_none() {
        return broken(format!("the master is still there after {} s", SOON.as_secs()));
    }
    let alive =
        || stage.testee().tree().iter().filter(|process| process.state != ProcessState::Zombie).count();
    stage.eventually(|| (alive() == 0 || deadline <= Instant::now()).then_some(()));
    match alive() {
        0 => kept(),
        left => broken(format!("{left} processes outlive the master")),
    }
}

/// A request that the server has read and not answered.
fn asks(stage: &Stage, target: &str) -> Result<crate::probe::HttpProbe, Surprise> {
    stage.all_workers()?;
    let mut probe = stage.http()?;
    probe.send(&Request::get(target).end())?;
    if let Ok(response) =
        probe.hear_until(false, stage.within(stage.quiet().max(Duration::from_millis(60))))?
    {
        return Err(Surprise(format!("{target} was answered at once with {}", response.status)));
    }
    Ok(probe)
}

fn during_graceful(stage: &Stage) -> Outcome {
    let _probe = asks(stage, "/sleep/30000")?;
    tell(stage, graceful(stage)?)?;
    let testee = stage.testee();
    if !stage.holds_for(Duration::from_millis(100), || testee.exited().is_none()) {
        return unproved("the graceful stop is over, and did not wait for the request");
    }
    if let Err(error) = testee.signal(testee.master(), testee.file().stop().signal) {
        return unproved(format!("the graceful stop was over before the other: {error}"));
    }
    gone_by(stage, Instant::now() + SOON)
}

fn pending_answer(stage: &Stage, port: Port) -> Outcome {
    stage.all_workers()?;
    let mut speaker = Speaker::open(stage, port)?;
    speaker.who(stage)?;
    speaker.say(b"!sleep 400")?;
    if let Ok(message) = speaker.hear(stage.within(stage.quiet()))? {
        let message = String::from_utf8_lossy(&message).into_owned();
        return Err(Surprise(format!("`!sleep 400` was answered at once: {message:?}")));
    }
    tell(stage, graceful(stage)?)?;
    match speaker.hear(stage.deadline())? {
        Ok(message) if message == b"slept 400" => kept(),
        Ok(message) => broken(format!("not the answer under way: {:?}", String::from_utf8_lossy(&message))),
        Err(nothing) => broken(format!("the answer under way did not come: {}", nothing.what)),
    }
}

fn upload(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    let mut probe = stage.http()?;
    probe.load("before")?.map_err(|no_answer| Surprise(no_answer.to_string()))?;
    let whole = Request::post("/load/upload").body(&[b'x'; 20_000]);
    let (first, rest) = whole.split_at(whole.len() / 2);
    probe.send(first)?;
    stage.holds_for(stage.quiet(), || true);
    tell(stage, graceful(stage)?)?;
    stage.holds_for(Duration::from_millis(100), || true);
    probe.send(rest)?;
    match probe.receipt("upload")? {
        Ok(receipt) if receipt.length == 20_000 => kept(),
        Ok(receipt) => broken(format!("{} of 20000 octets arrived", receipt.length)),
        Err(no_answer) => broken(format!("the upload was not answered: {no_answer}")),
    }
}

fn long_answer(stage: &Stage) -> Outcome {
    stage.all_workers()?;
    let deadline = stage.deadline();
    let probe =
        stage.try_connect("http", Some(16 << 10), deadline)?.map_err(Surprise::of("can't connect"))?;
    let mut probe = crate::probe::HttpProbe::new(probe, deadline);
    probe.load("before")?.map_err(|no_answer| Surprise(no_answer.to_string()))?;
    probe.send(&Request::get("/bytes/8000000").end())?;
    // Its first octets show that it has begun.
    if probe.raw().read_until(|bytes| !bytes.is_empty(), deadline)?.is_over() {
        return broken("the connection ended before the signal");
    }
    tell(stage, graceful(stage)?)?;
    stage.holds_for(Duration::from_millis(100), || true);
    probe.raw().widen()?;
    match probe.hear(false)? {
        Ok(response) if response.status == 200 && response.body.len() == 8_000_000 => kept(),
        Ok(response) => broken(format!("{} with {} octets", response.status, response.body.len())),
        Err(no_answer) => broken(format!("the answer did not come whole: {no_answer}")),
    }
}

fn nobody_in_a_void(stage: &Stage) -> Outcome {
    let mut holding = asks(stage, "/sleep/2500")?;
    tell(stage, graceful(stage)?)?;
    // Until every worker has been told.
    stage.holds_for(Duration::from_millis(250), || true);
    let patience = stage.within(Duration::from_secs(2));
    let probe = match stage.try_connect("http", None, patience)? {
        Err(_) => return kept(),
        Ok(probe) => probe,
    };
    let mut newcomer = crate::probe::HttpProbe::new(probe, patience);
    newcomer.send(&Request::get("/load/newcomer").end())?;
    let came = newcomer.hear(false)?;
    let _ = holding.hear_until(false, stage.within(Duration::ZERO))?;
    match came {
        Ok(_) => kept(),
        Err(crate::probe::NoAnswer::End(end)) if end.is_over() => kept(),
        Err(no_answer) => broken(format!("accepted, and then: {no_answer}")),
    }
}
