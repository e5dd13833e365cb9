use crate::case::{Case, Payload, Source, answered, closed, prefer, status};

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
        "http.target.get-asterisk", Must, Source::Rfc(9112, "3.2.4");
        claim: "`*` with another method than OPTIONS must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"GET * HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())];
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
];
