use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use workerspec_wire::http;

/// What hyper, as a server that echoes, did with octets.
#[derive(Debug)]
pub(super) struct Reading {
    /// Its final answers, in order.
    pub(super) answers: Vec<http::Response>,
    /// It is done with the connection; else it waits for more.
    pub(super) over: bool,
}

/// Octets in memory, and what is answered.
struct Wire {
    unread: Vec<u8>,
    ends: bool,
    written: Vec<u8>,
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.unread.is_empty() && !self.ends {
            return Poll::Pending;
        }
        let count = self.unread.len().min(into.remaining());
        into.put_slice(&self.unread[..count]);
        self.unread.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.written.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A content that is there already.
struct Whole(Option<Bytes>);

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, Bytes::len) as u64)
    }
}

/// Answers as the contract asks: with the content of the request when all of it has been read, else with its line.
async fn echo(request: Request<Incoming>) -> Result<Response<Whole>, hyper::Error> {
    let line = format!("{} {}\n", request.method(), request.uri());
    let mut body = request.into_body();
    let mut content = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(data) = frame?.into_data() {
            content.extend_from_slice(&data);
        }
    }
    let content = if content.is_empty() { line.into() } else { content.into() };
    Ok(Response::new(Whole(Some(content))))
}

/// Gives hyper the octets, and their end if they have one.
pub(super) fn read(octets: Vec<u8>, ends: bool) -> Reading {
    let to_head = octets.starts_with(b"HEAD ");
    let mut wire = Wire { unread: octets, ends, written: Vec::new() };
    let over = {
        let mut builder = http1::Builder::new();
        let service = service_fn(echo);
        let mut connection =
            pin!(builder.half_close(true).max_headers(2_048).serve_connection(&mut wire, service));
        let mut context = Context::from_waker(Waker::noop());
        // Nothing here waits for anybody else, so a few polls are as many as it takes.
        (0..64).any(|_| connection.as_mut().poll(&mut context).is_ready())
    };
    let mut answers = Vec::new();
    let mut from = 0;
    while let Ok(http::Read::Response(response)) =
        http::read_response(&wire.written, from, to_head && answers.is_empty(), over)
    {
        from = response.range.end;
        if !response.is_interim() {
            answers.push(*response);
        }
    }
    assert_eq!(from, wire.written.len(), "hyper wrote what is no answer");
    Reading { answers, over }
}

#[test]
fn hyper_echoes_refuses_and_waits() {
    let taken = read(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi".to_vec(), false);
    assert!(taken.answers.len() == 1 && taken.answers[0].body == b"hi" && !taken.over, "{taken:?}");
    let refused = read(b"GET\r\n\r\n".to_vec(), false);
    assert!(refused.answers[0].status == 400 && refused.over, "{refused:?}");
    let waits = read(b"GET / HT".to_vec(), false);
    assert!(waits.answers.is_empty() && !waits.over, "{waits:?}");
    let ended = read(b"GET / HT".to_vec(), true);
    assert!(ended.over, "{ended:?}");
}
