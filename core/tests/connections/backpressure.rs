//! The send buffer, pausing, and pipes (BUF-1 to BUF-11, CONN-20 to CONN-22).

use std::io::Read;
use std::time::Duration;

use workerspec_core::{Client, Connection, Sent, Server, Service, Timer, protocol::Text};

use crate::harness::{Case, Peer, Running, note};

pub(crate) const CASES: &[Case] = &[
    Case { name: "a_late_write_that_fails_closes_without_an_error", serve: late, check: late_failure },
    Case { name: "a_new_limit_counts_from_the_next_send", serve: narrowing, check: limit_counts },
    Case { name: "a_full_buffer_refuses_and_tells_once_per_crossing", serve: flooding, check: full_once },
    Case { name: "an_empty_buffer_that_had_to_wait_tells_drain", serve: flooding, check: drains },
    Case { name: "a_pause_holds_what_came_and_resume_delivers_it", serve: pausing, check: pause_holds },
    Case { name: "a_paused_connection_does_not_notice_the_end", serve: pausing, check: pause_hides_the_end },
    Case { name: "a_pipe_passes_on_and_holds_back", serve: piping, check: pipe_holds_back },
    Case { name: "a_peer_that_resets_is_an_error_then_a_close", serve: resetting, check: reset_tells },
    Case { name: "raw_bytes_go_past_the_protocol", serve: raw, check: raw_goes },
];

const LIMIT: usize = 1_000_000;

fn describe(sent: Sent) -> &'static str {
    match sent {
        Sent::Sent => "sent",
        Sent::Queued => "queued",
        Sent::Refused => "refused",
    }
}

/// BUF-3, BUF-4, BUF-5, BUF-6: 400,000 octets at a time to a peer that reads only when it wants.
fn flooding(server: Server) -> Server {
    let service = Service::text("127.0.0.1:0")
        .max_send_buffer(LIMIT)
        .on_buffer_full(|conn| note(format!("full {}", LIMIT <= conn.unsent())))
        .on_buffer_drain(|conn| note(format!("drain {}", conn.unsent())))
        .on_error(|conn, error| note(format!("error {} {error} {}", error.code(), conn.is_open())))
        .on_message(|conn, line| match line {
            b"flood" => {
                let message = vec![b'x'; 400_000];
                // More than the kernel takes, then more than the buffer does.
                let results: Vec<_> = (0..60).map(|_| describe(conn.send(&message))).collect();
                let accepted = results.iter().take_while(|result| **result != "refused").count();
                note(format!("accepted {accepted}"));
                note(format!("then {}", results[accepted..].iter().all(|result| *result == "refused")));
            }
            _ => {
                conn.send(line);
            }
        });
    server.service(service)
}

fn full_once(running: &Running) {
    let mut peer = running.connect("text");
    peer.say("flood\n");
    running.noted("then true");
    let accepted: usize = running.note("accepted ").parse().expect("a number");
    let notes = running.notes();
    // Once, however many sends were refused after it; each of those is an error of code 2, and it stays open.
    assert_eq!(notes.iter().filter(|note| *note == "full true").count(), 1, "{notes:?}");
    let refused =
        notes.iter().filter(|note| *note == "error 2 send buffer full and message dropped true").count();
    assert_eq!(refused, 60 - accepted);
    // Whole messages, in order, and nothing of the refused ones.
    assert_eq!(peer.bytes(accepted * 400_001).iter().filter(|octet| **octet == b'\n').count(), accepted);
    peer.say("after\n");
    assert_eq!(peer.line(), "after");
}

fn drains(running: &Running) {
    let mut peer = running.connect("text");
    peer.say("small\n");
    assert_eq!(peer.line(), "small");
    // BUF-6: not for a write that never had to wait.
    assert_eq!(running.notes(), Vec::<String>::new());
    peer.say("flood\n");
    let accepted: usize = running.note("accepted ").parse().expect("a number");
    peer.bytes(accepted * 400_001);
    running.noted("drain 0");
    assert_eq!(running.notes().iter().filter(|note| *note == "drain 0").count(), 1);
}

/// CONN-20, CONN-21.
fn pausing(server: Server) -> Server {
    let service = Service::text("127.0.0.1:0").on_close(|_| note("close")).on_message(|conn, line| {
        note(format!("got {}", String::from_utf8_lossy(line)));
        if line == b"pause" {
            conn.pause_recv();
            let conn = conn.clone();
            Timer::every(Duration::from_millis(10), move || {
                let go = crate::harness::folder().join("go").exists();
                if go && conn.is_open() {
                    note("resuming");
                    conn.resume_recv();
                    note("resumed");
                }
            });
        }
    });
    server.service(service)
}

fn go(running: &Running) {
    std::fs::write(running.folder().join("go"), "").expect("the folder is ours");
}

fn pause_holds(running: &Running) {
    let mut peer = running.connect("text");
    peer.say("pause\na\nb\n");
    running.noted("got pause");
    peer.say("c\n");
    // A second connection is served meanwhile, and fences.
    let mut other = running.connect("text");
    other.say("fence\n");
    running.noted("got fence");
    assert_eq!(running.notes(), ["got pause", "got fence"]);
    go(running);
    running.noted("resumed");
    // Delivered within the call, in order.
    let notes = running.notes();
    assert_eq!(notes[2..7], ["resuming", "got a", "got b", "got c", "resumed"]);
}

fn pause_hides_the_end(running: &Running) {
    let mut peer = running.connect("text");
    peer.say("pause\na\n");
    running.noted("got pause");
    drop(peer);
    let mut other = running.connect("text");
    other.say("fence\n");
    running.noted("got fence");
    assert!(!running.notes().contains(&"close".to_owned()));
    go(running);
    running.noted("close");
    assert!(running.notes().contains(&"got a".to_owned()));
}

