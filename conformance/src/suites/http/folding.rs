use crate::case::{Case, Payload, Source, answered, closed, echoes, prefer, status, tolerate};

/// Folded lines, and what they may hide.
pub(super) const CASES: &[Case] = &[
    exchange! {
        "http.folding.tab", Must, Source::Rfc(9112, "5.2");
        claim: "A field value that is folded by a tab must be refused or unfolded.";
        reading: "400, or 2xx as if the fold were a space.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tb\r\n\r\n");
        accept: [prefer(status(400)), prefer(answered())]
    },
    exchange! {
        "http.folding.blank-line", Must, Source::Rfc(9112, "5.2");
        claim: "A line of blanks must not end the head.";
        reading: "It is a fold of the line before: 400, or the field behind it still counts.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nX: a\r\n \r\nContent-Length: 28\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)).times(1), prefer(answered())]
    },
    exchange! {
        "http.folding.host", Must, Source::Rfc(9112, "3.2");
        claim: "A folded Host must be answered 400.";
        reading: "Refused for its fold, or unfolded to a value that no host name is.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n");
        accept: [prefer(status(400))]
    },
    exchange! {
        "http.folding.length", Must, Source::Rfc(9112, "6.3");
        claim: "A folded Content-Length must not be taken for its first line.";
        reading: "Refused for its fold, or unfolded to a value that is no number.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n 5\r\n\r\nhello");
        accept: [prefer(status(400)).and_close(), prefer(closed())]
    },
    exchange! {
        "http.folding.length-alone", Must, Source::Rfc(9112, "5.2");
        claim: "A Content-Length on a folded line must be refused or unfolded.";
        reading: "400, or the content as if the fold were a space.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n 5\r\n\r\nhello");
        accept: [prefer(status(400)), prefer(echoes(b"hello"))]
    },
    exchange! {
        "http.folding.hides-length", Must, Source::Rfc(9112, "5.2");
        claim: "A folded line that looks like Content-Length must not frame anything.";
        reading: "400, or it belongs to the value before and both requests are answered.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nX: a\r\n Content-Length: 28\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)).times(1), prefer(answered()).times(2), tolerate(status(411)).times(1)]
    },
    exchange! {
        "http.folding.hides-coding", Must, Source::Rfc(9112, "5.2");
        claim: "A folded line that looks like Transfer-Encoding must not frame anything.";
        reading: "400, or it belongs to the value before and the length counts.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nX: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n");
        accept: [prefer(status(400)).times(1), prefer(echoes(b"0\r\n\r\n"))]
    },
    exchange! {
        "http.folding.before-first-field", Must, Source::Rfc(9112, "2.2");
        claim: "A blank before the first field must be refused, or its line skipped.";
        reading: "Skipped means without further processing: Host still counts.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), prefer(answered())]
    },
    exchange! {
        "http.folding.host-before-first-field", Must, Source::Rfc(9112, "2.2");
        claim: "A Host that follows a blank before the first field must not count.";
        reading: "Refused, or the line skipped, which leaves the request without Host.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\n Host: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.folding.length-before-first-field", Must, Source::Rfc(9112, "2.2");
        claim: "A length that follows a blank before the first field must not frame anything.";
        reading: "Refused, or the line skipped: then both requests are answered.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\n Content-Length: 28\r\nHost: a\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)).times(1), prefer(closed()), prefer(answered()).times(2)]
    },
];
