//! HTTP/1.1 as a client sees it: responses are read strictly, requests are written unchecked.

mod body;
mod error;
mod head;
mod request;
mod response;

pub use error::{Malformed, Rule};
pub use request::Request;
pub use response::{Field, Framing, Read, Response, read_response};
