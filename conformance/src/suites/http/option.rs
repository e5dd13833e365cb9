use crate::case::{Case, Payload, Source, answered, prefer, status, tolerate};

/// Options of the connection.
pub(super) const CASES: &[Case] = &[
    exchange! {
        "http.connection.close-then-more", Must, Source::Rfc(9112, "9.6");
        claim: "A request behind one that asks for a close must not be answered.";
        reading: "One answer, then closed: what follows a close that was asked for is not answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(1).and_close()]
    },
    exchange! {
        "http.connection.close-in-list", Must, Source::Rfc(9112, "9.6");
        claim: "close must be found in a list of options.";
        reading: "One answer, then closed: what follows a close that was asked for is not answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(1).and_close()]
    },
    exchange! {
        "http.connection.close-beside-keep-alive", Must, Source::Rfc(9112, "9.6");
        claim: "close must win over keep-alive.";
        reading: "One answer, then closed: what follows a close that was asked for is not answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(1).and_close()]
    },
    exchange! {
        "http.connection.close-in-capitals", Must, Source::Rfc(9112, "9.6");
        claim: "close must be known in capitals.";
        reading: "One answer, then closed: what follows a close that was asked for is not answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: CLOSE\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(1).and_close()]
    },
    exchange! {
        "http.connection.close-in-second-line", Must, Source::Rfc(9112, "9.6");
        claim: "close must be found in a second Connection line.";
        reading: "One answer, then closed: what follows a close that was asked for is not answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(1).and_close()]
    },
    exchange! {
        "http.connection.not-close", Must, Source::Rfc(9112, "9.6");
        claim: "An option that only begins like close must not close.";
        reading: "Both requests are answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2)]
    },
    exchange! {
        "http.connection.te", Must, Source::Rfc(9112, "9.3");
        claim: "A client that takes trailers must be answered as any other.";
        reading: "Both requests are answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2)]
    },
    exchange! {
        "http.connection.upgrade-h2c", Must, Source::Rfc(9112, "9.3");
        claim: "An upgrade that is not wanted must be passed over.";
        reading: "Both requests are answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2)]
    },
    exchange! {
        "http.connection.keep-alive", Must, Source::Rfc(9112, "9.3");
        claim: "keep-alive must not close in HTTP/1.1.";
        reading: "Both requests are answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2)]
    },
    exchange! {
        "http.connection.keep-alive-in-1-0", Should, Source::Rfc(9112, "9.3");
        claim: "A client of HTTP/1.0 that asks for keep-alive should be kept.";
        reading: "Both requests are answered.";
        send: Payload::Bytes(b"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2), tolerate(answered())]
    },
    exchange! {
        "http.connection.unknown-expectation", Should, Source::Rfc(9110, "10.1.1");
        claim: "An expectation that is not known should be refused with 417.";
        reading: "417, or it is passed over.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nExpect: a-miracle\r\n\r\n");
        accept: [prefer(status(417)), tolerate(answered())]
    },
];
