use crate::case::{Case, Payload, Source, answered, closed, observe, prefer, status, tolerate};

/// Names of fields, and values of Host.
pub(super) const CASES: &[Case] = &[
    malformed! { "http.field.quote-in-name", 9112, "5.1"; "A quotation mark in a field name should be refused.";
    b"GET / HTTP/1.1\r\nHost: a\r\n\"X\": b\r\n\r\n" },
    malformed! { "http.field.slash-in-name", 9112, "5.1"; "A slash in a field name should be refused.";
    b"GET / HTTP/1.1\r\nHost: a\r\nX/Y: b\r\n\r\n" },
    malformed! { "http.field.at-in-name", 9112, "5.1"; "An at sign in a field name should be refused.";
    b"GET / HTTP/1.1\r\nHost: a\r\nX@Y: b\r\n\r\n" },
    malformed! { "http.field.comma-in-name", 9112, "5.1"; "A comma in a field name should be refused.";
    b"GET / HTTP/1.1\r\nHost: a\r\nX,Y: b\r\n\r\n" },
    malformed! { "http.field.bracket-in-name", 9112, "5.1"; "A bracket in a field name should be refused.";
    b"GET / HTTP/1.1\r\nHost: a\r\nX[Y]: b\r\n\r\n" },
    malformed! { "http.field.equals-in-name", 9112, "5.1"; "An equals sign in a field name should be refused.";
    b"GET / HTTP/1.1\r\nHost: a\r\nX=Y: b\r\n\r\n" },
    malformed! { "http.field.tab-in-name", 9112, "5.1"; "A tab in a field name should be refused.";
    b"GET / HTTP/1.1\r\nHost: a\r\nX\tY: b\r\n\r\n" },
    malformed! { "http.field.space-in-name", 9112, "5.1"; "A space in a field name should be refused.";
    b"GET / HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n" },
    malformed! { "http.field.no-colon", 9112, "5.1"; "A field line without a colon should be refused.";
    b"GET / HTTP/1.1\r\nHost: a\r\nNothing\r\n\r\n" },
    exchange! {
        "http.field.blank-before-first", Must, Source::Rfc(9112, "2.2");
        claim: "A line that begins with a blank before the first field must be refused or consumed.";
        reading: "Consumed means without further processing: the Host behind it still counts.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\n X: b\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), prefer(answered())]
    },
    exchange! {
        "http.field.cr-in-name", Must, Source::Rfc(9112, "2.2");
        claim: "A bare CR in a field name must be refused or replaced by a space.";
        reading: "Nobody sees from outside whether it was replaced: 2xx is tolerated.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX\rY: b\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())]
    },
    exchange! {
        "http.field.nul-in-value", Must, Source::Rfc(9110, "5.5");
        claim: "NUL in a field value must be refused or replaced by a space.";
        reading: "Nobody sees from outside whether it was replaced: 2xx is tolerated.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())]
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
    echo! { "http.field.length-in-odd-case", 9110, "5.1"; "The name of Content-Length must be known in any case.";
    b"POST / HTTP/1.1\r\nHost: a\r\ncOnTeNt-LeNgTh: 5\r\n\r\nhello" => b"hello" },
    echo! { "http.field.coding-in-capitals", 9110, "5.1"; "The name of Transfer-Encoding must be known in capitals.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTRANSFER-ENCODING: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" => b"hello" },
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
    refusal! { "http.host.open-bracket", 9112, "3.2"; "An address literal that does not end in Host must be refused.";
    b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n" },
    refusal! { "http.host.close-bracket", 9112, "3.2"; "A closing bracket alone in Host must be refused.";
    b"GET / HTTP/1.1\r\nHost: a]\r\n\r\n" },
    refusal! { "http.host.two-ports", 9112, "3.2"; "A second colon in Host must be refused.";
    b"GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n" },
    refusal! { "http.host.tab", 9112, "3.2"; "A tab in Host must be refused.";
    b"GET / HTTP/1.1\r\nHost: a\tb\r\n\r\n" },
    refusal! { "http.host.quote", 9112, "3.2"; "A quotation mark in Host must be refused.";
    b"GET / HTTP/1.1\r\nHost: \"a\"\r\n\r\n" },
    refusal! { "http.host.backslash", 9112, "3.2"; "A backslash in Host must be refused.";
    b"GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n" },
    refusal! { "http.host.query", 9112, "3.2"; "A question mark in Host must be refused.";
    b"GET / HTTP/1.1\r\nHost: a?b\r\n\r\n" },
    refusal! { "http.host.fragment", 9112, "3.2"; "A number sign in Host must be refused.";
    b"GET / HTTP/1.1\r\nHost: a#b\r\n\r\n" },
    refusal! { "http.host.scheme", 9112, "3.2"; "A scheme in Host must be refused.";
    b"GET / HTTP/1.1\r\nHost: http://a\r\n\r\n" },
    refusal! { "http.host.two-lines-in-1-0", 9112, "3.2"; "Two Host lines must be refused in HTTP/1.0 as well.";
    b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n" },
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
