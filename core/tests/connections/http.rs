//! HTTP over sockets: files beside pipelines, streams, and what is not remembered.

use std::cell::Cell;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::time::Duration;

use workerspec_core::protocol::http::{Chunk, Event, Response};
use workerspec_core::{Server, Service, Timer};

use crate::harness::{Case, Peer, Running, folder, note};

pub(crate) const CASES: &[Case] = &[
    Case { name: "a_file_and_what_is_pipelined_behind_it_stay_apart", serve: web, check: file_then_more },
    Case { name: "a_file_before_a_close_arrives_whole", serve: web, check: file_then_close },
    Case { name: "a_file_waits_for_a_slow_reader_in_little_memory", serve: web, check: file_waits },
    Case { name: "a_chunked_request_leaves_nothing_behind", serve: web, check: chunks_forgotten },
    Case { name: "the_same_bytes_on_another_connection_are_read_anew", serve: web, check: nothing_cached },
    Case { name: "a_stream_of_chunks_and_one_of_events_end_as_they_should", serve: web, check: streams },
    Case { name: "simple_answers_have_the_fields_of_the_model", serve: web, check: simple },
];

const SIZE: u64 = 32 * 1024 * 1024;

/// A file whose octets tell where they are.
fn write_file() {
    let path = folder().join("file.bin");
    if path.exists() {
        return;
    }
    let words: Vec<u8> = (0..SIZE / 8).flat_map(u64::to_be_bytes).collect();
    std::fs::write(path, words).expect("the folder is the case's own");
}

fn web(server: Server) -> Server {
    write_file();
    let service = Service::http("127.0.0.1:0").on_close(|_| note("close")).on_message(|conn, request| {
        match request.path() {
            "/file" => {
                conn.send(Response::file(folder().join("file.bin")));
            }
            "/last-file" => {
                // SF-33: close does not cut what is on its way.
                conn.close_with(Response::file(folder().join("file.bin")));
            }
            "/part" => {
                conn.send(Response::file(folder().join("file.bin")).part(8, 16));
            }
            "/chunks" => {
                conn.send(Response::chunked().body(&b"first"[..]));
                let (conn, count) = (conn.clone(), Cell::new(0));
                Timer::every(Duration::from_millis(5), move || {
                    count.set(count.get() + 1);
                    if count.get() < 4 {
                        conn.send(Chunk::new(format!("chunk {}", count.get()).into_bytes()));
                    } else if count.get() == 4 {
                        conn.send(Chunk::last());
                    }
                });
            }
            "/events" => {
                conn.send(Response::events());
                let conn = conn.clone();
                Timer::after(Duration::from_millis(5), move || {
                    conn.send(Event::new("one\ntwo").name("news").id("7"));
                    conn.close();
                });
            }
            "/text" => {
                conn.send("hi");
            }
            "/close" => drop(conn.close_with(Response::text("bye"))),
            "/odd" => {
                conn.send(Response::new(299).header("X-A", "1").header("X-A", "2").header("B: c", "d"));
            }
            _ => {
                let body = request.body().to_vec();
                conn.send(Response::text(format!("{} {}", request.target(), String::from_utf8_lossy(&body))));
            }
        }
    });
    server.service(service)
}

/// The next response: its head and its body.
fn answer(peer: &mut Peer) -> (String, Vec<u8>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(peer.bytes(1));
    }
    let head = String::from_utf8(head).expect("ASCII");
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let length = length.map_or(0, |length| length.parse().expect("a number"));
    (head, peer.bytes(length))
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

fn expected(running: &Running) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut file = File::open(running.folder().join("file.bin")).expect("it was written");
    file.seek(SeekFrom::Start(0)).expect("a file");
    file.read_to_end(&mut octets).expect("a file");
    octets
}

fn file_then_more(running: &Running) {
    // FILE-4, SF-34, SF-35: the second answer is behind the first, whole, and so is what follows a part.
    let mut peer = running.connect("http");
    peer.say([get("/file"), get("/text"), get("/part"), get("/close")].concat());
    let (head, body) = answer(&mut peer);
    assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("Accept-Ranges: bytes\r\n"), "{head}");
    assert!(body == expected(running), "the file came changed");
    assert_eq!(answer(&mut peer).1, b"hi");
    let (head, body) = answer(&mut peer);
    assert!(
        head.starts_with("HTTP/1.1 206 ") && head.contains("Content-Range: bytes 8-23/33554432\r\n"),
        "{head}"
    );
    assert_eq!(body, [1u64.to_be_bytes(), 2u64.to_be_bytes()].concat());
    // HTTP-39
    assert_eq!(answer(&mut peer).1, b"bye");
    assert_eq!(peer.rest(), b"");
    running.noted("close");
}

