//! HTTP/1.1, the server side: requests in, responses out (RFC 9110, RFC 9112).
//!
//! A request is delivered whole, its body joined. Requests that are pipelined are delivered one after
//! the other, each when the one before has its response, so responses leave in order (SF-56).
//!
//! Strict where leniency lets two readers disagree (SF-55): bare CR, bare LF and NUL are refused
//! everywhere, `Transfer-Encoding` with `Content-Length` is refused, duplicates of either are refused.

mod chunked;
mod date;
mod head;
mod request;
mod response;
mod target;

use super::{Encode, Farewell, Limits, Malformed, Next, Protocol, Setting, Split};
use chunked::Chunks;

pub(crate) use date::DateLine;
pub(super) use head::{Framing, Head, MAX_LINES, find_end, is_token};
pub use request::{Request, Version};
pub use response::Response;
pub(super) use response::{is_field, write as write_response};

/// The HTTP/1.1 protocol of one connection.
#[derive(Debug, Clone, Default)]
pub struct Http {
    /// How far the request that is coming in has got.
    incoming: Incoming,
    /// The request that was delivered and has no response yet.
    asked: Option<Asked>,
}

#[derive(Debug, Clone, Default)]
enum Incoming {
    /// No request begun, or a head that has not ended: octets known to hold no end of it.
    #[default]
    Start,
    Head {
        scanned: usize,
    },
    /// The head is whole; the body is coming.
    Body {
        head: Box<Head>,
        chunks: Option<Chunks>,
    },
}

/// What the response needs to know of its request.
#[derive(Debug, Clone, Copy)]
struct Asked {
    head_only: bool,
    version: Version,
    keep_alive: bool,
}

impl Protocol for Http {
    type Message<'a> = Request<'a>;

    const NAME: &'static str = "http";
    const ONE_REPLY_EACH: bool = true;
    const ANNOUNCES_CLOSE: bool = true;

    fn split(&mut self, input: &[u8], limits: &Limits, out: &mut Vec<u8>) -> Result<Split, Malformed> {
        if let Incoming::Start | Incoming::Head { .. } = self.incoming {
            let scanned = if let Incoming::Head { scanned } = self.incoming { scanned } else { 0 };
            let Some(end) = head::find_end(input, scanned, limits.max_header)? else {
                self.incoming = Incoming::Head { scanned: input.len() };
                return Ok(Split::Need);
            };
            let head = Box::new(Head::parse(&input[..end])?);
            if head.length_at_least().saturating_add(end) > limits.max_package {
                return Err(Malformed::new("message exceeds max_package", end, 413));
            }
            if head.expects_continue && input.len() == end && head.has_body() {
                out.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
            }
            let chunks = matches!(head.framing, Framing::Chunked).then(|| Chunks::new(end));
            self.incoming = Incoming::Body { head, chunks };
        }
        let Incoming::Body { head, chunks } = &mut self.incoming else { return Ok(Split::Need) };
        let end = match (chunks, head.framing) {
            (Some(chunks), _) => chunks.advance(input, limits)?,
            (None, Framing::Length(length)) => Some(head.end + length),
            (None, _) => Some(head.end),
        };
        Ok(match end {
            Some(end) if end <= input.len() => Split::Package(end),
            _ => Split::Need,
        })
    }

    fn decode<'a>(&mut self, package: &'a [u8]) -> Request<'a> {
        let Incoming::Body { head, .. } = std::mem::take(&mut self.incoming) else {
            unreachable!("a package is decoded after split has found it")
        };
        self.asked = Some(Asked {
            head_only: head.method(package) == "HEAD",
            version: head.version,
            keep_alive: head.keep_alive,
        });
        Request::new(*head, package)
    }

    fn farewell(&mut self, why: Farewell, setting: &Setting<'_>, out: &mut Vec<u8>) {
        let status = match why {
            Farewell::Malformed(malformed) => malformed.code,
            Farewell::Failed => 500,
            Farewell::Late => 408,
            Farewell::Done | Farewell::Leaving => return,
        };
        let asked = self.asked.take();
        let setting = Setting { draining: true, ..*setting };
        response::write(
            &Response::new(status),
            asked.is_some_and(|asked| asked.head_only),
            &setting,
            false,
            out,
        );
    }
}

impl Http {
    fn respond(&mut self, response: &Response, setting: &Setting<'_>, out: &mut Vec<u8>) -> Next {
        let asked = self.asked.take();
        let (head_only, keep_alive, old) = asked.map_or((false, false, false), |asked| {
            (asked.head_only, asked.keep_alive, asked.version == Version::Http10)
        });
        let stays = keep_alive && !setting.draining && !response.closes();
        let announced = Setting { draining: !stays, ..*setting };
        response::write(response, head_only, &announced, old && stays, out);
        if stays { Next::Stay } else { Next::Close }
    }
}

impl Encode<Response> for Http {
    fn encode(&mut self, reply: Response, setting: &Setting<'_>, out: &mut Vec<u8>) -> Next {
        self.respond(&reply, setting, out)
    }
}

impl Encode<&Response> for Http {
    fn encode(&mut self, reply: &Response, setting: &Setting<'_>, out: &mut Vec<u8>) -> Next {
        self.respond(reply, setting, out)
    }
}

/// 200 with `text/html;charset=utf-8`, as Workerman answers a string (HTTP-30).
impl Encode<&str> for Http {
    fn encode(&mut self, reply: &str, setting: &Setting<'_>, out: &mut Vec<u8>) -> Next {
        self.respond(&Response::html(reply), setting, out)
    }
}

/// 200 with `text/html;charset=utf-8`, as Workerman answers a string (HTTP-30).
impl Encode<String> for Http {
    fn encode(&mut self, reply: String, setting: &Setting<'_>, out: &mut Vec<u8>) -> Next {
        self.respond(&Response::html(reply), setting, out)
    }
}
