//! The kinds of client that are on a server at the instant of a reload.

use schemars::JsonSchema;
use serde::Serialize;

/// A kind of client. Each meets other losses, so each has its own line in every result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Population {
    /// Closed loop over keep-alive: every connection has a request in flight at every instant, so whatever
    /// a reload does to busy connections, it does to all of these.
    Busy,
    /// Open loop over keep-alive: requests arrive by a schedule, connections rest in between.
    Paced,
    /// Open loop, one connection for each request: what meets a listener that is gone for a moment.
    Fresh,
    /// As `Fresh`, and the client keeps its side open for a while after the server has ended its own: what shows a server
    /// that waits for it.
    Unclosed,
    /// As `Busy`, two requests at once, the second behind the first.
    Pipelined,
    /// Requests that the server works on for a while.
    Slow,
    /// Requests whose body takes its time.
    Upload,
    /// Answers so long that they are read over a while.
    Download,
    /// Streams of events that end only with the run, or with the server.
    Events,
    /// As `Busy` or `Paced`, over TLS.
    Https,
    /// A WebSocket on which messages come and go.
    WebSocket,
    /// A WebSocket on which nothing happens.
    WebSocketIdle,
    /// Newline-framed text.
    Text,
    /// Length-prefixed frames.
    Frame,
}

impl Population {
    /// All of them, in the order of reports.
    pub const ALL: [Population; 14] = [
        Population::Busy,
        Population::Paced,
        Population::Fresh,
        Population::Unclosed,
        Population::Pipelined,
        Population::Slow,
        Population::Upload,
        Population::Download,
        Population::Events,
        Population::Https,
        Population::WebSocket,
        Population::WebSocketIdle,
        Population::Text,
        Population::Frame,
    ];

    /// Name for people.
    pub fn name(self) -> &'static str {
        match self {
            Population::Busy => "busy keep-alive",
            Population::Paced => "paced keep-alive",
            Population::Fresh => "fresh connections",
            Population::Unclosed => "unclosed connections",
            Population::Pipelined => "pipelined pairs",
            Population::Slow => "slow replies",
            Population::Upload => "uploads",
            Population::Download => "downloads",
            Population::Events => "event streams",
            Population::Https => "https",
            Population::WebSocket => "websocket",
            Population::WebSocketIdle => "idle websocket",
            Population::Text => "text",
            Population::Frame => "frame",
        }
    }

    /// One word for the heads of tables.
    pub fn short(self) -> &'static str {
        match self {
            Population::Busy => "busy",
            Population::Paced => "paced",
            Population::Fresh => "fresh",
            Population::Unclosed => "unclosed",
            Population::Pipelined => "pipelined",
            Population::Slow => "slow",
            Population::Upload => "upload",
            Population::Download => "download",
            Population::Events => "sse",
            Population::Https => "https",
            Population::WebSocket => "websocket",
            Population::WebSocketIdle => "websocket-idle",
            Population::Text => "text",
            Population::Frame => "frame",
        }
    }

    /// Letter in a request's identity.
    pub(crate) fn letter(self) -> u8 {
        match self {
            Population::Busy => b'b',
            Population::Paced => b'p',
            Population::Fresh => b'f',
            Population::Unclosed => b'o',
            Population::Pipelined => b'q',
            Population::Slow => b's',
            Population::Upload => b'u',
            Population::Download => b'd',
            Population::Events => b'e',
            Population::Https => b'h',
            Population::WebSocket => b'w',
            Population::WebSocketIdle => b'i',
            Population::Text => b't',
            Population::Frame => b'l',
        }
    }

    /// Whether each of its requests has a connection of its own, which it asks the server to close.
    pub(crate) fn is_single(self) -> bool {
        matches!(self, Population::Fresh | Population::Unclosed)
    }

    /// Whether it begins with the handshake of a WebSocket.
    pub(crate) fn is_websocket(self) -> bool {
        matches!(self, Population::WebSocket | Population::WebSocketIdle)
    }

    /// Whether it speaks messages and not requests.
    pub(crate) fn is_of_messages(self) -> bool {
        self.is_websocket() || matches!(self, Population::Text | Population::Frame)
    }

    /// The port of the testee that it speaks to.
    pub fn port(self) -> &'static str {
        match self {
            Population::Https => "https",
            Population::WebSocket | Population::WebSocketIdle => "websocket",
            Population::Text => "text",
            Population::Frame => "frame",
            _ => "http",
        }
    }

    /// Place in a table with one row each, as in [`Population::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, JsonSchema, Serialize)]
pub enum Method {
    /// Safe to send again (RFC 9110 9.2.2): a lost one is the client's to retry.
    #[serde(rename = "GET")]
    Get,
    /// Not idempotent: nobody may send it again without proof that it was not applied.
    #[serde(rename = "POST")]
    Post,
    /// No request but a message, of which nobody knows whether it may be sent again.
    #[serde(rename = "message")]
    Message,
}

impl Method {
    /// All of them, in the order of reports.
    pub const ALL: [Method; 3] = [Method::Get, Method::Post, Method::Message];

    /// The token on the request line, or what it is called in a report.
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Message => "message",
        }
    }

    /// Place in a table with one row each, as in [`Method::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// Whether a client may send it again by itself (RFC 9110 9.2.2).
    pub fn is_idempotent(self) -> bool {
        matches!(self, Method::Get)
    }
}
