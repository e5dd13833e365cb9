use crate::case::{Case, Payload, Source, answered, closed, prefer, status, tolerate};

/// Framing conflicts: where one server sees one request and another sees two.
pub(super) const CASES: &[Case] = &[
    // HTTP-5
    exchange! {
        "http.framing.length-and-chunked", Must, Source::Rfc(9112, "6.1");
        claim: "Content-Length beside chunked must be refused, or chunked must count and the connection close.";
        reading: "RFC 9112 section 6.1 allows to process it as chunked, but then the connection must be closed.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
        accept: [prefer(status(400)).and_close(), prefer(closed()), prefer(answered()).and_close()];
        alias: "h1:sm.01"
    },
    exchange! {
        "http.framing.length-hides-request", Must, Source::Rfc(9112, "6.3");
        claim: "A request hidden behind chunks under a longer Content-Length must not be answered.";
        reading: "Whoever believes the length sees a body, whoever believes the chunks sees a second request: one answer at most, then a close.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 33\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)).and_close().times(1), prefer(closed()), prefer(answered()).and_close().times(1)];
        alias: "h1:sm.02"
    },
    exchange! {
        "http.framing.chunked-hides-request", Must, Source::Rfc(9112, "6.3");
        claim: "A request hidden in a chunk under a shorter Content-Length must not be answered.";
        reading: "As with the fields in the other order: one answer at most, then a close.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n1c\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n\r\n0\r\n\r\n");
        accept: [prefer(status(400)).and_close().times(1), prefer(closed()), prefer(answered()).and_close().times(1)];
        alias: "h1:sm.03"
    },
    exchange! {
        "http.framing.zero-length-then-request", Should, Source::Rfc(9112, "9.3.2");
        claim: "What follows a body of length 0 should be the next request.";
        reading: "As many answers as requests, and the next request answered.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2)];
        alias: "h1:sm.05"
    },
    exchange! {
        "http.framing.body-like-a-request", Must, Source::Rfc(9112, "6.3");
        claim: "A body that looks like a request must be a body.";
        reading: "The method does not matter: the length frames it.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 28\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(1), prefer(status(400)).times(1), prefer(closed())];
        alias: "h1:sm.06"
    },
    exchange! {
        "http.framing.almost-chunked", Must, Source::Rfc(9112, "6.1");
        claim: "An unknown coding beside Content-Length must be refused.";
        reading: "`xchunked` is not chunked, and the length does not count beside a coding.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\nhello");
        accept: [prefer(status(400)), prefer(status(501)), prefer(closed())];
        alias: "h1:sm.07"
    },
    exchange! {
        "http.framing.head-with-body", Must, Source::Rfc(9110, "9.3.2");
        claim: "HEAD with a body must not lose its framing.";
        reading: "The body is read, the answer has none, and the next request is answered. A close that an answer announces is tolerated: to persist is a SHOULD (RFC 9112 section 9.3).";
        send: Payload::Bytes(b"HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2), tolerate(answered()).times(2).announcing_close(), prefer(status(400)), prefer(closed())];
        alias: "h1:sm.09"
    },
    exchange! {
        "http.framing.length-list-and-chunked", Must, Source::Rfc(9112, "6.3");
        claim: "A list of lengths beside chunked must not hide a request.";
        reading: "One answer at most, then a close.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)).and_close().times(1), prefer(closed()), prefer(answered()).and_close().times(1)];
        alias: "h1:sm.10"
    },
    exchange! {
        "http.framing.zero-length-and-chunked", Must, Source::Rfc(9112, "6.3");
        claim: "A length of 0 beside chunked must not turn the chunks into a request.";
        reading: "400, or chunked counts and the connection is closed.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n1c\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n\r\n0\r\n\r\n");
        accept: [prefer(status(400)).and_close().times(1), prefer(closed()), prefer(answered()).and_close()]
    },
    exchange! {
        "http.framing.bad-length-and-chunked", Must, Source::Rfc(9112, "6.3");
        claim: "A malformed length beside chunked must not hide a request.";
        reading: "400, or chunked counts and the connection is closed.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: x\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)).and_close().times(1), prefer(closed()), prefer(answered()).and_close()]
    },
    exchange! {
        "http.framing.identity-and-length", Must, Source::Rfc(9112, "6.3");
        claim: "`identity` beside a length must be refused and the connection closed.";
        reading: "There is a Transfer-Encoding, and its last coding is not chunked.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello");
        accept: [prefer(status(400)).and_close(), prefer(status(501)).and_close(), prefer(closed())]
    },
    exchange! {
        "http.framing.get-with-both", Must, Source::Rfc(9112, "6.3");
        claim: "Both framings must be refused on a GET too.";
        reading: "400, or chunked counts and the connection is closed: the hidden request is not answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)).and_close().times(1), prefer(closed()), prefer(answered()).and_close()]
    },
    exchange! {
        "http.framing.refused-hides-request", Must, Source::Rfc(9112, "6.3");
        claim: "Nothing behind a request that could not be framed must be answered.";
        reading: "One 400 and a close: where the next request begins nobody knows.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)).and_close().times(1), prefer(closed())]
    },
    exchange! {
        "http.framing.three-kinds", Must, Source::Rfc(9112, "9.3.2");
        claim: "Requests of every framing must be answered one after the other.";
        reading: "A length, chunks, no body: three answers. A close that an answer announces is tolerated: to persist is a SHOULD (RFC 9112 section 9.3).";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloPOST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(3), tolerate(answered()).times(3).announcing_close()]
    },
    exchange! {
        "http.framing.head-then-get", Must, Source::Rfc(9110, "9.3.2");
        claim: "The answer to HEAD must end with its head.";
        reading: "What follows is the answer to the next request. A close that an answer announces is tolerated: to persist is a SHOULD (RFC 9112 section 9.3).";
        send: Payload::Bytes(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2), tolerate(answered()).times(2).announcing_close()]
    },
    exchange! {
        "http.framing.length-then-request", Must, Source::Rfc(9112, "6.3");
        claim: "What follows a body of the declared length must be the next request.";
        reading: "Two answers, each to its request. A close that an answer announces is tolerated: to persist is a SHOULD (RFC 9112 section 9.3).";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2), tolerate(answered()).times(2).announcing_close()]
    },
    exchange! {
        "http.framing.connection-names-length", Must, Source::Rfc(9112, "6.3");
        claim: "A length must frame the body also if Connection names it.";
        reading: "What drops the field with its hop takes the body for a request.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Content-Length\r\nContent-Length: 28\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()), prefer(status(400)).times(1), prefer(closed())]
    },
    exchange! {
        "http.framing.crlf-behind-body", Should, Source::Rfc(9112, "2.2");
        claim: "A stray CRLF behind a body should be skipped.";
        reading: "Old clients sent it; at least one empty line before a request line is ignored.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2)]
    },
];
