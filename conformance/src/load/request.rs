//! Requests encoded beforehand, with the identity patched in place.

use std::net::SocketAddr;

use crate::load::identity::{ID_LENGTH, IdText};
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
    target_id: usize,
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
        octets.extend_from_slice(BROWSER);
        if last {
            octets.extend_from_slice(b"Connection: close\r\n");
        }
        let body = match method {
            Method::Get => {
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
        Template { octets, target_id, body }
    }

    /// Puts `id` in; the octets to send are then in `octets`.
    pub(crate) fn address(&mut self, id: &IdText) -> Sum {
        self.octets[self.target_id..self.target_id + ID_LENGTH].copy_from_slice(id);
        match &self.body {
            None => Sum { length: 0, fnv: EMPTY_SUM },
            Some(body) => {
                self.octets[body.id..body.id + ID_LENGTH].copy_from_slice(id);
                Sum { length: body.length, fnv: fnv(body.sum_before_id, id) }
            }
        }
    }
}

/// What a browser says besides: some 2 KiB with its cookies. A server reads them more slowly than they are
/// written, so that requests wait at the server, as they do in life, and not at the driver.
const BROWSER: &[u8] = b"\
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r\n\
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8\r\n\
Accept-Language: en-US,en;q=0.9,de;q=0.8\r\n\
Cache-Control: max-age=0\r\n\
Sec-Ch-Ua: \"Chromium\";v=\"130\", \"Not?A_Brand\";v=\"99\"\r\n\
Sec-Ch-Ua-Mobile: ?0\r\n\
Sec-Ch-Ua-Platform: \"Linux\"\r\n\
Sec-Fetch-Dest: document\r\n\
Sec-Fetch-Mode: navigate\r\n\
Sec-Fetch-Site: same-origin\r\n\
Sec-Fetch-User: ?1\r\n\
Upgrade-Insecure-Requests: 1\r\n\
Dnt: 1\r\n\
Priority: u=0, i\r\n\
Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=necessary.statistics.marketing; \
first-visit=2026-01-01T00:00:00Z; experiment=a1.b7.c3.d9.e2.f8.g4.h6; basket=0123456789abcdef.0123456789abcdef; \
csrf=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff; locale=en-US; currency=EUR; region=eu-west; \
token=eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiIwMTIzNDU2Nzg5IiwibmFtZSI6IldvcmtlciBTcGVjIiwiaWF0IjoxNTE2MjM5MDIyLCJ\
leHAiOjE5MTYyMzkwMjIsInNjb3BlIjoicmVhZDp1c2VycyB3cml0ZTp1c2VycyByZWFkOm9yZGVycyB3cml0ZTpvcmRlcnMgcmVhZDppbnZvaWNlcyJ9.none; \
history=item-000001.item-000002.item-000003.item-000004.item-000005.item-000006.item-000007.item-000008\r\n\
X-Request-Start: t=0\r\n\
X-Forwarded-For: 203.0.113.7, 198.51.100.23\r\n\
X-Forwarded-Proto: https\r\n\
Forwarded: for=203.0.113.7;proto=https;by=198.51.100.23\r\n\
Traceparent: 00-0123456789abcdef0123456789abcdef-0123456789abcdef-01\r\n";

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
        let start = b"GET /load/5f3a9c01-b-00001f-000a2b-0 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n";
        assert!(template.octets.starts_with(start) && template.octets.ends_with(b"\r\n\r\n"));
        // One blank line, at the end: no line of the head is broken.
        let blank = template.octets.windows(4).filter(|octets| octets == b"\r\n\r\n").count();
        assert_eq!(blank, 1);
        assert!(template.octets.len() < 4096, "{} octets", template.octets.len());
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
