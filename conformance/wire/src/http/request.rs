/// A request that is written exactly as it is told, legal or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    bytes: Vec<u8>,
}

impl Request {
    /// `METHOD SP target SP HTTP/1.1 CRLF`, without any field.
    #[must_use]
    pub fn new(method: &str, target: &str) -> Self {
        Self { bytes: format!("{method} {target} HTTP/1.1\r\n").into_bytes() }
    }

    /// A GET with a Host.
    #[must_use]
    pub fn get(target: &str) -> Self {
        Self::new("GET", target).field("Host", "a")
    }

    /// A POST with a Host; [`Request::body`] adds length and content.
    #[must_use]
    pub fn post(target: &str) -> Self {
        Self::new("POST", target).field("Host", "a")
    }

    /// A field line; name and value are not looked at.
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        self
    }

    /// The bytes so far and a blank line.
    #[must_use]
    pub fn end(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(b"\r\n");
        self.bytes
    }

    /// The head without its blank line.
    #[must_use]
    pub fn unfinished(self) -> Vec<u8> {
        self.bytes
    }

    /// Content-Length, the blank line and the content.
    #[must_use]
    pub fn body(self, content: &[u8]) -> Vec<u8> {
        let mut bytes = self.field("Content-Length", &content.len().to_string()).end();
        bytes.extend_from_slice(content);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_it_is_told() {
        let bytes = Request::post("/x y").field("Bad Name", "v").body(b"hello");
        assert_eq!(bytes, b"POST /x y HTTP/1.1\r\nHost: a\r\nBad Name: v\r\nContent-Length: 5\r\n\r\nhello");
    }
}
