use crate::case::{Case, Payload, Source, answered, closed, echoes, observe, prefer, status, tolerate};

/// Transfer-Encoding.
pub(super) const CASES: &[Case] = &[
    // HTTP-5
    exchange! {
        "http.coding.chunked", Must, Source::Rfc(9112, "7.1");
        claim: "A chunked body must be read.";
        reading: "2xx, the content echoed where the testee echoes, and the next request answered.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(echoes(b"hello"))];
        alias: "h1:te.01"
    },
    exchange! {
        "http.coding.case", Must, Source::Rfc(9112, "7");
        claim: "Names of transfer codings must be compared without regard to case.";
        reading: "2xx, the content echoed where the testee echoes, and the next request answered.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(echoes(b"hello"))];
        alias: "h1:te.02"
    },
    exchange! {
        "http.coding.identity", Should, Source::Rfc(9112, "6.1");
        claim: "The coding `identity` should be refused.";
        reading: "It was removed from the protocol; with it the length is unknown.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\nhello");
        accept: [prefer(status(501)), prefer(status(400)), prefer(closed())];
        alias: "h1:te.04"
    },
    exchange! {
        "http.coding.gzip-chunked", Should, Source::Rfc(9112, "6.1");
        claim: "`gzip, chunked` should be answered 501.";
        reading: "A server that reads the chunks and ignores the inner coding is recorded, not blamed.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(501)), prefer(status(400)), observe(answered()), prefer(closed())];
        alias: "h1:te.05"
    },
    exchange! {
        "http.coding.unknown-last", Must, Source::Rfc(9112, "6.3");
        claim: "A body whose last coding is not chunked must be refused and the connection closed.";
        reading: "Its length can't be known: 400, or 501 since the coding is not understood.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\nhello");
        accept: [prefer(status(400)).and_close(), prefer(status(501)).and_close(), prefer(closed())];
        alias: "h1:te.06"
    },
    exchange! {
        "http.coding.chunked-twice", Must, Source::Rfc(9112, "6.1");
        claim: "`chunked, chunked` must be refused.";
        reading: "A sender must not apply chunked more than once.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(501)), prefer(closed())];
        alias: "h1:te.08"
    },
    // HTTP-5
    exchange! {
        "http.coding.two-lines", Must, Source::Rfc(9112, "6.1");
        claim: "chunked in two lines must be refused.";
        reading: "Two lines make one list: it is the same as `chunked, chunked`.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(501)), prefer(closed())];
        alias: "h1:te.09"
    },
    exchange! {
        "http.coding.empty", Must, Source::Rfc(9112, "6.1");
        claim: "An empty Transfer-Encoding must be refused.";
        reading: "Taking it for absent would make the chunks the next request.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(501)), prefer(closed())];
        alias: "h1:te.10"
    },
    exchange! {
        "http.coding.parameter", Should, Source::Rfc(9112, "7");
        claim: "A parameter on chunked should be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(501)), prefer(closed())];
        alias: "h1:te.12"
    },
    exchange! {
        "http.coding.vertical-tab", Must, Source::Rfc(9110, "5.6.2");
        claim: "A vertical tab before chunked must be refused.";
        reading: "It is no blank; stripping it makes one server see chunked where another sees none.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(501)), prefer(closed())];
        alias: "h1:te.13"
    },
    exchange! {
        "http.coding.nul", Must, Source::Rfc(9110, "5.5");
        claim: "NUL after chunked must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\0\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(501)), prefer(closed())];
        alias: "h1:te.14"
    },
    exchange! {
        "http.coding.space-before-colon", Must, Source::Rfc(9112, "5.1");
        claim: "A space before the colon of Transfer-Encoding must be answered 400.";
        reading: "The RFC names the status: exactly 400.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400))];
        alias: "h1:te.16"
    },
    exchange! {
        "http.coding.folded", Must, Source::Rfc(9112, "5.2");
        claim: "A folded Transfer-Encoding must be refused or unfolded.";
        reading: "Both are allowed by RFC 9112 section 5.2; ignoring the folded part is not.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(501)), prefer(closed()), prefer(echoes(b"hello"))];
        alias: "h1:te.17"
    },
    exchange! {
        "http.coding.underscore", Must, Source::Rfc(9110, "5.1");
        claim: "Transfer_Encoding must not be taken for Transfer-Encoding.";
        reading: "2xx, the content echoed where the testee echoes, and the next request answered.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello");
        accept: [prefer(echoes(b"hello")), prefer(status(400))];
        alias: "h1:te.18"
    },
    exchange! {
        "http.coding.version-1-0-hides-request", Must, Source::Rfc(9112, "6.1");
        claim: "A request behind Transfer-Encoding in HTTP/1.0 must not be answered.";
        reading: "A request of HTTP/1.0 with Transfer-Encoding has no framing that can be trusted.";
        send: Payload::Bytes(b"POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)).and_close().times(1), prefer(status(501)).and_close().times(1), prefer(status(505)).and_close().times(1), prefer(closed()), prefer(answered()).and_close()]
    },
    exchange! {
        "http.coding.not-last-in-two-lines", Must, Source::Rfc(9112, "6.3");
        claim: "chunked must not count where a later line names another coding.";
        reading: "Two lines are one list: its last coding is gzip.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)).and_close(), prefer(status(501)).and_close(), prefer(closed())]
    },
    exchange! {
        "http.coding.gzip-in-its-own-line", Should, Source::Rfc(9112, "6.1");
        claim: "gzip in a line before chunked should be answered 501.";
        reading: "Two lines are one list; a server that can decode gzip may answer 2xx.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(501)), prefer(status(400)), observe(answered()), prefer(closed())]
    },
    exchange! {
        "http.coding.longer-name", Must, Source::Rfc(9112, "6.3");
        claim: "A coding whose name begins with chunked must not be taken for it.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunkedx\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)).and_close(), prefer(status(501)).and_close(), prefer(closed())]
    },
    exchange! {
        "http.coding.blanks-around", Must, Source::Rfc(9112, "5.1");
        claim: "Blanks around chunked must be no part of it.";
        reading: "2xx, the content echoed where the testee echoes, and the next request answered.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:   chunked  \r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(echoes(b"hello"))]
    },
    exchange! {
        "http.coding.tab-before", Should, Source::Rfc(9112, "5.1");
        claim: "A tab before chunked should be no part of it.";
        reading: "Blanks are spaces and tabs; refusing the tab is tolerated.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\tchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(echoes(b"hello")), tolerate(status(400)), tolerate(status(501))]
    },
    exchange! {
        "http.coding.name-case", Must, Source::Rfc(9110, "5.1");
        claim: "Transfer-Encoding must be known in any spelling.";
        reading: "2xx, the content echoed where the testee echoes, and the next request answered.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\ntRaNsFeR-eNcOdInG: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(echoes(b"hello"))]
    },
    exchange! {
        "http.coding.te-is-another-field", Should, Source::Rfc(9110, "10.1.4");
        claim: "TE should not be taken for Transfer-Encoding.";
        reading: "2xx once, and the next request on the connection answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nTE: trailers, chunked;q=0.5\r\nConnection: TE\r\n\r\n");
        accept: [prefer(answered())]
    },
    exchange! {
        "http.coding.content-encoding", Should, Source::Rfc(9110, "8.4");
        claim: "A content coding should not change the framing.";
        reading: "The content is passed on as it came, or refused with 415.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello");
        accept: [prefer(echoes(b"hello")), prefer(status(415)), tolerate(status(400))]
    },
    exchange! {
        "http.coding.empty-element", Must, Source::Rfc(9110, "5.6.1.2");
        claim: "Empty elements in the list of codings must be ignored.";
        reading: "A recipient MUST parse and ignore a reasonable number of them: chunked is the only coding, and the content is echoed where the testee echoes.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked,\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(echoes(b"hello"))]
    },
];
