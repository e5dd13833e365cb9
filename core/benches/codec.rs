//! What a message costs the codecs, without a socket: `cargo bench -p workerspec-core`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use workerspec_core::protocol::http::Response;
use workerspec_core::protocol::{Encode, Http, Limits, Protocol, Setting, Split, Text, WebSocket};

fn package<P: Protocol>(codec: &mut P, input: &[u8], out: &mut Vec<u8>) -> usize {
    match codec.split(input, &Limits::default(), out) {
        Ok(Split::Package(length)) => length,
        other => panic!("the input is a whole package, and not {other:?}"),
    }
}

fn text(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("text/split-decode");
    for size in [16, 1024, 65_536] {
        let line = [vec![b'a'; size - 1], b"\n".to_vec()].concat();
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_with_input(BenchmarkId::from_parameter(size), &line, |bencher, line| {
            let (mut codec, mut out) = (Text::default(), Vec::new());
            bencher.iter(|| {
                let length = package(&mut codec, line, &mut out);
                black_box(codec.decode(&line[..length]));
            });
        });
    }
    group.finish();
}

fn http(criterion: &mut Criterion) {
    let browser = "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: text/html,*/*;q=0.8\r\n\
                   Accept-Language: en-US,en;q=0.9\r\nCache-Control: max-age=0\r\nCookie: a=b; c=d\r\n";
    let requests = [
        ("small", "GET /load/abc HTTP/1.1\r\nHost: a\r\n\r\n".to_owned()),
        ("browser", format!("GET /a/b?c=d HTTP/1.1\r\nHost: example.org\r\n{browser}\r\n")),
        (
            "chunked",
            format!(
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
                "10\r\n0123456789abcdef\r\n".repeat(64)
            ),
        ),
    ];
    let mut group = criterion.benchmark_group("http/split-decode-respond");
    for (name, request) in &requests {
        group.throughput(Throughput::Bytes(request.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), request.as_bytes(), |bencher, request| {
            let (mut codec, mut out) = (Http::default(), Vec::new());
            let response = Response::text("hello");
            let setting = Setting { draining: false, date: "Sun, 06 Nov 1994 08:49:37 GMT" };
            bencher.iter(|| {
                out.clear();
                let length = package(&mut codec, request, &mut out);
                black_box(codec.decode(&request[..length]).body().len());
                codec.encode(&response, &setting, &mut out);
                black_box(&out);
            });
        });
    }
    group.finish();
}

fn websocket(criterion: &mut Criterion) {
    let request = |extensions: &str| {
        format!(
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{extensions}\r\n"
        )
    };
    let offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    let mut group = criterion.benchmark_group("websocket/split-decode-send");
    for (size, deflate) in [(16, false), (1024, false), (65_536, false), (1024, true)] {
        let mut codec = WebSocket::new().deflate(deflate);
        let mut out = Vec::new();
        let opening = request(if deflate { offer } else { "" });
        codec.split(opening.as_bytes(), &Limits::default(), &mut out).expect("a handshake");
        // A client's frame with a mask of zeros: text that is not all the same.
        let text: String = (0..)
            .flat_map(|number: u32| format!("{number} ").into_bytes())
            .take(size)
            .map(char::from)
            .collect();
        let mut frame = match size {
            16 => vec![0x81, 0x80 | 16],
            1024 => vec![0x81, 0x80 | 126, 4, 0],
            _ => vec![0x81, 0x80 | 127, 0, 0, 0, 0, 0, 1, 0, 0],
        };
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(text.as_bytes());
        let setting = Setting { draining: false, date: "" };
        let name = format!("{size}{}", if deflate { "/sent-deflated" } else { "" });
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), &frame, |bencher, frame| {
            bencher.iter(|| {
                out.clear();
                let length = package(&mut codec, frame, &mut out);
                let message = codec.decode(&frame[..length]);
                codec.encode(message, &setting, &mut out);
                black_box(&out);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, text, http, websocket);
criterion_main!(benches);
