use crate::case::{Case, Payload, Source, answered, closed, echoes, prefer, status, tolerate};

/// Lengths and codings of bodies, and what lies behind them.
pub(super) const CASES: &[Case] = &[
    refusal! { "http.length.empty", 9112, "6.3"; "An empty length must be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\nhello" },
    refusal! { "http.length.letters-behind", 9112, "6.3"; "A letter behind the digits of a length must be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5a\r\n\r\nhello" },
    refusal! { "http.length.tab-inside", 9112, "6.3"; "A tab within a length must be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\t5\r\n\r\nhello" },
    refusal! { "http.length.comma-behind", 9112, "6.3"; "A comma behind a length must be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5,\r\n\r\nhello" },
    refusal! { "http.length.semicolon-behind", 9112, "6.3"; "A semicolon behind a length must be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5;\r\n\r\nhello" },
    refusal! { "http.length.quoted", 9112, "6.3"; "A quoted length must be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \"5\"\r\n\r\nhello" },
    refusal! { "http.length.exponent", 9112, "6.3"; "An exponent in a length must be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5e0\r\n\r\nhello" },
    refusal! { "http.length.minus-zero", 9112, "6.3"; "A negative zero as a length must be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -0\r\n\r\nhello" },
    refusal! { "http.length.different-list", 9112, "6.3"; "A list of different lengths must be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 6\r\n\r\nhello" },
    refusal! { "http.length.nul", 9110, "5.5"; "NUL in a length must be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\0\r\n\r\nhello" },
    exchange! {
        "http.length.body-of-put", Must, Source::Rfc(9112, "6.2");
        claim: "The body of PUT must be read.";
        reading: "2xx, the content echoed where the testee echoes.";
        send: Payload::Bytes(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
        accept: [prefer(echoes(b"hello")), prefer(status(405)), prefer(status(501))]
    },
    exchange! {
        "http.length.body-of-patch", Must, Source::Rfc(9112, "6.2");
        claim: "The body of PATCH must be read.";
        reading: "2xx, the content echoed where the testee echoes.";
        send: Payload::Bytes(b"PATCH / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
        accept: [prefer(echoes(b"hello")), prefer(status(405)), prefer(status(501))]
    },
    exchange! {
        "http.length.body-of-delete", Must, Source::Rfc(9112, "6.2");
        claim: "The body of DELETE must be read.";
        reading: "2xx, the content echoed where the testee echoes.";
        send: Payload::Bytes(b"DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
        accept: [prefer(echoes(b"hello")), prefer(status(405)), prefer(status(501))]
    },
    refusal! { "http.coding.identity-behind", 9112, "6.1"; "Another coding behind chunked must be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n5\r\nhello\r\n0\r\n\r\n"; [400, 501] },
    refusal! { "http.coding.gzip-behind", 9112, "6.1"; "Compression behind chunked must be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n5\r\nhello\r\n0\r\n\r\n"; [400, 501] },
    refusal! { "http.coding.quoted", 9112, "6.1"; "A quoted coding must be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n5\r\nhello\r\n0\r\n\r\n"; [400, 501] },
    refusal! { "http.coding.twice-by-blank", 9112, "6.1"; "Codings without a comma between them must be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"; [400, 501] },
    refusal! { "http.coding.deflate-alone", 9112, "6.1"; "A coding that does not end the body must be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: deflate\r\n\r\n5\r\nhello\r\n0\r\n\r\n"; [400, 501] },
    refusal! { "http.coding.semicolon", 9112, "6.1"; "A parameter that is none must be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;\r\n\r\n5\r\nhello\r\n0\r\n\r\n"; [400, 501] },
    exchange! {
        "http.coding.in-1-0", Must, Source::Rfc(9112, "6.1");
        claim: "Transfer-Encoding in HTTP/1.0 must be taken for a fault of framing.";
        reading: "Refused, or the connection is closed behind the answer.";
        send: Payload::Bytes(b"POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), prefer(answered()).and_close()]
    },
    exchange! {
        "http.framing.chunked-and-length", Must, Source::Rfc(9112, "6.1");
        claim: "Transfer-Encoding before Content-Length must be refused, or the connection be closed behind the answer.";
        reading: "One intermediary may have believed the one, the next one the other.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), prefer(answered()).and_close()]
    },
    exchange! {
        "http.framing.get-with-chunks", Must, Source::Rfc(9112, "6.3");
        claim: "The chunked body of a GET must be read.";
        reading: "2xx, the content echoed where the testee echoes. Or refused with a close.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(echoes(b"hello")), prefer(status(400)).and_close()]
    },
    exchange! {
        "http.framing.behind-chunked", Must, Source::Rfc(9112, "9.3.2");
        claim: "A request behind a chunked body must be answered.";
        reading: "Two answers, no more and no less. A close that an answer announces is tolerated: to persist is a SHOULD (RFC 9112 section 9.3).";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2), tolerate(answered()).times(2).announcing_close()]
    },
    exchange! {
        "http.framing.chunked-behind-sized", Must, Source::Rfc(9112, "9.3.2");
        claim: "A chunked request behind a sized one must be answered.";
        reading: "Two answers, no more and no less. A close that an answer announces is tolerated: to persist is a SHOULD (RFC 9112 section 9.3).";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloPOST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(answered()).times(2), tolerate(answered()).times(2).announcing_close()]
    },
    exchange! {
        "http.framing.behind-empty-chunked", Must, Source::Rfc(9112, "9.3.2");
        claim: "A request behind an empty chunked body must be answered.";
        reading: "Two answers, no more and no less. A close that an answer announces is tolerated: to persist is a SHOULD (RFC 9112 section 9.3).";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2), tolerate(answered()).times(2).announcing_close()]
    },
    exchange! {
        "http.framing.behind-trailers", Must, Source::Rfc(9112, "9.3.2");
        claim: "A request behind trailers must be answered.";
        reading: "Two answers, no more and no less. A close that an answer announces is tolerated: to persist is a SHOULD (RFC 9112 section 9.3).";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2), tolerate(answered()).times(2).announcing_close()]
    },
];
