use std::time::Duration;

use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::{Capability, Process};
use crate::verdict::{Finding, Outcome, Surprise, broken, kept};

const HTTP: Need = Need::Can(Capability::Http);

/// What a run leaves behind: the shared testee after all other cases, beside what it was before the first.
pub(super) const CASES: &[Case] = &[
    act! {
        "process.residue.children", Must, Source::Contract("When clients are gone");
        claim: "When all clients are gone there must be as many processes as before they came.";
        reading: "Everything below the master counts, zombies too, after every case that shared the testee and 64 connections more.";
        needs: [HTTP]; Last; seconds: 8;
        accepts: ["no more processes than before the first case"]; aliases: [];
        run: children
    },
    act! {
        "process.residue.descriptors", Must, Source::Contract("When clients are gone");
        claim: "When all clients are gone there must be no more open descriptors than before they came.";
        reading: "Of all processes together, with eight to spare for logs and the like; 64 connections came and went last.";
        needs: [HTTP]; Last; seconds: 8;
        accepts: ["at most eight more than before the first case"]; aliases: [];
        run: descriptors
    },
    act! {
        "process.residue.memory", Must, Source::Contract("When clients are gone");
        claim: "When all clients are gone memory must not have grown with what they sent.";
        reading: "Resident memory of all processes together. Allocators keep pages: 256 MiB over what it was before the first case are allowed, and what 64 connections of 1 MiB take must not come on top.";
        needs: [HTTP]; Last; seconds: 15;
        accepts: ["at most 256 MiB more than before the first case, and no growth with each connection"]; aliases: [];
        run: memory
    },
];

/// Connections that come and go before it is counted: a leak of one each shows.
const VISITS: usize = 64;
/// How long what a client leaves behind may stay.
const PATIENCE: Duration = Duration::from_secs(2);
/// Descriptors that a server may open once and keep.
const SPARE_DESCRIPTORS: usize = 8;
/// Memory that an allocator may keep, and symbols that were read for the trace of a crash.
const SPARE_BYTES: u64 = 256 << 20;

/// Connections that ask once and go.
fn visit(stage: &Stage, body: &[u8]) -> Result<(), Surprise> {
    for number in 0..VISITS {
        let probe = stage
            .connect_apart("http", None, stage.deadline())?
            .map_err(Surprise::of("can't connect to port http"))?;
        let mut probe = crate::probe::HttpProbe::new(probe, stage.deadline());
        let head = format!(
            "POST /load/visit-{number} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        probe.send(&[head.as_bytes(), body].concat())?;
        if let Err(no_answer) = probe.hear(false)? {
            return Err(Surprise(format!("visitor {number} is not answered: {no_answer}")));
        }
    }
    Ok(())
}

/// Waits until a measure of the tree is no more than allowed.
fn comes_back(
    stage: &Stage,
    measure: impl Fn(&[Process]) -> u64,
    spare: u64,
    what: &str,
) -> Result<Finding, Surprise> {
    let before = measure(stage.before());
    let mut now = 0;
    let stays = stage.holds_for(PATIENCE, || {
        now = measure(&stage.testee().tree());
        before + spare < now
    });
    if stays { broken(format!("{now} {what}, and {before} before")) } else { kept() }
}

fn children(stage: &Stage) -> Outcome {
    visit(stage, b"")?;
    comes_back(stage, |tree| tree.len() as u64, 0, "processes below the master")
}

fn descriptors(stage: &Stage) -> Outcome {
    visit(stage, b"")?;
    let sum = |tree: &[Process]| tree.iter().filter_map(|process| process.descriptors).sum::<usize>() as u64;
    comes_back(stage, sum, SPARE_DESCRIPTORS as u64, "open descriptors")
}

fn memory(stage: &Stage) -> Outcome {
    let sum = |tree: &[Process]| tree.iter().map(|process| process.resident_bytes >> 10).sum::<u64>();
    let body = vec![b'x'; (stage.testee().limits().max_package / 2).min(1 << 20)];
    visit(stage, &body)?;
    let once = sum(&stage.testee().tree());
    visit(stage, &body)?;
    // What two rounds of visitors need must not be more than what one needs, but for what is not yet given back.
    let bound = ((VISITS * body.len()) as u64 / 2) >> 10;
    let mut now = 0;
    let grows = stage.holds_for(PATIENCE, || {
        now = sum(&stage.testee().tree());
        once + bound.max(8 << 10) < now
    });
    if grows {
        return broken(format!("{now} KiB after twice {VISITS} visitors, and {once} after once"));
    }
    comes_back(stage, sum, SPARE_BYTES >> 10, "KiB of resident memory")
}
