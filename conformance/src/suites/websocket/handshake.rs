use workerspec_wire::websocket::{KEY, Opening};

use crate::case::{Case, Cut, Need, Source, Welcome};
use crate::run::Stage;
use crate::testee::Capability;
use crate::verdict::{Outcome, broken, kept};

/// Refused with what is best, with another error, or with the end alone.
macro_rules! refused {
    ($id:literal, $section:literal; $claim:literal; $reading:literal; $request:expr) => {
        refused!($id, $section; $claim; $reading; $request; [400])
    };
    ($id:literal, $section:literal; $claim:literal; $reading:literal; $request:expr; [$($best:literal),+]) => {
        knock! {
            $id, Must, Source::Rfc(6455, $section);
            claim: $claim; reading: $reading; request: $request;
            accept: [
                Welcome::status(&[$($best),+]),
                Welcome::status(&[400, 403, 404, 405, 414, 426, 431, 501, 505]).tolerated(),
                Welcome::closed().tolerated()
            ]
        }
    };
}

/// Accepted, and it works.
macro_rules! opens {
    ($id:literal, $section:literal; $claim:literal; $reading:literal; $request:expr $(; $more:ident: $value:expr)*) => {
        knock! {
            $id, Must, Source::Rfc(6455, $section);
            claim: $claim; reading: $reading; request: $request; accept: [Welcome::opens()]
            $(; $more: $value)*
        }
    };
}

fn key(value: &str) -> Opening {
    Opening::new().replace("Sec-WebSocket-Key", &format!("Sec-WebSocket-Key: {value}"))
}

