use crate::case::{Case, Payload, Source, answered, closed, echoes, observe, prefer, status, tolerate};

/// Expectations.
pub(super) const CASES: &[Case] = &[
    exchange! {
        "http.expect.body-at-once", Must, Source::Rfc(9110, "10.1.1");
        claim: "A body that does not wait for 100 must be read.";
        reading: "With or without an interim answer; 417 refuses the expectation.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello");
        accept: [prefer(echoes(b"hello")), prefer(status(417))]
    },
    exchange! {
        "http.expect.chunks-at-once", Must, Source::Rfc(9110, "10.1.1");
        claim: "Chunks that do not wait for 100 must be read.";
        reading: "With or without an interim answer; 417 refuses the expectation.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(echoes(b"hello")), prefer(status(417))]
    },
    exchange! {
        "http.expect.then-request", Must, Source::Rfc(9110, "10.1.1");
        claim: "What follows a body that did not wait for 100 must be the next request.";
        reading: "Two final answers, or the expectation refused. A close that an answer announces is tolerated: to persist is a SHOULD (RFC 9112 section 9.3).";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhelloGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2), tolerate(answered()).times(2).announcing_close(), prefer(status(417))]
    },
    exchange! {
        "http.expect.in-1-0", Must, Source::Rfc(9110, "10.1.1");
        claim: "An expectation in HTTP/1.0 must be ignored.";
        reading: "The body is there; 417 would heed it.";
        send: Payload::Bytes(b"POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello");
        accept: [prefer(echoes(b"hello")), prefer(status(505))]
    },
    exchange! {
        "http.expect.unknown", May, Source::Rfc(9110, "10.1.1");
        claim: "An expectation that is not known may be answered 417.";
        reading: "Ignoring it is allowed as well.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: foo\r\nContent-Length: 5\r\n\r\nhello");
        accept: [prefer(status(417)), observe(echoes(b"hello")), observe(status(400))]
    },
    exchange! {
        "http.expect.without-body", Should, Source::Rfc(9110, "10.1.1");
        claim: "An expectation without a body should be ignored.";
        reading: "There is nothing to go on with.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n");
        accept: [prefer(answered()), tolerate(status(417)), tolerate(status(400))]
    },
    exchange! {
        "http.expect.above-limit", Should, Source::Rfc(9110, "10.1.1");
        claim: "A body that will be refused should not be asked for.";
        reading: "413 or 417 before the body is sent; 100 would only waste it.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2147483647\r\n\r\n");
        accept: [prefer(status(413)), prefer(status(417)), prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.expect.empty-element", Must, Source::Rfc(9110, "5.6.1.2");
        claim: "Empty elements in the list of expectations must be ignored.";
        reading: "100-continue is the only expectation, and the body is there. Nobody sees from outside which one a 417 refuses: it is tolerated.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue, ,\r\nContent-Length: 5\r\n\r\nhello");
        accept: [prefer(echoes(b"hello")), tolerate(status(417))]
    },
];
