use crate::case::{Case, Need, Payload, Source, answered, echoes, prefer, waits};

/// Requests in pieces.
pub(super) const CASES: &[Case] = &[
    exchange! {
        "http.pieces.octet-by-octet", Must, Source::Rfc(9112, "2.2");
        claim: "A request that arrives octet by octet must be read.";
        reading: "2xx, the content echoed where the testee echoes, and the next request answered.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
        accept: [prefer(echoes(b"hello"))];
        alias: "h1:sg.01";
        plan: Octets
    },
    exchange! {
        "http.pieces.cut-after-cr", Must, Source::Rfc(9112, "2.2");
        claim: "A request that is cut between CR and LF must be read.";
        reading: "2xx once, and the next request on the connection answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered())];
        alias: "h1:sg.03";
        plan: AfterCr
    },
    exchange! {
        "http.pieces.half-method", Must, Source::Rfc(9112, "2.2");
        claim: "Half a method must wait for the rest.";
        reading: "Nothing in the quiet window, then the rest makes it a request that is answered.";
        send: Payload::Bytes(b"GE");
        accept: [prefer(waits())];
        alias: "h1:sg.04";
        resume: b"T / HTTP/1.1\r\nHost: a\r\n\r\n"
    },
    exchange! {
        "http.pieces.half-version", Must, Source::Rfc(9112, "2.2");
        claim: "Half a version must wait for the rest.";
        reading: "Nothing in the quiet window, then the rest makes it a request that is answered.";
        send: Payload::Bytes(b"GET / HTTP/1");
        accept: [prefer(waits())];
        alias: "h1:sg.05";
        resume: b".1\r\nHost: a\r\n\r\n"
    },
    exchange! {
        "http.pieces.half-chunk-end", Must, Source::Rfc(9112, "7.1");
        claim: "Half the line end behind a chunk must wait for the rest.";
        reading: "Nothing in the quiet window, then the rest makes it a request that is answered.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r");
        accept: [prefer(waits())];
        resume: b"\n0\r\n\r\n";
        needs: [Need::FullTier]
    },
];
