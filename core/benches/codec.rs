//! What a message costs the codecs, without a socket: `cargo bench -p workerspec-core`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use workerspec_core::protocol::http::Response;
use workerspec_core::protocol::{Encode, Http, Limits, Protocol, Setting, Split, Text};

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

criterion_group!(benches, text, http);
criterion_main!(benches);
