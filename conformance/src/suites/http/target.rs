use super::GRAMMAR;
use crate::case::{Case, Payload, Source, answered, closed, echoes, observe, prefer, status, tolerate};

/// Target forms.
pub(super) const CASES: &[Case] = &[
    // HTTP-1, SF-54
    exchange! {
        "http.target.absolute-form", Must, Source::Rfc(9112, "3.2.2");
        claim: "A target in absolute form must be understood.";
        reading: "RFC 9112 section 3.2.2 asks it of every server, so that proxies can be told apart one day.";
        send: Payload::Bytes(b"GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered())];
        alias: "h1:tf.01"
    },
    exchange! {
        "http.target.options-asterisk", Must, Source::Rfc(9112, "3.2.4");
        claim: "`OPTIONS *` must be taken as a legal request.";
        reading: "Answered, or refused as a method; a 400 says that the form is unknown.";
        send: Payload::Bytes(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()), prefer(status(405)), prefer(status(501))];
        alias: "h1:tf.03"
    },
    exchange! {
        "http.target.get-asterisk", Should, Source::Rfc(9112, "3.2.4");
        claim: "`*` with another method than OPTIONS should be refused.";
        reading: GRAMMAR;
        send: Payload::Bytes(b"GET * HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(301)), prefer(closed())];
        alias: "h1:tf.04"
    },
    exchange! {
        "http.target.connect-at-origin", Should, Source::Rfc(9110, "9.3.6");
        claim: "CONNECT at a server that is no proxy should be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(404)), prefer(status(405)), prefer(status(501)), prefer(status(301)), prefer(closed())];
        alias: "h1:tf.05"
    },
    exchange! {
        "http.target.absolute-without-host", Must, Source::Rfc(9112, "3.2");
        claim: "A target in absolute form must not stand in for Host.";
        reading: "Every HTTP/1.1 request without Host is answered 400, whatever its target.";
        send: Payload::Bytes(b"GET http://a/ HTTP/1.1\r\n\r\n");
        accept: [prefer(status(400))]
    },
    exchange! {
        "http.target.absolute-bad-host", Must, Source::Rfc(9112, "3.2");
        claim: "A malformed Host must be answered 400 beside a target in absolute form too.";
        reading: "Host is ignored for the routing there, not for the syntax.";
        send: Payload::Bytes(b"GET http://a/ HTTP/1.1\r\nHost: a b\r\n\r\n");
        accept: [prefer(status(400))]
    },
    refusal! { "http.target.absolute-no-host-name", 9110, "4.2.1"; "An http URI without a host must be refused.";
    b"GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n" },
    exchange! {
        "http.target.absolute-userinfo", Should, Source::Rfc(9110, "4.2.4");
        claim: "Userinfo in a target should be taken for an error.";
        reading: "It is how one authority is made to look like another; answering is tolerated.";
        send: Payload::Bytes(b"GET http://b:80@a/ HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())]
    },
    exchange! {
        "http.target.absolute-capitals", Must, Source::Rfc(9112, "3.2.2");
        claim: "A target in absolute form must be understood in capitals too.";
        reading: "Scheme and host have no case (RFC 9110 section 4.2.3).";
        send: Payload::Bytes(b"GET HTTP://A/x HTTP/1.1\r\nHost: A\r\n\r\n");
        accept: [prefer(answered())]
    },
    exchange! {
        "http.target.absolute-no-path", Must, Source::Rfc(9112, "3.2.2");
        claim: "A target in absolute form must be understood without a path.";
        reading: "The empty path of an http URI is the path `/` (RFC 9110 section 4.2.3).";
        send: Payload::Bytes(b"GET http://a HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered())]
    },
    exchange! {
        "http.target.absolute-bad-port", Should, Source::Rfc(9112, "3.2");
        claim: "A port that is no number should be refused in a target.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET http://a:b/ HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())]
    },
    exchange! {
        "http.target.absolute-other-scheme", Should, Source::Rfc(9110, "7.4");
        claim: "A target of a scheme that is not served should be refused.";
        reading: "421, 400 or 404; passing it on is tolerated.";
        send: Payload::Bytes(b"GET ftp://a/x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(421)), prefer(status(400)), prefer(status(404)), prefer(closed()), tolerate(answered())]
    },
    exchange! {
        "http.target.options-asterisk-without-host", Must, Source::Rfc(9112, "3.2");
        claim: "`OPTIONS *` without Host must be answered 400.";
        reading: "The asterisk names the server, and Host says which one.";
        send: Payload::Bytes(b"OPTIONS * HTTP/1.1\r\n\r\n");
        accept: [prefer(status(400))]
    },
    exchange! {
        "http.target.options-absolute", Must, Source::Rfc(9112, "3.2.2");
        claim: "OPTIONS for an absolute target without a path must be taken as a legal request.";
        reading: "It is what a proxy turns into `OPTIONS *` (RFC 9112 section 3.2.4); refused as a method at most.";
        send: Payload::Bytes(b"OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()), prefer(status(405)), prefer(status(501))]
    },
    exchange! {
        "http.target.connect-no-port", Must, Source::Rfc(9110, "9.3.6");
        claim: "CONNECT without a port must be rejected.";
        reading: "Rejected means 4xx, 501, or a close without an answer: a server that is no proxy knows no CONNECT.";
        send: Payload::Bytes(b"CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(404)), prefer(status(405)), prefer(status(501)), prefer(closed())]
    },
    exchange! {
        "http.target.connect-empty-port", Must, Source::Rfc(9110, "9.3.6");
        claim: "CONNECT to an empty port must be rejected.";
        reading: "Rejected means 4xx, 501, or a close without an answer: a server that is no proxy knows no CONNECT.";
        send: Payload::Bytes(b"CONNECT a: HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(404)), prefer(status(405)), prefer(status(501)), prefer(closed())]
    },
    exchange! {
        "http.target.connect-bad-port", Must, Source::Rfc(9110, "9.3.6");
        claim: "CONNECT to a port that is no number must be rejected.";
        reading: "Rejected means 4xx, 501, or a close without an answer: a server that is no proxy knows no CONNECT.";
        send: Payload::Bytes(b"CONNECT a:b HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(status(404)), prefer(status(405)), prefer(status(501)), prefer(closed())]
    },
    exchange! {
        "http.target.bad-percent", May, Source::Rfc(9112, "3.2");
        claim: "A percent sign without two hexadecimal digits may be refused.";
        reading: "It is no URI (RFC 3986 section 2.1); passing it on is recorded.";
        send: Payload::Bytes(b"GET /a%zz HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), observe(answered())]
    },
    exchange! {
        "http.target.percent-slash", Should, Source::Rfc(3986, "2.2");
        claim: "A slash that is percent-encoded should be passed on as it came.";
        reading: "`%2F` and `/` are two different paths; 400 and 404 are what careful file servers answer.";
        send: Payload::Bytes(b"GET /a%2Fb HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(echoes(b"GET /a%2Fb\n")), tolerate(status(400)), tolerate(status(404))]
    },
    exchange! {
        "http.target.query", Should, Source::Rfc(9112, "3.2.1");
        claim: "A target with a query should be passed on whole.";
        reading: "2xx, the content echoed where the testee echoes, and the next request answered.";
        send: Payload::Bytes(b"GET /?a=b&c=%20/?d HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(echoes(b"GET /?a=b&c=%20/?d\n"))]
    },
];
