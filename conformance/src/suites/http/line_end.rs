use crate::case::{Case, Payload, Source, answered, closed, prefer, status, tolerate, waits};

/// Line ends and stray blank lines.
pub(super) const CASES: &[Case] = &[
    exchange! {
        "http.line-end.empty-line-before", Should, Source::Rfc(9112, "2.2");
        claim: "One empty line before the request line should be skipped.";
        reading: "2xx once, and the next request on the connection answered.";
        send: Payload::Bytes(b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()), tolerate(status(400)), tolerate(closed())];
        alias: "h1:le.01"
    },
    exchange! {
        "http.line-end.cr-only", Must, Source::Rfc(9112, "2.2");
        claim: "A CR alone must not end a line.";
        reading: "Refused, or not yet a request: then nothing is answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\rHost: a\r\r");
        accept: [prefer(status(400)), prefer(closed()), prefer(waits())];
        alias: "h1:le.05"
    },
    exchange! {
        "http.line-end.bare-cr-in-value", Must, Source::Rfc(9112, "2.2");
        claim: "A bare CR in a field value must be refused or replaced by a space.";
        reading: "An answer is tolerated because the replacement can't be seen from outside.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())];
        alias: "h1:le.06"
    },
    exchange! {
        "http.line-end.cr-cr-lf", Must, Source::Rfc(9112, "2.2");
        claim: "CR CR LF must not pass as a line end.";
        reading: "An answer is tolerated: the first CR may have been replaced by a space.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())];
        alias: "h1:le.07"
    },
    // HTTP-9
    exchange! {
        "http.line-end.lf-only", May, Source::Rfc(9112, "2.2");
        claim: "A request line that ends with LF alone may be taken.";
        reading: "RFC 9112 section 2.2 allows it; a strict server refuses.";
        send: Payload::Bytes(b"GET / HTTP/1.1\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())];
        alias: "h1:le.09"
    },
    exchange! {
        "http.line-end.crlf-between", Should, Source::Rfc(9112, "2.2");
        claim: "A stray CRLF between two requests should be skipped.";
        reading: "As many answers as requests, and the next request answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2)];
        alias: "h1:le.11"
    },
];
