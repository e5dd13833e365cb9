//! The codec of one connection.

use super::chunked::Chunks;
use super::conditions::Conditions;
use super::event::Event;
use super::head::{self, Framing, Head};
use super::request::{Request, Version};
use super::response::{self, Delimiter, More, Persistence, Response};
use super::stream::{Chunk, Stream};
use crate::protocol::{Encode, Farewell, FilePart, Limits, Malformed, Next, Protocol, Setting, Split, Stage};

/// The HTTP/1.1 protocol of one connection.
#[derive(Debug, Default)]
pub struct Http {
    /// How far the request that is coming in has got.
    incoming: Incoming,
    /// The request that was delivered and has no response yet.
    asked: Option<Asked>,
    /// The response that has begun and not ended.
    stream: Option<Stream>,
    /// The part of a file that the response just written ends with.
    file: Option<Box<FilePart>>,
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
#[derive(Debug, Clone, Default)]
struct Asked {
    head_only: bool,
    is_get: bool,
    /// It speaks HTTP/1.0.
    old: bool,
    keep_alive: bool,
    conditions: Option<Box<Conditions>>,
}

impl Protocol for Http {
    type Message<'a> = Request<'a>;

    const NAME: &'static str = "http";
    const ONE_REPLY_EACH: bool = true;

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
        let method = head.method(package);
        let (head_only, is_get) = (method == "HEAD", method == "GET");
        let conditional = head.conditional && (head_only || is_get);
        self.asked = Some(Asked {
            head_only,
            is_get,
            old: head.version == Version::Http10,
            keep_alive: head.keep_alive,
            conditions: conditional.then(|| Box::new(Conditions::read(&head, package))),
        });
        Request::new(*head, package)
    }

    fn farewell(&mut self, why: Farewell, setting: &Setting<'_>, out: &mut Vec<u8>) {
        let begun = !matches!(self.incoming, Incoming::Start);
        // A response that has begun cannot become another one. Between two events it may end; anywhere else
        // the missing end tells the client that it is not whole.
        if let Some(stream) = self.stream.take() {
            if stream.events && matches!(why, Farewell::Done | Farewell::Leaving) {
                stream.end(out);
            }
            return;
        }
        let status = match why {
            Farewell::Malformed(malformed) => malformed.code,
            Farewell::Failed => 500,
            // A connection that said nothing is owed nothing.
            Farewell::Late if begun => 408,
            Farewell::Done | Farewell::Leaving | Farewell::Late => return,
        };
        let head_only = self.asked.take().is_some_and(|asked| asked.head_only);
        let response = Response::new(status);
        if head_only {
            let delimiter = response.delimiter();
            response::write_head(&response, status, delimiter, Persistence::Closes, setting.date, out);
        } else {
            response::write_whole(&response, setting.date, out);
        }
    }

    fn stage(&self) -> Stage {
        match self.incoming {
            Incoming::Start => Stage::Between,
            Incoming::Head { .. } => Stage::Head,
            Incoming::Body { .. } => Stage::Body,
        }
    }

    fn file(&mut self) -> Option<FilePart> {
        self.file.take().map(|file| *file)
    }
}

