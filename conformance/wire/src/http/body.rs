use super::error::{Malformed, Rule};
use super::head::{self, Head};
use super::response::{Field, Framing};

/// How much content follows a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    None,
    Length(u64),
    Chunked,
    Close,
}

impl From<Extent> for Framing {
    fn from(extent: Extent) -> Self {
        match extent {
            Extent::None => Self::None,
            Extent::Length(_) => Self::Length,
            Extent::Chunked => Self::Chunked,
            Extent::Close => Self::Close,
        }
    }
}

/// Content, trailers and the offset behind them.
pub(super) struct Content {
    pub(super) body: Vec<u8>,
    pub(super) trailers: Vec<Field>,
    pub(super) end: usize,
}

/// RFC 9112 section 6.3, as strictly as it may be read.
pub(super) fn framing(head: &Head, to_head: bool) -> Result<Extent, Malformed> {
    let mut length: Option<u64> = None;
    let mut chunked = false;
    let mut last_place = head.end;
    for (field, place) in head.fields.iter().zip(&head.places) {
        if field.name.eq_ignore_ascii_case("content-length") {
            last_place = *place;
            let number = decimal(&field.value);
            if number.is_none() || length.is_some_and(|length| Some(length) != number) {
                return Rule::ContentLength.at(*place);
            }
            length = number;
        } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
            last_place = *place;
            if chunked || !field.value.eq_ignore_ascii_case(b"chunked") {
                return Rule::TransferEncoding.at(*place);
            }
            chunked = true;
        }
    }
    if chunked && length.is_some() {
        return Rule::BothLengths.at(last_place);
    }
    if head.status < 200 || head.status == 204 {
        if chunked || length.is_some() {
            return Rule::LengthWithoutContent.at(last_place);
        }
        return Ok(Extent::None);
    }
    if to_head || head.status == 304 {
        return Ok(Extent::None);
    }
    Ok(match length {
        Some(length) => Extent::Length(length),
        None if chunked => Extent::Chunked,
        None => Extent::Close,
    })
}

/// Reads the content from `from` on; `None` if it is not complete.
pub(super) fn read(
    bytes: &[u8],
    from: usize,
    extent: Extent,
    ended: bool,
) -> Result<Option<Content>, Malformed> {
    let content = |body: &[u8], end| Some(Content { body: body.to_vec(), trailers: Vec::new(), end });
    Ok(match extent {
        Extent::None => content(&[], from),
        Extent::Length(length) => usize::try_from(length)
            .ok()
            .and_then(|length| from.checked_add(length))
            .and_then(|end| content(bytes.get(from..end)?, end)),
        Extent::Close if ended => content(&bytes[from..], bytes.len()),
        Extent::Close => None,
        Extent::Chunked => return chunks(bytes, from),
    })
}

fn chunks(bytes: &[u8], from: usize) -> Result<Option<Content>, Malformed> {
    let mut body = Vec::new();
    let mut next = from;
    loop {
        let Some((line, after)) = head::line(bytes, next)? else { return Ok(None) };
        let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
        let Some(size) = hexadecimal(size) else { return Rule::ChunkSize.at(next) };
        next = after;
        if size == 0 {
            break;
        }
        let Some(end) = usize::try_from(size).ok().and_then(|size| next.checked_add(size)) else {
            return Rule::ChunkSize.at(next);
        };
        let Some(data) = bytes.get(next..end) else { return Ok(None) };
        let ending = &bytes[end..bytes.len().min(end + 2)];
        if !b"\r\n".starts_with(ending) {
            return Rule::ChunkEnd.at(end);
        }
        if ending.len() < 2 {
            return Ok(None);
        }
        body.extend_from_slice(data);
        next = end + 2;
    }
    let mut trailers = Vec::new();
    loop {
        let Some((line, after)) = head::line(bytes, next)? else { return Ok(None) };
        if line.is_empty() {
            return Ok(Some(Content { body, trailers, end: after }));
        }
        trailers.push(head::field(line, next)?);
        next = after;
    }
}

/// Digits only; `None` for anything else and for what 64 bits can't hold.
fn decimal(text: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(text).ok()?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

fn hexadecimal(text: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(text).ok()?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u64::from_str_radix(digits, 16).ok()).flatten()
}
