//! Text inside TLS: how it begins, how it ends, and what is no TLS at all.

use std::io::Write;
use std::time::Duration;

use crate::case::{Case, Need, Source};
use crate::probe::{TlsEnd, TlsProbe};
use crate::run::Stage;
use crate::testee::Capability;
use crate::verdict::{Outcome, Surprise, broken, kept};

const TLS: Need = Need::Can(Capability::Tls);

/// The sections of this suite.
pub const SECTIONS: &[&[Case]] = &[CASES];

/// TLS-1 to TLS-6 and RFC 8446.
const CASES: &[Case] = &[
    act! {
        "tls.version.three", Must, Source::Model("TLS-5");
        claim: "TLS 1.3 must be agreed on with a client that offers it alone.";
        reading: "The certificate of the run, for `localhost`.";
        needs: [TLS]; Shared; seconds: 8;
        accepts: ["a line is echoed"]; aliases: [];
        run: |stage| version(stage, &rustls::version::TLS13)
    },
    act! {
        "tls.version.two", Must, Source::Model("TLS-5");
        claim: "TLS 1.2 must be agreed on with a client that offers it alone.";
        reading: "The certificate of the run, for `localhost`.";
        needs: [TLS]; Shared; seconds: 8;
        accepts: ["a line is echoed"]; aliases: [];
        run: |stage| version(stage, &rustls::version::TLS12)
    },
    act! {
        "tls.line.in-records", Must, Source::Rfc(8446, "5.1");
        claim: "A line that comes in several records must be one message.";
        reading: "Record boundaries mean nothing to what is inside.";
        needs: [TLS]; Shared; seconds: 8;
        accepts: ["the whole line"]; aliases: [];
        run: in_records
    },
    act! {
        "tls.line.many-in-one-record", Must, Source::Rfc(8446, "5.1");
        claim: "Lines that come in one record must all be answered, in order.";
        reading: "A hundred of them.";
        needs: [TLS]; Shared; seconds: 8;
        accepts: ["every line, in order"]; aliases: [];
        run: many_in_one_record
    },
    act! {
        "tls.line.large", Must, Source::Rfc(8446, "5.1");
        claim: "A line that does not fit into one record must come back whole.";
        reading: "60000 octets; a record holds 16384.";
        needs: [TLS]; Shared; seconds: 8;
        accepts: ["the same line"]; aliases: [];
        run: large
    },
    act! {
        "tls.line.limit", Must, Source::Model("TEXT-5");
        claim: "A line above the limit must end the connection inside TLS too.";
        reading: "Twice the limit, without an answer.";
        needs: [TLS, Need::Limits]; Shared; seconds: 8;
        accepts: ["the end, and no answer"]; aliases: [];
        run: limit
    },
    act! {
        "tls.flood.order", Must, Source::Model("TLS-6");
        claim: "What is sent at once must arrive whole and in order inside TLS.";
        reading: "Forty messages of 20000 octets.";
        needs: [TLS]; Shared; seconds: 8;
        accepts: ["every message once, in order"]; aliases: [];
        run: flood
    },
    act! {
        "tls.end.server-notifies", Must, Source::Rfc(8446, "6.1");
        claim: "A server that ends a connection must say so by close_notify.";
        reading: "`!close`: the line, then close_notify, then the end of TCP.";
        needs: [TLS]; Shared; seconds: 8;
        accepts: ["`bye`, then close_notify"]; aliases: [];
        run: server_notifies
    },
    act! {
        "tls.end.client-notifies", Must, Source::Rfc(8446, "6.1");
        claim: "A connection whose client has said its end must be ended.";
        reading: "close_notify, and TCP is left to the server: its own end within two seconds.";
        needs: [TLS]; Shared; seconds: 8;
        accepts: ["close_notify or the end of TCP"]; aliases: [];
        run: client_notifies
    },
    act! {
        "tls.end.pending-answer", Must, Source::Model("SF-32");
        claim: "A client that has said its end must still get the answers it is owed.";
        reading: "A line and close_notify in one write.";
        needs: [TLS]; Shared; seconds: 8;
        accepts: ["the answer"]; aliases: [];
        run: pending_answer
    },
    act! {
        "tls.end.truncated", Must, Source::Rfc(8446, "6.1");
        claim: "What is cut off without close_notify must not be taken for whole.";
        reading: "Half a line, and the end of TCP: no answer to it.";
        needs: [TLS]; Shared; seconds: 8;
        accepts: ["the end, and no answer"]; aliases: [];
        run: truncated
    },
    act! {
        "tls.plain.not-answered", Must, Source::Model("TLS-3");
        claim: "A client that speaks plainly must not be answered plainly.";
        reading: "A line of text: at most an alert comes, and the connection is ended within two seconds.";
        needs: [TLS]; Shared; seconds: 8;
        accepts: ["an alert, or the end"]; aliases: [];
        run: plain
    },
    act! {
        "tls.plain.harms-nobody", Must, Source::Model("TLS-3");
        claim: "Clients that speak plainly must harm no other.";
        reading: "Twenty of them; bystanders of each worker are answered by it.";
        needs: [TLS]; Shared; seconds: 8;
        accepts: ["the bystanders are answered by their workers"]; aliases: [];
        run: harms_nobody
    },
    act! {
        "tls.handshake.others-served", Must, Source::Model("TLS-4");
        claim: "A handshake that does not go on must hold up no other connection.";
        reading: "Eight that have said nothing and eight that sent half a ClientHello; eight others shake hands and are answered meanwhile.";
        needs: [TLS]; Shared; seconds: 8;
        accepts: ["the others are answered within two seconds"]; aliases: [];
        run: others_served
    },
];