fn file_then_close(running: &Running) {
    // SF-33
    let mut peer = running.connect("http");
    peer.say(get("/last-file"));
    let (_, body) = answer(&mut peer);
    assert!(body == expected(running), "the file came changed");
    assert_eq!(peer.rest(), b"");
}

fn file_waits(running: &Running) {
    // FILE-4: read as the peer takes it.
    let mut peer = running.connect("http");
    peer.say(get("/file"));
    peer.bytes(1);
    let pid = running.workers()[0];
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("Linux tells");
    let kib: u64 = line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number");
    assert!(kib < 24 * 1024, "{kib} KiB for a file of 32 MiB that waits");
    // Others are served meanwhile.
    let mut other = running.connect("http");
    other.say(get("/text"));
    assert_eq!(answer(&mut other).1, b"hi");
    assert!(peer.rest_after_close(&get("/close")).ends_with(b"bye"));
}

fn chunks_forgotten(running: &Running) {
    // SF-43, HTTP-14
    let mut peer = running.connect("http");
    let chunked = "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let plain = "POST /next HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello=world";
    peer.say([chunked, chunked, plain].concat());
    assert_eq!(answer(&mut peer).1, b"/c abc");
    assert_eq!(answer(&mut peer).1, b"/c abc");
    assert_eq!(answer(&mut peer).1, b"/next hello=world");
}

fn nothing_cached(running: &Running) {
    // SF-38, SF-58: request and limits are those of the connection that sent it.
    let mut peers = [running.connect("http"), running.connect("http")];
    for (n, peer) in peers.iter_mut().enumerate() {
        peer.say(format!("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n{n}"));
        assert_eq!(answer(peer).1, format!("/a {n}").into_bytes());
    }
    // The same bytes without their beginning mean nothing on a connection that has not sent it.
    let mut third = running.connect("http");
    third.say("ontent-Length: 1\r\n\r\n1");
    assert!(third.rest().starts_with(b"HTTP/1.1 400 "));
}

fn streams(running: &Running) {
    // HTTP-35, HTTP-36
    let mut peer = running.connect("http");
    peer.say([get("/chunks"), get("/text")].concat());
    let (head, _) = answer(&mut peer);
    assert!(head.contains("Transfer-Encoding: chunked\r\n") && !head.contains("Content-Length"), "{head}");
    let body = "5\r\nfirst\r\n7\r\nchunk 1\r\n7\r\nchunk 2\r\n7\r\nchunk 3\r\n0\r\n\r\n";
    assert_eq!(String::from_utf8_lossy(&peer.bytes(body.len())), body);
    assert_eq!(answer(&mut peer).1, b"hi");
    peer.say(get("/events"));
    let (head, _) = answer(&mut peer);
    assert!(head.contains("Content-Type: text/event-stream"), "{head}");
    let rest = String::from_utf8(peer.rest()).expect("text");
    assert!(rest.contains("event: news\nid: 7\ndata: one\ndata: two\n\n"), "{rest:?}");
}

fn simple(running: &Running) {
    // HTTP-30, HTTP-31, HTTP-32
    let mut peer = running.connect("http");
    peer.say([get("/text"), get("/odd")].concat());
    let (head, _) = answer(&mut peer);
    let fields: Vec<&str> = head.lines().filter(|line| !line.starts_with("Date: ")).collect();
    assert_eq!(fields, ["HTTP/1.1 200 OK", "Content-Type: text/html;charset=utf-8", "Content-Length: 2", ""]);
    let (head, _) = answer(&mut peer);
    let fields: Vec<&str> = head.lines().filter(|line| !line.starts_with("Date: ")).collect();
    assert_eq!(fields, ["HTTP/1.1 299 ", "X-A: 1", "X-A: 2", "Content-Length: 0", ""]);
}

impl Peer {
    /// Says a last thing and reads to the end.
    fn rest_after_close(&mut self, last: &str) -> Vec<u8> {
        self.stream.write_all(last.as_bytes()).expect("the server reads in the end");
        self.rest()
    }
}
