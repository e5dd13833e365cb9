use crate::case::{Case, Payload, Source, answered, closed, echoes, prefer, status, tolerate, waits};

/// Content-Length.
pub(super) const CASES: &[Case] = &[
    // HTTP-8
    exchange! {
        "http.length.declared-body", Must, Source::Rfc(9112, "6.2");
        claim: "A body of the declared length must be read.";
        reading: "2xx, the content echoed where the testee echoes, and the next request answered.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
        accept: [prefer(echoes(b"hello"))];
        alias: "h1:cl.01"
    },
    // HTTP-7
    exchange! {
        "http.length.post-without-length", Must, Source::Rfc(9112, "6.3");
        claim: "A POST without a length must be taken as one without content.";
        reading: "Or refused with 411; never waited for.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()), prefer(status(411))];
        alias: "h1:cl.03"
    },
    // HTTP-6
    exchange! {
        "http.length.plus-sign", Must, Source::Rfc(9112, "6.3");
        claim: "A plus sign in Content-Length must be refused and the connection closed.";
        reading: "After a length that can't be trusted nothing on the connection can be: 400 and a close, or a close alone.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello");
        accept: [prefer(status(400)).and_close(), prefer(closed())];
        alias: "h1:cl.04"
    },
    exchange! {
        "http.length.minus-sign", Must, Source::Rfc(9112, "6.3");
        claim: "A negative Content-Length must be refused and the connection closed.";
        reading: "After a length that can't be trusted nothing on the connection can be: 400 and a close, or a close alone.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\nhello");
        accept: [prefer(status(400)).and_close(), prefer(closed())];
        alias: "h1:cl.05"
    },
    exchange! {
        "http.length.hex-prefix", Must, Source::Rfc(9112, "6.3");
        claim: "A hexadecimal Content-Length must be refused and the connection closed.";
        reading: "After a length that can't be trusted nothing on the connection can be: 400 and a close, or a close alone.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\nhello");
        accept: [prefer(status(400)).and_close(), prefer(closed())];
        alias: "h1:cl.07"
    },
    exchange! {
        "http.length.inner-space", Must, Source::Rfc(9112, "6.3");
        claim: "A space inside Content-Length must be refused and the connection closed.";
        reading: "After a length that can't be trusted nothing on the connection can be: 400 and a close, or a close alone.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5 5\r\n\r\nhello");
        accept: [prefer(status(400)).and_close(), prefer(closed())];
        alias: "h1:cl.08"
    },
    exchange! {
        "http.length.decimal-point", Must, Source::Rfc(9112, "6.3");
        claim: "A decimal point in Content-Length must be refused and the connection closed.";
        reading: "After a length that can't be trusted nothing on the connection can be: 400 and a close, or a close alone.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5.0\r\n\r\nhello");
        accept: [prefer(status(400)).and_close(), prefer(closed())];
        alias: "h1:cl.10"
    },
    exchange! {
        "http.length.equal-list", May, Source::Rfc(9112, "6.3");
        claim: "A list of equal lengths may be taken as one length.";
        reading: "RFC 9112 section 6.3 leaves the choice: refuse, or take the one value.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello");
        accept: [prefer(status(400)).and_close(), prefer(closed()), prefer(echoes(b"hello"))];
        alias: "h1:cl.11"
    },
    exchange! {
        "http.length.two-equal-lines", May, Source::Rfc(9112, "6.3");
        claim: "Two equal Content-Length lines may be taken as one.";
        reading: "RFC 9112 section 6.3 leaves the choice: refuse, or take the one value.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello");
        accept: [prefer(status(400)).and_close(), prefer(closed()), prefer(echoes(b"hello"))];
        alias: "h1:cl.13"
    },
    exchange! {
        "http.length.two-different-lines", Must, Source::Rfc(9112, "6.3");
        claim: "Two different lengths must be refused and the connection closed.";
        reading: "After a length that can't be trusted nothing on the connection can be: 400 and a close, or a close alone.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!");
        accept: [prefer(status(400)).and_close(), prefer(closed())];
        alias: "h1:cl.14"
    },
    exchange! {
        "http.length.wraps", Must, Source::Rfc(9110, "8.6");
        claim: "A Content-Length of 2^64 + 5 must not be taken as 5.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551621\r\n\r\nhello");
        accept: [prefer(status(400)), prefer(status(413)), prefer(closed())];
        alias: "h1:cl.16"
    },
    // HTTP-6
    exchange! {
        "http.length.leading-zeros", Must, Source::Rfc(9110, "8.6");
        claim: "Leading zeros in Content-Length must be taken as decimal.";
        reading: "Not octal, not invalid; refusing is tolerated.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0000005\r\n\r\nhello");
        accept: [prefer(echoes(b"hello")), tolerate(status(400))];
        alias: "h1:cl.17"
    },
    exchange! {
        "http.length.vertical-tab", Must, Source::Rfc(9112, "6.3");
        claim: "A vertical tab after the digits of Content-Length must be refused and the connection closed.";
        reading: "After a length that can't be trusted nothing on the connection can be: 400 and a close, or a close alone.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\x0b\r\n\r\nhello");
        accept: [prefer(status(400)).and_close(), prefer(closed())];
        alias: "h1:cl.18"
    },
    exchange! {
        "http.length.other-digits", Must, Source::Rfc(9112, "6.3");
        claim: "Digits of another script in Content-Length must be refused and the connection closed.";
        reading: "After a length that can't be trusted nothing on the connection can be: 400 and a close, or a close alone.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \xd9\xa5\r\n\r\nhello");
        accept: [prefer(status(400)).and_close(), prefer(closed())];
        alias: "h1:cl.19"
    },
    exchange! {
        "http.length.above-limit", Should, Source::Rfc(9110, "15.5.14");
        claim: "A declared body above the limit should be answered 413 before it is sent.";
        reading: "A server that waits for the body first is not wrong, only late.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2147483647\r\n\r\n");
        accept: [prefer(status(413)), prefer(status(400)), prefer(closed()), prefer(waits())];
        alias: "h1:cl.20"
    },
    exchange! {
        "http.length.underscore", Must, Source::Rfc(9112, "6.3");
        claim: "An underscore in Content-Length must be refused and the connection closed.";
        reading: "After a length that can't be trusted nothing on the connection can be: 400 and a close, or a close alone.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1_0\r\n\r\nhello");
        accept: [prefer(status(400)).and_close(), prefer(closed())];
        alias: "h1:cl.21"
    },
    exchange! {
        "http.length.good-and-bad-line", Must, Source::Rfc(9112, "6.3");
        claim: "A good and a bad Content-Length line must be refused and the connection closed.";
        reading: "One line that is no number spoils the other.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: x\r\n\r\nhello");
        accept: [prefer(status(400)).and_close(), prefer(closed())]
    },
    exchange! {
        "http.length.two-spellings", Must, Source::Rfc(9112, "6.3");
        claim: "Two different lengths must be refused also if their names are spelt differently.";
        reading: "Names have no case, so it is the same field twice.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\ncontent-length: 6\r\n\r\nhello!");
        accept: [prefer(status(400)).and_close(), prefer(closed())]
    },
    exchange! {
        "http.length.space-before-colon", Must, Source::Rfc(9112, "5.1");
        claim: "A space before the colon of Content-Length must be answered 400.";
        reading: "Whoever drops the line takes the body for the next request.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\nhello");
        accept: [prefer(status(400))]
    },
    exchange! {
        "http.length.blanks-around", Must, Source::Rfc(9112, "5.1");
        claim: "Blanks around a Content-Length must be no part of it.";
        reading: "2xx, the content echoed where the testee echoes, and the next request answered.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:   5  \r\n\r\nhello");
        accept: [prefer(echoes(b"hello"))]
    },
    exchange! {
        "http.length.tab-before", Should, Source::Rfc(9112, "5.1");
        claim: "A tab before a Content-Length should be no part of it.";
        reading: "Blanks are spaces and tabs; refusing the tab is tolerated.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\t5\r\n\r\nhello");
        accept: [prefer(echoes(b"hello")), tolerate(status(400))]
    },
];
