use std::collections::{BTreeMap, BTreeSet};

use super::hyper_server::{self, Reading};
use crate::case::{Answer, Case, Check, Exchange, Grade, Plan};
use crate::suites::registry;

/// What a case calls its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    /// Only an answer of 2xx is as it should be.
    Valid,
    /// Only a refusal is, or a close.
    Invalid,
    /// Only waiting is.
    Incomplete,
    /// More than one of these is: ambiguous on purpose.
    Open,
}

fn claim(exchange: &Exchange) -> Claim {
    let claims: BTreeSet<u8> = exchange
        .accept
        .iter()
        .filter(|accept| accept.grade == Grade::Preferred)
        .map(|accept| match accept.answer {
            Answer::Answered | Answer::Echoes(_) => 0,
            Answer::Status(_) | Answer::Refused | Answer::Closed => 1,
            Answer::Waits => 2,
        })
        .collect();
    match claims.into_iter().collect::<Vec<u8>>()[..] {
        [0] => Claim::Valid,
        [1] => Claim::Invalid,
        [2] => Claim::Incomplete,
        _ => Claim::Open,
    }
}

fn exchanges(wanted: Claim) -> impl Iterator<Item = (&'static Case, Exchange)> {
    registry().into_iter().filter_map(move |case| match case.check {
        Check::Exchange(exchange) if claim(&exchange) == wanted => Some((case, exchange)),
        _ => None,
    })
}

fn hyper(exchange: &Exchange) -> Reading {
    hyper_server::read(exchange.send.bytes(), exchange.plan == Plan::HalfClose)
}

/// A refusal, or the end without an answer. What was answered before is another request's.
fn refuses(reading: &Reading) -> bool {
    match reading.answers.last() {
        Some(answer) => 400 <= answer.status,
        None => reading.over,
    }
}

/// Every answer that the case wants, with its content.
fn takes(reading: &Reading, exchange: &Exchange) -> bool {
    exchange.accept.iter().filter(|accept| accept.grade == Grade::Preferred).any(|accept| {
        accept.count.is_none_or(|count| count == reading.answers.len())
            && reading.answers.iter().all(|answer| answer.status / 100 == 2)
            && match accept.answer {
                Answer::Echoes(content) => {
                    reading.answers.first().is_some_and(|answer| answer.body == content)
                }
                _ => true,
            }
    })
}

fn takes_one(reading: &Reading) -> bool {
    matches!(&reading.answers[..], [answer] if answer.status / 100 == 2)
}

/// Whether httparse reads a whole head at the front; an error if it refuses.
fn httparse(octets: &[u8]) -> Result<bool, httparse::Error> {
    let mut fields = [httparse::EMPTY_HEADER; 2_048];
    Ok(httparse::Request::new(&mut fields).parse(octets)?.is_complete())
}

/// Ids of cases by why they stand there.
type Listed = &'static [(&'static str, &'static [&'static str])];

fn listed(lists: Listed) -> BTreeMap<&'static str, &'static str> {
    let mut all = BTreeMap::new();
    for (reason, ids) in lists {
        for id in *ids {
            assert!(all.insert(*id, *reason).is_none(), "{id} is listed twice");
        }
    }
    all
}

/// Both directions: what was found is listed, and what is listed was found.
fn compare(found: &BTreeSet<&'static str>, lists: Listed) {
    let listed = listed(lists);
    let news: Vec<_> = found.iter().filter(|id| !listed.contains_key(*id)).collect();
    let olds: Vec<_> = listed.keys().filter(|id| !found.contains(*id)).collect();
    assert!(news.is_empty() && olds.is_empty(), "not listed: {news:#?}\nlisted, and not so: {olds:#?}");
}

/// A higher minor version: RFC 9110 2.5 has it understood as the highest that is known.
const MINOR: &str = "parsers know HTTP/1.0 and HTTP/1.1 alone";

/// Requests that a case calls valid and hyper refuses.
const REFUSED_BY_HYPER: Listed = &[
    (MINOR, &["http.request-line.minor-two"]),
    (
        "RFC 9110 5.6.1.2: hyper looks at what stands behind the last comma of Transfer-Encoding",
        &["http.coding.empty-element"],
    ),
];

/// Heads that a case calls valid and httparse refuses.
const REFUSED_BY_HTTPARSE: Listed = &[(MINOR, &["http.request-line.minor-two"])];

