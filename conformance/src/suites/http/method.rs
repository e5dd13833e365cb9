use crate::case::{
    Case, Payload, Source, answered, closed, echoes, observe, prefer, refused, status, tolerate,
};

/// Methods, and forms of the request line and the target.
pub(super) const CASES: &[Case] = &[
    exchange! {
        "http.request-line.cr-in-method", Must, Source::Rfc(9112, "2.2");
        claim: "A bare CR in the method must be refused or replaced by a space.";
        reading: "Invalid means 400, or 501 for a method that nobody knows. An answer is tolerated: the replacement can't be seen from outside.";
        send: Payload::Bytes(b"G\rET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(501)), prefer(closed()), tolerate(answered())]
    },
    exchange! {
        "http.request-line.cr-in-target", Must, Source::Rfc(9112, "2.2");
        claim: "A bare CR in the target must be refused or replaced by a space.";
        reading: "A target may be corrected by 301. An answer is tolerated: the replacement can't be seen from outside.";
        send: Payload::Bytes(b"GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(301)), prefer(closed()), tolerate(answered())]
    },
    malformed! { "http.request-line.tab-in-target", 9112, "3.2"; "A tab in the target should be refused.";
    b"GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n"; [400, 301] },
    malformed! { "http.request-line.del-in-target", 9112, "3.2"; "DEL in the target should be refused.";
    b"GET /a\x7fb HTTP/1.1\r\nHost: a\r\n\r\n"; [400, 301] },
    malformed! { "http.request-line.version-in-small-letters", 9112, "2.3"; "The name of the protocol should be in capitals.";
    b"GET / http/1.1\r\nHost: a\r\n\r\n"; [400, 505] },
    malformed! { "http.request-line.version-without-minor", 9112, "2.3"; "A version without its minor number should be refused.";
    b"GET / HTTP/1.\r\nHost: a\r\n\r\n"; [400, 505] },
    malformed! { "http.request-line.version-of-three", 9112, "2.3"; "A version of three numbers should be refused.";
    b"GET / HTTP/1.1.1\r\nHost: a\r\n\r\n"; [400, 505] },
    exchange! {
        "http.request-line.version-three", May, Source::Rfc(9110, "2.5");
        claim: "A major version that is not spoken may be refused.";
        reading: "A server can answer 505 (RFC 9110 section 15.6.6), and no rule says that it has to: any error will do, or a close without an answer; what takes it for 1.1 is told of.";
        send: Payload::Bytes(b"GET / HTTP/3.0\r\nHost: a\r\n\r\n");
        accept: [prefer(status(505)), prefer(refused()), prefer(closed())]
    },
    exchange! {
        "http.request-line.version-nine", May, Source::Rfc(9110, "2.5");
        claim: "A major version that nobody knows may be refused.";
        reading: "A server can answer 505 (RFC 9110 section 15.6.6), and no rule says that it has to: any error will do, or a close without an answer; what takes it for 1.1 is told of.";
        send: Payload::Bytes(b"GET / HTTP/9.9\r\nHost: a\r\n\r\n");
        accept: [prefer(status(505)), prefer(refused()), prefer(closed())]
    },
    malformed! { "http.request-line.version-with-letter", 9112, "2.3"; "A letter in the version should be refused.";
    b"GET / HTTP/1.x\r\nHost: a\r\n\r\n"; [400, 505] },
    malformed! { "http.request-line.parentheses-in-method", 9112, "3.1"; "A delimiter in the method should be refused.";
    b"GE(T) / HTTP/1.1\r\nHost: a\r\n\r\n"; [400, 501] },
    malformed! { "http.request-line.quote-in-method", 9112, "3.1"; "A quotation mark in the method should be refused.";
    b"G\"ET / HTTP/1.1\r\nHost: a\r\n\r\n"; [400, 501] },
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
    malformed! { "http.target.authority-form", 9112, "3.2.3"; "The authority-form should be refused with any method but CONNECT.";
    b"GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n"; [400, 301] },
    malformed! { "http.target.post-asterisk", 9112, "3.2.4"; "The asterisk-form should be refused with any method but OPTIONS.";
    b"POST * HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"; [400, 301, 404, 405] },
    malformed! { "http.target.asterisk-and-more", 9112, "3.2.4"; "Something behind an asterisk should be refused.";
    b"OPTIONS *x HTTP/1.1\r\nHost: a\r\n\r\n"; [400, 301] },
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
        reading: "2xx, and the next request answered. A close that an answer announces is tolerated: to persist is a SHOULD (RFC 9112 section 9.3).";
        send: Payload::Bytes(b"GET /? HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2), tolerate(answered()).times(2).announcing_close()]
    },
    exchange! {
        "http.target.two-slashes", Must, Source::Rfc(9112, "3.2.1");
        claim: "An empty first segment must be taken.";
        reading: "2xx, or 404 where nothing is there. A close that an answer announces is tolerated: to persist is a SHOULD (RFC 9112 section 9.3).";
        send: Payload::Bytes(b"GET //a HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2), tolerate(answered()).times(2).announcing_close(), prefer(status(404))]
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
    exchange! {
        "http.method.every-token-character", Should, Source::Rfc(9110, "5.6.2");
        claim: "A method of odd token characters should be answered 501 or 405.";
        reading: "It is well-formed, so 400 says what is not so, and is tolerated.";
        send: Payload::Bytes(b"M!#$%&'*+-.^_`|~9 / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(501)), prefer(status(405)), observe(answered()), tolerate(status(400))]
    },
    exchange! {
        "http.method.patch-chunked", Must, Source::Rfc(9112, "6");
        claim: "The chunked body of a PATCH must be read.";
        reading: "The framing does not depend on the method; refused as a method at most.";
        send: Payload::Bytes(b"PATCH / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(echoes(b"hello")), prefer(status(405)), prefer(status(501))]
    },
    exchange! {
        "http.method.delete-with-body", Must, Source::Rfc(9112, "6");
        claim: "The body of a DELETE must not be taken for the next request.";
        reading: "The framing does not depend on the method: one answer, whatever it is.";
        send: Payload::Bytes(b"DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 28\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()), prefer(status(400)).times(1), prefer(status(405)).times(1), prefer(status(501)).times(1), prefer(closed())]
    },
    exchange! {
        "http.method.options-with-body", Must, Source::Rfc(9112, "6");
        claim: "The body of OPTIONS must not be taken for the next request.";
        reading: "The framing does not depend on the method: one answer, whatever it is.";
        send: Payload::Bytes(b"OPTIONS / HTTP/1.1\r\nHost: a\r\nContent-Length: 28\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()), prefer(status(400)).times(1), prefer(status(405)).times(1), prefer(status(501)).times(1), prefer(closed())]
    },
    exchange! {
        "http.method.trace-with-body", Must, Source::Rfc(9112, "6");
        claim: "The body of TRACE must not be taken for the next request.";
        reading: "A client must not send one (RFC 9110 section 9.3.8); what comes has a framing all the same: one answer.";
        send: Payload::Bytes(b"TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 28\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()), prefer(status(400)).times(1), prefer(status(405)).times(1), prefer(status(501)).times(1), prefer(closed())]
    },
    exchange! {
        "http.method.unknown-with-body", Must, Source::Rfc(9112, "6");
        claim: "The body of a method that is not known must not be taken for the next request.";
        reading: "The framing does not depend on the method: one answer, whatever it is.";
        send: Payload::Bytes(b"BREW / HTTP/1.1\r\nHost: a\r\nContent-Length: 28\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()), prefer(status(400)).times(1), prefer(status(405)).times(1), prefer(status(501)).times(1), prefer(closed())]
    },
    exchange! {
        "http.method.head-chunked", Must, Source::Rfc(9112, "6");
        claim: "A chunked body of HEAD must not lose its framing.";
        reading: "Both requests are answered, or the first refused; the answer to HEAD carries no content. A close that an answer announces is tolerated: to persist is a SHOULD (RFC 9112 section 9.3).";
        send: Payload::Bytes(b"HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2), tolerate(answered()).times(2).announcing_close(), prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.method.head", Must, Source::Rfc(9110, "9.1");
        claim: "Every server must support HEAD.";
        reading: "GET and HEAD are the two methods that a general-purpose server has to know.";
        send: Payload::Bytes(b"HEAD /load/head HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered())]
    },
    exchange! {
        "http.method.head-refused", Must, Source::Rfc(9110, "9.3.2");
        claim: "A refusal must carry no content where HEAD asked.";
        reading: "What follows the head of the answer would be read as the next one. That there is no Host to ask for is the matter of http.host.missing.";
        send: Payload::Bytes(b"HEAD / HTTP/1.1\r\n\r\n");
        accept: [prefer(status(400)).times(1), tolerate(answered()).times(1)]
    },
];
