//! Plays an exchange: sends, and looks what comes.

use std::time::{Duration, Instant};

use workerspec_wire::http::Request;

use super::judge::{After, Seen, judge};
use super::slicing::under_every_cut;
use super::stage::Stage;
use crate::case::{Accept, Answer, Exchange, Grade, Plan};
use crate::probe::{End, HttpProbe, NoAnswer};
use crate::verdict::{Finding, Outcome, Surprise};

/// An answer that has not come by then will not come.
const PATIENCE: Duration = Duration::from_secs(3);
/// A close that has not come by then will not come.
const CLOSE_PATIENCE: Duration = Duration::from_millis(700);
/// The interim answer that is a final one: HTTP ends with it.
const SWITCHED: u16 = 101;

/// Sends, looks, judges; what is taken is tried under every cut.
pub(super) fn play(exchange: &Exchange, stage: &Stage) -> Outcome {
    let bytes = exchange.send.bytes();
    let (finding, taken) = once(exchange, &bytes, exchange.plan.pieces(&bytes), stage)?;
    if !taken || exchange.plan != Plan::Whole {
        return Ok(finding);
    }
    under_every_cut(finding, |slicing| Ok(once(exchange, &bytes, slicing.pieces(&bytes), stage)?.0))
}

/// What was found, and whether all that was sent was taken.
fn once(
    exchange: &Exchange,
    bytes: &[u8],
    pieces: Vec<&[u8]>,
    stage: &Stage,
) -> Result<(Finding, bool), Surprise> {
    let mut probe = stage.http()?;
    for piece in pieces {
        probe.send(piece)?;
    }
    if exchange.plan == Plan::HalfClose {
        probe.raw().finish_sending();
    }
    let seen = look(exchange, bytes, &mut probe, stage)?;
    if let (Some(rest), After::Waiting) = (exchange.resume, seen.after) {
        return Ok((resume(rest, &mut probe, stage)?, false));
    }
    let taken = !seen.finals.is_empty() && seen.finals.iter().all(|response| response.status / 100 == 2);
    Ok((judge(exchange.accept, &seen, stage.is_full()), taken))
}

/// The rest of a request that was cut: it has to be answered like any other.
fn resume(rest: &[u8], probe: &mut HttpProbe, stage: &Stage) -> Result<Finding, Surprise> {
    probe.raw().note("it waits; here is the rest");
    probe.send(rest)?;
    Ok(match probe.hear_until(false, stage.within(PATIENCE))? {
        Ok(response) if response.status / 100 == 2 => {
            Finding::Kept("it waited, and answered the rest".to_owned())
        }
        Ok(response) => Finding::Broken(format!("it waited, but answered the rest with {}", response.status)),
        Err(no_answer) => Finding::Broken(format!("it waited, but did not answer the rest: {no_answer}")),
    })
}

fn look(exchange: &Exchange, bytes: &[u8], probe: &mut HttpProbe, stage: &Stage) -> Result<Seen, Surprise> {
    let accepts = exchange.accept;
    let may_wait = accepts.iter().any(|accept| accept.answer == Answer::Waits);
    let wanted = accepts.iter().filter_map(|accept| accept.count).max().unwrap_or(1);
    let mut seen = Seen::default();
    loop {
        let first = seen.finals.is_empty();
        let deadline = stage.within(if may_wait && first { stage.quiet() } else { PATIENCE });
        let to_head = first && bytes.starts_with(b"HEAD ");
        match probe.hear_until(to_head, deadline)? {
            Ok(response) if response.status == SWITCHED => {
                // What follows is another protocol.
                seen.finals.push(response);
                return Ok(seen);
            }
            Ok(response) if response.is_interim() => seen.interims.push(response.status),
            Ok(response) => {
                let last = 400 <= response.status || response.announces_close();
                seen.finals.push(response);
                if last || wanted <= seen.finals.len() {
                    break;
                }
            }
            Err(NoAnswer::Malformed(malformed)) => {
                seen.malformed = Some(malformed);
                return Ok(seen);
            }
            Err(NoAnswer::End(end)) => {
                seen.after = match end {
                    End::TimedOut if first && may_wait => After::Waiting,
                    End::TimedOut | End::Enough => After::Silent,
                    over => After::Over(over),
                };
                return Ok(seen);
            }
        }
    }
    let Some(last) = seen.finals.last() else { return Ok(seen) };
    let closes = |accept: &Accept| match accept.answer {
        Answer::Status(status) => status == last.status && (accept.close || accept.count.is_some()),
        Answer::Refused => 400 <= last.status && (accept.close || accept.count.is_some()),
        Answer::Answered | Answer::Echoes(_) => last.status / 100 == 2 && accept.close,
        Answer::Closed | Answer::Waits => false,
    };
    let due = last.announces_close() || exchange.plan == Plan::HalfClose || accepts.iter().any(closes);
    if due {
        let stays =
            |accept: &Accept| accept.grade == Grade::Tolerated && !accept.announced && !closes(accept);
        let patience = match accepts.iter().any(stays) {
            // Staying open is tolerated: no need to wait long for the close.
            true => stage.quiet() * 2,
            false => CLOSE_PATIENCE,
        };
        drain(&mut seen, probe, stage.within(patience))?;
    } else if last.status < 400 {
        fence(&mut seen, probe, stage)?;
    }
    Ok(seen)
}

/// Reads on until the connection ends; a server that announced it has to do it.
fn drain(seen: &mut Seen, probe: &mut HttpProbe, deadline: Instant) -> Result<(), Surprise> {
    loop {
        match probe.hear_until(false, deadline)? {
            Ok(response) => seen.finals.push(response),
            Err(NoAnswer::Malformed(malformed)) => {
                seen.malformed = Some(malformed);
                return Ok(());
            }
            Err(NoAnswer::End(End::TimedOut | End::Enough)) => {
                seen.after = After::Open;
                return Ok(());
            }
            Err(NoAnswer::End(over)) => {
                seen.after = After::Over(over);
                return Ok(());
            }
        }
    }
}

/// Another request on the same connection: its answer shows where the server thinks that the first one
/// ended. Answers before it belong to what was sent before.
fn fence(seen: &mut Seen, probe: &mut HttpProbe, stage: &Stage) -> Result<(), Surprise> {
    probe.send(&Request::get("/load/fence").end())?;
    loop {
        match probe.hear_until(false, stage.within(PATIENCE))? {
            Ok(response) if response.body.starts_with(b"fence ") => {
                seen.after = After::Open;
                return Ok(());
            }
            Ok(response) => seen.finals.push(response),
            Err(NoAnswer::Malformed(malformed)) => {
                seen.malformed = Some(malformed);
                return Ok(());
            }
            Err(NoAnswer::End(End::TimedOut | End::Enough)) => {
                seen.after = After::Stuck;
                return Ok(());
            }
            Err(NoAnswer::End(over)) => {
                seen.after = After::Over(over);
                return Ok(());
            }
        }
    }
}
