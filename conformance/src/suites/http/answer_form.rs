use std::time::Duration;

use workerspec_wire::http::{Request, Response};

use crate::case::{Case, Need, Source};
use crate::probe::HttpProbe;
use crate::run::Stage;
use crate::testee::Capability;
use crate::verdict::{Outcome, Surprise, broken, kept};

const HTTP: Need = Need::Can(Capability::Http);

/// What is true of every answer.
pub(super) const CASES: &[Case] = &[
    act! {
        "http.answer.lengths", Must, Source::Rfc(9110, "8.6");
        claim: "An answer must have as many octets as it announces.";
        reading: "`/bytes/N` for sizes around those of buffers, one behind the other on one connection.";
        needs: [HTTP, Need::FullTier]; Shared; seconds: 8;
        accepts: ["each answer with its octets"]; aliases: [];
        run: lengths
    },
    act! {
        "http.answer.head-then-get", Must, Source::Rfc(9110, "9.3.2");
        claim: "An answer to HEAD must have the length of that to GET, and no content.";
        reading: "`/bytes/1000`; the answer to a GET behind it is read from where the head ends.";
        needs: [HTTP, Need::FullTier]; Shared; seconds: 8;
        accepts: ["Content-Length: 1000 twice, the content once"]; aliases: [];
        run: head_then_get
    },
    act! {
        "http.answer.date-is-now", Must, Source::Rfc(9110, "6.6.1");
        claim: "Date must be the time of the answer.";
        reading: "Within two seconds of the clock of this machine.";
        needs: [HTTP]; Shared; seconds: 8;
        accepts: ["the second of the answer, or one or two beside it"]; aliases: [];
        run: date_is_now
    },
    act! {
        "http.answer.line-ends", Must, Source::Rfc(9112, "2.2");
        claim: "Every line of an answer's head must end with CRLF.";
        reading: "No LF without a CR before it, and no CR without an LF behind it.";
        needs: [HTTP]; Shared; seconds: 8;
        accepts: ["CRLF at every line"]; aliases: [];
        run: line_ends
    },
    act! {
        "http.answer.refusal-closes", Must, Source::Rfc(9112, "6.3");
        claim: "A request whose framing is not valid must end its connection.";
        reading: "A request behind it in the same write is not answered: nobody knows where it begins.";
        needs: [HTTP]; Shared; seconds: 8;
        accepts: ["one 4xx, then closed", "closed without an answer"]; aliases: [];
        run: refusal_closes
    },
    act! {
        "http.answer.large-echo", Must, Source::Rfc(9112, "6.2");
        claim: "A body that fills the limit almost must come back whole.";
        reading: "60000 octets, each different from its neighbours.";
        needs: [HTTP, Need::FullTier]; Shared; seconds: 8;
        accepts: ["200 with the same octets"]; aliases: [];
        run: large_echo
    },
];

fn hear(probe: &mut HttpProbe, to_head: bool) -> Result<Response, Surprise> {
    probe.hear(to_head)?.map_err(|no_answer| Surprise(format!("no answer: {no_answer}")))
}

fn lengths(stage: &Stage) -> Outcome {
    let mut probe = stage.http()?;
    for size in [0, 1, 2, 511, 512, 1_023, 4_095, 4_096, 16_383, 16_384, 65_535, 65_536, 300_000] {
        probe.send(&Request::get(&format!("/bytes/{size}")).end())?;
        match probe.hear(false)? {
            Ok(response) if response.status == 200 && response.body.len() == size => {}
            Ok(response) => {
                return broken(format!("{size}: {} with {} octets", response.status, response.body.len()));
            }
            Err(no_answer) => return broken(format!("{size}: {no_answer}")),
        }
    }
    kept()
}

