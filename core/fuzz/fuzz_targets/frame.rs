#![no_main]

use libfuzzer_sys::fuzz_target;
use workerspec_core::protocol::Frame;
use workerspec_core_fuzz::check;

fuzz_target!(|data: &[u8]| check(|| Frame, b"", data, <[u8]>::to_vec));
