#![no_main]

use libfuzzer_sys::fuzz_target;
use workerspec_core::protocol::WebSocket;
use workerspec_core_fuzz::{check, request, view};

fuzz_target!(|data: &[u8]| {
    let opening = request("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n");
    check(|| WebSocket::new().deflate(true), &opening, data, view);
});
