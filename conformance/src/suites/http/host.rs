use crate::case::{Case, Payload, Source, answered, prefer, status, tolerate};

/// Host.
pub(super) const CASES: &[Case] = &[
    // HTTP-4
    exchange! {
        "http.host.missing", Must, Source::Rfc(9112, "3.2");
        claim: "An HTTP/1.1 request without Host must be answered 400.";
        reading: "The RFC names the status: exactly 400.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\n\r\n");
        accept: [prefer(status(400))];
        alias: "h1:ho.01"
    },
    // HTTP-4
    exchange! {
        "http.host.two-lines", Must, Source::Rfc(9112, "3.2");
        claim: "Two different Host lines must be answered 400.";
        reading: "The RFC names the status: exactly 400.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
        accept: [prefer(status(400))];
        alias: "h1:ho.02"
    },
    exchange! {
        "http.host.two-equal-lines", Must, Source::Rfc(9112, "3.2");
        claim: "Two Host lines must be answered 400, also if they are equal.";
        reading: "The RFC speaks of more than one line, not of different ones.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400))];
        alias: "h1:ho.03"
    },
    exchange! {
        "http.host.space", Must, Source::Rfc(9112, "3.2");
        claim: "A space in Host must be answered 400.";
        reading: "An invalid field value: the RFC names the status.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n");
        accept: [prefer(status(400))];
        alias: "h1:ho.05"
    },
    exchange! {
        "http.host.path", Must, Source::Rfc(9112, "3.2");
        claim: "A path in Host must be answered 400.";
        reading: "An invalid field value: the RFC names the status.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n");
        accept: [prefer(status(400))];
        alias: "h1:ho.06"
    },
    exchange! {
        "http.host.userinfo", Must, Source::Rfc(9112, "3.2");
        claim: "Userinfo in Host must be answered 400.";
        reading: "Host is uri-host and port; the part before `@` belongs to neither.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n");
        accept: [prefer(status(400))];
        alias: "h1:ho.07"
    },
    exchange! {
        "http.host.port-letters", Must, Source::Rfc(9112, "3.2");
        claim: "A port in Host that is no number must be answered 400.";
        reading: "An invalid field value: the RFC names the status.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n");
        accept: [prefer(status(400))];
        alias: "h1:ho.10"
    },
    exchange! {
        "http.host.ipv6-literal", Must, Source::Rfc(9110, "7.2");
        claim: "An IPv6 literal with a port must be accepted.";
        reading: "2xx once, and the next request on the connection answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n");
        accept: [prefer(answered())];
        alias: "h1:ho.11"
    },
    exchange! {
        "http.host.missing-in-1-0", May, Source::Rfc(9112, "3.2");
        claim: "An HTTP/1.0 request without Host may be answered.";
        reading: "1.0 knows no Host; refusing 1.0 as a whole is tolerated.";
        send: Payload::Bytes(b"GET / HTTP/1.0\r\n\r\n");
        accept: [prefer(answered()), tolerate(status(400)), tolerate(status(505))];
        alias: "h1:ho.13"
    },
    exchange! {
        "http.host.nul", Must, Source::Rfc(9112, "3.2");
        claim: "NUL in Host must be answered 400.";
        reading: "An invalid field value: the RFC names the status.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\0\r\n\r\n");
        accept: [prefer(status(400))];
        alias: "h1:ho.14"
    },
];
