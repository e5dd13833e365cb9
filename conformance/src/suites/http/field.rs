use super::GRAMMAR;
use crate::case::{Case, Payload, Source, answered, closed, prefer, status, tolerate, waits};

/// Field names and values.
pub(super) const CASES: &[Case] = &[
    // HTTP-2
    exchange! {
        "http.field.space-before-colon", Must, Source::Rfc(9112, "5.1");
        claim: "A space between field name and colon must be answered 400.";
        reading: "The RFC names the status: exactly 400.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nFoo : bar\r\n\r\n");
        accept: [prefer(status(400))];
        alias: "h1:hf.01"
    },
    exchange! {
        "http.field.tab-before-colon", Must, Source::Rfc(9112, "5.1");
        claim: "A tab between field name and colon must be answered 400.";
        reading: "The RFC names the status: exactly 400.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nFoo\t: bar\r\n\r\n");
        accept: [prefer(status(400))];
        alias: "h1:hf.02"
    },
    exchange! {
        "http.field.empty-name", Should, Source::Rfc(9110, "5.1");
        claim: "A field without a name should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\n: bar\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())];
        alias: "h1:hf.03"
    },
    exchange! {
        "http.field.delimiter-in-name", Should, Source::Rfc(9110, "5.6.2");
        claim: "A field name is a token: a delimiter in it should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nFo(o: x\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())];
        alias: "h1:hf.05"
    },
    exchange! {
        "http.field.nul-in-name", Should, Source::Rfc(9110, "5.6.2");
        claim: "A field name is a token: NUL in it should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nFo\0o: x\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())];
        alias: "h1:hf.06"
    },
    exchange! {
        "http.field.non-ascii-name", Should, Source::Rfc(9110, "5.6.2");
        claim: "A field name is a token: octets above 0x7f in it should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nF\xc3\xb6o: x\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())];
        alias: "h1:hf.07"
    },
    // HTTP-3
    exchange! {
        "http.field.control-in-value", Should, Source::Rfc(9110, "5.5");
        claim: "A control byte in a field value should be refused.";
        reading: "Only CR, LF and NUL are dangerous; keeping others is allowed where it is safe.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x01b\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())];
        alias: "h1:hf.09"
    },
    exchange! {
        "http.field.del-in-value", Should, Source::Rfc(9110, "5.5");
        claim: "DEL in a field value should be refused.";
        reading: "As other control bytes: keeping it is tolerated.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x7fb\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())];
        alias: "h1:hf.10"
    },
    exchange! {
        "http.field.obs-text", Should, Source::Rfc(9110, "5.5");
        claim: "Octets above 0x7f in a field value should be passed on.";
        reading: "2xx once, and the next request on the connection answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX: \xe9\xff\r\n\r\n");
        accept: [prefer(answered()), tolerate(status(400))];
        alias: "h1:hf.11"
    },
    exchange! {
        "http.field.empty-value", Must, Source::Rfc(9110, "5.5");
        claim: "An empty field value must be accepted.";
        reading: "2xx once, and the next request on the connection answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n");
        accept: [prefer(answered())];
        alias: "h1:hf.13"
    },
    // HTTP-2
    exchange! {
        "http.field.blanks-around-value", Must, Source::Rfc(9110, "5.6.3");
        claim: "Blanks around a field value must be accepted.";
        reading: "2xx once, and the next request on the connection answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX: \t v \t \r\n\r\n");
        accept: [prefer(answered())];
        alias: "h1:hf.14"
    },
    exchange! {
        "http.field.tab-in-value", Must, Source::Rfc(9110, "5.5");
        claim: "A tab inside a field value must be accepted.";
        reading: "2xx once, and the next request on the connection answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX: a\tb\r\n\r\n");
        accept: [prefer(answered())];
        alias: "h1:hf.15"
    },
    exchange! {
        "http.field.name-case", Must, Source::Rfc(9110, "5.1");
        claim: "Field names must be compared without regard to case.";
        reading: "`hOsT` is Host: without it the request would be refused.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nhOsT: a\r\n\r\n");
        accept: [prefer(answered())];
        alias: "h1:hf.17"
    },
    exchange! {
        "http.field.unfinished-head", Must, Source::Rfc(9112, "2.2");
        claim: "A head without its blank line must wait for the rest.";
        reading: "Nothing in the quiet window, then the blank line makes it a request that is answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\n");
        accept: [prefer(waits())];
        alias: "h1:hf.18";
        resume: b"\r\n"
    },
    exchange! {
        "http.field.hundred-fields", Should, Source::Rfc(9110, "5.4");
        claim: "A hundred short fields should be accepted.";
        reading: "2xx once, and the next request on the connection answered.";
        send: Payload::Long { head: b"GET / HTTP/1.1\r\nHost: a\r\n", unit: b"X-Field: v\r\n", times: 100, tail: b"\r\n" };
        accept: [prefer(answered()), tolerate(status(431))];
        alias: "h1:hf.19"
    },
    exchange! {
        "http.field.every-token-character", Should, Source::Rfc(9110, "5.6.2");
        claim: "A field name of odd token characters should be accepted.";
        reading: "2xx once, and the next request on the connection answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nx!#$%&'*+-.^_`|~9: v\r\n\r\n");
        accept: [prefer(answered()), tolerate(status(400))]
    },
    exchange! {
        "http.field.no-blank", Must, Source::Rfc(9112, "5.1");
        claim: "A field without a blank behind its colon must be accepted.";
        reading: "2xx once, and the next request on the connection answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost:a\r\nX:v\r\n\r\n");
        accept: [prefer(answered())]
    },
    exchange! {
        "http.field.colons-in-value", Should, Source::Rfc(9110, "5.5");
        claim: "Colons in a field value should be accepted.";
        reading: "2xx once, and the next request on the connection answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX: a:b: :c:\r\n\r\n");
        accept: [prefer(answered())]
    },
    exchange! {
        "http.field.same-name", Should, Source::Rfc(9110, "5.3");
        claim: "Three lines of one field should be accepted.";
        reading: "2xx once, and the next request on the connection answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\nX: b\r\nx: a\r\n\r\n");
        accept: [prefer(answered())]
    },
];