fn head_then_get(stage: &Stage) -> Outcome {
    let mut probe = stage.http()?;
    probe.send(&Request::new("HEAD", "/bytes/1000").field("Host", "a").end())?;
    probe.send(&Request::get("/bytes/1000").end())?;
    let head = match probe.hear(true)? {
        Ok(response) => response,
        Err(no_answer) => return broken(format!("HEAD: {no_answer}")),
    };
    let get = match probe.hear(false)? {
        Ok(response) => response,
        Err(no_answer) => return broken(format!("GET behind it: {no_answer}")),
    };
    match (head.text("content-length"), get.text("content-length"), get.body.len()) {
        (Some(one), Some(other), 1_000) if one == other => kept(),
        found => broken(format!("{found:?}")),
    }
}

fn date_is_now(stage: &Stage) -> Outcome {
    let mut probe = stage.http()?;
    probe.send(&Request::get("/").end())?;
    let response = hear(&mut probe, false)?;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(Duration::ZERO, |since| since)
        .as_secs();
    let Some(date) = response.text("date") else { return broken("no Date") };
    // `Sun, 06 Nov 1994 08:49:37 GMT`: the time of day is what could be wrong.
    let day = date.split(' ').nth(4).map(|time| time.split(':').map(str::parse::<u64>).collect::<Vec<_>>());
    let Some([Ok(hours), Ok(minutes), Ok(seconds)]) = day.as_deref() else {
        return broken(format!("Date: {date}"));
    };
    let said = hours * 3_600 + minutes * 60 + seconds;
    let apart = (now % 86_400).abs_diff(said);
    match apart.min(86_400 - apart) {
        0..=2 => kept(),
        apart => broken(format!("Date: {date}, {apart} s from now")),
    }
}

fn line_ends(stage: &Stage) -> Outcome {
    let mut probe = stage.http()?;
    probe.send(&Request::get("/").end())?;
    let deadline = stage.deadline();
    let whole = |bytes: &[u8]| {
        bytes.windows(4).any(|four| four == b"\r\n\r\n") || bytes.windows(2).any(|two| two == b"\n\n")
    };
    let end = probe.raw().read_until(whole, deadline)?;
    let bytes = probe.raw().received().to_vec();
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
    let head = &bytes[..head];
    let bare_lf = (0..head.len()).any(|at| head[at] == b'\n' && (at == 0 || head[at - 1] != b'\r'));
    let bare_cr = (0..head.len()).any(|at| head[at] == b'\r' && head.get(at + 1) != Some(&b'\n'));
    match (head.is_empty(), bare_lf, bare_cr) {
        (true, ..) => broken(format!("no answer: {}", end.name())),
        (_, false, false) => kept(),
        (_, true, _) => broken("an LF without a CR before it"),
        (_, _, true) => broken("a CR without an LF behind it"),
    }
}

fn refusal_closes(stage: &Stage) -> Outcome {
    let mut probe = stage.http()?;
    let bad = Request::post("/").field("Content-Length", "x").end();
    probe.send(&[bad, Request::get("/load/behind").end()].concat())?;
    let patience = stage.within(Duration::from_secs(3));
    match probe.hear_until(false, patience)? {
        Err(crate::probe::NoAnswer::End(end)) if end.is_over() => return kept(),
        Err(no_answer) => return broken(format!("neither refused nor closed: {no_answer}")),
        Ok(response) if response.status / 100 == 4 => {}
        Ok(response) => return broken(format!("answered with {}", response.status)),
    }
    match probe.hear_until(false, patience)? {
        Err(crate::probe::NoAnswer::End(end)) if end.is_over() => kept(),
        Err(no_answer) => broken(format!("refused, and then: {no_answer}")),
        Ok(response) => broken(format!("what lies behind it was answered with {}", response.status)),
    }
}

fn large_echo(stage: &Stage) -> Outcome {
    let body: Vec<u8> = (0..60_000_u32).map(|number| b'!' + (number * 7 % 90) as u8).collect();
    let mut probe = stage.http()?;
    probe.send(&Request::post("/").body(&body))?;
    match probe.hear(false)? {
        Ok(response) if response.status == 200 && response.body == body => kept(),
        Ok(response) => broken(format!("{} with {} octets", response.status, response.body.len())),
        Err(no_answer) => broken(no_answer.to_string()),
    }
}
