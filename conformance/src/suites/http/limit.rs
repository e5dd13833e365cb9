use crate::case::{Case, Payload, Source, answered, closed, prefer, status, tolerate};

/// Limits.
pub(super) const CASES: &[Case] = &[
    exchange! {
        "http.limit.long-line", Should, Source::Rfc(9112, "3");
        claim: "A request line of 8000 octets should be accepted.";
        reading: "2xx once, and the next request on the connection answered.";
        send: Payload::Long { head: b"GET /", unit: b"a", times: 7_985, tail: b" HTTP/1.1\r\nHost: a\r\n\r\n" };
        accept: [prefer(answered())];
        alias: "h1:li.01"
    },
    exchange! {
        "http.limit.long-method", Should, Source::Rfc(9112, "3");
        claim: "A method of 64 KiB should be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Long { head: b"", unit: b"A", times: 65_536, tail: b" / HTTP/1.1\r\nHost: a\r\n\r\n" };
        accept: [prefer(status(501)), prefer(status(400)), prefer(status(431)), prefer(status(413)), prefer(status(414)), prefer(closed()), tolerate(answered())];
        alias: "h1:li.03"
    },
    exchange! {
        "http.limit.long-value", Should, Source::Rfc(6585, "5");
        claim: "A field value of 64 KiB should be answered 431.";
        reading: "A server whose limit is higher answers it.";
        send: Payload::Long { head: b"GET / HTTP/1.1\r\nHost: a\r\nX: ", unit: b"a", times: 65_536, tail: b"\r\n\r\n" };
        accept: [prefer(status(431)), tolerate(status(400)), tolerate(status(413)), prefer(answered()), tolerate(closed())];
        alias: "h1:li.04"
    },
    exchange! {
        "http.limit.long-name", Should, Source::Rfc(6585, "5");
        claim: "A field name of 64 KiB should be answered 431.";
        reading: "A server whose limit is higher answers it, which is tolerated.";
        send: Payload::Long { head: b"GET / HTTP/1.1\r\nHost: a\r\n", unit: b"X", times: 65_536, tail: b": v\r\n\r\n" };
        accept: [prefer(status(431)), tolerate(status(400)), tolerate(status(413)), tolerate(closed()), tolerate(answered())];
        alias: "h1:li.05"
    },
    exchange! {
        "http.limit.thousand-fields", Should, Source::Rfc(6585, "5");
        claim: "A thousand fields should be answered 431.";
        reading: "A server that takes them has a larger limit.";
        send: Payload::Long { head: b"GET / HTTP/1.1\r\nHost: a\r\n", unit: b"X-Field: v\r\n", times: 1000, tail: b"\r\n" };
        accept: [prefer(status(431)), prefer(answered()), tolerate(status(400)), tolerate(status(413)), tolerate(closed())]
    },
    exchange! {
        "http.limit.value-of-4k", Should, Source::Rfc(9110, "5.4");
        claim: "A field value of 4 KiB should be accepted.";
        reading: "A cookie may be that long (RFC 6265 section 6.1); 431 is tolerated.";
        send: Payload::Long { head: b"GET / HTTP/1.1\r\nHost: a\r\nX: ", unit: b"a", times: 4000, tail: b"\r\n\r\n" };
        accept: [prefer(answered()), tolerate(status(431))]
    },
    exchange! {
        "http.limit.empty-lines-without-end", Should, Source::Rfc(9112, "2.2");
        claim: "Empty lines without end should not be skipped for ever.";
        reading: "64 KiB of CRLF before the request line.";
        send: Payload::Long { head: b"", unit: b"\r\n", times: 32_768, tail: b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" };
        accept: [prefer(status(400)), prefer(status(431)), prefer(status(413)), prefer(status(414)), prefer(closed()), tolerate(answered())]
    },
];
