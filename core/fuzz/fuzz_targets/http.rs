#![no_main]

use libfuzzer_sys::fuzz_target;
use workerspec_core::protocol::Http;
use workerspec_core::protocol::http::Request;
use workerspec_core_fuzz::check;

/// All that a request says.
fn view(request: Request<'_>) -> Vec<u8> {
    let mut seen = format!("{} {} {:?}", request.method(), request.target(), request.version()).into_bytes();
    for (name, value) in request.headers() {
        seen.extend_from_slice(name.as_bytes());
        seen.extend_from_slice(value);
    }
    seen.extend_from_slice(request.body());
    let _ = (request.decoded_path(), request.query_form(), request.form(), request.host_name());
    let _ = (request.cookies().count(), request.multipart().is_ok(), request.joined("a"));
    seen
}

fuzz_target!(|data: &[u8]| check(Http::default, b"", data, view));