impl Http {
    fn respond(&mut self, response: &Response, setting: &Setting<'_>, out: &mut Vec<u8>) -> Next {
        // A second response inside of one that has begun would be taken for its body.
        if self.stream.take().is_some() {
            tracing::error!("a response within a response that has not ended: the connection is closed");
            return Next::Close;
        }
        let asked = self.asked.take().unwrap_or_default();
        let stays = asked.keep_alive && !setting.draining && !response.closes();
        let persistence = match (stays, asked.old) {
            (false, _) => Persistence::Closes,
            (true, true) => Persistence::StaysOld,
            (true, false) => Persistence::Stays,
        };
        let next = if stays { Next::Stay } else { Next::Close };
        match &response.more {
            More::Nothing => {
                let delimiter = response.delimiter();
                response::write_head(response, response.status, delimiter, persistence, setting.date, out);
                if !asked.head_only && delimiter != Delimiter::None {
                    out.extend_from_slice(&response.body);
                }
                next
            }
            More::Chunks | More::Events => self.begin_stream(response, &asked, persistence, setting, out),
            More::File(body) => {
                // Conditions are about what a 200 would have (RFC 9110 13.2.1).
                let conditions = asked.conditions.as_deref().filter(|_| response.status == 200);
                let choice = body.decide(conditions, asked.is_get);
                let Ok(file) = body.file.try_clone() else {
                    tracing::error!("no descriptor left to send a file with");
                    response::write_whole(&Response::new(503), setting.date, out);
                    return Next::Close;
                };
                let status = if choice.status == 200 { response.status } else { choice.status };
                let described = describe(response, body, choice.content_range);
                let delimiter = match status {
                    304 => Delimiter::None,
                    _ => Delimiter::Length(choice.length),
                };
                response::write_head(&described, status, delimiter, persistence, setting.date, out);
                if !asked.head_only && 0 < choice.length {
                    let (offset, length) = (choice.first, choice.length);
                    self.file = Some(Box::new(FilePart { file, offset, length }));
                }
                next
            }
        }
    }

    fn begin_stream(
        &mut self,
        response: &Response,
        asked: &Asked,
        persistence: Persistence,
        setting: &Setting<'_>,
        out: &mut Vec<u8>,
    ) -> Next {
        // HTTP/1.0 knows no chunks (RFC 9112 6.1): the end of the connection is the end of the body.
        let bare = response.delimiter() == Delimiter::None;
        let (delimiter, persistence) = match asked.old {
            _ if bare => (Delimiter::None, persistence),
            true => (Delimiter::Close, Persistence::Closes),
            false => (Delimiter::Chunked, persistence),
        };
        let stream = Stream {
            chunked: delimiter == Delimiter::Chunked,
            silent: asked.head_only || bare,
            events: matches!(response.more, More::Events),
            stays: persistence != Persistence::Closes,
        };
        response::write_head(response, response.status, delimiter, persistence, setting.date, out);
        // HTTP-36: a stream of events has no body of its own.
        if !stream.events {
            stream.put(&response.body, out);
        }
        self.stream = Some(stream);
        Next::More
    }

    /// Sends a piece of the response that has begun, or its end.
    fn proceed(&mut self, octets: &[u8], setting: &Setting<'_>, out: &mut Vec<u8>) -> Next {
        let Some(stream) = self.stream else {
            tracing::error!("a piece of a response that was not begun: the request is answered with 500");
            self.asked = None;
            response::write_whole(&Response::new(500), setting.date, out);
            return Next::Close;
        };
        if !octets.is_empty() {
            stream.put(octets, out);
            return Next::More;
        }
        self.stream = None;
        stream.end(out);
        if stream.stays { Next::Stay } else { Next::Close }
    }
}

/// The response with what is told about its file (FILE-2), where the application did not say otherwise.
fn describe(response: &Response, body: &super::file::Body, content_range: Option<String>) -> Response {
    let has = |field: &str| response.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case(field));
    let mut described = Response { fields: response.fields.clone(), ..Response::new(response.status) };
    let told = [
        ("Accept-Ranges", Some("bytes".to_owned())),
        ("Last-Modified", body.last_modified()),
        ("ETag", Some(body.etag().to_owned())),
        ("Content-Range", content_range),
    ];
    for (name, value) in told {
        if let Some(value) = value.filter(|_| !has(name)) {
            described = described.header(name, value);
        }
    }
    described
}

impl Clone for Http {
    /// A codec for a connection that is new.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Encode<Chunk> for Http {
    fn encode(&mut self, reply: Chunk, setting: &Setting<'_>, out: &mut Vec<u8>) -> Next {
        self.proceed(&reply.0, setting, out)
    }
}

impl Encode<Event> for Http {
    fn encode(&mut self, reply: Event, setting: &Setting<'_>, out: &mut Vec<u8>) -> Next {
        self.proceed(reply.write().as_bytes(), setting, out)
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
