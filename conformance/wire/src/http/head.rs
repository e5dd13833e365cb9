use super::error::{Malformed, Rule};
use super::response::Field;

/// Status line and fields.
pub(super) struct Head {
    pub(super) minor: u8,
    pub(super) status: u16,
    pub(super) reason: Vec<u8>,
    pub(super) fields: Vec<Field>,
    /// Where each field's line begins, for errors.
    pub(super) places: Vec<usize>,
    /// Offset behind the blank line.
    pub(super) end: usize,
}

/// Reads a head; `None` if it is not complete.
pub(super) fn read(bytes: &[u8], from: usize) -> Result<Option<Head>, Malformed> {
    // Wrong from the first byte on: no need to wait for a line end that may never come.
    let prefix = b"HTTP/1.";
    let shown = &bytes[from..];
    if let Some(wrong) = shown.iter().zip(prefix).position(|(byte, expected)| byte != expected) {
        return Rule::StatusLine.at(from + wrong);
    }
    let Some((line, mut next)) = line(bytes, from)? else { return Ok(None) };
    let digits = &line[prefix.len().min(line.len())..];
    let [minor @ b'0'..=b'1', b' ', rest @ ..] = digits else {
        return Rule::StatusLine.at(from + prefix.len());
    };
    let [hundreds @ b'1'..=b'5', tens @ b'0'..=b'9', ones @ b'0'..=b'9', b' ', reason @ ..] = rest else {
        return Rule::StatusCode.at(from + prefix.len() + 2);
    };
    let digit = |byte: &u8| u16::from(byte - b'0');
    let status = digit(hundreds) * 100 + digit(tens) * 10 + digit(ones);
    if let Some(wrong) = reason.iter().position(|byte| is_control(*byte)) {
        return Rule::FieldValue.at(from + prefix.len() + 6 + wrong);
    }
    let mut fields = Vec::new();
    let mut places = Vec::new();
    loop {
        let Some((text, after)) = self::line(bytes, next)? else { return Ok(None) };
        if text.is_empty() {
            return Ok(Some(Head {
                minor: minor - b'0',
                status,
                reason: reason.to_vec(),
                fields,
                places,
                end: after,
            }));
        }
        fields.push(field(text, next)?);
        places.push(next);
        next = after;
    }
}

/// The line at `from` without its CRLF, and the offset behind it; `None` if it is not complete.
pub(super) fn line(bytes: &[u8], from: usize) -> Result<Option<(&[u8], usize)>, Malformed> {
    let Some(length) = bytes[from..].iter().position(|byte| *byte == b'\n') else { return Ok(None) };
    match bytes[from..from + length].strip_suffix(b"\r") {
        Some(text) => Ok(Some((text, from + length + 1))),
        None => Rule::LineEnd.at(from + length),
    }
}

/// A field line, without its CRLF.
pub(super) fn field(text: &[u8], place: usize) -> Result<Field, Malformed> {
    if matches!(text.first(), Some(b' ' | b'\t')) {
        return Rule::Folding.at(place);
    }
    let colon = text.iter().position(|byte| !is_token(*byte)).unwrap_or(text.len());
    if colon == 0 || text.get(colon) != Some(&b':') {
        return Rule::FieldName.at(place + colon);
    }
    let value = &text[colon + 1..];
    if let Some(wrong) = value.iter().position(|byte| is_control(*byte)) {
        return Rule::FieldValue.at(place + colon + 1 + wrong);
    }
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().position(|byte| !blank(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
    let name = text[..colon].iter().map(|byte| char::from(*byte)).collect();
    Ok(Field { name, value: value[start..end].to_vec() })
}

/// RFC 9110 section 5.6.2.
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Control bytes but HTAB.
fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}
