//! Datagrams: one is a message, and one an answer.

use std::time::Duration;

use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::Capability;
use crate::verdict::{Outcome, Surprise, broken, kept};

const UDP: Need = Need::Can(Capability::Udp);

/// The sections of this suite.
pub const SECTIONS: &[&[Case]] = &[CASES];

/// UDP-1 to UDP-7.
const CASES: &[Case] = &[
    act! {
        "udp.datagram.echo", Must, Source::Model("UDP-2");
        claim: "A datagram must be one message, octet for octet.";
        reading: "With blanks and line ends at both ends.";
        needs: [UDP]; Shared; seconds: 8;
        accepts: ["the same datagram"]; aliases: [];
        run: |stage| echoes(stage, b" \r\n one datagram \n ")
    },
    act! {
        "udp.datagram.empty", Must, Source::Model("UDP-2");
        claim: "An empty datagram must be an empty message.";
        reading: "It is answered by an empty one.";
        needs: [UDP]; Shared; seconds: 8;
        accepts: ["an empty datagram"]; aliases: [];
        run: |stage| echoes(stage, b"")
    },
    act! {
        "udp.datagram.any-octet", Must, Source::Model("UDP-2");
        claim: "A datagram may hold any octets.";
        reading: "All 256 of them, 0x20 first and last.";
        needs: [UDP]; Shared; seconds: 8;
        accepts: ["the same datagram"]; aliases: [];
        run: any_octet
    },
    act! {
        "udp.datagram.large", Must, Source::Model("UDP-1");
        claim: "A datagram of 32768 octets must arrive whole.";
        reading: "In several fragments of IP where the link is narrow; the loopback takes it in one.";
        needs: [UDP]; Shared; seconds: 8;
        accepts: ["the same datagram"]; aliases: [];
        run: |stage| echoes(stage, &[b'x'; 32_768])
    },
    act! {
        "udp.datagram.largest", Must, Source::Model("UDP-1");
        claim: "A datagram of 65507 octets must arrive whole.";
        reading: "No larger one fits into IPv4.";
        needs: [UDP]; Shared; seconds: 8;
        accepts: ["the same datagram"]; aliases: [];
        run: |stage| echoes(stage, &[b'x'; 65_507])
    },
    act! {
        "udp.datagram.two", Must, Source::Model("UDP-2");
        claim: "Two datagrams must be two messages.";
        reading: "Sent one behind the other; each has its answer.";
        needs: [UDP]; Shared; seconds: 8;
        accepts: ["both, each in a datagram of its own"]; aliases: [];
        run: two
    },
    act! {
        "udp.datagram.lines", Must, Source::Model("UDP-2");
        claim: "A datagram of several lines must be one message.";
        reading: "Without a protocol a line end means nothing.";
        needs: [UDP]; Shared; seconds: 8;
        accepts: ["the same datagram, and no other"]; aliases: [];
        run: lines
    },
    act! {
        "udp.datagram.once", Must, Source::Model("UDP-4");
        claim: "A datagram must be answered once.";
        reading: "Nothing more comes within the quiet window.";
        needs: [UDP]; Shared; seconds: 8;
        accepts: ["one answer"]; aliases: [];
        run: once
    },
    act! {
        "udp.peer.each-its-own", Must, Source::Model("UDP-4");
        claim: "Every peer must get the answers to its own datagrams.";
        reading: "Eight peers, one behind the other, and all of them again.";
        needs: [UDP]; Shared; seconds: 8;
        accepts: ["each its own answer"]; aliases: [];
        run: each_its_own
    },
    act! {
        "udp.peer.burst", Must, Source::Model("UDP-1");
        claim: "Fifty datagrams in one go must have fifty answers.";
        reading: "They fit into the buffer of the socket; the order is not judged, as several workers may answer.";
        needs: [UDP]; Shared; seconds: 8;
        accepts: ["fifty different answers"]; aliases: [];
        run: burst
    },
    act! {
        "udp.peer.gone", Must, Source::Model("SF-41");
        claim: "A peer that has gone before its answer must harm nobody.";
        reading: "The system reports it at the next datagram; twenty of them, and then another peer is answered.";
        needs: [UDP]; Shared; seconds: 8;
        accepts: ["the other peer is answered"]; aliases: [];
        run: gone
    },
    act! {
        "udp.command.unknown", Must, Source::Contract("Datagrams");
        claim: "A command that is none must be answered with `?` and the datagram.";
        reading: "`!crash` is none here, and harms nobody.";
        needs: [UDP]; Shared; seconds: 8;
        accepts: ["`?!crash`, and another peer is answered"]; aliases: [];
        run: unknown
    },
    act! {
        "udp.command.who", Must, Source::Contract("Datagrams");
        claim: "`!who` must name a worker of the server.";
        reading: "Twenty times: whoever answers is one of the tree.";
        needs: [UDP]; Shared; seconds: 8;
        accepts: ["a process of the tree"]; aliases: [];
        run: who
    },
];

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

