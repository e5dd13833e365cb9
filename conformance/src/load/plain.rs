//! Requests to a server that knows nothing of the contract: what is asked, and what counts as its answer.

use std::ops::RangeInclusive;

use crate::load::mark::Marks;

/// One request, sent over and over, and the answers to it that are right.
///
/// Such an answer proves less than one of the contract: that it is whole and has the right status, not that it belongs to
/// this request or which worker gave it.
#[derive(Debug, Clone)]
pub struct Plain {
    /// The host as the `Host` field tells it.
    pub host: String,
    /// Whether TLS is spoken.
    pub secured: bool,
    /// Path and query.
    pub target: String,
    /// Further header fields.
    pub fields: Vec<(String, String)>,
    /// What is posted; without it the request is a GET.
    pub body: Option<Vec<u8>>,
    /// The statuses that are right. Default 200 to 399.
    pub statuses: RangeInclusive<u16>,
    /// How an answer tells who gave it. Default: it does not.
    pub marks: Marks,
}

impl Plain {
    /// The request as octets; `last` asks the server to close afterwards.
    pub(crate) fn octets(&self, last: bool) -> Vec<u8> {
        let method = if self.body.is_some() { "POST" } else { "GET" };
        let mut text = format!("{method} {} HTTP/1.1\r\nHost: {}\r\n", self.target, self.host);
        for (name, value) in &self.fields {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if last {
            text.push_str("Connection: close\r\n");
        }
        if let Some(body) = &self.body {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        let mut octets = text.into_bytes();
        octets.extend_from_slice(self.body.as_deref().unwrap_or_default());
        octets
    }

    /// Reads `http://` or `https://`, and `host[:port][/path][?query]`: host and port to connect to, and the request.
    ///
    /// # Errors
    /// What is wrong with the URL, for people.
    pub fn from_url(url: &str) -> Result<(String, Plain), String> {
        let (secured, rest) = match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
            (Some(rest), _) => (false, rest),
            (None, Some(rest)) => (true, rest),
            _ => return Err(format!("`{url}` is no URL: write such as http://127.0.0.1:8080/")),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let target = target.split('#').next().unwrap_or_default();
        if authority.is_empty()
            || authority.contains('@')
            || url.contains(|c: char| c.is_ascii_control() || c == ' ')
        {
            return Err(format!("`{url}` has no host that can be asked"));
        }
        let after_host = authority.rfind(']').map_or(0, |bracket| bracket + 1);
        let port = if authority[after_host..].contains(':') {
            ""
        } else if secured {
            ":443"
        } else {
            ":80"
        };
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        let plain = Plain {
            host: authority.to_owned(),
            secured,
            target,
            fields: Vec::new(),
            body: None,
            statuses: 200..=399,
            marks: Marks::default(),
        };
        Ok((format!("{authority}{port}"), plain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_give_an_address_and_a_request() {
        let (address, plain) = Plain::from_url("http://127.0.0.1:8080/a?b#c").expect("a URL");
        assert_eq!((address.as_str(), plain.target.as_str()), ("127.0.0.1:8080", "/a?b"));
        let (address, plain) = Plain::from_url("http://[::1]").expect("a URL");
        assert_eq!((address.as_str(), plain.target.as_str()), ("[::1]:80", "/"));
        for wrong in ["ftp://a/", "a:80", "http://", "http://u@a/", "http://a/ b"] {
            assert!(Plain::from_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_request_is_what_was_asked_for() {
        let (_, mut plain) = Plain::from_url("http://a:1/x").expect("a URL");
        plain.fields.push(("X-A".into(), "b".into()));
        assert_eq!(plain.octets(false), b"GET /x HTTP/1.1\r\nHost: a:1\r\nX-A: b\r\n\r\n");
        plain.body = Some(b"hi".to_vec());
        let posted =
            b"POST /x HTTP/1.1\r\nHost: a:1\r\nX-A: b\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";
        assert_eq!(plain.octets(true), posted);
    }
}
