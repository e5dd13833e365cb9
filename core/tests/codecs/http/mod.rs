//! HTTP/1.1, the server side.

mod bodies;
mod files;
mod requests;
mod sessions;
mod streams;

use workerspec_core::protocol::http::Request;
use workerspec_core::protocol::{Encode, Farewell, Http, Limits, Next, Protocol, Split};

use crate::SETTING;

const GET: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// A codec that has delivered `request`.
fn asked(request: &str) -> Http {
    let mut http = Http::default();
    with(&mut http, request, |_| ());
    http
}

/// Reads `request`, which is one, and shows it.
fn with<R>(http: &mut Http, request: &str, look: impl FnOnce(Request<'_>) -> R) -> R {
    let split = http.split(request.as_bytes(), &Limits::default(), &mut Vec::new());
    assert_eq!(split, Ok(Split::Package(request.len())), "{request:?}");
    look(http.decode(request.as_bytes()))
}

/// What `request` looks like to the application.
fn seen<R>(request: &str, look: impl FnOnce(Request<'_>) -> R) -> R {
    with(&mut Http::default(), request, look)
}

/// What sending gives, and what it makes of the connection.
fn sent<T>(http: &mut Http, message: T) -> (String, Next)
where
    Http: Encode<T>,
{
    let mut out = Vec::new();
    let next = http.encode(message, &SETTING, &mut out);
    (String::from_utf8(out).expect("text"), next)
}

/// The last words.
fn left(http: &mut Http, why: Farewell) -> String {
    let mut out = Vec::new();
    http.farewell(why, &SETTING, &mut out);
    String::from_utf8(out).expect("text")
}
