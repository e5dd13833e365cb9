use crate::case::{
    Case, Payload, Source, answered, closed, echoes, observe, prefer, status, tolerate, waits,
};

/// Lines of chunks and trailers, and where they are cut.
pub(super) const CASES: &[Case] = &[
    malformed! { "http.chunk.minus", 9112, "7.1"; "A negative chunk size should be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n" },
    malformed! { "http.chunk.comma", 9112, "7.1"; "A comma behind a chunk size should be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5,\r\nhello\r\n0\r\n\r\n" },
    malformed! { "http.chunk.tab-before-size", 9112, "7.1"; "A tab before a chunk size should be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\t5\r\nhello\r\n0\r\n\r\n" },
    refusal! { "http.chunk.cr-after-size", 9112, "2.2"; "A bare CR must not end a chunk size: it is invalid, or a space.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\rhello\r\n0\r\n\r\n" },
    malformed! { "http.chunk.lf-after-size", 9112, "7.1"; "A bare LF behind a chunk size should be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n" },
    exchange! {
        "http.chunk.two-cr-after-size", Must, Source::Rfc(9112, "2.2");
        claim: "A bare CR behind a chunk size must be refused or replaced by a space.";
        reading: "Nobody sees from outside whether it was replaced, and a blank there is skipped: 2xx is tolerated.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())]
    },
    malformed! { "http.chunk.one-too-long", 9112, "7.1"; "A chunk that is shorter than its size should be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello\r\n0\r\n\r\n" },
    malformed! { "http.chunk.one-too-short", 9112, "7.1"; "A chunk that is longer than its size should be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n" },
    malformed! { "http.chunk.nul-in-size", 9112, "7.1"; "NUL in a chunk size should be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\0\r\nhello\r\n0\r\n\r\n" },
    malformed! { "http.chunk.letter-in-size", 9112, "7.1"; "A letter that is no digit in a chunk size should be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5g\r\nhello\r\n0\r\n\r\n" },
    malformed! { "http.chunk.lf-after-last", 9112, "7.1"; "A last chunk that ends with bare LFs should be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\n\n" },
    malformed! { "http.chunk.space-in-trailer", 9112, "7.1.2"; "A blank before the colon of a trailer should be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX : y\r\n\r\n" },
    exchange! {
        "http.chunk.folded-trailer", Must, Source::Rfc(9112, "5.2");
        claim: "A folded trailer must be refused or unfolded.";
        reading: "400, or 2xx as if the fold were a space; the content is echoed where the testee echoes.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), prefer(echoes(b"hello"))]
    },
    malformed! { "http.chunk.control-in-trailer-name", 9112, "7.1.2"; "A control character in the name of a trailer should be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX\x01: y\r\n\r\n" },
    malformed! { "http.chunk.trailer-without-colon", 9112, "7.1.2"; "A trailer without a colon should be refused.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nnothing\r\n\r\n" },
    echo! { "http.chunk.octets", 9112, "7.1"; "Chunks of one octet must be joined to the content.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nn\r\n1\r\ne\r\n1\r\n \r\n1\r\no\r\n1\r\nc\r\n1\r\nt\r\n1\r\ne\r\n1\r\nt\r\n1\r\n \r\n1\r\ne\r\n1\r\na\r\n1\r\nc\r\n1\r\nh\r\n0\r\n\r\n" => b"one octet each" },
    echo! { "http.chunk.extension-with-value", 9112, "7.1.1"; "A chunk extension with a value must be skipped.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0;c=d\r\n\r\n" => b"hello" },
    echo! { "http.chunk.two-extensions", 9112, "7.1.1"; "Several chunk extensions must be skipped.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b;c;d=\"e f\"\r\nhello\r\n0\r\n\r\n" => b"hello" },
    echo! { "http.chunk.three-trailers", 9112, "7.1.2"; "Several trailers must be taken.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\nExpires: never\r\nZ:\r\n\r\n" => b"hello" },
    exchange! {
        "http.chunk.blank-behind-size", May, Source::Rfc(9112, "7.1");
        claim: "A blank behind a chunk size may be refused.";
        reading: "Recorded.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n");
        accept: [observe(status(400)), observe(closed()), observe(answered())]
    },
    exchange! {
        "http.pieces.half-name", Must, Source::Rfc(9112, "2.2");
        claim: "A request that is cut within a field name must be waited for.";
        reading: "Nothing comes within the quiet window; then the rest comes, and 2xx.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\nX-Half");
        accept: [prefer(waits())];
        resume: b"-Name: b\r\n\r\n"
    },
    exchange! {
        "http.pieces.within-empty-line", Must, Source::Rfc(9112, "2.2");
        claim: "A request that is cut within the empty line must be waited for.";
        reading: "Nothing comes within the quiet window; then the rest comes, and 2xx.";
        send: Payload::Bytes(b"GET / HTTP/1.1\r\nHost: a\r\n\r");
        accept: [prefer(waits())];
        resume: b"\n"
    },
    exchange! {
        "http.pieces.half-body", Must, Source::Rfc(9112, "6.3");
        claim: "A body that is cut must be waited for.";
        reading: "Nothing comes within the quiet window; then the rest comes, and 2xx.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
        accept: [prefer(waits())];
        resume: b"world"
    },
    exchange! {
        "http.pieces.half-size", Must, Source::Rfc(9112, "7.1");
        claim: "A chunk size that is cut must be waited for.";
        reading: "Nothing comes within the quiet window; then the rest comes, and 2xx.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1");
        accept: [prefer(waits())];
        resume: b"0\r\n0123456789abcdef\r\n0\r\n\r\n"
    },
    exchange! {
        "http.pieces.half-chunk", Must, Source::Rfc(9112, "7.1");
        claim: "A chunk that is cut must be waited for.";
        reading: "Nothing comes within the quiet window; then the rest comes, and 2xx.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
        accept: [prefer(waits())];
        resume: b"lo\r\n0\r\n\r\n"
    },
    exchange! {
        "http.pieces.before-last-line", Must, Source::Rfc(9112, "7.1");
        claim: "Chunks without their last line must be waited for.";
        reading: "Nothing comes within the quiet window; then the rest comes, and 2xx.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n");
        accept: [prefer(waits())];
        resume: b"\r\n"
    },
    exchange! {
        "http.pieces.half-trailer", Must, Source::Rfc(9112, "7.1.2");
        claim: "A trailer that is cut must be waited for.";
        reading: "Nothing comes within the quiet window; then the rest comes, and 2xx.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Tr");
        accept: [prefer(waits())];
        resume: b"ailer: y\r\n\r\n"
    },
    exchange! {
        "http.pieces.chunks-octet-by-octet", Must, Source::Rfc(9112, "2.2");
        claim: "A chunked request that comes octet by octet must be read as a whole.";
        reading: "2xx, the content echoed where the testee echoes.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n");
        accept: [prefer(echoes(b"hello"))];
        plan: Octets
    },
    exchange! {
        "http.pieces.chunks-cut-after-cr", Must, Source::Rfc(9112, "2.2");
        claim: "A chunked request that is cut behind each CR must be read as a whole.";
        reading: "2xx, the content echoed where the testee echoes.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n");
        accept: [prefer(echoes(b"hello"))];
        plan: AfterCr
    },
    exchange! {
        "http.chunk.lf-behind-last", Should, Source::Rfc(9112, "7.1");
        claim: "LF alone should not end a chunked body.";
        reading: "What does not match the grammar SHOULD be refused (RFC 9112 section 2.2); a server that goes on looking for CRLF may also wait.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(waits())]
    },
    refusal! { "http.chunk.cr-behind-data", 9112, "2.2"; "CR alone must not end chunk data: it is invalid, or a space.";
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r0\r\n\r\n" },
    exchange! {
        "http.chunk.crlf-twice", Should, Source::Rfc(9112, "7.1");
        claim: "An empty line between two chunks should be refused.";
        reading: "It is a chunk line without a size, and what does not match the grammar SHOULD be refused (RFC 9112 section 2.2).";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.chunk.data-like-an-end", Must, Source::Rfc(9112, "7.1");
        claim: "Chunk data that looks like the last chunk must be data.";
        reading: "2xx, the content echoed where the testee echoes, and the next request answered.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab\r\n0\r\n\r\n\r\n0\r\n\r\n");
        accept: [prefer(echoes(b"ab\r\n0\r\n\r\n"))]
    },
    exchange! {
        "http.chunk.then-request", Must, Source::Rfc(9112, "7.1");
        claim: "What follows the last chunk must be the next request.";
        reading: "Two answers, each to its request. A close that an answer announces is tolerated: to persist is a SHOULD (RFC 9112 section 9.3).";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(answered()).times(2), tolerate(answered()).times(2).announcing_close()]
    },
    exchange! {
        "http.chunk.no-end-of-trailers", Must, Source::Rfc(9112, "7.1.2");
        claim: "A request must not be hidden where a trailer is due.";
        reading: "Without the empty line the request line is a trailer field, and a malformed one; skipping it is tolerated.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        accept: [prefer(status(400)).times(1), prefer(closed()), tolerate(answered())]
    },
    exchange! {
        "http.chunk.extension-without-value", Should, Source::Rfc(9112, "7.1.1");
        claim: "A chunk extension without the value that its sign promises should be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())]
    },
    exchange! {
        "http.chunk.extension-unclosed-quote", Should, Source::Rfc(9112, "7.1.1");
        claim: "A quoted chunk extension that does not end should be refused.";
        reading: "What looks for the quote behind the line end takes the data for the extension.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"x\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())]
    },
    exchange! {
        "http.chunk.blank-in-extension-name", Should, Source::Rfc(9112, "7.1.1");
        claim: "A blank inside the name of a chunk extension should be refused.";
        reading: "The name is a token; skipping the line whole is tolerated.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a b\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed()), tolerate(answered())]
    },
    exchange! {
        "http.chunk.nul-in-extension", Should, Source::Rfc(9112, "7.1.1");
        claim: "NUL in a chunk extension should be refused.";
        reading: "Refused means one of the listed statuses, or a close without an answer.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\0\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(status(400)), prefer(closed())]
    },
    exchange! {
        "http.chunk.obs-text-in-extension", May, Source::Rfc(9110, "5.6.4");
        claim: "Octets above 0x7f in a quoted chunk extension may be skipped.";
        reading: "The grammar of a quoted string has them.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"\xe9\"\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(echoes(b"hello")), observe(status(400))]
    },
    exchange! {
        "http.chunk.blanks-in-extension", Must, Source::Rfc(9110, "5.6.3");
        claim: "Bad whitespace within a chunk extension must be read and removed.";
        reading: "The grammar has BWS around the semicolon and the equals sign (RFC 9112 section 7.1.1), and a recipient MUST parse for it.";
        send: Payload::Bytes(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5 ; a = b ; c\r\nhello\r\n0\r\n\r\n");
        accept: [prefer(echoes(b"hello"))]
    },
];
