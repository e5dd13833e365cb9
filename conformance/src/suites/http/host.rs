use crate::case::{Case, Payload, Source, answered, observe, prefer, status, tolerate};

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
    exchange! {
        "http.host.list", Must, Source::Rfc(9112, "3.2");
        claim: "A list of hosts must be answered 400.";
        reading: "Host has one value; no host name holds a blank.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n");
        accept: [prefer(status(400))]
    },
    exchange! {
        "http.host.comma", May, Source::Rfc(3986, "3.2.2");
        claim: "A comma in Host may be refused.";
        reading: "The grammar of a registered name has it, and no name in use; taking it is recorded.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n");
        accept: [prefer(status(400)), observe(answered())]
    },
    exchange! {
        "http.host.ipv6-without-brackets", Must, Source::Rfc(9112, "3.2");
        claim: "An IPv6 address without brackets must be answered 400.";
        reading: "Without them its first colon begins a port, and a port has digits alone.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: ::1\r\n\r\n");
        accept: [prefer(status(400))]
    },
    exchange! {
        "http.host.ipv6-junk-behind", Must, Source::Rfc(9112, "3.2");
        claim: "Letters behind an IPv6 literal must be answered 400.";
        reading: "Nothing but a port may follow the bracket.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n");
        accept: [prefer(status(400))]
    },
    exchange! {
        "http.host.ip-future", May, Source::Rfc(3986, "3.2.2");
        claim: "An address literal of a version to come may be refused.";
        reading: "The grammar has it, and no such version is in use.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: [v1.a]\r\n\r\n");
        accept: [prefer(status(400)), observe(answered())]
    },
    exchange! {
        "http.host.non-ascii", Must, Source::Rfc(9112, "3.2");
        claim: "Octets above 0x7f in Host must be answered 400.";
        reading: "A name in another script is written in ASCII or percent-encoded.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n");
        accept: [prefer(status(400))]
    },
    exchange! {
        "http.host.percent", Should, Source::Rfc(3986, "3.2.2");
        claim: "A percent-encoded octet in Host should be accepted.";
        reading: "The grammar of a registered name has it; refusing it is tolerated.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a%41\r\n\r\n");
        accept: [prefer(answered()), tolerate(status(400))]
    },
    exchange! {
        "http.host.port", Must, Source::Rfc(9110, "7.2");
        claim: "A port in Host must be accepted.";
        reading: "2xx once, and the next request on the connection answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a:80\r\n\r\n");
        accept: [prefer(answered())]
    },
    exchange! {
        "http.host.space-in-1-0", Must, Source::Rfc(9112, "3.2");
        claim: "A malformed Host must be refused in HTTP/1.0 too.";
        reading: "Missing it may be there, not malformed: any request message, says the rule.";
        send: Payload::Bytes(b"GET / HTTP/1.0\r\nHost: a b\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(505))]
    },
    exchange! {
        "http.host.space-before-colon", Must, Source::Rfc(9112, "5.1");
        claim: "A space between Host and its colon must be answered 400.";
        reading: "Whoever drops the line and whoever takes it see two different hosts.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n");
        accept: [prefer(status(400))]
    },
    exchange! {
        "http.host.blanks-around", Must, Source::Rfc(9112, "5.1");
        claim: "Blanks around the value of Host must be no part of it.";
        reading: "2xx once, and the next request on the connection answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost:   a  \r\n\r\n");
        accept: [prefer(answered())]
    },
];
