//! Length-prefixed frames: four octets of length, most significant first, which count themselves, and the
//! payload (FRAME-1).

/// What a buffer holds: complete payloads, and where the first frame begins that is not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frames<'bytes> {
    /// Payloads of complete frames.
    pub complete: Vec<&'bytes [u8]>,
    /// Offset of what is left over.
    pub rest: usize,
}

/// A length that is below its own four octets (FRAME-3, FRAME-4), or above what was allowed (FRAME-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadLength {
    /// Offset of its first octet.
    pub offset: usize,
    /// What it says.
    pub length: u32,
}

impl std::fmt::Display for BadLength {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "a length of {} at offset {}", self.length, self.offset)
    }
}

impl std::error::Error for BadLength {}

/// Octets of a length.
pub const HEADER: usize = 4;

/// Splits a buffer into frames. No frame may be longer than `limit`, its length included.
///
/// # Errors
/// The first length that can't be one.
pub fn read_frames(bytes: &[u8], limit: usize) -> Result<Frames<'_>, BadLength> {
    let mut complete = Vec::new();
    let mut at = 0;
    while let Some(header) = bytes.get(at..at + HEADER) {
        let length = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
        let size = length as usize;
        if size < HEADER || limit < size {
            return Err(BadLength { offset: at, length });
        }
        let Some(payload) = bytes.get(at + HEADER..at + size) else { break };
        complete.push(payload);
        at += size;
    }
    Ok(Frames { complete, rest: at })
}

/// A payload with its right length.
#[must_use]
pub fn frame(payload: &[u8]) -> Vec<u8> {
    // The conversion can't lose anything that fits into a test.
    frame_saying((payload.len() + HEADER) as u32, payload)
}

/// A payload behind whatever length is given.
#[must_use]
pub fn frame_saying(length: u32, payload: &[u8]) -> Vec<u8> {
    [length.to_be_bytes().as_slice(), payload].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_length_that_can_not_be_one_has_a_place() {
        for length in [0u32, 1, 3, 101, 0x8000_0000, u32::MAX] {
            let bytes = [frame(b"ok"), frame_saying(length, b"")].concat();
            assert_eq!(read_frames(&bytes, 100), Err(BadLength { offset: 6, length }));
        }
        assert_eq!(read_frames(&frame(b""), 4).map(|frames| frames.complete.len()), Ok(1));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_however_it_is_cut(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 0..10),
            cut in 0usize..400,
        ) {
            let bytes: Vec<u8> = payloads.iter().flat_map(|payload| frame(payload)).collect();
            let cut = cut.min(bytes.len());
            let first = read_frames(&bytes[..cut], 1000).expect("good lengths");
            let second = read_frames(&bytes[first.rest..], 1000).expect("good lengths");
            let read: Vec<Vec<u8>> =
                first.complete.iter().chain(&second.complete).map(|payload| payload.to_vec()).collect();
            prop_assert_eq!(read, payloads);
        }
    }
}
