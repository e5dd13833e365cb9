//! How long a peer may take.

use std::time::{Duration, Instant};

use workerspec_core::{Server, Service};

use crate::harness::{Case, Running, note};

pub(crate) const CASES: &[Case] = &[
    Case { name: "a_silent_peer_is_closed_within_its_tolerance", serve: heartbeat, check: silence_ends },
    Case { name: "a_peer_that_speaks_is_kept", serve: heartbeat, check: speech_keeps },
    Case { name: "an_idle_timeout_of_its_own_wins", serve: heartbeat, check: own_timeout },
    Case { name: "a_deadline_that_is_not_lifted_closes", serve: login, check: deadline_closes },
    Case { name: "a_head_has_a_deadline_of_its_own", serve: web, check: head_late },
    Case { name: "a_body_that_stands_still_is_late", serve: web, check: body_late },
    Case { name: "an_idle_http_connection_is_closed_without_a_word", serve: web, check: idle_http },
    Case { name: "a_reply_in_preparation_is_nobodys_silence", serve: web, check: slow_reply },
];

const MS: Duration = Duration::from_millis(1);

fn heartbeat(server: Server) -> Server {
    let service = Service::text("127.0.0.1:0")
        .idle_timeout(MS * 400)
        .on_close(|conn| note(format!("close {}", conn.id())))
        .on_message(|conn, line| {
            match line {
                b"never" => conn.set_idle_timeout(None),
                b"soon" => conn.set_idle_timeout(Some(MS * 100)),
                _ => {}
            }
            conn.send(line);
        });
    server.service(service)
}

fn silence_ends(running: &Running) {
    // HEART-2
    // From the start, and after a message.
    for words in ["", "hi\n"] {
        let begun = Instant::now();
        let mut peer = running.connect("text");
        peer.say(words);
        assert_eq!(peer.rest(), words.as_bytes());
        let took = begun.elapsed();
        assert!(MS * 400 <= took && took < MS * 2000, "{took:?}");
    }
    running.noted("close 2");
}

fn speech_keeps(running: &Running) {
    let mut peer = running.connect("text");
    for _ in 0..10 {
        std::thread::sleep(MS * 100);
        peer.say("ping\n");
        assert_eq!(peer.line(), "ping");
    }
    assert_eq!(peer.rest(), b"");
}

fn own_timeout(running: &Running) {
    // CONN-7: without a limit, none applies.
    let mut kept = running.connect("text");
    kept.say("never\n");
    assert_eq!(kept.line(), "never");
    let begun = Instant::now();
    let mut peer = running.connect("text");
    peer.say("soon\n");
    assert_eq!(peer.rest(), b"soon\n");
    assert!(begun.elapsed() < MS * 390, "{:?}", begun.elapsed());
    assert_eq!(running.connect("text").rest(), b"");
    kept.say("still here\n");
    assert_eq!(kept.line(), "still here");
}

/// AUTH-1: a deadline that a login lifts; a client that leaves earlier leaves nothing behind.
fn login(server: Server) -> Server {
    let service = Service::text("127.0.0.1:0")
        .on_connect(|conn| conn.set_deadline(Some(MS * 300)))
        .on_close(|_| note("close"))
        .on_message(|conn, line| {
            if line == b"login" {
                conn.set_deadline(None);
            }
            conn.send(line);
        });
    server.service(service)
}

fn deadline_closes(running: &Running) {
    let mut known = running.connect("text");
    known.say("login\n");
    assert_eq!(known.line(), "login");
    let begun = Instant::now();
    let mut stranger = running.connect("text");
    stranger.say("hi\n");
    assert_eq!(stranger.rest(), b"hi\n");
    assert!(MS * 300 <= begun.elapsed());
    known.say("still here\n");
    assert_eq!(known.line(), "still here");
    drop(running.connect("text"));
    running.noted_times("close", 2);
}

fn web(server: Server) -> Server {
    use workerspec_core::Timer;
    let service = Service::http("127.0.0.1:0")
        .header_timeout(MS * 300)
        .body_timeout(MS * 300)
        .idle_timeout(MS * 600)
        .on_message(|conn, request| {
            let (conn, slow) = (conn.clone(), request.path() == "/slow");
            Timer::after(if slow { MS * 1000 } else { Duration::ZERO }, move || {
                conn.send("ok");
            });
        });
    server.service(service)
}

fn answer(running: &Running, pieces: &[&str], pause: Duration) -> (String, Duration) {
    let mut peer = running.connect("http");
    let begun = Instant::now();
    for piece in pieces {
        // The server may have closed in the meantime; then the rest tells.
        let _ = std::io::Write::write_all(&mut peer.stream, piece.as_bytes());
        std::thread::sleep(pause);
    }
    let mut all = Vec::new();
    let _ = std::io::Read::read_to_end(&mut peer.stream, &mut all);
    (String::from_utf8_lossy(&all).into_owned(), begun.elapsed())
}

fn head_late(running: &Running) {
    // HTTP-18, SF-42
    // Each piece comes in time, the head does not.
    let (text, took) =
        answer(running, &["GET / HT", "TP/1.1\r\n", "Host: a\r\n", "A: b\r\n", "B: c\r\n"], MS * 90);
    assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
    assert!(MS * 300 <= took && took < MS * 900, "{took:?}");
}

fn body_late(running: &Running) {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
    let (text, _) = answer(running, &[head, "a", "b"], MS * 50);
    assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
    // Slow but moving is fine: 200, then the idle timeout.
    let (text, took) = answer(running, &[head, "a", "b", "c", "d", "e"], MS * 120);
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    assert!(MS * 1000 <= took);
}

fn idle_http(running: &Running) {
    let (text, took) = answer(running, &[], Duration::ZERO);
    assert_eq!(text, "");
    assert!(MS * 600 <= took && took < MS * 1300, "{took:?}");
    let (text, _) = answer(running, &["GET / HTTP/1.1\r\nHost: a\r\n\r\n"], Duration::ZERO);
    assert!(text.starts_with("HTTP/1.1 200 ") && text.ends_with("ok"), "{text}");
}

fn slow_reply(running: &Running) {
    let (text, _) =
        answer(running, &["GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"], Duration::ZERO);
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
}
