use std::fmt;

/// What a server sent and must not have, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Offset of the offending byte in the buffer.
    pub offset: usize,
    /// The rule that it breaks.
    pub rule: Rule,
}

/// The rules of a response's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// `HTTP/1.0` or `HTTP/1.1` begins a status line (RFC 9112 section 4).
    StatusLine,
    /// Three digits from 100 to 599 and a space follow the version.
    StatusCode,
    /// A line ends with CRLF (RFC 9112 section 2.2).
    LineEnd,
    /// A field name is a token directly followed by a colon (RFC 9112 section 5.1).
    FieldName,
    /// A field value holds no CR, LF, NUL or other control byte (RFC 9110 section 5.5).
    FieldValue,
    /// A field line is not folded (RFC 9112 section 5.2).
    Folding,
    /// Content-Length is one decimal number (RFC 9112 section 6.3).
    ContentLength,
    /// Transfer-Encoding in an answer is `chunked`, once (RFC 9112 section 6.1).
    TransferEncoding,
    /// Content-Length and Transfer-Encoding exclude each other (RFC 9112 section 6.2).
    BothLengths,
    /// 1xx and 204 carry neither length field (RFC 9110 sections 8.6 and 15).
    LengthWithoutContent,
    /// A chunk size is a hexadecimal number and CRLF (RFC 9112 section 7.1).
    ChunkSize,
    /// CRLF follows the data of a chunk.
    ChunkEnd,
    /// The connection ended inside a response (RFC 9112 section 8).
    Truncated,
}

impl fmt::Display for Malformed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = match self.rule {
            Rule::StatusLine => "no status line",
            Rule::StatusCode => "no status code of three digits and a space",
            Rule::LineEnd => "a line does not end with CRLF",
            Rule::FieldName => "a field name is no token directly followed by a colon",
            Rule::FieldValue => "a control byte in a field value",
            Rule::Folding => "a folded field line",
            Rule::ContentLength => "a Content-Length that is not one decimal number",
            Rule::TransferEncoding => "a Transfer-Encoding other than chunked",
            Rule::BothLengths => "Content-Length and Transfer-Encoding together",
            Rule::LengthWithoutContent => "a length on an answer that has no content",
            Rule::ChunkSize => "a chunk size that is no hexadecimal number",
            Rule::ChunkEnd => "no CRLF after a chunk",
            Rule::Truncated => "the connection ended inside the answer",
        };
        write!(out, "{rule} at offset {}", self.offset)
    }
}

impl std::error::Error for Malformed {}

impl Rule {
    /// Breaks the rule at an offset.
    pub(super) fn at<Value>(self, offset: usize) -> Result<Value, Malformed> {
        Err(Malformed { offset, rule: self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_small() {
        assert!(size_of::<Malformed>() <= 16);
    }
}
