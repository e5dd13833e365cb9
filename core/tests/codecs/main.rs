//! Codecs, without a socket: the same messages for every cut of the bytes, no panic on any bytes,
//! bounds kept, and the shared vectors.

mod frame;
mod http;
mod text;

use workerspec_core::protocol::{Limits, Malformed, Protocol, Split};

/// What a codec made of some bytes.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    messages: Vec<Vec<u8>>,
    malformed: Option<&'static str>,
    code: u16,
    /// What is buffered and no whole package.
    rest: usize,
}

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
    let (mut start, mut messages) = (0, Vec::new());
    for end in ends {
        loop {
            match codec.split(&bytes[start..end], limits, &mut Vec::new()) {
                Ok(Split::Need) => break,
                Ok(Split::Package(length)) => {
                    assert!(length > 0 && start + length <= end, "a package of {length} in {}", end - start);
                    messages.push(view(codec.decode(&bytes[start..start + length])));
                    start += length;
                    if start == end {
                        break;
                    }
                }
                Ok(Split::Own(length) | Split::End(length)) => {
                    start += length;
                    if start == end {
                        break;
                    }
                }
                Err(Malformed { what, code, .. }) => {
                    return Read { messages, malformed: Some(what), code, rest: 0 };
                }
            }
        }
    }
    Read { messages, malformed: None, code: 0, rest: bytes.len() - start }
}
