//! Codecs, without a socket: the same messages for every cut of the bytes, no panic on any bytes,
//! bounds kept, and the shared vectors.

mod examples;
mod frame;
mod http;
mod text;
mod websocket;

use workerspec_core::protocol::{Farewell, Limits, Protocol, Setting, Split};

/// What a codec made of some bytes.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    messages: Vec<Vec<u8>>,
    malformed: Option<&'static str>,
    code: u16,
    /// What is buffered and no whole package.
    rest: usize,
    /// What the codec said on its own account, its last words to a malformed package included.
    out: Vec<u8>,
    /// The codec has seen the end.
    ended: bool,
}

/// What encoders are told.
const SETTING: Setting<'static> = Setting { draining: false, date: "DATE" };

/// Feeds `bytes` in pieces that end at `cuts`, as a connection does.
fn read_in_pieces<P: Protocol>(
    mut codec: P,
    limits: &Limits,
    bytes: &[u8],
    cuts: &[usize],
    view: impl Fn(P::Message<'_>) -> Vec<u8>,
) -> Read {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    ends.push(bytes.len());
    ends.sort_unstable();
    let mut read =
        Read { messages: Vec::new(), malformed: None, code: 0, rest: 0, out: Vec::new(), ended: false };
    let mut start = 0;
    for end in ends {
        while start < end || bytes.is_empty() {
            match codec.split(&bytes[start..end], limits, &mut read.out) {
                Ok(Split::Need) => break,
                Ok(Split::Package(length)) => {
                    assert!(length > 0 && start + length <= end, "a package of {length} in {}", end - start);
                    read.messages.push(view(codec.decode(&bytes[start..start + length])));
                    start += length;
                }
                Ok(Split::Own(length)) => {
                    assert!(start + length <= end, "own business of {length} in {}", end - start);
                    start += length;
                }
                Ok(Split::End(length)) => {
                    assert!(start + length <= end, "an end of {length} in {}", end - start);
                    read.ended = true;
                    return read;
                }
                Err(malformed) => {
                    (read.malformed, read.code) = (Some(malformed.what), malformed.code);
                    codec.farewell(Farewell::Malformed(malformed), &SETTING, &mut read.out);
                    return read;
                }
            }
        }
    }
    read.rest = bytes.len() - start;
    read
}
