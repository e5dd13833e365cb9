//! What every codec must keep, whatever comes in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};
use workerspec_core::protocol::{Farewell, Limits, Protocol, Setting, Split, Ws};

/// Bounds that inputs of a fuzzer reach.
pub const LIMITS: Limits = Limits { max_package: 1024, max_header: 512 };

/// What a codec made of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Made {
    /// What was delivered.
    pub messages: Vec<Vec<u8>>,
    /// Whether the bytes were malformed at some place.
    pub malformed: bool,
    /// Whether the codec has seen the end.
    pub ended: bool,
    /// What is left, unless it does not matter any more.
    pub rest: usize,
}

/// Feeds `bytes` whole, octet by octet, and in pieces that `seed` chooses, and compares.
///
/// # Panics
/// Where they differ, or a codec breaks the contract of `split`.
pub fn check<P: Protocol>(
    new: impl Fn() -> P,
    opening: &[u8],
    data: &[u8],
    view: impl Fn(P::Message<'_>) -> Vec<u8>,
) {
    let (seed, data) = data.split_first().map_or((0, data), |(seed, data)| (usize::from(*seed), data));
    let bytes = [opening, data].concat();
    let whole = feed(new(), &bytes, bytes.len().max(1), &view);
    assert_eq!(whole, feed(new(), &bytes, 1, &view), "octet by octet");
    assert_eq!(whole, feed(new(), &bytes, seed % 61 + 2, &view), "in pieces");
}

/// Feeds `bytes` in pieces of `step`, as a connection does.
pub fn feed<P: Protocol>(
    mut codec: P,
    bytes: &[u8],
    step: usize,
    view: impl Fn(P::Message<'_>) -> Vec<u8>,
) -> Made {
    let mut made = Made { messages: Vec::new(), malformed: false, ended: false, rest: 0 };
    let (mut start, mut end, mut idle) = (0, 0, 0);
    let mut out = Vec::new();
    while end < bytes.len() {
        end = (end + step).min(bytes.len());
        while start < end {
            let length = match codec.split(&bytes[start..end], &LIMITS, &mut out) {
                Ok(Split::Need) => break,
                Ok(Split::Package(length)) => {
                    assert!(0 < length && length <= end - start);
                    let message = view(codec.decode(&bytes[start..start + length]));
                    made.messages.push(message);
                    length
                }
                Ok(Split::Own(length)) => {
                    // Nothing but a notice may be said without taking anything.
                    idle = if length == 0 { idle + 1 } else { 0 };
                    assert!(length <= end - start && idle < 2);
                    let _ = codec.notice();
                    length
                }
                Ok(Split::End(length)) => {
                    assert!(length <= end - start);
                    made.ended = true;
                    return made;
                }
                Err(malformed) => {
                    made.malformed = true;
                    let setting = Setting { draining: false, date: "" };
                    codec.farewell(Farewell::Malformed(malformed), &setting, &mut out);
                    assert!(!codec.awaits_goodbye());
                    return made;
                }
            };
            start += length;
        }
    }
    made.rest = bytes.len() - start;
    assert!(made.rest <= LIMITS.max_package.max(LIMITS.max_header) + 64, "{} octets are kept", made.rest);
    made
}

/// A request to speak WebSocket, with these lines more.
pub fn request(lines: &str) -> Vec<u8> {
    format!(
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{lines}\r\n"
    )
    .into_bytes()
}

/// The client with its handshake done, with these lines more in the answer.
///
/// # Panics
/// Where it does not take the answer.
pub fn opened(mut client: Ws, lines: &str) -> Ws {
    let mut out = Vec::new();
    client.greet(&mut out);
    let sent = String::from_utf8_lossy(&out);
    let key = sent
        .split("Sec-WebSocket-Key: ")
        .nth(1)
        .and_then(|rest| rest.split("\r\n").next())
        .unwrap_or_default();
    let hash = Sha1::digest([key.as_bytes(), b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"].concat());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n{lines}\r\n",
        STANDARD.encode(hash)
    );
    assert_eq!(client.split(answer.as_bytes(), &LIMITS, &mut Vec::new()), Ok(Split::Own(answer.len())));
    client
}

/// A message as octets, bounded as it must be.
pub fn view(message: workerspec_core::protocol::websocket::Message) -> Vec<u8> {
    assert!(message.as_bytes().len() <= LIMITS.max_package);
    message.as_bytes().to_vec()
}
