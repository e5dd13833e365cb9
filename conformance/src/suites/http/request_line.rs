use super::GRAMMAR;
use crate::case::{
    Case, Payload, Source, answered, closed, observe, prefer, refused, status, tolerate, waits,
};

/// The request line: method, target octets, version.
pub(super) const CASES: &[Case] = &[
    // HTTP-1, HTTP-15
    exchange! {
        "http.request-line.plain-get", Must, Source::Rfc(9112, "3");
        claim: "A plain GET must be answered.";
        reading: "2xx once, and the next request on the connection answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered())];
        alias: "h1:rl.01"
    },
    exchange! {
        "http.request-line.two-spaces", Should, Source::Rfc(9112, "3");
        claim: "Two spaces between method and target should be refused.";
        reading: "The grammar has one SP; RFC 9112 section 3 lets a recipient be lenient, at the price of disagreeing with others on the line.";
        send: Payload::Bytes(b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())];
        alias: "h1:rl.02"
    },
    exchange! {
        "http.request-line.tab-separator", Should, Source::Rfc(9112, "3");
        claim: "A tab in place of the space should be refused.";
        reading: "The grammar has one SP; leniency is allowed and risky.";
        send: Payload::Bytes(b"GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())];
        alias: "h1:rl.03"
    },
    exchange! {
        "http.request-line.simple-request", Should, Source::Rfc(9112, "2.2");
        claim: "A request line without a version should be refused.";
        reading: "HTTP/0.9 is gone; a server that speaks 1.1 has no reason to guess.";
        send: Payload::Bytes(b"GET /\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(505)), prefer(closed())];
        alias: "h1:rl.05"
    },
    exchange! {
        "http.request-line.no-target", Should, Source::Rfc(9112, "3");
        claim: "A request line without a target should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"GET HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())];
        alias: "h1:rl.06"
    },
    exchange! {
        "http.request-line.lower-case-name", Should, Source::Rfc(9112, "2.3");
        claim: "The protocol name is HTTP in capitals: `http/1.1` should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"GET / http/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(505)), prefer(closed())];
        alias: "h1:rl.07"
    },
    exchange! {
        "http.request-line.two-digit-minor", Should, Source::Rfc(9112, "2.3");
        claim: "A version has one digit on each side: `HTTP/1.10` should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"GET / HTTP/1.10\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(505)), prefer(closed())];
        alias: "h1:rl.09"
    },
    exchange! {
        "http.request-line.leading-zero-major", Should, Source::Rfc(9112, "2.3");
        claim: "A version has one digit on each side: `HTTP/01.1` should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"GET / HTTP/01.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(505)), prefer(closed())];
        alias: "h1:rl.10"
    },
    exchange! {
        "http.request-line.version-two", May, Source::Rfc(9110, "15.6.6");
        claim: "A text request of version 2.0 may be refused.";
        reading: "A server can answer 505 (RFC 9110 section 15.6.6), and no rule says that it has to: any error will do, or a close without an answer; what takes it for 1.1 is told of.";
        send: Payload::Bytes(b"GET / HTTP/2.0\r\nHost: a\r\n\r\n");
        accept: [prefer(status(505)), prefer(refused()), prefer(closed())];
        alias: "h1:rl.11"
    },
    exchange! {
        "http.request-line.junk-after-version", Should, Source::Rfc(9112, "2.3");
        claim: "Letters glued to the version should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"GET / HTTP/1.1x\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(505)), prefer(closed())];
        alias: "h1:rl.13"
    },
    exchange! {
        "http.request-line.space-in-version", Should, Source::Rfc(9112, "2.3");
        claim: "A space inside the version should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"GET / HTTP/ 1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(505)), prefer(closed())];
        alias: "h1:rl.14"
    },
    exchange! {
        "http.request-line.other-protocol", Should, Source::Rfc(9112, "2.3");
        claim: "Another protocol name should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"GET / FTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(505)), prefer(closed())];
        alias: "h1:rl.15"
    },
    exchange! {
        "http.request-line.brace-in-method", Should, Source::Rfc(9110, "5.6.2");
        claim: "A method is a token: `G{T` should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"G{T / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(501)), prefer(closed())];
        alias: "h1:rl.17"
    },
    exchange! {
        "http.request-line.nul-in-method", Should, Source::Rfc(9110, "5.6.2");
        claim: "A method is a token: NUL in it should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"G\0T / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(501)), prefer(closed())];
        alias: "h1:rl.18"
    },
    // HTTP-1, SF-54
    exchange! {
        "http.request-line.unknown-method", Should, Source::Rfc(9110, "9.1");
        claim: "A method that is not known should be answered 501 or 405.";
        reading: "A server that passes every token on to its application answers 2xx; that is recorded, not blamed.";
        send: Payload::Bytes(b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(501)), prefer(status(405)), observe(answered()), observe(status(400))];
        alias: "h1:rl.19"
    },
    exchange! {
        "http.request-line.octet-above-ascii-in-method", Should, Source::Rfc(9110, "5.6.2");
        claim: "A method is a token: an octet above 0x7f should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"GET\xff / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(501)), prefer(closed())];
        alias: "h1:rl.21"
    },
    exchange! {
        "http.request-line.space-before-method", Should, Source::Rfc(9112, "2.2");
        claim: "A space before the method should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b" GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())];
        alias: "h1:rl.22"
    },
    exchange! {
        "http.request-line.space-in-target", Should, Source::Rfc(9112, "3.2");
        claim: "A space inside the target should be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(301)), prefer(closed())];
        alias: "h1:rl.23"
    },
    exchange! {
        "http.request-line.control-in-target", Should, Source::Rfc(9112, "3.2");
        claim: "A control byte in the target should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"GET /a\x01b HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(301)), prefer(closed())];
        alias: "h1:rl.25"
    },
    exchange! {
        "http.request-line.utf8-in-target", Should, Source::Rfc(9112, "3.2");
        claim: "Raw UTF-8 in the target should be refused.";
        reading: "A URI is ASCII; many servers pass the octets on, which is tolerated.";
        send: Payload::Bytes(b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())];
        alias: "h1:rl.26"
    },
    exchange! {
        "http.request-line.fragment-in-target", Should, Source::Rfc(9112, "3.2.1");
        claim: "A fragment in the target should be refused.";
        reading: "The origin form has none; passing it on is tolerated.";
        send: Payload::Bytes(b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())];
        alias: "h1:rl.27"
    },
    exchange! {
        "http.request-line.target-without-slash", Should, Source::Rfc(9112, "3.2");
        claim: "A target that is none of the four forms should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"GET foo HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(301)), prefer(closed())];
        alias: "h1:rl.29"
    },
    exchange! {
        "http.request-line.backslash-in-target", Should, Source::Rfc(3986, "3.3");
        claim: "A backslash in the path should be refused.";
        reading: "It is no URI character; passing it on is tolerated.";
        send: Payload::Bytes(b"GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())];
        alias: "h1:rl.30"
    },
    malformed! { "http.request-line.no-minor", 9112, "2.3"; "A version has two digits: `HTTP/1` should be refused.";
    b"GET / HTTP/1\r\nHost: a\r\n\r\n"; [400, 505] },
    exchange! {
        "http.request-line.version-0-9", May, Source::Rfc(9110, "15.6.6");
        claim: "Version 0.9 in a request line may be refused.";
        reading: "A server can answer 505 (RFC 9110 section 15.6.6), and no rule says that it has to: any error will do, or a close without an answer; what takes it for 1.1 is told of.";
        send: Payload::Bytes(b"GET / HTTP/0.9\r\nHost: a\r\n\r\n");
        accept: [prefer(status(505)), prefer(refused()), prefer(closed())]
    },
    exchange! {
        "http.request-line.not-http", Should, Source::Rfc(9112, "2.2");
        claim: "Octets that are no request at all should be refused.";
        reading: "The start of a TLS handshake. A server that waits for its line end is tolerated.";
        send: Payload::Bytes(b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03");
        accept: [prefer(status(400)), prefer(closed()), tolerate(waits())]
    },
];