fn version(stage: &Stage, version: &'static rustls::SupportedProtocolVersion) -> Outcome {
    let mut probe = match TlsProbe::connect(stage.address("tls")?, Some(version), stage.deadline())? {
        Ok(probe) => probe,
        Err(what) => return broken(what),
    };
    stage.keep(probe.transcript());
    match probe.ask(b"hello")? {
        Ok(line) if line == b"hello" => kept(),
        other => broken(format!("{other:?}")),
    }
}

fn in_records(stage: &Stage) -> Outcome {
    let mut probe = stage.tls()?;
    for piece in ["one line ", "in three ", "records\n"] {
        probe.send(piece.as_bytes())?;
        stage.holds_for(stage.quiet() / 2, || true);
    }
    match probe.hear()? {
        Ok(line) if line == b"one line in three records" => kept(),
        other => broken(format!("{other:?}")),
    }
}

fn many_in_one_record(stage: &Stage) -> Outcome {
    let mut probe = stage.tls()?;
    let lines: Vec<String> = (0..100).map(|number| format!("line {number}")).collect();
    probe.send((lines.join("\n") + "\n").as_bytes())?;
    for wanted in &lines {
        match probe.hear()? {
            Ok(line) if line == wanted.as_bytes() => {}
            other => return broken(format!("{wanted:?} came as {other:?}")),
        }
    }
    kept()
}

fn large(stage: &Stage) -> Outcome {
    let line: Vec<u8> = (0..60_000_u32).map(|number| b'a' + (number % 26) as u8).collect();
    match stage.tls()?.ask(&line)? {
        Ok(echo) if echo == line => kept(),
        Ok(echo) => broken(format!("{} octets came back", echo.len())),
        Err(end) => broken(end.name()),
    }
}

fn limit(stage: &Stage) -> Outcome {
    let mut probe = stage.tls()?;
    probe.say(&vec![b'x'; stage.testee().limits().max_package * 2])?;
    match probe.hear_until(stage.within(Duration::from_secs(3)))? {
        Err(TlsEnd::TimedOut) => broken("it is not ended"),
        Err(_) => kept(),
        Ok(line) => broken(format!("{} octets came back", line.len())),
    }
}

fn flood(stage: &Stage) -> Outcome {
    let mut probe = stage.tls()?;
    probe.say(b"!flood 40 20000")?;
    for number in 0..40 {
        match probe.hear()? {
            Ok(line) if line.len() == 20_000 && line.starts_with(format!("{number:08}.").as_bytes()) => {}
            Ok(line) => return broken(format!("message {number} came with {} octets", line.len())),
            Err(end) => return broken(format!("message {number} of 40 did not come: {}", end.name())),
        }
    }
    kept()
}

