use crate::case::{Case, Need, Payload, Source, closed, echoes, observe, prefer, status, tolerate, waits};

/// Lengths and sizes beyond what a number holds.
pub(super) const CASES: &[Case] = &[
    exchange! {
        "http.length.thousand-digits", Must, Source::Rfc(9110, "8.6");
        claim: "A Content-Length of a thousand digits must be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Long { head: b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ", unit: b"9", times: 1000, tail: b"\r\n\r\nhello" };
        accept: [prefer(status(413)), prefer(status(400)), prefer(status(431)), prefer(closed())]
    },
    exchange! {
        "http.length.many-zeros", Should, Source::Rfc(9110, "8.6");
        claim: "A Content-Length of many zeros and a digit should be taken as decimal.";
        reading: "The grammar has no limit on digits; refusing it is recorded.";
        send: Payload::Long { head: b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ", unit: b"0", times: 100, tail: b"5\r\n\r\nhello" };
        accept: [prefer(echoes(b"hello")), tolerate(status(400)), tolerate(status(413))]
    },
    exchange! {
        "http.chunk.seventeen-digits", May, Source::Rfc(9112, "7.1");
        claim: "A chunk size with more leading zeros than 64 bits have digits may be accepted.";
        reading: "The grammar has no limit on digits; refusing it is recorded.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n00000000000000005\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(echoes(b"hello")), observe(status(400)), observe(status(413))]
    },
    exchange! {
        "http.length.wraps-at-32-bits", Must, Source::Rfc(9110, "8.6");
        claim: "A Content-Length of 2^32 + 5 must not be taken as 5.";
        reading: "Refused, or its sender is waited for.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4294967301\r\n\r\nhello");
        accept: [prefer(status(413)), prefer(status(400)), prefer(closed()), prefer(waits())];
        needs: [Need::FullTier]
    },
    exchange! {
        "http.length.wraps-below-zero", Must, Source::Rfc(9110, "8.6");
        claim: "A Content-Length of 2^63 + 5 must not be taken as a negative number.";
        reading: "Refused, or its sender is waited for.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775813\r\n\r\nhello");
        accept: [prefer(status(413)), prefer(status(400)), prefer(closed()), prefer(waits())];
        needs: [Need::FullTier]
    },
    exchange! {
        "http.chunk.size-wraps-at-32-bits", Must, Source::Rfc(9112, "7.1");
        claim: "A chunk size of 2^32 + 5 must not be taken as 5.";
        reading: "Refused, or its sender is waited for.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n100000005\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(413)), prefer(status(400)), prefer(closed()), prefer(waits())];
        needs: [Need::FullTier]
    },
    exchange! {
        "http.chunk.size-of-all-ones", Must, Source::Rfc(9112, "7.1");
        claim: "A chunk size of 2^64 - 1 must not be taken as -1.";
        reading: "Refused, or its sender is waited for.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(413)), prefer(status(400)), prefer(closed()), prefer(waits())];
        needs: [Need::FullTier]
    },
    exchange! {
        "http.chunk.sum-wraps", Must, Source::Rfc(9112, "7.1");
        claim: "Chunk sizes that come to 2^64 together must not be taken as nothing.";
        reading: "Five octets, then 2^64 - 5: refused, or the sender is waited for.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nfffffffffffffffb\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(413)), prefer(status(400)), prefer(closed()), prefer(waits())];
        needs: [Need::FullTier]
    },
];
