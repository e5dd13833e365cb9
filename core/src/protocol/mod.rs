//! Protocols: bytes in, messages or errors out, no socket in sight.
//!
//! A [`Protocol`] value belongs to one connection and remembers how far it scanned, so that a message
//! that comes octet by octet costs no more than one that comes whole. The same bytes give the same
//! messages however they are cut.
//!
//! A protocol of one's own implements [`Protocol`], and [`Encode`] for what may be sent:
//!
//! ```
//! use workerspec_core::protocol::{Encode, Limits, Malformed, Next, Protocol, Setting, Split};
//!
//! /// One octet of length, then that many octets.
//! #[derive(Clone, Default)]
//! struct Tiny;
//!
//! impl Protocol for Tiny {
//!     type Message<'a> = &'a [u8];
//!     const NAME: &'static str = "tiny";
//!
//!     fn split(&mut self, input: &[u8], _: &Limits, _: &mut Vec<u8>) -> Result<Split, Malformed> {
//!         Ok(match input.first() {
//!             Some(&length) if input.len() > usize::from(length) => Split::Package(usize::from(length) + 1),
//!             _ => Split::Need,
//!         })
//!     }
//!
//!     fn decode<'a>(&mut self, package: &'a [u8]) -> &'a [u8] {
//!         &package[1..]
//!     }
//! }
//!
//! impl Encode<&[u8]> for Tiny {
//!     fn encode(&mut self, reply: &[u8], _: &Setting<'_>, out: &mut Vec<u8>) -> Next {
//!         let length = reply.len().min(255);
//!         out.push(length as u8);
//!         out.extend_from_slice(&reply[..length]);
//!         Next::Stay
//!     }
//! }
//!
//! let mut tiny = Tiny;
//! let input = b"\x02hi\x01";
//! assert_eq!(tiny.split(input, &Limits::default(), &mut Vec::new()), Ok(Split::Package(3)));
//! assert_eq!(tiny.decode(&input[..3]), b"hi");
//! ```

mod frame;
pub mod http;
mod raw;
mod text;
pub mod websocket;

pub use frame::Frame;
pub use http::Http;
pub use raw::Raw;
pub use text::Text;
pub use websocket::{WebSocket, Ws};

use crate::connection::Connection;

/// How the bytes of a connection become messages, and messages bytes (PIPE-2).
///
/// One value per connection, cloned from the service's. Workers only.
pub trait Protocol: Clone + 'static {
    /// What the application gets; it may borrow from the package.
    type Message<'a>;

    /// The name in logs and status.
    const NAME: &'static str;

    /// Whether each message gets exactly one reply, in order. The next message is then delivered
    /// after the reply to the one before, so replies can't be mixed up (SF-56) and a message under
    /// way counts as work when the worker drains (SF-3).
    const ONE_REPLY_EACH: bool = false;

    /// Whether its close is a word that the peer understands at any time between messages, and answers by connecting anew.
    /// A draining worker then says it to one connection after the other over the grace period, rather than to all at its
    /// end, so that they do not all come back at once (RL-21).
    const CLOSES_IN_WORDS: bool = false;

    /// Finds the next package at the start of `input`: what has come and is not consumed.
    ///
    /// Called with a longer `input` until it returns a package; it may remember how far it got, and
    /// forgets that when it returns one. It may write to `out` what the protocol itself has to say
    /// meanwhile. It must not reserve memory by what the peer announces.
    ///
    /// # Errors
    /// [`Malformed`] where no continuation can make it right, or a limit is passed (PIPE-4).
    fn split(&mut self, input: &[u8], limits: &Limits, out: &mut Vec<u8>) -> Result<Split, Malformed>;

    /// Turns a whole package, as just found by [`split`](Self::split), into a message.
    fn decode<'a>(&mut self, package: &'a [u8]) -> Self::Message<'a>;

    /// Writes the last words to a peer whose connection is about to be closed for `why`. Default:
    /// none, the connection closes silently.
    fn farewell(&mut self, why: Farewell, setting: &Setting<'_>, out: &mut Vec<u8>) {
        let _ = (why, setting, out);
    }

    /// Whether, after the last words, the peer's own are awaited before our side is shut: a closing
    /// handshake. Meanwhile [`split`](Self::split) is asked on; messages are not delivered any more.
    /// Default: no.
    fn awaits_goodbye(&self) -> bool {
        false
    }

    /// Writes the first words on a connection that this side opened. Default: none.
    fn greet(&mut self, out: &mut Vec<u8>) {
        let _ = out;
    }

    /// What the application is to be told besides messages: asked after each [`Split::Own`] and
    /// [`Split::End`], and called once the codec is not borrowed any more. Default: nothing.
    fn notice(&mut self) -> Option<Notice<Self>> {
        None
    }

    /// What part of a message the peer is sending, so that each can have its own deadline. Default:
    /// [`Stage::Between`], with [`Stage::Body`] counted where octets are buffered.
    fn stage(&self) -> Stage {
        Stage::Between
    }

    /// Bytes that encoders were given and keep back for now, until a handshake is done. They count as
    /// unsent. Default 0.
    fn held(&self) -> usize {
        0
    }

    /// A part of a file that follows the bytes just encoded; asked after each encode. Nothing else is sent
    /// before the file is out. Default: none.
    fn file(&mut self) -> Option<FilePart> {
        None
    }
}

