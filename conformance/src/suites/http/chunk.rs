use super::GRAMMAR;
use crate::case::{Case, Payload, Source, answered, closed, echoes, prefer, status, tolerate, waits};

/// Chunked bodies and trailers.
pub(super) const CASES: &[Case] = &[
    // HTTP-12
    exchange! {
        "http.chunk.three", Must, Source::Rfc(9112, "7.1");
        claim: "Chunks must be joined to the content.";
        reading: "2xx, the content echoed where the testee echoes, and the next request answered.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n");
        accept: [prefer(echoes(b"abcdef"))];
        alias: "h1:ck.01"
    },
    exchange! {
        "http.chunk.upper-case", Must, Source::Rfc(9112, "7.1");
        claim: "A chunk size in capital digits must be read.";
        reading: "2xx, the content echoed where the testee echoes, and the next request answered.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n");
        accept: [prefer(echoes(b"0123456789"))];
        alias: "h1:ck.02"
    },
    exchange! {
        "http.chunk.leading-zeros", Must, Source::Rfc(9112, "7.1");
        claim: "Leading zeros in a chunk size must be accepted.";
        reading: "2xx, the content echoed where the testee echoes, and the next request answered.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0005\r\nhello\r\n000\r\n\r\n");
        accept: [prefer(echoes(b"hello"))];
        alias: "h1:ck.03"
    },
    exchange! {
        "http.chunk.quoted-extension", Must, Source::Rfc(9112, "7.1.1");
        claim: "A quoted chunk extension must be skipped.";
        reading: "2xx, the content echoed where the testee echoes, and the next request answered.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"x;\\\"y\"\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(echoes(b"hello"))];
        alias: "h1:ck.05"
    },
    exchange! {
        "http.chunk.nameless-extension", Should, Source::Rfc(9112, "7.1.1");
        claim: "A chunk extension without a name should be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())];
        alias: "h1:ck.06"
    },
    exchange! {
        "http.chunk.blank-before-extension", Must, Source::Rfc(9110, "5.6.3");
        claim: "Bad whitespace before a chunk extension must be read and removed.";
        reading: "The grammar has BWS there (RFC 9112 section 7.1.1), and a recipient MUST parse for it.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5 ;a=b\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(echoes(b"hello"))];
        alias: "h1:ck.07"
    },
    exchange! {
        "http.chunk.space-before-size", Should, Source::Rfc(9112, "7.1");
        claim: "A space before a chunk size should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n 5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())];
        alias: "h1:ck.09"
    },
    exchange! {
        "http.chunk.hex-prefix", Should, Source::Rfc(9112, "7.1");
        claim: "A prefix 0x on a chunk size should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())];
        alias: "h1:ck.10"
    },
    exchange! {
        "http.chunk.plus-sign", Should, Source::Rfc(9112, "7.1");
        claim: "A plus sign on a chunk size should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())];
        alias: "h1:ck.11"
    },
    exchange! {
        "http.chunk.underscore", Should, Source::Rfc(9112, "7.1");
        claim: "An underscore in a chunk size should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0_5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())];
        alias: "h1:ck.13"
    },
    exchange! {
        "http.chunk.empty-size", Should, Source::Rfc(9112, "7.1");
        claim: "An empty chunk size should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())];
        alias: "h1:ck.14"
    },
    exchange! {
        "http.chunk.no-digit", Should, Source::Rfc(9112, "7.1");
        claim: "A chunk size that is no hexadecimal number should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\ng\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())];
        alias: "h1:ck.15"
    },
    exchange! {
        "http.chunk.size-wraps", Must, Source::Rfc(9112, "7.1");
        claim: "A chunk size of 2^64 + 5 must not be taken as 5.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(413)), prefer(closed())];
        alias: "h1:ck.17"
    },
    exchange! {
        "http.chunk.no-crlf-after-data", Should, Source::Rfc(9112, "7.1");
        claim: "Chunk data that is not followed by CRLF should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello0\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())];
        alias: "h1:ck.18"
    },
    exchange! {
        "http.chunk.other-after-data", Should, Source::Rfc(9112, "7.1");
        claim: "Other octets in place of the CRLF after chunk data should be refused.";
        reading: "A server that skips two octets without looking can be made to see another request than its proxy; still the RFC has no MUST for it, only the SHOULD of section 2.2 for what does not match the grammar.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())];
        alias: "h1:ck.19"
    },
    exchange! {
        "http.chunk.lf-after-data", Should, Source::Rfc(9112, "7.1");
        claim: "LF alone after chunk data should be refused.";
        reading: "The leniency of section 2.2 is for the start line and fields, not for chunk lines (erratum 7633); what does not match their grammar SHOULD be refused.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())];
        alias: "h1:ck.21"
    },
    // HTTP-13
    exchange! {
        "http.chunk.bare-cr-in-extension", Must, Source::Rfc(9112, "7.1.1");
        claim: "A bare CR in a chunk extension must be refused or replaced by a space.";
        reading: "Nobody sees from outside whether it was replaced: 2xx is tolerated.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a\rb\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())];
        alias: "h1:ck.22"
    },
    exchange! {
        "http.chunk.lf-in-extension", Should, Source::Rfc(9112, "7.1.1");
        claim: "LF alone should not end a chunk line.";
        reading: "The leniency of section 2.2 is not for chunk lines, and what does not match their grammar SHOULD be refused; waiting for the CRLF is tolerated.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(waits())];
        alias: "h1:ck.23"
    },
    exchange! {
        "http.chunk.trailer", Must, Source::Rfc(9112, "7.1.2");
        claim: "A trailer field must be accepted.";
        reading: "2xx, the content echoed where the testee echoes, and the next request answered.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n");
        accept: [prefer(echoes(b"hello"))];
        alias: "h1:ck.25"
    },
    // HTTP-12
    exchange! {
        "http.chunk.bad-trailer", Should, Source::Rfc(9112, "7.1.2");
        claim: "A trailer line that is no field should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nbad line\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())];
        alias: "h1:ck.26"
    },
    exchange! {
        "http.chunk.length-in-trailer", Must, Source::Rfc(9110, "6.5.1");
        claim: "Content-Length in a trailer must not frame anything.";
        reading: "As many answers as requests, and the next request answered. A close that an answer announces is tolerated: to persist is a SHOULD (RFC 9112 section 9.3).";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nContent-Length: 50\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2), tolerate(answered()).times(2).announcing_close(), prefer(status(400)), prefer(closed())];
        alias: "h1:ck.27"
    },
    exchange! {
        "http.chunk.half-closed", Must, Source::Rfc(9112, "8");
        claim: "A chunked body that ends before its last chunk must not be answered as if it were whole.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
        accept: [prefer(status(400)), prefer(status(408)), prefer(closed())];
        alias: "h1:ck.29";
        plan: HalfClose
    },
    // HTTP-13, SF-42
    exchange! {
        "http.chunk.long-extension", Should, Source::Rfc(9112, "7.1.1");
        claim: "A chunk extension of 64 KiB should be refused.";
        reading: "What is only skipped needs a bound as well; taking it is tolerated.";
        send: Payload::Long { head: b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=", unit: b"b", times: 65_536, tail: b"\r\nhello\r\n0\r\n\r\n" };
        accept: [prefer(status(400)), prefer(status(413)), prefer(status(431)), prefer(closed()), tolerate(answered())];
        alias: "h1:ck.30"
    },
    exchange! {
        "http.chunk.long-trailers", Should, Source::Rfc(9110, "6.5");
        claim: "Trailers of 64 KiB should be refused.";
        reading: "They need a bound like the head; taking them is tolerated.";
        send: Payload::Long { head: b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", unit: b"X-Trailer: vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\r\n", times: 1_040, tail: b"\r\n" };
        accept: [prefer(status(400)), prefer(status(413)), prefer(status(431)), prefer(closed()), tolerate(answered())];
        alias: "h1:ck.31"
    },
];
