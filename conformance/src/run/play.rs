//! Plays an exchange and judges what came against the list of what may come.

use std::time::Duration;

use workerspec_wire::http::{Malformed, Request, Response};

use super::stage::Stage;
use crate::case::{Accept, Answer, Exchange, Grade, Plan};
use crate::probe::{End, HttpProbe, NoAnswer};
use crate::verdict::{Finding, Outcome, Surprise};

/// What an exchange showed.
#[derive(Clone, Debug, Default)]
struct Seen {
    interims: Vec<u16>,
    finals: Vec<Response>,
    malformed: Option<Malformed>,
    after: After,
}

/// How the connection was left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum After {
    /// Nobody looked.
    #[default]
    Unknown,
    /// It goes on: another request was answered, or no close came.
    Open,
    /// Closed or reset.
    Over(End),
    /// Open, but the next request was not answered.
    Stuck,
    /// No answer, and none was due yet.
    Waiting,
    /// No answer although one was due.
    Silent,
}

/// An answer that has not come by then will not come.
const PATIENCE: Duration = Duration::from_secs(3);
/// A close that has not come by then will not come.
const CLOSE_PATIENCE: Duration = Duration::from_millis(700);

/// Sends, looks, judges.
pub(super) fn play(exchange: &Exchange, stage: &Stage) -> Outcome {
    let bytes = exchange.send.bytes();
    let mut probe = stage.http()?;
    for piece in exchange.plan.pieces(&bytes) {
        probe.send(piece)?;
    }
    if exchange.plan == Plan::HalfClose {
        probe.raw().finish_sending();
    }
    let seen = look(exchange, &bytes, &mut probe, stage)?;
    if let (Some(rest), After::Waiting) = (exchange.resume, seen.after) {
        return resume(rest, &mut probe, stage);
    }
    Ok(judge(exchange.accept, &seen, stage.is_full()))
}

