use crate::case::{Case, Payload, Source, answered, closed, echoes, observe, prefer, status, tolerate};

/// Names of fields, and values of Host.
pub(super) const CASES: &[Case] = &[
    exchange! {
        "http.field.quote-in-name", Must, Source::Rfc(9112, "5.1");
        claim: "A quotation mark in a field name must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\n\"X\": b\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.field.slash-in-name", Must, Source::Rfc(9112, "5.1");
        claim: "A slash in a field name must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX/Y: b\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.field.at-in-name", Must, Source::Rfc(9112, "5.1");
        claim: "An at sign in a field name must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX@Y: b\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.field.comma-in-name", Must, Source::Rfc(9112, "5.1");
        claim: "A comma in a field name must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX,Y: b\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.field.bracket-in-name", Must, Source::Rfc(9112, "5.1");
        claim: "A bracket in a field name must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX[Y]: b\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.field.equals-in-name", Must, Source::Rfc(9112, "5.1");
        claim: "An equals sign in a field name must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX=Y: b\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.field.tab-in-name", Must, Source::Rfc(9112, "5.1");
        claim: "A tab in a field name must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX\tY: b\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.field.space-in-name", Must, Source::Rfc(9112, "5.1");
        claim: "A space in a field name must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.field.no-colon", Must, Source::Rfc(9112, "5.1");
        claim: "A field line without a colon must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nNothing\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.field.blank-before-first", Must, Source::Rfc(9112, "2.2");
        claim: "A blank before the first field line must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\n X: b\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.field.cr-in-name", Must, Source::Rfc(9112, "2.2");
        claim: "A bare CR in a field name must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX\rY: b\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.field.nul-in-value", Must, Source::Rfc(9110, "5.5");
        claim: "NUL in a field value must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.field.folded", May, Source::Rfc(9112, "5.2");
        claim: "A folded field line may be refused or joined.";
        reading: "Recorded: both are allowed.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n");
        accept: [observe(status(400)), observe(closed()), observe(answered())]
    },
    exchange! {
        "http.field.host-in-capitals", Must, Source::Rfc(9110, "5.1");
        claim: "The name of Host must be known in capitals.";
        reading: "2xx.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHOST: a\r\n\r\n");
        accept: [prefer(answered())]
    },
    exchange! {
        "http.field.length-in-odd-case", Must, Source::Rfc(9110, "5.1");
        claim: "The name of Content-Length must be known in any case.";
        reading: "2xx, the content echoed where the testee echoes.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\ncOnTeNt-LeNgTh: 5\r\n\r\nhello");
        accept: [prefer(echoes(b"hello"))]
    },
    exchange! {
        "http.field.coding-in-capitals", Must, Source::Rfc(9110, "5.1");
        claim: "The name of Transfer-Encoding must be known in capitals.";
        reading: "2xx, the content echoed where the testee echoes.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTRANSFER-ENCODING: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(echoes(b"hello"))]
    },
    exchange! {
        "http.field.connection-in-small-letters", Must, Source::Rfc(9110, "5.1");
        claim: "The name of Connection must be known in small letters.";
        reading: "2xx, then closed.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nconnection: close\r\n\r\n");
        accept: [prefer(answered()).and_close()]
    },
    exchange! {
        "http.field.sixty-alike", Must, Source::Rfc(9110, "5.3");
        claim: "Sixty field lines of one name must be taken.";
        reading: "2xx; the head has 1.8 KiB.";
        send: Payload::Long { head: b"GET / HTTP/1.1\r\nHost: a\r\n", unit: b"X-Many: one of many, of sixty\r\n", times: 60, tail: b"\r\n" };
        accept: [prefer(answered())]
    },
    exchange! {
        "http.host.open-bracket", Must, Source::Rfc(9112, "3.2");
        claim: "An address literal that does not end in Host must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.host.close-bracket", Must, Source::Rfc(9112, "3.2");
        claim: "A closing bracket alone in Host must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a]\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.host.two-ports", Must, Source::Rfc(9112, "3.2");
        claim: "A second colon in Host must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.host.tab", Must, Source::Rfc(9112, "3.2");
        claim: "A tab in Host must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\tb\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.host.quote", Must, Source::Rfc(9112, "3.2");
        claim: "A quotation mark in Host must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: \"a\"\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.host.backslash", Must, Source::Rfc(9112, "3.2");
        claim: "A backslash in Host must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.host.query", Must, Source::Rfc(9112, "3.2");
        claim: "A question mark in Host must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a?b\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.host.fragment", Must, Source::Rfc(9112, "3.2");
        claim: "A number sign in Host must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a#b\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.host.scheme", Must, Source::Rfc(9112, "3.2");
        claim: "A scheme in Host must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: http://a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.host.two-lines-in-1-0", Must, Source::Rfc(9112, "3.2");
        claim: "Two Host lines must be refused in HTTP/1.0 as well.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.host.empty-port", Should, Source::Rfc(9110, "7.2");
        claim: "An empty port in Host should be taken.";
        reading: "2xx: the grammar allows it.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a:\r\n\r\n");
        accept: [prefer(answered()), tolerate(status(400))]
    },
    exchange! {
        "http.host.empty", May, Source::Rfc(9112, "3.2");
        claim: "An empty Host may be refused.";
        reading: "Recorded.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost:\r\n\r\n");
        accept: [observe(status(400)), observe(answered()), observe(closed())]
    },
];
