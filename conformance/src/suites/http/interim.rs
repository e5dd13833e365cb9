use workerspec_wire::http::Request;

use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::Capability;
use crate::verdict::{Finding, Outcome, broken, kept};

const HTTP: Need = Need::Can(Capability::Http);

/// RFC 9110 15.2: answers before the answer.
pub(super) const CASES: &[Case] = &[
    act! {
        "http.interim.none-for-1-0", Must, Source::Rfc(9110, "15.2");
        claim: "A client of HTTP/1.0 must not be sent an interim answer.";
        reading: "It would take 103 for the final one.";
        needs: [HTTP]; Shared; seconds: 8;
        accepts: ["a final answer first"]; aliases: [];
        run: none_for_1_0
    },
    act! {
        "http.interim.unasked", May, Source::Rfc(9110, "10.1.1");
        claim: "A client that expects nothing may be sent 100 or 103 all the same.";
        reading: "It has to bear with that; a server that spares it the octets is better.";
        needs: [HTTP]; Shared; seconds: 8;
        accepts: ["a final answer first", "an interim one first (tolerated)"]; aliases: [];
        run: unasked
    },
];

fn none_for_1_0(stage: &Stage) -> Outcome {
    let mut probe = stage.http()?;
    probe.send(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")?;
    match probe.hear(false)? {
        Ok(response) if response.is_interim() => broken(format!("{} comes first", response.status)),
        Ok(_) => kept(),
        Err(no_answer) => broken(format!("no answer: {no_answer}")),
    }
}

fn unasked(stage: &Stage) -> Outcome {
    let mut probe = stage.http()?;
    probe.send(&Request::post("/").body(b"hello"))?;
    match probe.hear(false)? {
        Ok(response) if response.is_interim() => {
            Ok(Finding::Tolerated(format!("{} comes first", response.status)))
        }
        Ok(_) => kept(),
        Err(no_answer) => broken(format!("no answer: {no_answer}")),
    }
}
