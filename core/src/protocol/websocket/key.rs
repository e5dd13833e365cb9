//! The proof that both sides speak WebSocket (RFC 6455 4.1, 4.2.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

/// Whether `key` is 16 octets in base64.
pub(super) fn is_key(key: &[u8]) -> bool {
    STANDARD.decode(key).is_ok_and(|octets| octets.len() == 16)
}

/// A new key of 16 random octets.
pub(super) fn new_key() -> String {
    STANDARD.encode(random::<16>())
}

/// The `Sec-WebSocket-Accept` that answers `key`.
pub(super) fn accept(key: &[u8]) -> String {
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(hash.finalize())
}

/// Octets that no peer can guess (RFC 6455 10.3).
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut octets = [0; N];
    getrandom::fill(&mut octets).expect("Linux 5.10 gives random octets to every process");
    octets
}
