//! Text on a unix socket, and the file that it is.

use std::fs;
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::case::{Case, Need, Source};
use crate::probe::TextProbe;
use crate::run::Stage;
use crate::testee::{Capability, Launch, Prepare, Testee, TesteeError};
use crate::verdict::{Outcome, Surprise, broken, kept};

const UNIX: Need = Need::Can(Capability::Unix);

/// The sections of this suite.
pub const SECTIONS: &[&[Case]] = &[CASES];

/// CONN-8, SF-25 and STOP-4.
const CASES: &[Case] = &[
    act! {
        "unix.line.in-pieces", Must, Source::Model("TEXT-4");
        claim: "A line that comes in pieces must be one message.";
        reading: "Three pieces, each sent when the one before has been taken.";
        needs: [UNIX]; Shared; seconds: 8;
        accepts: ["the whole line"]; aliases: [];
        run: in_pieces
    },
    act! {
        "unix.line.limit", Must, Source::Model("TEXT-5");
        claim: "A line above the limit must end the connection.";
        reading: "Twice the limit, without an answer.";
        needs: [UNIX, Need::Limits]; Shared; seconds: 8;
        accepts: ["the end, and no answer"]; aliases: [];
        run: limit
    },
    act! {
        "unix.close.after-last-word", Must, Source::Model("CONN-25");
        claim: "A connection that the application closes must first deliver what was sent on it.";
        reading: "`!close` says `bye`.";
        needs: [UNIX]; Shared; seconds: 8;
        accepts: ["`bye`, then the end"]; aliases: [];
        run: after_last_word
    },
    act! {
        "unix.close.half-closed", Must, Source::Model("SF-32");
        claim: "A client that has finished sending must still get every answer.";
        reading: "A hundred lines, the end of what it sends, and a hundred answers.";
        needs: [UNIX]; Shared; seconds: 8;
        accepts: ["every answer"]; aliases: [];
        run: half_closed
    },
    act! {
        "unix.many.served", Must, Source::Model("CONN-8");
        claim: "Two hundred connections at the same time must all be served.";
        reading: "Each is answered while all the others are open.";
        needs: [UNIX]; Shared; seconds: 8;
        accepts: ["each of them answered"]; aliases: [];
        run: many
    },
    act! {
        "unix.file.stale-replaced", Must, Source::Model("SF-25");
        claim: "A socket that nobody listens on must be replaced at the start.";
        reading: "A crash has left it behind.";
        needs: [UNIX]; Isolated; seconds: 15;
        accepts: ["it starts, and answers on it"]; aliases: [];
        run: stale_replaced
    },
    act! {
        "unix.file.live-not-stolen", Must, Source::Model("SF-25");
        claim: "A socket that somebody listens on must not be replaced at the start.";
        reading: "Somebody else serves there: the start fails.";
        needs: [UNIX]; Isolated; seconds: 20;
        accepts: ["the start fails"]; aliases: [];
        run: live_not_stolen
    },
    act! {
        "unix.file.other-not-removed", Must, Source::Model("SF-25");
        claim: "A file that is no socket must not be removed at the start.";
        reading: "Somebody may need it: the start fails.";
        needs: [UNIX]; Isolated; seconds: 20;
        accepts: ["the start fails"]; aliases: [];
        run: other_not_removed
    },
    act! {
        "unix.file.gone-after-stop", Must, Source::Model("STOP-4");
        claim: "The socket must be gone when the server has stopped.";
        reading: "At the end of the master.";
        needs: [UNIX]; Isolated; seconds: 15;
        accepts: ["no file"]; aliases: [];
        run: gone_after_stop
    },
];

fn in_pieces(stage: &Stage) -> Outcome {
    let mut probe = stage.unix()?;
    for piece in ["one line ", "in three ", "pieces\n"] {
        probe.send(piece.as_bytes())?;
        stage.holds_for(stage.quiet() / 2, || true);
    }
    match probe.hear()? {
        Ok(line) if line == b"one line in three pieces" => kept(),
        other => broken(format!("{other:?}")),
    }
}