/// The rest of a request that was cut: it has to be answered like any other.
fn resume(rest: &[u8], probe: &mut HttpProbe, stage: &Stage) -> Outcome {
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
        Answer::Answered | Answer::Echoes(_) => last.status / 100 == 2 && accept.close,
        Answer::Closed | Answer::Waits => false,
    };
    let due = last.announces_close() || exchange.plan == Plan::HalfClose || accepts.iter().any(closes);
    if due {
        let patience = match accepts.iter().any(|accept| accept.grade == Grade::Tolerated && !closes(accept))
        {
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
fn drain(seen: &mut Seen, probe: &mut HttpProbe, deadline: std::time::Instant) -> Result<(), Surprise> {
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

fn judge(accepts: &[Accept], seen: &Seen, full: bool) -> Finding {
    let came = describe(seen);
    for grade in [Grade::Preferred, Grade::Tolerated, Grade::Observed] {
        if accepts.iter().any(|accept| accept.grade == grade && matches(accept, seen, full)) {
            return match grade {
                Grade::Preferred | Grade::Observed => Finding::Kept(came),
                Grade::Tolerated => Finding::Tolerated(came),
            };
        }
    }
    Finding::Broken(came)
}

fn matches(accept: &Accept, seen: &Seen, full: bool) -> bool {
    if seen.malformed.is_some() {
        return false;
    }
    let over = matches!(seen.after, After::Over(_));
    let count = accept.count.is_none_or(|count| seen.finals.len() == count);
    let close = over || !accept.close;
    let success = || !seen.finals.is_empty() && seen.finals.iter().all(|response| response.status / 100 == 2);
    let alive = !matches!(seen.after, After::Stuck | After::Silent);
    match accept.answer {
        Answer::Closed => over && seen.finals.is_empty() && seen.interims.is_empty(),
        Answer::Waits => seen.after == After::Waiting,
        Answer::Status(status) => {
            count && close && seen.finals.first().is_some_and(|response| response.status == status)
        }
        Answer::Answered => success() && count && close && alive,
        Answer::Echoes(content) => {
            success() && count && close && alive && (!full || seen.finals[0].body == content)
        }
    }
}

/// What came, in words.
fn describe(seen: &Seen) -> String {
    let mut words: Vec<String> = seen.interims.iter().map(u16::to_string).collect();
    words.extend(seen.finals.iter().map(|response| {
        let shown = &response.body[..response.body.len().min(40)];
        match response.body.is_empty() {
            true => response.status.to_string(),
            false => format!("{} \"{}\"", response.status, workerspec_wire::dump::escape(shown)),
        }
    }));
    if words.is_empty() {
        words.push("no answer".to_owned());
    }
    let after = match (seen.malformed, seen.after) {
        (Some(malformed), _) => format!(", then bytes that are no answer: {malformed}"),
        (None, After::Unknown) => String::new(),
        (None, After::Open) => ", and the connection stays open".to_owned(),
        (None, After::Over(End::Reset)) => ", then reset".to_owned(),
        (None, After::Over(_)) => ", then closed".to_owned(),
        (None, After::Stuck) => ", and the next request was not answered".to_owned(),
        (None, After::Waiting) => ", it waits".to_owned(),
        (None, After::Silent) => format!(" within {} s", PATIENCE.as_secs()),
    };
    format!("{}{after}", words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{answered, closed, echoes, observe, prefer, status, tolerate};

    fn response(status: u16, body: &[u8]) -> Response {
        let bytes =
            [format!("HTTP/1.1 {status} \r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), body]
                .concat();
        match workerspec_wire::http::read_response(&bytes, 0, false, false) {
            Ok(workerspec_wire::http::Read::Response(response)) => *response,
            other => panic!("{other:?}"),
        }
    }

    fn seen(finals: &[(u16, &[u8])], after: After) -> Seen {
        let finals = finals.iter().map(|(status, body)| response(*status, body)).collect();
        Seen { finals, after, ..Seen::default() }
    }

    #[test]
    fn the_better_grade_wins() {
        let accepts = [tolerate(status(400)), prefer(status(400)).and_close(), observe(closed())];
        assert!(matches!(
            judge(&accepts, &seen(&[(400, b"")], After::Over(End::Closed)), true),
            Finding::Kept(_)
        ));
        assert!(matches!(judge(&accepts, &seen(&[(400, b"")], After::Open), true), Finding::Tolerated(_)));
        assert!(matches!(judge(&accepts, &seen(&[], After::Over(End::Reset)), true), Finding::Kept(_)));
        assert!(matches!(judge(&accepts, &seen(&[(200, b"")], After::Open), true), Finding::Broken(_)));
    }

    #[test]
    fn a_second_answer_and_a_dead_connection_break_a_single_one() {
        let accepts = [prefer(answered())];
        assert!(matches!(judge(&accepts, &seen(&[(200, b"")], After::Open), true), Finding::Kept(_)));
        let two = seen(&[(200, b""), (200, b"")], After::Open);
        assert!(matches!(judge(&accepts, &two, true), Finding::Broken(_)));
        assert!(matches!(judge(&accepts, &seen(&[(200, b"")], After::Stuck), true), Finding::Broken(_)));
    }

    #[test]
    fn content_is_compared_in_the_full_tier_alone() {
        let accepts = [prefer(echoes(b"hello"))];
        let other = seen(&[(200, b"POST /\n")], After::Open);
        assert!(matches!(judge(&accepts, &other, false), Finding::Kept(_)));
        assert!(matches!(judge(&accepts, &other, true), Finding::Broken(_)));
    }

    #[test]
    fn what_is_no_answer_is_never_acceptable() {
        let malformed = workerspec_wire::http::read_response(b"nonsense", 0, false, false).unwrap_err();
        let seen = Seen { malformed: Some(malformed), after: After::Over(End::Closed), ..Seen::default() };
        assert!(matches!(judge(&[prefer(closed())], &seen, true), Finding::Broken(_)));
    }
}
