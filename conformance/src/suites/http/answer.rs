use std::time::Duration;

use workerspec_wire::http::{Request, Response};

use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::Capability;
use crate::verdict::{Outcome, broken, kept};

const HTTP: Need = Need::Can(Capability::Http);

/// What an answer has to look like, and which request it belongs to.
pub(super) const CASES: &[Case] = &[
    // HTTP-15, HTTP-38
    act! {
        "http.answer.in-order", Must, Source::Rfc(9112, "9.3.2");
        claim: "Pipelined requests must be answered in order.";
        reading: "Twenty requests in one write; each answer carries the id of its request.";
        needs: [HTTP]; Shared; seconds: 8;
        accepts: ["every answer, in the order of the requests"]; aliases: ["h1:co.05"];
        run: in_order
    },
    // HTTP-15, SF-56
    act! {
        "http.answer.in-order-deferred", Must, Source::Model("SF-56");
        claim: "An answer that comes late must not be overtaken by the next one on its connection.";
        reading: "The first request takes 200 ms, the second none; the client pairs answers by order alone.";
        needs: [HTTP, Need::Can(Capability::Deferred)]; Shared; seconds: 8;
        accepts: ["the late answer, then the other"]; aliases: [];
        run: in_order_deferred
    },
    // HTTP-37, SF-52
    act! {
        "http.answer.date", Must, Source::Rfc(9110, "6.6.1");
        claim: "A server with a clock must send Date.";
        reading: "In the preferred form, such as `Sun, 06 Nov 1994 08:49:37 GMT`.";
        needs: [HTTP]; Shared; seconds: 8;
        accepts: ["2xx with a Date in the preferred form"]; aliases: ["h1:co.13"];
        run: date
    },
    // HTTP-8, SF-53
    act! {
        "http.answer.continue", Must, Source::Rfc(9110, "10.1.1");
        claim: "A client that expects 100-continue must not be left waiting.";
        reading: "It gets 100 or a final answer before it sends the body; after 100 the body is read and answered.";
        needs: [HTTP]; Shared; seconds: 8;
        accepts: ["100, then 2xx after the body", "a final answer: 2xx, 417 or 400"]; aliases: ["h1:co.07"];
        run: expect_continue
    },
    act! {
        "http.answer.no-continue-for-1-0", Must, Source::Rfc(9110, "10.1.1");
        claim: "A client of HTTP/1.0 must not be sent 100.";
        reading: "It does not know interim answers and would take it for the final one.";
        needs: [HTTP]; Shared; seconds: 8;
        accepts: ["a final answer first: 2xx, 417, 400 or 505"]; aliases: ["h1:co.09"];
        run: no_continue
    },
    act! {
        "http.answer.length-of-body", Must, Source::Rfc(9112, "6.3");
        claim: "A large answer must arrive whole, and the connection go on behind it.";
        reading: "Half a mebibyte of known digits, then another request.";
        needs: [HTTP, Need::FullTier]; Shared; seconds: 8;
        accepts: ["every octet, then the next answer"]; aliases: [];
        run: large
    },
    // HTTP-11
    act! {
        "http.limit.body-above", Must, Source::Rfc(9110, "15.5.14");
        claim: "A body above the limit must be refused and not be read without end.";
        reading: "Twice max_package, sent as far as the server takes it: 413 or 400, or a close without an answer.";
        needs: [HTTP, Need::Limits]; Shared; seconds: 8;
        accepts: ["413 or 400", "closed or reset without an answer"]; aliases: [];
        run: body_above
    },
    // HTTP-13, SF-42
    act! {
        "http.limit.chunks-above", Must, Source::Model("SF-42");
        claim: "Chunks that exceed the limit together must be refused.";
        reading: "Each chunk is small and no length is declared: the sum has a limit all the same.";
        needs: [HTTP, Need::Limits]; Shared; seconds: 8;
        accepts: ["413 or 400", "closed or reset without an answer"]; aliases: [];
        run: chunks_above
    },
    // HTTP-10
    act! {
        "http.limit.head-above", Must, Source::Model("HTTP-10");
        claim: "A head without an end must be refused at a limit.";
        reading: "A quarter of a mebibyte of fields without the blank line: 431, 413 or 400, or a close.";
        needs: [HTTP]; Shared; seconds: 8;
        accepts: ["431, 413 or 400", "closed or reset without an answer"]; aliases: [];
        run: head_above
    },
];

fn in_order(stage: &Stage) -> Outcome {
    let mut probe = stage.http()?;
    let requests: Vec<u8> =
        (0..20).flat_map(|number| Request::get(&format!("/load/order-{number}")).end()).collect();
    probe.send(&requests)?;
    for number in 0..20 {
        let expected = format!("order-{number} ");
        match probe.hear(false)? {
            Ok(response) if response.status == 200 && response.body.starts_with(expected.as_bytes()) => {}
            Ok(response) => return broken(format!("answer {number} is {}", describe(&response))),
            Err(no_answer) => return broken(format!("answer {number} of 20: {no_answer}")),
        }
    }
    kept()
}

fn in_order_deferred(stage: &Stage) -> Outcome {
    let mut probe = stage.http()?;
    probe.send(&[Request::get("/sleep/200").end(), Request::get("/load/second").end()].concat())?;
    for expected in ["slept 200\n", "second "] {
        match probe.hear(false)? {
            Ok(response) if response.body.starts_with(expected.as_bytes()) => {}
            Ok(response) => return broken(format!("{} where {expected:?} is due", describe(&response))),
            Err(no_answer) => return broken(format!("no answer where {expected:?} is due: {no_answer}")),
        }
    }
    kept()
}

