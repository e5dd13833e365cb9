use crate::case::{Case, Payload, Source, answered, closed, observe, prefer, status, tolerate};

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
];
