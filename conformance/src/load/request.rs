//! Requests encoded beforehand, with the identity patched in place.

use std::net::SocketAddr;

use crate::load::identity::{ID_LENGTH, IdText};
use crate::load::plain::Plain;
use crate::load::population::Method;

/// What the answer must say of a request besides its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Octets of the request's body.
    pub(crate) length: u32,
    /// FNV-1a, 32 bits, of the request's body.
    pub(crate) fnv: u32,
}

/// One request as octets, ready but for the identity.
#[derive(Debug)]
pub(crate) struct Template {
    /// The request with the identity that was put in last.
    pub(crate) octets: Vec<u8>,
    target_id: Option<usize>,
    body: Option<Body>,
}

#[derive(Debug)]
struct Body {
    id: usize,
    length: u32,
    /// The sum of everything before the identity, which stands last: only 26 octets are summed per request.
    sum_before_id: u32,
}

impl Template {
    /// `GET /load/ID`, or `POST /load/ID` with a body of `body_length` octets (at least the identity's 26)
    /// that ends with the identity. `last` asks the server to close afterwards.
    pub(crate) fn new(method: Method, host: SocketAddr, body_length: usize, last: bool) -> Template {
        let mut octets = format!("{} /load/", method.name()).into_bytes();
        let target_id = octets.len();
        octets.extend_from_slice(&[b'0'; ID_LENGTH]);
        octets.extend_from_slice(format!(" HTTP/1.1\r\nHost: {host}\r\n").as_bytes());
        if last {
            octets.extend_from_slice(b"Connection: close\r\n");
        }
        let body = match method {
            Method::Get | Method::Message => {
                octets.extend_from_slice(b"\r\n");
                None
            }
            Method::Post => {
                let length = body_length.max(ID_LENGTH);
                octets.extend_from_slice(
                    format!("Content-Type: text/plain\r\nContent-Length: {length}\r\n\r\n").as_bytes(),
                );
                let filler: Vec<u8> = (0..length - ID_LENGTH).map(|at| b'a' + (at % 26) as u8).collect();
                octets.extend_from_slice(&filler);
                let id = octets.len();
                octets.extend_from_slice(&[b'0'; ID_LENGTH]);
                Some(Body { id, length: length as u32, sum_before_id: fnv(EMPTY_SUM, &filler) })
            }
        };
        Template { octets, target_id: Some(target_id), body }
    }

    /// A request without an identity.
    pub(crate) fn plain(plain: &Plain, last: bool) -> Template {
        Template { octets: plain.octets(last), target_id: None, body: None }
    }

    /// The octets as they are with `id`, for somebody who wants to look at them.
    pub(crate) fn with(&self, id: &IdText) -> Vec<u8> {
        let mut octets = self.octets.clone();
        for at in [self.target_id, self.body.as_ref().map(|body| body.id)].into_iter().flatten() {
            octets[at..at + ID_LENGTH].copy_from_slice(id);
        }
        octets
    }

    /// Puts `id` in; the octets to send are then in `octets`.
    pub(crate) fn address(&mut self, id: &IdText) -> Sum {
        if let Some(at) = self.target_id {
            self.octets[at..at + ID_LENGTH].copy_from_slice(id);
        }
        match &self.body {
            None => Sum { length: 0, fnv: EMPTY_SUM },
            Some(body) => {
                self.octets[body.id..body.id + ID_LENGTH].copy_from_slice(id);
                Sum { length: body.length, fnv: fnv(body.sum_before_id, id) }
            }
        }
    }
}

/// FNV-1a (32 bits) of no octet at all.
pub(crate) const EMPTY_SUM: u32 = 0x811c_9dc5;

/// Goes on with an FNV-1a sum over `octets`.
pub(crate) fn fnv(sum: u32, octets: &[u8]) -> u32 {
    octets.iter().fold(sum, |sum, octet| (sum ^ u32::from(*octet)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> SocketAddr {
        "127.0.0.1:8080".parse().expect("an address")
    }

    const ID: &IdText = b"5f3a9c01-b-00001f-000a2b-0";

    #[test]
    fn get_carries_the_identity_in_its_target() {
        let mut template = Template::new(Method::Get, host(), 100, false);
        let sum = template.address(ID);
        assert_eq!(sum, Sum { length: 0, fnv: 0x811c_9dc5 });
        assert_eq!(
            String::from_utf8_lossy(&template.octets),
            "GET /load/5f3a9c01-b-00001f-000a2b-0 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"
        );
    }

    #[test]
    fn post_carries_it_in_the_body_too_and_sums_the_whole_body() {
        let mut template = Template::new(Method::Post, host(), 30, true);
        template.address(b"00000000-b-000000-000000-f");
        let sum = template.address(ID);
        let text = String::from_utf8(template.octets.to_vec()).expect("ascii");
        let (head, body) = text.split_once("\r\n\r\n").expect("a blank line");
        assert!(head.starts_with("POST /load/5f3a9c01-b-00001f-000a2b-0 HTTP/1.1\r\n"));
        assert!(head.contains("\r\nConnection: close\r\n") && head.contains("\r\nContent-Length: 30"));
        assert_eq!(body, "abcd5f3a9c01-b-00001f-000a2b-0");
        assert_eq!(sum, Sum { length: 30, fnv: fnv(EMPTY_SUM, body.as_bytes()) });
    }

    #[test]
    fn sums_are_fnv_1a() {
        // Published values of the algorithm's authors.
        assert_eq!(fnv(EMPTY_SUM, b""), 0x811c_9dc5);
        assert_eq!(fnv(EMPTY_SUM, b"a"), 0xe40c_292c);
        assert_eq!(fnv(EMPTY_SUM, b"foobar"), 0xbf9c_f968);
    }
}