/// Something to tell the application about a connection, as a call.
pub type Notice<P> = Box<dyn FnOnce(&Connection<P>)>;

/// What part of a message a peer is sending (see [`Protocol::stage`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Between messages: the idle timeout counts.
    Between,
    /// A head or a handshake: the header timeout bounds all of it (SF-42).
    Head,
    /// A body: the body timeout bounds the time between two reads.
    Body,
}

/// Part of an open file, to be sent after what was encoded.
#[derive(Debug)]
pub struct FilePart {
    /// The file, open for reading.
    pub file: std::fs::File,
    /// Offset of the first byte to send.
    pub offset: u64,
    /// Bytes to send. A file that ends before them costs its connection: the promise can't be kept.
    pub length: u64,
}

/// A protocol that can send a `T`.
pub trait Encode<T>: Protocol {
    /// Appends the bytes of `reply` to `out`, and says whether the connection goes on after them.
    fn encode(&mut self, reply: T, setting: &Setting<'_>, out: &mut Vec<u8>) -> Next;
}

/// What [`Protocol::split`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// Not a whole package yet.
    Need,
    /// The next package has that many bytes, its framing included. Never 0, never more than there are.
    Package(usize),
    /// That many bytes were the protocol's own business and are consumed: a handshake, a control frame,
    /// part of a message that the codec gathers itself. Never more than there are; may be 0 if a
    /// [`notice`](Protocol::notice) is due.
    Own(usize),
    /// That many bytes were the last ones that matter: the connection is flushed and closed.
    End(usize),
}

/// Whether a connection goes on after a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It stays open.
    Stay,
    /// It closes when the reply is out.
    Close,
    /// The reply has only begun: more of it follows, and no other before its end.
    More,
}

/// Bounds on what a peer may make a connection hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one package, its framing included. Default 10 MiB (PIPE-4).
    pub max_package: usize,
    /// Bytes of a head: request line and header lines, and likewise trailers. Default 16 KiB (HTTP-10).
    pub max_header: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_package: 10 * 1024 * 1024, max_header: 16 * 1024 }
    }
}

/// What an encoder has to know besides the reply.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Whether the worker drains: the reply should announce that the connection closes (I4).
    pub draining: bool,
    /// The date and time of now as HTTP writes it (RFC 9110 5.6.7).
    pub date: &'a str,
}

/// Why a connection is closed on the server's own account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Farewell {
    /// The peer broke the protocol or a limit.
    Malformed(Malformed),
    /// The callback failed before it replied.
    Failed,
    /// The application closes it.
    Done,
    /// The worker leaves.
    Leaving,
    /// The peer took too long with a head, a body or a handshake.
    Late,
}

/// Bytes that are no message: where, by which rule, and the protocol's own code for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub struct Malformed {
    /// What is wrong, as a fragment: `bare line feed in the header`.
    pub what: &'static str,
    /// Offset of the byte that decided, from the start of the package.
    pub at: u32,
    /// The protocol's code: for HTTP the status to answer; 0 where it has none.
    pub code: u16,
}

impl Malformed {
    /// A malformed package; an offset past 4 GiB is reported as that.
    pub fn new(what: &'static str, at: usize, code: u16) -> Self {
        Self { what, at: u32::try_from(at).unwrap_or(u32::MAX), code }
    }
}
