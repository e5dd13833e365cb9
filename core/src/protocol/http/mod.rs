//! HTTP/1.1, the server side: requests in, responses out (RFC 9110, RFC 9112).
//!
//! A request is delivered whole, its body joined. Requests that are pipelined are delivered one after
//! the other, each when the one before has its response, so responses leave in order (SF-56).
//!
//! Strict where leniency lets two readers disagree (SF-55): bare CR, bare LF and NUL are refused
//! everywhere, `Transfer-Encoding` with `Content-Length` is refused, duplicates of either are refused.
//!
//! # What can be sent
//!
//! - a [`Response`], or a string, which is one with `text/html`;
//! - a response of which the body follows in pieces: [`Response::chunked`], then [`Chunk`]s;
//! - server-sent events: [`Response::events`], then [`Event`]s;
//! - a file: [`Response::file`], or whatever a [`WebRoot`] makes of a request. What the client asks of it
//!   by `Range` and `If-…` is done by the codec.

mod chunked;
mod codec;
mod conditions;
mod cookie;
mod date;
mod event;
mod file;
mod form;
mod head;
mod multipart;
mod request;
mod response;
pub mod session;
mod stream;
mod target;
mod web_root;

pub use codec::Http;
pub use cookie::{Cookie, SameSite};
pub(crate) use date::DateLine;
pub use event::Event;
pub use form::Form;
pub(super) use head::{Framing, Head, MAX_LINES, find_end, is_token};
pub use multipart::{Multipart, MultipartError, Part};
pub use request::{Request, Version};
pub use response::Response;
pub(super) use response::{is_field, write_whole};
pub use stream::Chunk;
pub use web_root::WebRoot;
