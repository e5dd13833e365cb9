//! Bytes for people: escaped, cut into lines, with offsets and remarks on what is unusual.

use std::fmt::Write;

/// One printed line of a dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DumpLine {
    /// Offset of its first byte.
    pub offset: usize,
    /// The bytes, escaped.
    pub text: String,
    /// What is unusual about them; empty if nothing is.
    pub remark: String,
}

/// Bytes shown on one line.
const WIDTH: usize = 96;

/// Cuts after each LF and after 96 bytes. Beyond `limit` bytes only head and tail are shown.
#[must_use]
pub fn dump(bytes: &[u8], limit: usize) -> Vec<DumpLine> {
    if bytes.len() <= limit {
        return cut(bytes, 0);
    }
    let head = limit / 2;
    let tail = bytes.len() - limit / 4;
    let mut lines = cut(&bytes[..head], 0);
    lines.push(DumpLine {
        offset: head, text: format!("… {} bytes …", tail - head), remark: String::new()
    });
    lines.extend(cut(&bytes[tail..], tail));
    lines
}

/// The bytes on one line: printable ASCII as it is, the rest as in a Rust byte string.
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b'\\' => text.push_str("\\\\"),
            0x20..=0x7e => text.push(char::from(*byte)),
            _ => write!(text, "\\x{byte:02x}").expect("writing to a string can't fail"),
        }
    }
    text
}

fn cut(bytes: &[u8], base: usize) -> Vec<DumpLine> {
    let mut lines = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let rest = &bytes[start..];
        let length = rest.iter().take(WIDTH).position(|byte| *byte == b'\n').map_or(WIDTH, |end| end + 1);
        let piece = &rest[..length.min(rest.len())];
        lines.push(DumpLine { offset: base + start, text: escape(piece), remark: remark(piece) });
        start += piece.len();
    }
    lines
}

fn remark(piece: &[u8]) -> String {
    let mut remarks = Vec::new();
    let content = piece.strip_suffix(b"\r\n").unwrap_or(piece);
    if piece.ends_with(b"\n") && !piece.ends_with(b"\r\n") {
        remarks.push("LF without CR");
    }
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    // A piece that stops at the width may end in the CR of a CRLF.
    let inner = content.strip_suffix(b"\r").unwrap_or(content);
    if inner.contains(&b'\r') {
        remarks.push("bare CR");
    }
    if content.contains(&0) {
        remarks.push("NUL");
    }
    if content.iter().any(|byte| matches!(byte, 1..=8 | 0x0b | 0x0c | 0x0e..=0x1f | 0x7f)) {
        remarks.push("control byte");
    }
    if content.iter().any(|byte| 0x80 <= *byte) {
        remarks.push("byte above 0x7f");
    }
    remarks.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_offsets_and_what_is_unusual() {
        let lines = dump(b"GET / HTTP/1.1\r\nX: a\x00b\n\r\n", 1000);
        let shown: Vec<(usize, &str, &str)> =
            lines.iter().map(|line| (line.offset, line.text.as_str(), line.remark.as_str())).collect();
        assert_eq!(
            shown,
            [
                (0, "GET / HTTP/1.1\\r\\n", ""),
                (16, "X: a\\x00b\\n", "LF without CR, NUL"),
                (23, "\\r\\n", ""),
            ]
        );
    }

    #[test]
    fn a_long_buffer_is_shown_by_its_ends() {
        let lines = dump(&[b'a'; 100_000], 400);
        assert!(lines.len() < 10);
        assert!(lines.iter().any(|line| line.text == "… 99700 bytes …"));
        assert_eq!(lines.last().map(|line| line.offset), Some(99_996));
    }
}
