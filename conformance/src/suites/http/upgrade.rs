use crate::case::{Case, Payload, Source, answered, closed, echoes, observe, prefer, status};

/// Upgrades that are not taken.
pub(super) const CASES: &[Case] = &[
    exchange! {
        "http.upgrade.h2c", May, Source::Rfc(9110, "7.8");
        claim: "An Upgrade to h2c may be ignored.";
        reading: "RFC 9113 has given it up: 2xx, and HTTP/1.1 goes on. Taking it is recorded.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n");
        accept: [prefer(answered()), observe(status(101)), observe(status(400))]
    },
    exchange! {
        "http.upgrade.in-1-0", Must, Source::Rfc(9110, "7.8");
        claim: "An Upgrade in HTTP/1.0 must be ignored.";
        reading: "The request is answered as one without it.";
        send: Payload::Bytes(b"GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: foo/9\r\n\r\n");
        accept: [prefer(answered()), prefer(status(505))]
    },
    exchange! {
        "http.upgrade.without-option", Should, Source::Rfc(9110, "7.8");
        claim: "An Upgrade that Connection does not name should be ignored.";
        reading: "2xx once, and the next request on the connection answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: foo/9\r\n\r\n");
        accept: [prefer(answered())]
    },
    exchange! {
        "http.upgrade.with-body", May, Source::Rfc(9110, "7.8");
        claim: "A body beside an unknown Upgrade may be read as any other.";
        reading: "The request is complete before anything could be switched.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: foo/9\r\nContent-Length: 5\r\n\r\nhello");
        accept: [prefer(echoes(b"hello")), observe(status(400)), observe(status(426))]
    },
    exchange! {
        "http.upgrade.preface", Should, Source::Rfc(9113, "3.4");
        claim: "The preface of HTTP/2 should be refused by a server that does not speak it.";
        reading: "It was made so that a server of HTTP/1.1 does not go on reading behind it.";
        send: Payload::Bytes(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        accept: [prefer(status(505)), prefer(status(400)), prefer(status(501)), prefer(closed())]
    },
];