/// CONN-22: a relay. The sink reads when it is told to; what the source sends must wait in the source.
fn piping(server: Server) -> Server {
    let sink = Service::tcp("127.0.0.1:0").name("sink").on_connect(|conn: &Connection<_>| {
        conn.pause_recv();
        let conn = conn.clone();
        Timer::every(Duration::from_millis(10), move || {
            if crate::harness::folder().join("go").exists() {
                conn.resume_recv();
            }
        });
    });
    let total = std::cell::Cell::new(0);
    let sink = sink.on_message(move |_, chunk| {
        total.set(total.get() + chunk.len());
        if total.get() == PIPED {
            note("all there");
        }
    });
    let sink = sink.on_close(|_| note("sink closed"));
    let relay = Service::text("127.0.0.1:0").name("relay").on_message(|conn: &Connection<Text>, address| {
        let address = String::from_utf8_lossy(address).into_owned();
        let link = Client::tcp(address).max_send_buffer(64 * 1024).connect().expect("no TLS");
        conn.pipe(&link.connection(), |line: &[u8]| line.to_vec());
        note("piped");
    });
    server.service(sink).service(relay.max_package(2 * 1024 * 1024))
}

const PIPED: usize = 64 * 1024 * 1024;

fn pipe_holds_back(running: &Running) {
    let mut peer = running.connect("relay");
    peer.say(format!("{}\n", running.address("sink")));
    running.noted("piped");
    let line = [vec![b'x'; 1024 * 1024], b"\n".to_vec()].concat();
    let mut writer = peer.stream.try_clone().expect("a socket");
    let writing = std::thread::spawn(move || {
        for _ in 0..PIPED / (1024 * 1024) {
            std::io::Write::write_all(&mut writer, &line).expect("the relay reads in the end");
        }
    });
    // The relay holds less than the whole while nobody reads: its memory says so.
    let workers = running.workers();
    let mut highest = 0;
    for _ in 0..40 {
        std::thread::sleep(Duration::from_millis(10));
        highest = highest.max(workers.iter().map(|pid| resident_kib(*pid)).max().expect("two workers"));
    }
    assert!(!writing.is_finished(), "64 MiB went somewhere");
    assert!(highest < 40 * 1024, "{highest} KiB in a worker");
    go(running);
    running.noted("all there");
    writing.join().expect("all was written");
    drop(peer);
    running.noted("sink closed");
}

fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("Linux tells");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

/// BUF-8: the first write to a peer that has reset may still be taken; then an error of code 2, then the close.
fn resetting(server: Server) -> Server {
    let service = Service::text("127.0.0.1:0")
        .on_error(|_, error| note(format!("error {} {error}", error.code())))
        .on_close(|conn| note(format!("close, send {}", describe(conn.send("too late")))))
        .on_message(|conn, _| {
            conn.pause_recv();
            let conn = conn.clone();
            note("ready");
            Timer::every(Duration::from_millis(5), move || {
                conn.send("anybody there?");
            });
        });
    server.service(service)
}

fn reset_tells(running: &Running) {
    let mut peer = running.connect("text");
    peer.say("go\n");
    running.noted("ready");
    peer.line();
    let socket = socket2::SockRef::from(&peer.stream);
    socket.set_linger(Some(Duration::ZERO)).expect("a socket");
    drop(peer);
    running.noted("close, send refused");
    assert_eq!(running.notes()[1..], ["error 2 peer closed the connection", "close, send refused"]);
}

/// BUF-7
fn narrowing(server: Server) -> Server {
    server.service(Service::text("127.0.0.1:0").max_send_buffer(100_000_000).on_message(|conn, _| {
        note(describe(conn.send(vec![b'x'; 20_000_000])));
        note(describe(conn.send("wide")));
        conn.set_max_send_buffer(1000);
        note(describe(conn.send("narrow")));
        conn.set_max_send_buffer(100_000_000);
        note(describe(conn.send("wide again")));
    }))
}

fn limit_counts(running: &Running) {
    let mut peer = running.connect("text");
    peer.say("go\n");
    let all = peer.bytes(20_000_001 + 5 + 11);
    assert!(all.ends_with(b"\nwide\nwide again\n"));
    assert_eq!(running.notes(), ["queued", "queued", "refused", "queued"]);
}

/// BUF-9: once the kernel has made it wait, what goes wrong is told by the close alone.
fn late(server: Server) -> Server {
    let service = Service::text("127.0.0.1:0")
        .max_send_buffer(100_000_000)
        .on_error(|_, error| note(format!("error {error}")))
        .on_close(|conn| note(format!("close {}", conn.unsent() > 0)))
        .on_message(|conn, _| note(describe(conn.send(vec![b'x'; 20_000_000]))));
    server.service(service)
}

fn late_failure(running: &Running) {
    let mut peer = running.connect("text");
    peer.say("go\n");
    running.noted("queued");
    peer.bytes(1);
    socket2::SockRef::from(&peer.stream).set_linger(Some(Duration::ZERO)).expect("a socket");
    drop(peer);
    running.noted("close true");
    assert_eq!(running.notes(), ["queued", "close true"]);
}

/// BUF-1, BUF-10.
fn raw(server: Server) -> Server {
    server.service(Service::text("127.0.0.1:0").on_message(|conn, _| {
        note(describe(conn.send_raw(b"")));
        conn.send_raw(b"no line end");
        conn.close();
    }))
}

fn raw_goes(running: &Running) {
    let mut peer: Peer = running.connect("text");
    peer.say("go\n");
    let mut all = Vec::new();
    peer.stream.read_to_end(&mut all).expect("an orderly end");
    assert_eq!(all, b"no line end");
    running.noted("sent");
}