fn answer(stage: &Stage, datagram: &[u8]) -> Result<Option<Vec<u8>>, Surprise> {
    let probe = stage.datagrams()?;
    probe.send(datagram)?;
    probe.hear(stage.within(PATIENCE))
}

fn judge(answer: Option<Vec<u8>>, wanted: &[u8]) -> Outcome {
    match answer {
        Some(answer) if answer == wanted => kept(),
        Some(answer) => {
            let head = String::from_utf8_lossy(&answer[..answer.len().min(40)]).into_owned();
            broken(format!("{} octets and not {}: {head:?}", answer.len(), wanted.len()))
        }
        None => broken("no answer"),
    }
}

fn echoes(stage: &Stage, datagram: &[u8]) -> Outcome {
    judge(answer(stage, datagram)?, datagram)
}

fn any_octet(stage: &Stage) -> Outcome {
    let datagram: Vec<u8> = std::iter::once(b' ').chain(0..=255).chain(std::iter::once(b' ')).collect();
    echoes(stage, &datagram)
}

fn two(stage: &Stage) -> Outcome {
    let probe = stage.datagrams()?;
    probe.send(b"one")?;
    probe.send(b"two")?;
    let mut heard = Vec::new();
    for _ in 0..2 {
        heard.extend(probe.hear(stage.within(PATIENCE))?);
    }
    heard.sort_unstable();
    match heard == [b"one".to_vec(), b"two".to_vec()] {
        true => kept(),
        false => broken(format!(
            "{:?} came",
            heard.iter().map(|it| String::from_utf8_lossy(it)).collect::<Vec<_>>()
        )),
    }
}

/// One datagram and its answer, and nothing else.
fn alone(stage: &Stage, datagram: &[u8]) -> Outcome {
    let probe = stage.datagrams()?;
    probe.send(datagram)?;
    let first = probe.hear(stage.within(PATIENCE))?;
    if let other @ crate::verdict::Finding::Broken(_) = judge(first, datagram)? {
        return Ok(other);
    }
    match probe.hear(stage.within(stage.quiet()))? {
        None => kept(),
        Some(more) => broken(format!("another one came, of {} octets", more.len())),
    }
}

fn lines(stage: &Stage) -> Outcome {
    alone(stage, b"a\nb\nrest")
}

fn once(stage: &Stage) -> Outcome {
    alone(stage, b"once")
}

fn each_its_own(stage: &Stage) -> Outcome {
    let mut peers = Vec::new();
    for _ in 0..8 {
        peers.push(stage.datagrams()?);
    }
    for round in 0..2 {
        for (number, peer) in peers.iter().enumerate() {
            peer.send(format!("peer {number} round {round}").as_bytes())?;
        }
        for (number, peer) in peers.iter().enumerate() {
            let wanted = format!("peer {number} round {round}");
            let heard = peer.hear(stage.within(PATIENCE))?;
            if heard.as_deref() != Some(wanted.as_bytes()) {
                let heard = heard.map(|it| String::from_utf8_lossy(&it).into_owned());
                return broken(format!("peer {number} has {heard:?} and not {wanted:?}"));
            }
        }
    }
    kept()
}

fn burst(stage: &Stage) -> Outcome {
    let probe = stage.datagrams()?;
    let wanted: std::collections::BTreeSet<Vec<u8>> =
        (0..50).map(|number| format!("{number:02}").into_bytes()).collect();
    for datagram in &wanted {
        probe.send(datagram)?;
    }
    let mut heard = std::collections::BTreeSet::new();
    while heard.len() < wanted.len() {
        match probe.hear(stage.within(PATIENCE))? {
            Some(answer) if wanted.contains(&answer) => drop(heard.insert(answer)),
            Some(answer) => return broken(format!("{:?} came", String::from_utf8_lossy(&answer))),
            None => return broken(format!("{} of 50 came", heard.len())),
        }
    }
    kept()
}

fn gone(stage: &Stage) -> Outcome {
    for _ in 0..20 {
        let probe = stage.datagrams()?;
        probe.send(b"an answer to nobody")?;
    }
    // The answers have gone out when others came behind them.
    for _ in 0..20 {
        if answer(stage, b"afterwards")?.as_deref() != Some(b"afterwards") {
            return broken("a peer that came behind them is not answered");
        }
    }
    kept()
}

fn unknown(stage: &Stage) -> Outcome {
    if let other @ crate::verdict::Finding::Broken(_) = judge(answer(stage, b"!crash")?, b"?!crash")? {
        return Ok(other);
    }
    echoes(stage, b"afterwards")
}

fn who(stage: &Stage) -> Outcome {
    for _ in 0..20 {
        let Some(text) = answer(stage, b"!who")? else { return broken("`!who` is not answered") };
        let who: crate::probe::Who = match serde_json::from_slice(&text) {
            Ok(who) => who,
            Err(error) => {
                return broken(format!("`!who` answered {:?}: {error}", String::from_utf8_lossy(&text)));
            }
        };
        if !stage.testee().tree().iter().any(|process| process.pid.as_raw() == who.pid) {
            return broken(format!("process {} is not of the tree", who.pid));
        }
    }
    kept()
}
