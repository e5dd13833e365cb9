use crate::case::{Case, Payload, Source, answered, closed, observe, prefer, status, tolerate};

/// Methods, and forms of the request line and the target.
pub(super) const CASES: &[Case] = &[
    exchange! {
        "http.request-line.cr-in-method", Must, Source::Rfc(9112, "2.2");
        claim: "A bare CR in the method must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"G\rET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.request-line.cr-in-target", Must, Source::Rfc(9112, "2.2");
        claim: "A bare CR in the target must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.request-line.tab-in-target", Must, Source::Rfc(9112, "3.2");
        claim: "A tab in the target must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.request-line.del-in-target", Must, Source::Rfc(9112, "3.2");
        claim: "DEL in the target must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET /a\x7fb HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.request-line.version-in-small-letters", Must, Source::Rfc(9112, "2.3");
        claim: "The name of the protocol must be in capitals.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / http/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), prefer(status(505))]
    },
    exchange! {
        "http.request-line.version-without-minor", Must, Source::Rfc(9112, "2.3");
        claim: "A version without its minor number must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), prefer(status(505))]
    },
    exchange! {
        "http.request-line.version-of-three", Must, Source::Rfc(9112, "2.3");
        claim: "A version of three numbers must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), prefer(status(505))]
    },
    exchange! {
        "http.request-line.version-three", Must, Source::Rfc(9112, "2.3");
        claim: "A major version that is not spoken must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/3.0\r\nHost: a\r\n\r\n");
        accept: [prefer(status(505)), prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.request-line.version-nine", Must, Source::Rfc(9112, "2.3");
        claim: "A major version that nobody knows must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/9.9\r\nHost: a\r\n\r\n");
        accept: [prefer(status(505)), prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.request-line.version-with-letter", Must, Source::Rfc(9112, "2.3");
        claim: "A letter in the version must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.x\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), prefer(status(505))]
    },
    exchange! {
        "http.request-line.parentheses-in-method", Must, Source::Rfc(9112, "3.1");
        claim: "A delimiter in the method must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GE(T) / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), prefer(status(501))]
    },
    exchange! {
        "http.request-line.quote-in-method", Must, Source::Rfc(9112, "3.1");
        claim: "A quotation mark in the method must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"G\"ET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), prefer(status(501))]
    },
    exchange! {
        "http.request-line.minor-two", Should, Source::Rfc(9110, "2.5");
        claim: "A higher minor version should be taken as the highest that is spoken.";
        reading: "2xx, as for HTTP/1.1.";
        send: Payload::Bytes(b"GET / HTTP/1.2\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()), tolerate(status(505))]
    },
    exchange! {
        "http.request-line.trailing-blank", Should, Source::Rfc(9112, "3");
        claim: "A blank behind the version should be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())]
    },
    exchange! {
        "http.target.authority-form", Must, Source::Rfc(9112, "3.2.3");
        claim: "The authority-form must be refused with any method but CONNECT.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.target.post-asterisk", Must, Source::Rfc(9112, "3.2.4");
        claim: "The asterisk-form must be refused with any method but OPTIONS.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"POST * HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), prefer(status(404)), prefer(status(405))]
    },
    exchange! {
        "http.target.asterisk-and-more", Must, Source::Rfc(9112, "3.2.4");
        claim: "Something behind an asterisk must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"OPTIONS *x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.target.absolute-other-host", Must, Source::Rfc(9112, "3.2.2");
        claim: "The absolute-form must be taken although Host names another.";
        reading: "2xx, or 421 or 404 where nobody serves the other.";
        send: Payload::Bytes(b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()), prefer(status(421)), prefer(status(404))]
    },
    exchange! {
        "http.target.absolute-scheme-case", Must, Source::Rfc(9110, "4.2.3");
        claim: "The scheme of the absolute-form must be taken in capitals.";
        reading: "2xx: schemes are case-insensitive.";
        send: Payload::Bytes(b"GET HTTP://a/ HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered())]
    },
    exchange! {
        "http.target.absolute-with-query", Must, Source::Rfc(9112, "3.2.2");
        claim: "The absolute-form must be taken with a query.";
        reading: "2xx.";
        send: Payload::Bytes(b"GET http://a/?q=1 HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered())]
    },
    exchange! {
        "http.target.absolute-with-port", Must, Source::Rfc(9112, "3.2.2");
        claim: "The absolute-form must be taken with a port.";
        reading: "2xx.";
        send: Payload::Bytes(b"GET http://a:80/ HTTP/1.1\r\nHost: a:80\r\n\r\n");
        accept: [prefer(answered())]
    },
    exchange! {
        "http.target.empty-query", Must, Source::Rfc(9112, "3.2.1");
        claim: "An empty query must be taken.";
        reading: "2xx, and the next request answered.";
        send: Payload::Bytes(b"GET /? HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2)]
    },
    exchange! {
        "http.target.two-slashes", Must, Source::Rfc(9112, "3.2.1");
        claim: "An empty first segment must be taken.";
        reading: "2xx, or 404 where nothing is there.";
        send: Payload::Bytes(b"GET //a HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2), prefer(status(404))]
    },
    exchange! {
        "http.target.bad-escape", May, Source::Rfc(9112, "3.2.1");
        claim: "A percent sign that escapes nothing may be refused.";
        reading: "Recorded.";
        send: Payload::Bytes(b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [observe(answered()), observe(status(400)), observe(status(404)), observe(closed())]
    },
    exchange! {
        "http.target.long-path", Should, Source::Rfc(9112, "3");
        claim: "A request line of 8000 octets should be taken.";
        reading: "2xx, or 404 where nothing is there.";
        send: Payload::Long { head: b"GET /", unit: b"x", times: 7_950, tail: b" HTTP/1.1\r\nHost: a\r\n\r\n" };
        accept: [prefer(answered()), prefer(status(404)), tolerate(status(414))]
    },
    exchange! {
        "http.method.trace", May, Source::Rfc(9110, "9.3.8");
        claim: "TRACE may be answered or refused.";
        reading: "Recorded.";
        send: Payload::Bytes(b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [observe(answered()), observe(status(405)), observe(status(501)), observe(status(400)), observe(status(403))]
    },
    exchange! {
        "http.method.options", Should, Source::Rfc(9110, "9.3.7");
        claim: "OPTIONS with a path should be answered.";
        reading: "2xx.";
        send: Payload::Bytes(b"OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()), tolerate(status(405)), tolerate(status(501))]
    },
    exchange! {
        "http.method.extension", May, Source::Rfc(9110, "9.1");
        claim: "A method that is registered and not implemented may be refused.";
        reading: "Recorded; 501 or 405 says best what it is.";
        send: Payload::Bytes(b"PROPFIND / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        accept: [observe(status(501)), observe(status(405)), observe(answered()), observe(status(400))]
    },
];