/// RFC 6455 4.2: how a server opens, and whom it refuses.
pub(super) const CASES: &[Case] = &[
    opens!("websocket.handshake.plain", "4.2.2"; "A handshake as the RFC asks for must be accepted.";
        "101 with Upgrade, Connection and the accept value of the key; then a message is echoed.";
        Opening::new),
    opens!("websocket.handshake.key-of-its-field", "4.2.2"; "The accept value must belong to the field of the key.";
        "`X-Sec-WebSocket-Key` before it is another field (SF-60).";
        || Opening::new().replace("Upgrade", "Upgrade: websocket\r\nX-Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")),
    opens!("websocket.handshake.upgrade-case", "4.2.1"; "The name in Upgrade must be taken in any case.";
        "`Upgrade: WebSocket`, as browsers once sent it.";
        || Opening::new().replace("Upgrade", "Upgrade: WebSocket")),
    opens!("websocket.handshake.upgrade-list", "4.2.1"; "websocket must be found among several protocols in Upgrade.";
        "The field is a list; `websocket` has to be in it."; || Opening::new().replace("Upgrade", "Upgrade: foo, websocket")),
    opens!("websocket.handshake.connection-list", "4.2.1"; "Upgrade must be found among several options in Connection.";
        "Firefox sends `keep-alive, Upgrade`."; || Opening::new().replace("Connection", "Connection: keep-alive, Upgrade")),
    opens!("websocket.handshake.connection-case", "4.2.1"; "The option in Connection must be taken in any case.";
        "`upgrade` in small letters."; || Opening::new().replace("Connection", "Connection: upgrade")),
    opens!("websocket.handshake.connection-two-lines", "4.2.1"; "Upgrade must be found in the second of two Connection lines.";
        "Several lines are one list."; || Opening::new().replace("Connection", "Connection: keep-alive").with("Connection: Upgrade")),
    opens!("websocket.handshake.names-lower-case", "4.2.1"; "Field names must be taken in any case.";
        "All of them in small letters."; || Opening::new()
            .replace("Host", "host: a").replace("Upgrade", "upgrade: websocket").replace("Connection", "connection: Upgrade")
            .replace("Sec-WebSocket-Key", &format!("sec-websocket-key: {KEY}"))
            .replace("Sec-WebSocket-Version", "sec-websocket-version: 13")),
    opens!("websocket.handshake.blanks", "4.2.1"; "Blanks around values must not belong to them.";
        "The key of the accept value is the one without blanks."; || key(&format!("  {KEY}\t "))),
    opens!("websocket.handshake.octet-by-octet", "4.2.1"; "A handshake that arrives octet by octet must be accepted.";
        "Nothing is said before its end."; Opening::new; cut: Cut::Octets(1)),
    opens!("websocket.handshake.query", "4.2.1"; "A target with a query must be accepted.";
        "The resource is the application's affair."; || Opening::new().replace("GET", "GET /chat?room=1&x=%20 HTTP/1.1")),
    opens!("websocket.handshake.origin", "4.2.1"; "A handshake with an Origin must be accepted where nobody checks it.";
        "Browsers always send one."; || Opening::new().with("Origin: http://example.com").with("Cookie: a=b")),
    opens!("websocket.handshake.unknown-fields", "4.2.1"; "Fields that nobody knows must be passed over.";
        "A server may ignore other fields."; || Opening::new().with("X-Unknown: yes").with("Sec-Unknown: no")),
    opens!("websocket.handshake.version-at-last", "4.2.1"; "The order of fields must not count.";
        "The key comes last here."; || Opening::new().without("Sec-WebSocket-Key").with(&format!("Sec-WebSocket-Key: {KEY}"))),
    opens!("websocket.handshake.frame-behind", "4.2.2"; "A frame in the segment of the handshake must be read as a frame.";
        "The message is echoed behind the 101 (WS-14)."; Opening::new; behind: b"\x81\x85\x00\x00\x00\x00hello"),
    opens!("websocket.handshake.frame-behind-in-octets", "4.2.2"; "A frame that follows the handshake at once must be read octet by octet too.";
        "The message is echoed behind the 101."; Opening::new; behind: b"\x81\x85\x00\x00\x00\x00hello"; cut: Cut::Octets(7)),
    act! {
        "websocket.handshake.waits", Must, Source::Model("WS-2");
        claim: "Half a handshake must wait for the rest.";
        reading: "Nothing is said in the quiet window; then the rest completes the same request.";
        needs: [Need::Can(Capability::WebSocket)]; Shared; seconds: 5;
        accepts: ["nothing, then 101"]; aliases: [];
        run: waits
    },
    refused!("websocket.handshake.no-upgrade", "4.2.1"; "A request without Upgrade must not be accepted.";
        "It is plain HTTP: 400, or 426 with what is wanted."; || Opening::new().without("Upgrade"); [400, 426]),
    refused!("websocket.handshake.other-upgrade", "4.2.1"; "An Upgrade to something else must not be accepted.";
        "`h2c` is not websocket."; || Opening::new().replace("Upgrade", "Upgrade: h2c"); [400, 426]),
    refused!("websocket.handshake.upgrade-prefix", "4.2.1"; "An Upgrade that only begins like websocket must not be accepted.";
        "`websocket-2` is another name."; || Opening::new().replace("Upgrade", "Upgrade: websocket-2"); [400, 426]),
    refused!("websocket.handshake.no-connection", "4.2.1"; "A request without Connection must not be accepted.";
        "Upgrade alone may have passed a proxy that does not know it."; || Opening::new().without("Connection")),
    refused!("websocket.handshake.other-connection", "4.2.1"; "A Connection without upgrade must not be accepted.";
        "`keep-alive` says nothing of it."; || Opening::new().replace("Connection", "Connection: keep-alive")),
    refused!("websocket.handshake.no-key", "4.2.1"; "A request without a key must not be accepted.";
        "There is nothing to make the accept value of."; || Opening::new().without("Sec-WebSocket-Key")),
    refused!("websocket.handshake.empty-key", "4.2.1"; "An empty key must not be accepted.";
        "A key is 16 octets in base64."; || key("")),
    refused!("websocket.handshake.short-key", "4.2.1"; "A key of one octet must not be accepted.";
        "A key is 16 octets in base64; decoding may be left out, the length of the text shows it.";
        || key("YQ==")),
    refused!("websocket.handshake.long-key", "4.2.1"; "A key of 17 octets must not be accepted.";
        "A key is 16 octets in base64."; || key("AAAAAAAAAAAAAAAAAAAAAAA=")),
    refused!("websocket.handshake.key-no-base64", "4.2.1"; "A key that is not base64 must not be accepted.";
        "Of the right length, with letters of no alphabet."; || key("!!!!!!!!!!!!!!!!!!!!!!==")),
    refused!("websocket.handshake.two-keys", "11.3.1"; "Two keys must not be accepted.";
        "The field occurs once; the first and the last are equally wrong.";
        || Opening::new().with("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")),
    refused!("websocket.handshake.similar-key", "4.2.1"; "A field whose name ends like that of the key must not be taken for it.";
        "`X-Sec-WebSocket-Key` is another field (SF-60)."; || Opening::new()
            .replace("Sec-WebSocket-Key", &format!("X-Sec-WebSocket-Key: {KEY}"))),
    knock! {
        "websocket.handshake.version-8", Must, Source::Rfc(6455, "4.2.2");
        claim: "Another version must be refused, and 13 be named.";
        reading: "426 with `Sec-WebSocket-Version: 13`; 400 with it is right too.";
        request: || Opening::new().replace("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8");
        accept: [Welcome::status(&[426, 400]).with("Sec-WebSocket-Version", "13")]
    },
    knock! {
        "websocket.handshake.version-14", Must, Source::Rfc(6455, "4.2.2");
        claim: "A newer version must be refused, and 13 be named.";
        reading: "426 with `Sec-WebSocket-Version: 13`; 400 with it is right too.";
        request: || Opening::new().replace("Sec-WebSocket-Version", "Sec-WebSocket-Version: 14");
        accept: [Welcome::status(&[426, 400]).with("Sec-WebSocket-Version", "13")]
    },
    knock! {
        "websocket.handshake.version-padded", Must, Source::Rfc(6455, "4.3");
        claim: "A version with a leading zero must be refused.";
        reading: "`013` is not in the grammar of a version.";
        request: || Opening::new().replace("Sec-WebSocket-Version", "Sec-WebSocket-Version: 013");
        accept: [Welcome::status(&[426, 400]), Welcome::closed().tolerated()]
    },
    knock! {
        "websocket.handshake.refusal-upgrade", Should, Source::Rfc(9110, "15.5.22");
        claim: "A 426 should name what to upgrade to.";
        reading: "The server MUST send Upgrade in a 426; here it counts with the version it names.";
        request: || Opening::new().replace("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8");
        accept: [Welcome::status(&[426]).with("Upgrade", "websocket"), Welcome::status(&[400])]
    },
    refused!("websocket.handshake.no-version", "4.2.1"; "A request without a version must not be accepted.";
        "400, or 426 with the version that is wanted."; || Opening::new().without("Sec-WebSocket-Version"); [400, 426]),
    refused!("websocket.handshake.two-versions", "11.3.5"; "Two versions must not be accepted.";
        "The field occurs once in a request; also `13` and `8`.";
        || Opening::new().with("Sec-WebSocket-Version: 8"); [400, 426]),
    refused!("websocket.handshake.post", "4.2.1"; "A POST must not be accepted.";
        "The method is GET."; || Opening::new().replace("GET", "POST /echo HTTP/1.1").with("Content-Length: 0"); [405, 400, 426]),
    refused!("websocket.handshake.method-prefix", "4.2.1"; "A method that only begins with GET must not be accepted.";
        "`GETX` is another method (SF-60)."; || Opening::new().replace("GET", "GETX /echo HTTP/1.1"); [400, 405, 501]),
    refused!("websocket.handshake.method-lower-case", "4.2.1"; "A method in small letters must not be accepted.";
        "Methods are told by case."; || Opening::new().replace("GET", "get /echo HTTP/1.1"); [400, 405, 501]),
    refused!("websocket.handshake.http-1-0", "4.2.1"; "HTTP/1.0 must not be accepted.";
        "The version is 1.1 or above."; || Opening::new().replace("GET", "GET /echo HTTP/1.0"); [400, 426, 505]),
    refused!("websocket.handshake.no-host", "4.2.1"; "A request without Host must not be accepted.";
        "The RFC asks for one, and HTTP does too."; || Opening::new().without("Host")),
    refused!("websocket.handshake.two-hosts", "4.2.1"; "Two Host lines must not be accepted.";
        "RFC 9112 3.2: 400."; || Opening::new().with("Host: b")),
    refused!("websocket.handshake.target-without-slash", "4.2.1"; "A target without a slash must not be accepted.";
        "It is neither a path nor an absolute URI."; || Opening::new().replace("GET", "GET echo HTTP/1.1")),
    refused!("websocket.handshake.name-with-blank", "4.2.1"; "A blank between a name and its colon must not be accepted.";
        "RFC 9112 5.1: 400."; || Opening::new().with("X-Odd : 1")),
    refused!("websocket.handshake.folded", "4.2.1"; "A folded line must not be accepted.";
        "RFC 9112 5.2: 400, or the fold is a blank; then the key is wrong."; || key(&format!("{KEY}\r\n x"))),
    refused!("websocket.handshake.no-request", "4.2.1"; "What is no HTTP must not be accepted.";
        "A line of letters where the request line should be."; || Opening::new().replace("GET", "hello")),
    refused!("websocket.handshake.two-extension-commas", "9.1"; "A list of extensions that is malformed must not be accepted.";
        "`;;` is in no grammar; the RFC has the server fail or refuse.";
        || Opening::new().with("Sec-WebSocket-Extensions: permessage-deflate;;x")),
    knock! {
        "websocket.handshake.large-head", Must, Source::Rfc(6455, "10.4");
        claim: "A head of 128 KiB must be refused.";
        reading: "What is kept before a connection is open has a bound; 431 is best.";
        request: || Opening::new().with(&format!("X-Large: {}", "x".repeat(131_072)));
        accept: [
            Welcome::status(&[431, 400, 413]), Welcome::closed().tolerated()
        ];
        needs: [crate::case::Need::Limits]
    },
    knock! {
        "websocket.handshake.plain-http", Must, Source::Rfc(6455, "4.2.2");
        claim: "Plain HTTP must get an answer.";
        reading: "400 or 426, and never silence.";
        request: || Opening::new().without("Upgrade").without("Connection").without("Sec-");
        accept: [Welcome::status(&[400, 426]), Welcome::status(&[200, 404, 403, 501]).tolerated()]
    },
    knock! {
        "websocket.handshake.no-protocol-offered", Must, Source::Rfc(6455, "4.2.2");
        claim: "Without an offer no subprotocol must be chosen.";
        reading: "A client fails the connection where one is named.";
        request: || Opening::new().with("X-Protocol: none"); accept: [Welcome::opens()]
    },
    knock! {
        "websocket.handshake.protocols-offered", Must, Source::Rfc(6455, "4.2.2");
        claim: "Of subprotocols that are offered at most one must be chosen.";
        reading: "One of them or none; never two, and never another.";
        request: || Opening::new().with("Sec-WebSocket-Protocol: alpha, beta");
        accept: [Welcome::opens()]; protocols: &["alpha", "beta"]
    },
    knock! {
        "websocket.handshake.unknown-extension", Must, Source::Rfc(6455, "9.1");
        claim: "An extension that the server does not know must be declined.";
        reading: "101 without it.";
        request: || Opening::new().with("Sec-WebSocket-Extensions: x-unknown; level=3");
        accept: [Welcome::opens_plain()]; extensions: &["x-unknown"]
    },
    knock! {
        "websocket.handshake.line-feeds", Should, Source::Rfc(9112, "2.2");
        claim: "A handshake whose lines end with LF alone should be refused.";
        reading: "A recipient may take a lone LF for the end of a line; that is tolerated.";
        request: Opening::new;
        accept: [
            Welcome::status(&[400]), Welcome::closed(), Welcome::opens().tolerated()
        ];
        line_end: "\n"
    },
    knock! {
        "websocket.handshake.body", May, Source::Rfc(6455, "4.2.1");
        claim: "A handshake with a body may be refused, or accepted when the body has been read.";
        reading: "The two octets are not taken for a frame.";
        request: || Opening::new().with("Content-Length: 5");
        accept: [Welcome::status(&[400]), Welcome::closed()]; behind: b"hello"
    },
];

fn waits(stage: &Stage) -> Outcome {
    let mut probe = stage.websocket()?;
    let request = Opening::new().bytes();
    let (first, second) = request.split_at(request.len() - 3);
    probe.send(first)?;
    let deadline = stage.within(stage.quiet());
    let end = probe.raw().read_until(|bytes| !bytes.is_empty(), deadline)?;
    if end != crate::probe::End::TimedOut {
        return broken(format!("half a handshake is not waited for: {}", end.name()));
    }
    probe.send(second)?;
    match probe.answer(stage.deadline())? {
        Ok(response) if response.status == 101 => kept(),
        Ok(response) => broken(format!("it waited, and answered the rest with {}", response.status)),
        Err(what) => broken(format!("it waited, but {what}")),
    }
}
