#![no_main]

use libfuzzer_sys::fuzz_target;
use workerspec_core::protocol::Ws;
use workerspec_core_fuzz::{check, opened, view};

// Two thirds of the inputs are frames, one is an answer to the handshake.
fuzz_target!(|data: &[u8]| {
    let client = || Ws::new("a", "/").subprotocols(["a"]).deflate(true);
    if data.first().is_some_and(|seed| seed % 3 == 0) {
        check(client, b"", data, view);
    } else {
        check(|| opened(client(), ""), b"", data, view);
    }
});
