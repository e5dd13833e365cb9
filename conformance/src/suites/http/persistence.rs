use crate::case::{Case, Payload, Source, answered, closed, echoes, observe, prefer, status, tolerate};

/// Connections, HEAD and Upgrade.
pub(super) const CASES: &[Case] = &[
    exchange! {
        "http.connection.persistent", Should, Source::Rfc(9112, "9.3");
        claim: "A connection should persist after an answer.";
        reading: "As many answers as requests, and the next request answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2)];
        alias: "h1:co.01"
    },
    // HTTP-17, SF-50
    exchange! {
        "http.connection.close", Must, Source::Rfc(9112, "9.6");
        claim: "`Connection: close` in a request must end the connection after the answer.";
        reading: "2xx, and then the server closes.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        accept: [prefer(answered()).and_close()];
        alias: "h1:co.02"
    },
    // HTTP-17, SF-50
    exchange! {
        "http.connection.version-1-0", Should, Source::Rfc(9112, "9.3");
        claim: "A connection of HTTP/1.0 should be closed after the answer.";
        reading: "2xx, and then the server closes.";
        send: Payload::Bytes(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).and_close(), tolerate(answered()), tolerate(status(505))];
        alias: "h1:co.03"
    },
    // HTTP-37, SF-51
    exchange! {
        "http.connection.head", Must, Source::Rfc(9110, "9.3.2");
        claim: "An answer to HEAD must carry no content.";
        reading: "Anything behind its head would be read as the next answer.";
        send: Payload::Bytes(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()), prefer(status(405)), prefer(status(501))];
        alias: "h1:co.06"
    },
    // HTTP-16
    exchange! {
        "http.connection.unknown-upgrade", May, Source::Rfc(9110, "7.8");
        claim: "An unknown Upgrade may be ignored.";
        reading: "2xx once, and the next request on the connection answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: foo/9\r\n\r\n");
        accept: [prefer(answered()), observe(status(400)), observe(status(426))];
        alias: "h1:co.10"
    },
    exchange! {
        "http.connection.half-closed", Should, Source::Rfc(9112, "9.6");
        claim: "A client that half-closes after its request should get its answer.";
        reading: "2xx once, and the next request on the connection answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()), tolerate(closed())];
        alias: "h1:co.14";
        plan: HalfClose
    },
    exchange! {
        "http.connection.close-behind-empty", Must, Source::Rfc(9110, "5.6.1.2");
        claim: "Empty list elements before close must be ignored.";
        reading: "2xx once, then the connection is closed.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: , ,close\r\n\r\n");
        accept: [prefer(answered()).and_close()]
    },
    exchange! {
        "http.connection.close-with-body", Must, Source::Rfc(9112, "9.6");
        claim: "A request with a body that closes must be answered before the close.";
        reading: "The content echoed where the testee echoes, then the connection is closed.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
        accept: [prefer(echoes(b"hello")).and_close()]
    },
    exchange! {
        "http.connection.close-in-1-0", Must, Source::Rfc(9112, "9.6");
        claim: "`Connection: close` in HTTP/1.0 must end the connection after the answer.";
        reading: "It is the default there, and may be said all the same.";
        send: Payload::Bytes(b"GET / HTTP/1.0\r\nHost: a\r\nConnection: close\r\n\r\n");
        accept: [prefer(answered()).and_close(), prefer(status(505)).and_close()]
    },
    exchange! {
        "http.connection.almost-close", Should, Source::Rfc(9112, "9.3");
        claim: "An option whose name holds close should not end the connection.";
        reading: "Two requests, two answers.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close-not, not-close\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2)]
    },
    exchange! {
        "http.connection.keep-alive-1-0", May, Source::Rfc(9112, "9.3");
        claim: "A connection of HTTP/1.0 may persist where keep-alive asks for it.";
        reading: "Two answers, or one and a close.";
        send: Payload::Bytes(b"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\nGET /x HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
        accept: [prefer(answered()).times(2), observe(answered()).and_close(), observe(status(505))]
    },
    exchange! {
        "http.connection.unknown-option", Should, Source::Rfc(9110, "7.6.1");
        claim: "An unknown connection option should be ignored.";
        reading: "2xx once, and the next request on the connection answered.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: foo\r\nFoo: bar\r\n\r\n");
        accept: [prefer(answered())]
    },
    exchange! {
        "http.connection.half-closed-behind-two", Should, Source::Rfc(9112, "9.6");
        claim: "A client that half-closes behind two requests should get both answers.";
        reading: "Two answers, then the connection is closed.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2), tolerate(answered()), tolerate(closed())];
        plan: HalfClose
    },
    exchange! {
        "http.connection.hundred-requests", Should, Source::Rfc(9112, "9.3.2");
        claim: "A hundred pipelined requests should be answered.";
        reading: "All in one write; what a server does not read at once waits in the connection.";
        send: Payload::Long { head: b"", unit: b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", times: 100, tail: b"" };
        accept: [prefer(answered()).times(100)]
    },
];
