use std::collections::BTreeMap;
use std::time::Duration;

use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::suites::speaker::Port;
use crate::testee::Capability;
use crate::verdict::{Outcome, broken, kept};

const JOURNAL: Need = Need::Can(Capability::Journal);

/// Many connections, and what is said of each.
pub(super) const CASES: &[Case] = &[
    act! {
        "connection.callbacks.once", Must, Source::Model("CONN-5");
        claim: "Every connection must be reported once when it comes and once when it goes.";
        reading: "Thirty that come, say something and go; by their lines in the journal.";
        needs: [Port::Text.need(), JOURNAL]; Isolated; seconds: 8;
        accepts: ["one `connect` and one `close` of each, in this order"]; aliases: [];
        run: once
    },
    act! {
        "connection.number.unique", Must, Source::Contract("The journal");
        claim: "No two connections of a process must have the same number.";
        reading: "Thirty that come and go one after the other; by their `connect` lines.";
        needs: [Port::Text.need(), JOURNAL]; Isolated; seconds: 8;
        accepts: ["as many numbers as connections"]; aliases: [];
        run: unique
    },
    act! {
        "connection.many.served", Must, Source::Model("SF-31");
        claim: "Six hundred connections at the same time must all be served.";
        reading: "Each is answered while all the others are open.";
        needs: [Port::Text.need()]; Isolated; seconds: 15;
        accepts: ["each of them answered"]; aliases: [];
        run: many
    },
];

/// Lines of the journal, once as many connections have gone as have come.
fn lines(stage: &Stage) -> Result<Vec<crate::testee::JournalLine>, crate::verdict::Surprise> {
    stage.all_workers()?;
    for _ in 0..30 {
        let mut probe = stage.text()?;
        probe.who()?;
    }
    let of_text = || {
        let journal = stage.testee().journal();
        journal.into_iter().filter(|line| line.port.as_deref() == Some("text")).collect::<Vec<_>>()
    };
    let count = |event: &str| of_text().iter().filter(|line| line.event == event).count();
    // The runner's own look whether the port accepts is one of them.
    let soon = stage.within(Duration::from_secs(2));
    stage.eventually(|| {
        (30 <= count("close") && count("close") == count("connect") || soon <= std::time::Instant::now())
            .then_some(())
    });
    stage.holds_for(stage.quiet(), || true);
    Ok(of_text())
}

fn once(stage: &Stage) -> Outcome {
    let mut open: BTreeMap<(i32, Option<u64>), usize> = BTreeMap::new();
    let mut came = 0;
    for line in lines(stage)? {
        let count = open.entry((line.pid, line.conn)).or_default();
        match (line.event.as_str(), *count) {
            ("connect", 0) => {
                *count = 1;
                came += 1;
            }
            ("close", 1) => *count = 0,
            (event, _) => {
                return broken(format!("`{event}` of {:?} of {} out of place", line.conn, line.pid));
            }
        }
    }
    match open.values().filter(|count| **count != 0).count() {
        0 if 30 <= came => kept(),
        0 => broken(format!("{came} `connect` of thirty connections")),
        left => broken(format!("{left} connections have gone without a `close`")),
    }
}

fn unique(stage: &Stage) -> Outcome {
    let mut seen = std::collections::BTreeSet::new();
    for line in lines(stage)?.into_iter().filter(|line| line.event == "connect") {
        if !seen.insert((line.pid, line.conn)) {
            return broken(format!("{:?} twice in {}", line.conn, line.pid));
        }
    }
    match seen.len() {
        30.. => kept(),
        few => broken(format!("{few} `connect` of thirty connections")),
    }
}

fn many(stage: &Stage) -> Outcome {
    let mut probes = Vec::new();
    for number in 0..600 {
        let probe = match stage.connect_apart("text", None, stage.deadline())? {
            Ok(probe) => probe,
            Err(error) => return broken(format!("connection {number}: {error}")),
        };
        probes.push(crate::probe::TextProbe::new(probe, stage.deadline()));
    }
    for (number, probe) in probes.iter_mut().enumerate() {
        match probe.ask(b"one of many")? {
            Ok(line) if line == b"one of many" => {}
            other => return broken(format!("connection {number}: {other:?}")),
        }
    }
    kept()
}
