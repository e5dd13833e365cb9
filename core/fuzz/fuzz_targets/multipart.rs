#![no_main]

use libfuzzer_sys::fuzz_target;
use workerspec_core::protocol::http::Multipart;

// The first line is the content type.
fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|&octet| octet == b'\n').unwrap_or(data.len());
    let (content_type, body) = (&data[..end], data.get(end + 1..).unwrap_or_default());
    if let Ok(multipart) = Multipart::read(content_type, body) {
        let length: usize = multipart.parts().iter().map(|part| part.body().len()).sum();
        assert!(length <= body.len());
    }
});