fn limit(stage: &Stage) -> Outcome {
    let mut probe = stage.unix()?;
    probe.say(&vec![b'x'; stage.testee().limits().max_package * 2])?;
    match probe.hear_until(stage.within(Duration::from_secs(3)))? {
        Err(end) if end.is_over() => kept(),
        Err(end) => broken(format!("it is not ended: {}", end.name())),
        Ok(line) => broken(format!("{} octets came back", line.len())),
    }
}

fn after_last_word(stage: &Stage) -> Outcome {
    let mut probe = stage.unix()?;
    probe.send(b"before\n!close\nafter\n")?;
    for wanted in ["before", "bye"] {
        match probe.hear()? {
            Ok(line) if line == wanted.as_bytes() => {}
            other => return broken(format!("no {wanted:?}: {other:?}")),
        }
    }
    match probe.hear_until(stage.within(Duration::from_secs(2)))? {
        Err(end) if end.is_over() => kept(),
        other => broken(format!("behind `bye`: {other:?}")),
    }
}

fn half_closed(stage: &Stage) -> Outcome {
    let mut probe = stage.unix()?;
    probe.send("line\n".repeat(100).as_bytes())?;
    probe.raw().finish_sending();
    for number in 0..100 {
        match probe.hear()? {
            Ok(line) if line == b"line" => {}
            other => return broken(format!("answer {number} of 100: {other:?}")),
        }
    }
    kept()
}

fn many(stage: &Stage) -> Outcome {
    let path = stage.testee().socket("unix").ok_or_else(|| Surprise("no port unix".to_owned()))?;
    let mut probes = Vec::new();
    for number in 0..200 {
        match crate::probe::Probe::connect_unix("unix", &path) {
            Ok(probe) => probes.push(TextProbe::new(probe, stage.deadline())),
            Err(error) => return broken(format!("connection {number}: {error}")),
        }
    }
    for (number, probe) in probes.iter_mut().enumerate() {
        match probe.ask(b"one of many")? {
            Ok(line) if line == b"one of many" => {}
            other => return broken(format!("connection {number}: {other:?}")),
        }
    }
    kept()
}

fn start(stage: &Stage, prepare: Prepare) -> Result<Testee, TesteeError> {
    let first = stage.testee();
    Testee::start(first.file(), &Launch { prepare, ..first.launch().clone() })
}

fn stale_replaced(stage: &Stage) -> Outcome {
    // Dropped at once: the file stays.
    match start(stage, Prepare::with(|_, socket| UnixListener::bind(socket).map(drop))) {
        Ok(testee) => {
            let own = stage.with_testee(testee);
            match own.unix()?.ask(b"hello")? {
                Ok(line) if line == b"hello" => kept(),
                other => broken(format!("it starts, and on the socket: {other:?}")),
            }
        }
        Err(error) => broken(format!("it does not start: {error}")),
    }
}

/// The start has to fail.
fn fails(stage: &Stage, prepare: Prepare) -> Outcome {
    match start(stage, prepare) {
        Err(TesteeError::Died { exit: crate::testee::Exit::Code(0), .. }) => broken("it ended with status 0"),
        Err(TesteeError::Died { .. }) => kept(),
        Err(error) => broken(format!("it neither serves nor ends: {error}")),
        Ok(_) => broken("it serves"),
    }
}

fn live_not_stolen(stage: &Stage) -> Outcome {
    let held: Arc<Mutex<Vec<UnixListener>>> = Arc::default();
    let keeping = Arc::clone(&held);
    let prepare = Prepare::with(move |_, socket| {
        let listener = UnixListener::bind(socket)?;
        keeping.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(listener);
        Ok(())
    });
    fails(stage, prepare)
}

fn other_not_removed(stage: &Stage) -> Outcome {
    fails(stage, Prepare::with(|_, socket| fs::write(socket, "somebody's data")))
}

fn gone_after_stop(stage: &Stage) -> Outcome {
    let testee = stage.testee();
    let path = testee.socket("unix").ok_or_else(|| Surprise("no port unix".to_owned()))?;
    stage.all_workers()?;
    testee
        .signal(testee.master(), testee.file().stop().signal)
        .map_err(Surprise::of("can't stop the server"))?;
    if testee.wait_exit(stage.within(testee.file().stop().timeout)).is_none() {
        return broken("the master does not end");
    }
    match path.exists() {
        false => kept(),
        true => broken("the socket is still there"),
    }
}