fn date(stage: &Stage) -> Outcome {
    let mut probe = stage.http()?;
    probe.send(&Request::get("/").end())?;
    match probe.hear(false)? {
        Ok(response) => match response.text("date") {
            Some(date) if is_http_date(date) => kept(),
            Some(date) => broken(format!("Date is {date:?}")),
            None => broken(format!("{} without Date", response.status)),
        },
        Err(no_answer) => broken(format!("no answer: {no_answer}")),
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, by its shape.
fn is_http_date(text: &str) -> bool {
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let shape: String =
        text.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect();
    days.iter().any(|day| months.iter().any(|month| shape == format!("{day}, 00 {month} 0000 00:00:00 GMT")))
}

fn expect_continue(stage: &Stage) -> Outcome {
    let mut probe = stage.http()?;
    probe.send(&Request::post("/").field("Content-Length", "5").field("Expect", "100-continue").end())?;
    match probe.hear_until(false, stage.within(Duration::from_secs(2)))? {
        Ok(response) if response.status == 100 => {
            probe.send(b"hello")?;
            match probe.hear(false)? {
                Ok(response) if response.status / 100 == 2 => {
                    match stage.is_full() && response.body != b"hello" {
                        true => broken(format!("100, then {}", describe(&response))),
                        false => kept(),
                    }
                }
                Ok(response) => broken(format!("100, then {}", describe(&response))),
                Err(no_answer) => broken(format!("100, then nothing after the body: {no_answer}")),
            }
        }
        Ok(response) if response.status / 100 == 2 || matches!(response.status, 400 | 417) => kept(),
        Ok(response) => broken(describe(&response)),
        Err(no_answer) => broken(format!("the client is left waiting: {no_answer}")),
    }
}

fn no_continue(stage: &Stage) -> Outcome {
    let mut probe = stage.http()?;
    probe.send(b"POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")?;
    // A server that sends 100 does it before the body comes.
    let early = probe.hear_until(false, stage.within(stage.quiet()))?;
    let answer = match early {
        Err(crate::probe::NoAnswer::End(crate::probe::End::TimedOut)) => {
            probe.send(b"hello")?;
            probe.hear(false)?
        }
        other => other,
    };
    match answer {
        Ok(response) if response.status / 100 == 2 || matches!(response.status, 400 | 417 | 505) => kept(),
        Ok(response) => broken(describe(&response)),
        Err(no_answer) => broken(format!("no answer: {no_answer}")),
    }
}

fn large(stage: &Stage) -> Outcome {
    const LENGTH: usize = 512 << 10;
    let mut probe = stage.http()?;
    probe.send(
        &[Request::get(&format!("/bytes/{LENGTH}")).end(), Request::get("/load/behind").end()].concat(),
    )?;
    match probe.hear(false)? {
        Ok(response) => {
            let right = |(place, octet): (usize, &u8)| usize::from(*octet) == usize::from(b'0') + place % 10;
            if response.body.len() != LENGTH || !response.body.iter().enumerate().all(right) {
                return broken(format!(
                    "{} with {} of {LENGTH} octets, or wrong ones",
                    response.status,
                    response.body.len()
                ));
            }
        }
        Err(no_answer) => return broken(format!("no answer: {no_answer}")),
    }
    match probe.receipt("behind")? {
        Ok(_) => kept(),
        Err(no_answer) => broken(format!("the next request was not answered: {no_answer}")),
    }
}

fn body_above(stage: &Stage) -> Outcome {
    let body = vec![b'x'; stage.testee().limits().max_package * 2];
    refused(stage, &Request::post("/").body(&body), &[413, 400])
}

fn chunks_above(stage: &Stage) -> Outcome {
    let chunk = [b"400\r\n".as_slice(), &[b'x'; 0x400], b"\r\n"].concat();
    let mut bytes = Request::post("/").field("Transfer-Encoding", "chunked").end();
    for _ in 0..stage.testee().limits().max_package * 2 / 0x400 {
        bytes.extend_from_slice(&chunk);
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    refused(stage, &bytes, &[413, 400])
}

fn head_above(stage: &Stage) -> Outcome {
    let field = format!("X-Field: {}\r\n", "v".repeat(119));
    let bytes =
        [Request::get("/").unfinished(), field.repeat((256 << 10) / field.len()).into_bytes()].concat();
    refused(stage, &bytes, &[431, 413, 400])
}

/// The server may stop reading at any point: what it does not take is not an error.
fn refused(stage: &Stage, bytes: &[u8], statuses: &[u16]) -> Outcome {
    let mut probe = stage.http()?;
    probe.send(bytes)?;
    match probe.hear_until(false, stage.within(Duration::from_secs(3)))? {
        Ok(response) if statuses.contains(&response.status) => kept(),
        Ok(response) => broken(describe(&response)),
        Err(crate::probe::NoAnswer::End(end)) if end.is_over() => kept(),
        Err(no_answer) => broken(format!("{no_answer}")),
    }
}

fn describe(response: &Response) -> String {
    let shown = &response.body[..response.body.len().min(40)];
    format!("{} \"{}\"", response.status, workerspec_wire::dump::escape(shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_date_by_its_shape() {
        assert!(is_http_date("Sun, 06 Nov 1994 08:49:37 GMT"));
        assert!(!is_http_date("Sunday, 06-Nov-94 08:49:37 GMT"));
        assert!(!is_http_date("Sun, 6 Nov 1994 08:49:37 GMT"));
        assert!(!is_http_date(""));
    }
}
