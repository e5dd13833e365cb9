use crate::case::{Case, Payload, Source, answered, observe, prefer, status, tolerate};

/// Of two requests on one connection.
const PERSISTS: &str = "Both requests are answered. A close that the answer announces is tolerated: to persist is a SHOULD (RFC 9112 section 9.3).";

/// A request that asks for a close, and one behind it.
macro_rules! last {
    ($id:literal; $claim:literal; $send:literal) => {
        exchange! {
            $id, Must, Source::Rfc(9112, "9.6");
            claim: $claim;
            reading: "One answer, then closed: what follows a close that was asked for is not answered. Some take it for an error of the whole: a single 400 keeps the claim, and is recorded.";
            send: Payload::Bytes($send);
            accept: [prefer(answered()).times(1).and_close(), observe(status(400)).times(1).and_close()]
        }
    };
}

/// Options of the connection.
pub(super) const CASES: &[Case] = &[
    last! { "http.connection.close-then-more"; "A request behind one that asks for a close must not be answered.";
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n" },
    last! { "http.connection.close-in-list"; "close must be found in a list of options.";
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n" },
    last! { "http.connection.close-beside-keep-alive"; "close must win over keep-alive.";
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n" },
    last! { "http.connection.close-in-capitals"; "close must be known in capitals.";
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: CLOSE\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n" },
    last! { "http.connection.close-in-second-line"; "close must be found in a second Connection line.";
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n" },
    exchange! {
        "http.connection.not-close", Must, Source::Rfc(9112, "9.6");
        claim: "An option that only begins like close must not close.";
        reading: PERSISTS;
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2), tolerate(answered()).times(2).announcing_close()]
    },
    exchange! {
        "http.connection.te", Must, Source::Rfc(9112, "9.3");
        claim: "A client that takes trailers must be answered as any other.";
        reading: PERSISTS;
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2), tolerate(answered()).times(2).announcing_close()]
    },
    exchange! {
        "http.connection.upgrade-h2c", Must, Source::Rfc(9112, "9.3");
        claim: "An upgrade that is not wanted must not lose what is behind it.";
        reading: "Both requests are answered. A server may take the upgrade (RFC 9110 section 7.8), which is recorded; a close that the answer announces is tolerated.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2), tolerate(answered()).times(2).announcing_close(), observe(status(101))]
    },
    exchange! {
        "http.connection.keep-alive", Must, Source::Rfc(9112, "9.3");
        claim: "keep-alive must not close in HTTP/1.1.";
        reading: PERSISTS;
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2), tolerate(answered()).times(2).announcing_close()]
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
