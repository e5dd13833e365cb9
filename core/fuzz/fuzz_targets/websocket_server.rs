#![no_main]

use libfuzzer_sys::fuzz_target;
use workerspec_core::protocol::WebSocket;
use workerspec_core_fuzz::{check, request, view};

// Two thirds of the inputs are frames, one is a handshake.
fuzz_target!(|data: &[u8]| {
    let opening = if data.first().is_some_and(|seed| seed % 3 == 0) { Vec::new() } else { request("") };
    check(WebSocket::new, &opening, data, view);
    let hooked = || WebSocket::new().on_websocket_connect(|_, _| ()).on_websocket_ping(|_, _| ());
    check(hooked, &opening, data, view);
});
