//! Newline-framed text: a message is a line (TEXT-1).

/// What a buffer holds: complete lines without their LF, and the rest that waits for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines<'bytes> {
    /// Complete lines, exactly as they came, without the LF.
    pub complete: Vec<&'bytes [u8]>,
    /// What follows the last LF.
    pub rest: &'bytes [u8],
}

/// Splits at every LF. A CR is a byte like any other here: whether a server removed one is for the
/// case to see.
#[must_use]
pub fn read_lines(bytes: &[u8]) -> Lines<'_> {
    let mut parts: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let rest = parts.pop().unwrap_or_default();
    Lines { complete: parts, rest }
}

/// A payload and its LF. The payload is not looked at.
#[must_use]
pub fn line(payload: &[u8]) -> Vec<u8> {
    let mut bytes = payload.to_vec();
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keeps_empty_lines_and_the_rest() {
        let lines = read_lines(b"a\n\r\n\nb");
        assert_eq!(lines.complete, [&b"a"[..], b"\r", b""]);
        assert_eq!(lines.rest, b"b");
        assert_eq!(read_lines(b"").complete.len(), 0);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(payloads in prop::collection::vec("[^\n]{0,20}", 0..20)) {
            let bytes: Vec<u8> = payloads.iter().flat_map(|payload| line(payload.as_bytes())).collect();
            let lines = read_lines(&bytes);
            prop_assert_eq!(lines.rest, b"");
            let read: Vec<Vec<u8>> = lines.complete.iter().map(|line| line.to_vec()).collect();
            let written: Vec<Vec<u8>> = payloads.iter().map(|payload| payload.clone().into_bytes()).collect();
            prop_assert_eq!(read, written);
        }

        #[test]
        fn nothing_is_lost(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let lines = read_lines(&bytes);
            let total: usize = lines.complete.iter().map(|line| line.len() + 1).sum();
            prop_assert_eq!(total + lines.rest.len(), bytes.len());
        }
    }
}