fn server_notifies(stage: &Stage) -> Outcome {
    let mut probe = stage.tls()?;
    match probe.ask(b"!close")? {
        Ok(line) if line == b"bye" => {}
        other => return broken(format!("no `bye`: {other:?}")),
    }
    match probe.wait_end(stage.within(Duration::from_secs(3)))? {
        TlsEnd::Notified => kept(),
        end => broken(end.name()),
    }
}

fn client_notifies(stage: &Stage) -> Outcome {
    let mut probe = stage.tls()?;
    probe.ask(b"before")?.map_err(|end| Surprise(end.name().to_owned()))?;
    probe.finish(false)?;
    match probe.wait_end(stage.within(Duration::from_secs(2)))? {
        TlsEnd::TimedOut => broken("open two seconds after close_notify"),
        _ => kept(),
    }
}

fn pending_answer(stage: &Stage) -> Outcome {
    let mut probe = stage.tls()?;
    probe.ask(b"before")?.map_err(|end| Surprise(end.name().to_owned()))?;
    probe.say_last(b"last words")?;
    match probe.hear_until(stage.within(Duration::from_secs(3)))? {
        Ok(line) if line == b"last words" => kept(),
        other => broken(format!("{other:?}")),
    }
}

fn truncated(stage: &Stage) -> Outcome {
    let mut probe = stage.tls()?;
    probe.ask(b"before")?.map_err(|end| Surprise(end.name().to_owned()))?;
    probe.send(b"half a li")?;
    probe.cut();
    match probe.hear_until(stage.within(Duration::from_secs(3)))? {
        Ok(line) => broken(format!("{:?} came", String::from_utf8_lossy(&line))),
        Err(TlsEnd::TimedOut) => broken("it is not ended"),
        Err(_) => kept(),
    }
}

fn plain(stage: &Stage) -> Outcome {
    let deadline = stage.within(Duration::from_secs(2));
    let mut probe = stage.try_connect("tls", None, deadline)?.map_err(Surprise::of("can't connect"))?;
    probe.send(b"hello, who is there, in plain text?\n", deadline)?;
    let end = probe.wait_end(deadline)?;
    // An alert is a record of type 21, of two octets, behind its version and length.
    match (end.is_over(), probe.received()) {
        (false, _) => broken("not ended within two seconds"),
        (true, [] | [21, _, _, 0, 2, _, _]) => kept(),
        (true, _) => broken(format!("answered with {:?}", String::from_utf8_lossy(probe.received()))),
    }
}

fn harms_nobody(stage: &Stage) -> Outcome {
    let mut bystanders = Vec::new();
    for _ in 0..8 {
        let mut bystander = stage.tls()?;
        let who = bystander.ask(b"!who")?.map_err(|end| Surprise(end.name().to_owned()))?;
        bystanders.push((bystander, who));
    }
    for _ in 0..20 {
        let deadline = stage.within(Duration::from_secs(2));
        let mut probe = stage.try_connect("tls", None, deadline)?.map_err(Surprise::of("can't connect"))?;
        probe.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", deadline)?;
        probe.wait_end(deadline)?;
    }
    for (mut bystander, who) in bystanders {
        match bystander.ask(b"!who")? {
            Ok(answer) if answer == who => {}
            other => return broken(format!("a bystander: {other:?}")),
        }
    }
    kept()
}

fn others_served(stage: &Stage) -> Outcome {
    let mut stuck = Vec::new();
    for number in 0..16 {
        let stream =
            std::net::TcpStream::connect(stage.address("tls")?).map_err(Surprise::of("can't connect"))?;
        if number % 2 == 0 {
            (&stream)
                .write_all(b"\x16\x03\x01\x01\x00\x01\x00\x00\xfc")
                .map_err(Surprise::of("can't write"))?;
        }
        stuck.push(stream);
    }
    let deadline = stage.within(Duration::from_millis(1_500));
    for number in 0..8 {
        let mut probe = match TlsProbe::connect(stage.address("tls")?, None, deadline)? {
            Ok(probe) => probe,
            Err(what) => return broken(format!("connection {number}: {what}")),
        };
        probe.say(b"meanwhile")?;
        match probe.hear_until(deadline)? {
            Ok(line) if line == b"meanwhile" => {}
            other => return broken(format!("connection {number}: {other:?}")),
        }
    }
    drop(stuck);
    kept()
}
