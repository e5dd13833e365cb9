//! Plays an opening handshake, and looks how the server opens, or refuses.

use std::time::Duration;

use workerspec_wire::http::Response;
use workerspec_wire::websocket::{KEY, check_response};

use super::slicing::{Slicing, under_every_cut};
use super::stage::Stage;
use crate::case::{Answers, Cut, Grade, Knock, Welcome};
use crate::probe::{End, WebSocketProbe};
use crate::verdict::{Finding, Outcome, Surprise};

/// An answer that has not come by then will not come.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a handshake showed.
struct Seen {
    answer: Answer,
    came: String,
}

enum Answer {
    /// 101 that a client takes, and a connection that works.
    Opens { plain: bool, response: Response },
    /// Another answer.
    Status(Response),
    /// The end, without an answer.
    Closed,
    /// Nothing, and nothing was due.
    Waits,
    /// None of these.
    Wrong,
}

/// Sends, looks, judges; a handshake that is accepted is tried under every cut.
pub(super) fn play(knock: &Knock, stage: &Stage) -> Outcome {
    let (finding, opened) = once(knock, None, stage)?;
    if !opened || knock.cut != Cut::Whole {
        return Ok(finding);
    }
    under_every_cut(finding, |slicing| Ok(once(knock, Some(slicing), stage)?.0))
}

/// What was found, and whether the connection opened.
fn once(knock: &Knock, slicing: Option<Slicing>, stage: &Stage) -> Result<(Finding, bool), Surprise> {
    let mut probe = stage.websocket()?;
    let bytes = knock.bytes();
    match (slicing, knock.cut) {
        (None, Cut::Whole | Cut::Frames) => probe.send(&bytes)?,
        (None, Cut::Octets(count)) => bytes.chunks(count).try_for_each(|piece| probe.send(piece))?,
        (Some(slicing), _) => {
            slicing.pieces(&bytes).into_iter().try_for_each(|piece| probe.send(piece))?;
        }
    }
    let seen = look(knock, &mut probe, stage)?;
    for grade in [Grade::Preferred, Grade::Tolerated, Grade::Observed] {
        if knock.accept.iter().any(|accept| accept.grade == grade && matches(accept, &seen.answer)) {
            let opened = matches!(seen.answer, Answer::Opens { .. });
            return Ok(match grade {
                Grade::Preferred | Grade::Observed => (Finding::Kept(seen.came), opened),
                Grade::Tolerated => (Finding::Tolerated(seen.came), false),
            });
        }
    }
    Ok((Finding::Broken(seen.came), false))
}

fn look(knock: &Knock, probe: &mut WebSocketProbe, stage: &Stage) -> Result<Seen, Surprise> {
    let seen = |answer, came: String| Ok(Seen { answer, came });
    let may_wait = knock.accept.iter().any(|accept| accept.answer == Answers::Waits);
    let deadline = stage.within(if may_wait { stage.quiet() } else { PATIENCE });
    let response = match probe.answer(deadline)? {
        Ok(response) => response,
        Err(what) => {
            let nothing = probe.raw().received().is_empty();
            return match probe.raw().ended() {
                Some(End::Closed | End::Reset) if nothing => seen(Answer::Closed, what),
                None if may_wait && nothing => seen(Answer::Waits, "no answer, it waits".to_owned()),
                _ => seen(Answer::Wrong, what),
            };
        }
    };
    if response.status != 101 {
        let came = response.status.to_string();
        return seen(Answer::Status(response), came);
    }
    if let Err(wrong) = check_response(&response, KEY, knock.protocols, knock.extensions) {
        return seen(Answer::Wrong, wrong.to_string());
    }
    if let Err(wrong) = probe.agree(&response, Some(&offers(knock))) {
        return seen(Answer::Wrong, wrong);
    }
    // What stood behind the head is echoed first.
    let plain = probe.agreed().is_none();
    if !knock.behind.is_empty() {
        return match probe.hear(stage.within(PATIENCE))? {
            Ok(event) => {
                let came = format!("101, then {event:?}");
                let echoed = came.contains(&format!("{:?}", b"hello".to_vec()));
                seen(if echoed { Answer::Opens { plain, response } } else { Answer::Wrong }, came)
            }
            Err(silence) => seen(Answer::Wrong, format!("101, then {silence}")),
        };
    }
    match probe.ask(b"fence")? {
        Ok(echo) if echo == b"fence" => {
            seen(Answer::Opens { plain, response }, "101, and it echoes".to_owned())
        }
        Ok(_) => seen(Answer::Wrong, "101, and a message is not echoed".to_owned()),
        Err(what) => seen(Answer::Wrong, format!("101, and a message is not echoed: {what}")),
    }
}

/// What the request offers as extensions.
fn offers(knock: &Knock) -> String {
    let request = (knock.request)().bytes();
    let text = String::from_utf8_lossy(&request).into_owned();
    let values = text.lines().filter_map(|line| line.strip_prefix("Sec-WebSocket-Extensions:"));
    values.collect::<Vec<_>>().join(",")
}

fn matches(accept: &Welcome, answer: &Answer) -> bool {
    let (fits, response) = match (accept.answer, answer) {
        (Answers::Opens, Answer::Opens { response, .. }) => (true, Some(response)),
        (Answers::OpensPlain, Answer::Opens { plain, response }) => (*plain, Some(response)),
        (Answers::Status(codes), Answer::Status(response)) => {
            (codes.contains(&response.status), Some(response))
        }
        (Answers::Closed, Answer::Closed) | (Answers::Waits, Answer::Waits) => (true, None),
        _ => (false, None),
    };
    let has = |(name, value): (&str, &str)| {
        response.is_some_and(|response| response.text(name).is_some_and(|found| found.contains(value)))
    };
    fits && accept.field.is_none_or(has)
}