/// Requests that a case calls invalid and neither hyper nor httparse refuses.
const TAKEN_BY_BOTH: Listed = &[
    (
        "RFC 9112 3.2: a server has to look at Host; hyper leaves it to its user",
        &[
            "http.host.backslash",
            "http.host.close-bracket",
            "http.host.comma",
            "http.host.fragment",
            "http.host.ip-future",
            "http.host.ipv6-junk-behind",
            "http.host.ipv6-without-brackets",
            "http.host.list",
            "http.host.missing",
            "http.host.non-ascii",
            "http.host.open-bracket",
            "http.host.path",
            "http.host.port-letters",
            "http.host.query",
            "http.host.quote",
            "http.host.scheme",
            "http.host.space",
            "http.host.space-in-1-0",
            "http.host.tab",
            "http.host.two-equal-lines",
            "http.host.two-lines",
            "http.host.two-lines-in-1-0",
            "http.host.two-ports",
            "http.host.userinfo",
            "http.method.head-refused",
            "http.target.absolute-bad-host",
            "http.target.absolute-without-host",
            "http.target.options-asterisk-without-host",
        ],
    ),
    (
        "RFC 9112 3.2: the form of a target goes with the method; hyper leaves that to its user",
        &[
            "http.target.absolute-bad-port",
            "http.target.absolute-other-scheme",
            "http.target.absolute-userinfo",
            "http.target.asterisk-and-more",
            "http.target.authority-form",
            "http.target.connect-at-origin",
            "http.target.connect-bad-port",
            "http.target.connect-empty-port",
            "http.target.connect-no-port",
            "http.target.get-asterisk",
            "http.target.post-asterisk",
        ],
    ),
    (
        "RFC 3986 3.3: no character of a target; parsers let through more than the grammar has",
        &[
            "http.request-line.backslash-in-target",
            "http.request-line.fragment-in-target",
            "http.request-line.target-without-slash",
            "http.request-line.utf8-in-target",
            "http.target.bad-percent",
        ],
    ),
    (
        "RFC 9112 6.1: hyper looks whether chunked is the last coding, and leaves the others to its user",
        &[
            "http.coding.chunked-twice",
            "http.coding.gzip-chunked",
            "http.coding.gzip-in-its-own-line",
            "http.coding.two-lines",
        ],
    ),
    (
        "RFC 9112 7.1.1: hyper skips extensions without reading their grammar",
        &[
            "http.chunk.blank-in-extension-name",
            "http.chunk.extension-unclosed-quote",
            "http.chunk.extension-without-value",
            "http.chunk.nameless-extension",
            "http.chunk.nul-in-extension",
        ],
    ),
    (
        "RFC 9112 2.2: a parser may take a bare LF for the end of a line, or wait for CRLF",
        &["http.chunk.lf-behind-last", "http.line-end.lf-only"],
    ),
    (
        "valid as a message: what it asks for is refused",
        &[
            "http.connection.unknown-expectation",
            "http.expect.above-limit",
            "http.expect.unknown",
            "http.limit.empty-lines-without-end",
            "http.limit.long-method",
            "http.method.every-token-character",
            "http.request-line.unknown-method",
        ],
    ),
];

#[test]
fn hyper_answers_what_the_cases_call_valid() {
    let refused: BTreeSet<&str> = exchanges(Claim::Valid)
        .filter(|(_, exchange)| !takes(&hyper(exchange), exchange))
        .map(|(case, _)| case.id)
        .collect();
    assert!(60 < exchanges(Claim::Valid).count());
    compare(&refused, REFUSED_BY_HYPER);
}

#[test]
fn httparse_reads_the_heads_that_cases_call_valid() {
    let refused: BTreeSet<&str> = exchanges(Claim::Valid)
        .filter(|(_, exchange)| httparse(&exchange.send.bytes()) != Ok(true))
        .map(|(case, _)| case.id)
        .collect();
    compare(&refused, REFUSED_BY_HTTPARSE);
}

#[test]
fn hyper_or_httparse_refuses_what_the_cases_call_invalid() {
    let taken: BTreeSet<&str> = exchanges(Claim::Invalid)
        .filter(|(_, exchange)| httparse(&exchange.send.bytes()).is_ok() && !refuses(&hyper(exchange)))
        .map(|(case, _)| case.id)
        .collect();
    assert!(100 < exchanges(Claim::Invalid).count());
    compare(&taken, TAKEN_BY_BOTH);
}

#[test]
fn hyper_waits_for_what_the_cases_call_incomplete() {
    let mut hasty = BTreeSet::new();
    for (case, exchange) in exchanges(Claim::Incomplete) {
        let reading = hyper(&exchange);
        let whole = [exchange.send.bytes(), exchange.resume.unwrap_or_default().to_vec()].concat();
        let completed = exchange.resume.is_none() || takes_one(&hyper_server::read(whole, false));
        if reading.over || !reading.answers.is_empty() || !completed {
            hasty.insert(case.id);
        }
    }
    assert!(5 < exchanges(Claim::Incomplete).count());
    compare(&hasty, &[]);
}
