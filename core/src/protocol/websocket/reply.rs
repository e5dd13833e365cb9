//! The server's answer to a client's handshake (RFC 6455 4.1).

use crate::protocol::Malformed;
use crate::protocol::http::MAX_LINES;

/// The head of a response.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    fields: Vec<(String, Vec<u8>)>,
}

impl Reply {
    /// Reads a head that ends with the blank line.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let wrong = |what| Malformed::new(what, 0, 1002);
        let end =
            bytes.windows(2).position(|pair| pair == b"\r\n").ok_or(wrong("answer without status line"))?;
        let [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1'..=b'9', b' ', a, b, c, rest @ ..] = &bytes[..end]
        else {
            return Err(wrong("malformed status line"));
        };
        let digits = [a, b, c].map(|digit| u16::from(*digit).wrapping_sub(u16::from(b'0')));
        if digits.iter().any(|digit| 9 < *digit) || !matches!(rest.first(), None | Some(b' ')) {
            return Err(wrong("malformed status line"));
        }
        let mut lines = [httparse::EMPTY_HEADER; MAX_LINES];
        let Ok(httparse::Status::Complete((_, fields))) =
            httparse::parse_headers(&bytes[end + 2..], &mut lines)
        else {
            return Err(wrong("malformed header line in the answer"));
        };
        Ok(Self {
            status: digits.iter().fold(0, |status, digit| status * 10 + digit),
            fields: fields.iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect(),
        })
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The value of the first field of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.values(name).next()
    }

    /// All header fields in the order they came.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// The subprotocol that was agreed on.
    pub fn subprotocol(&self) -> Option<&str> {
        self.header("Sec-WebSocket-Protocol").and_then(|name| std::str::from_utf8(name).ok())
    }

    /// The values of all fields of that name.
    pub(super) fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers().filter(move |(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}
