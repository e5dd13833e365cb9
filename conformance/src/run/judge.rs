//! Judges what an exchange showed against the list of what may come.

use workerspec_wire::http::{Malformed, Response};

use crate::case::{Accept, Answer, Grade};
use crate::probe::End;
use crate::verdict::Finding;

/// What an exchange showed.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Statuses of interim answers.
    pub(super) interims: Vec<u16>,
    /// Final answers.
    pub(super) finals: Vec<Response>,
    /// Bytes that are no answer.
    pub(super) malformed: Option<Malformed>,
    /// How the connection was left.
    pub(super) after: After,
}

/// How the connection was left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum After {
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

/// The best of the acceptable outcomes that came, or none.
pub(super) fn judge(accepts: &[Accept], seen: &Seen, full: bool) -> Finding {
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
    let announced = || over && seen.finals.last().is_some_and(Response::announces_close);
    let count = accept.count.is_none_or(|count| match accept.announced {
        true => seen.finals.len() <= count && announced(),
        false => seen.finals.len() == count,
    });
    let close = over || !accept.close;
    let success = || !seen.finals.is_empty() && seen.finals.iter().all(|response| response.status / 100 == 2);
    let alive = !matches!(seen.after, After::Stuck | After::Silent);
    match accept.answer {
        Answer::Closed => over && seen.finals.is_empty() && seen.interims.is_empty(),
        Answer::Waits => seen.after == After::Waiting,
        Answer::Status(status) => {
            count && close && seen.finals.first().is_some_and(|response| response.status == status)
        }
        Answer::Refused => {
            count && close && seen.finals.first().is_some_and(|response| 400 <= response.status)
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
        (None, After::Silent) => " in time".to_owned(),
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
    fn fewer_answers_will_do_where_the_last_one_announces_the_close() {
        let accepts = [prefer(answered()).times(2), tolerate(answered()).times(2).announcing_close()];
        let announcing = b"HTTP/1.1 200 \r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        let announcing = || match workerspec_wire::http::read_response(announcing, 0, false, false) {
            Ok(workerspec_wire::http::Read::Response(response)) => *response,
            other => panic!("{other:?}"),
        };
        let seen = |finals, after| Seen { finals, after, ..Seen::default() };
        let closed = After::Over(End::Closed);
        let judged = |seen| judge(&accepts, &seen, true);
        assert!(matches!(judged(seen(vec![announcing()], closed)), Finding::Tolerated(_)));
        assert!(matches!(judged(seen(vec![response(200, b""), announcing()], closed)), Finding::Kept(_)));
        assert!(matches!(judged(seen(vec![announcing()], After::Open)), Finding::Broken(_)));
        assert!(matches!(judged(seen(vec![response(200, b"")], closed)), Finding::Broken(_)));
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
