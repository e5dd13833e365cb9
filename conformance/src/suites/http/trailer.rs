use crate::case::{Case, Payload, Source, answered, closed, echoes, observe, prefer, status, tolerate};

/// Fields behind the last chunk.
pub(super) const CASES: &[Case] = &[
    exchange! {
        "http.trailer.coding", Must, Source::Rfc(9110, "6.5.1");
        claim: "Transfer-Encoding in a trailer must not frame anything.";
        reading: "Both requests are answered, or the body refused; the trailer never begins another body. A close that an answer announces is tolerated: to persist is a SHOULD (RFC 9112 section 9.3).";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2), tolerate(answered()).times(2).announcing_close(), prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.trailer.host", May, Source::Rfc(9110, "6.5.1");
        claim: "Host in a trailer may be ignored or refused.";
        reading: "It routes nothing there.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nHost: b\r\n\r\n");
        accept: [prefer(echoes(b"hello")), observe(status(400))]
    },
    exchange! {
        "http.trailer.close", May, Source::Rfc(9110, "6.5.1");
        claim: "Connection in a trailer may be ignored.";
        reading: "A close is recorded.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nConnection: close\r\n\r\n");
        accept: [prefer(echoes(b"hello")), observe(status(400))]
    },
    exchange! {
        "http.trailer.nul", Must, Source::Rfc(9110, "5.5");
        claim: "NUL in a trailer field must be refused or replaced by a space.";
        reading: "Nobody sees from outside whether it was replaced: 2xx is tolerated.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: a\0b\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())]
    },
    exchange! {
        "http.trailer.bare-cr", Must, Source::Rfc(9112, "2.2");
        claim: "A bare CR in a trailer field must be refused or replaced by a space.";
        reading: "Nobody sees from outside whether it was replaced: 2xx is tolerated.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: a\rb\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())]
    },
    exchange! {
        "http.trailer.announced", Must, Source::Rfc(9112, "7.1.2");
        claim: "A trailer field that was announced must be accepted.";
        reading: "2xx, the content echoed where the testee echoes, and the next request answered.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n");
        accept: [prefer(echoes(b"hello"))]
    },
    exchange! {
        "http.trailer.several-then-request", Must, Source::Rfc(9112, "7.1.2");
        claim: "What follows several trailer fields must be the next request.";
        reading: "Two answers, each to its request. A close that an answer announces is tolerated: to persist is a SHOULD (RFC 9112 section 9.3).";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\nX: z\r\nY:\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2), tolerate(answered()).times(2).announcing_close()]
    },
    exchange! {
        "http.trailer.bad-then-request", Should, Source::Rfc(9112, "2.2");
        claim: "A request behind a malformed trailer should not be answered.";
        reading: "The body is refused and nothing behind it is read.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)).times(1), prefer(closed())]
    },
    exchange! {
        "http.trailer.no-name", Should, Source::Rfc(9112, "7.1.2");
        claim: "A trailer field without a name should be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n: y\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())]
    },
];
