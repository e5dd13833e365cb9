//! Connections that survive a reload: handed over to the next worker (RELOAD-10 done better, RL-4, RL-5).

use std::io::Read;
use std::time::Duration;

use workerspec_core::{Server, Service, Timer};

use crate::harness::{Case, Peer, Running, note};

pub(crate) const CASES: &[Case] = &[
    Case { name: "an_idle_http_connection_goes_over_to_the_next_worker", serve: web, check: goes_over },
    Case { name: "a_silent_connection_goes_over_too", serve: web, check: silent_goes_over },
    Case { name: "what_is_under_way_is_finished_first", serve: web, check: finished_first },
    Case { name: "half_a_request_is_finished_where_it_began", serve: web, check: half_a_request },
    Case { name: "hundreds_go_over_at_once", serve: web, check: hundreds },
    Case { name: "a_service_that_asks_for_it_hands_over_and_others_do_not", serve: lines, check: opted_in },
    Case { name: "a_connection_with_something_of_its_own_stays", serve: own, check: own_stays },
    Case {
        name: "work_in_progress_outlives_the_grace_and_is_handed_over_after",
        serve: works,
        check: work_first,
    },
    Case { name: "a_stop_hands_nothing_over", serve: web, check: stop_closes },
];

fn web(server: Server) -> Server {
    let service = Service::http("127.0.0.1:0")
        .on_connect(|conn| note(format!("{} connect {}", std::process::id(), conn.peer_address())))
        .on_close(|conn| note(format!("{} close {}", std::process::id(), conn.peer_address())))
        .on_message(|conn, request| {
            let (conn, slow) = (conn.clone(), request.path() == "/slow");
            let pid = std::process::id();
            note(format!("{pid} asked"));
            Timer::after(Duration::from_millis(if slow { 500 } else { 0 }), move || {
                conn.send(format!("{pid}"));
            });
        });
    server.service(service)
}

/// The answer to a request: the worker's process id, and whether the connection is to be closed.
fn ask(peer: &mut Peer, path: &str) -> (u32, bool) {
    peer.say(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
    answer(peer)
}

fn answer(peer: &mut Peer) -> (u32, bool) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(peer.bytes(1));
    }
    let head = String::from_utf8(head).expect("ASCII");
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect("a length");
    let body = peer.bytes(length.parse().expect("a number"));
    let pid = String::from_utf8(body).expect("digits").parse().expect("a process id");
    (pid, head.contains("Connection: close"))
}

fn goes_over(running: &Running) {
    let mut peer = running.connect("http");
    let mut before = ask(&mut peer, "/").0;
    for _ in 0..3 {
        running.reload();
        let (pid, closes) = ask(&mut peer, "/");
        assert!(pid != before && !closes, "{pid} after {before}, closes: {closes}");
        before = pid;
    }
    // Each worker was told of it: it came, and it went.
    let local = peer.stream.local_addr().expect("connected");
    let of =
        |what: &str| running.notes().iter().filter(|line| line.ends_with(&format!("{what} {local}"))).count();
    assert_eq!((of("connect"), of("close")), (4, 3));
}

fn silent_goes_over(running: &Running) {
    // RL-10: accepted and silent is in use.
    let mut peer = running.connect("http");
    running.note(&format!("{} connect", running.workers()[0]));
    running.reload();
    let (pid, closes) = ask(&mut peer, "/");
    assert!(running.workers().contains(&pid) && !closes);
}

fn finished_first(running: &Running) {
    let mut peer = running.connect("http");
    let before = running.workers()[0];
    peer.say("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    running.noted(&format!("{before} asked"));
    running.reload();
    // SF-3: answered by the worker that had it, and not closed after it.
    assert_eq!(answer(&mut peer), (before, false));
    let (pid, closes) = ask(&mut peer, "/");
    assert!(pid != before && !closes);
}

fn half_a_request(running: &Running) {
    let mut peer = running.connect("http");
    let before = ask(&mut peer, "/").0;
    peer.say("GET / HTTP/1.1\r\nHo");
    let workers = running.workers();
    running.ask_to_reload();
    // The successor accepts: from here on the old one drains, and waits for the rest.
    let mut other = running.connect("http");
    while ask(&mut other, "/").0 == before {
        other = running.connect("http");
    }
    peer.say("st: a\r\n\r\n");
    assert_eq!(answer(&mut peer), (before, false));
    running.reloaded(&workers);
    let (pid, closes) = ask(&mut peer, "/");
    assert!(pid != before && !closes);
}

fn hundreds(running: &Running) {
    let mut peers: Vec<_> = (0..400).map(|_| running.connect("http")).collect();
    for peer in &mut peers {
        ask(peer, "/");
    }
    running.reload();
    let workers = running.workers();
    for peer in &mut peers {
        let (pid, closes) = ask(peer, "/");
        assert!(workers.contains(&pid) && !closes);
    }
}

fn lines(server: Server) -> Server {
    let line = |name: &str, over: bool| {
        Service::text("127.0.0.1:0").name(name).handoff(over).on_message(|conn, _| {
            conn.send(std::process::id().to_string());
        })
    };
    server.service(line("over", true)).service(line("not-over", false))
}

fn opted_in(running: &Running) {
    let (mut over, mut stays) = (running.connect("over"), running.connect("not-over"));
    let who = |peer: &mut Peer| {
        peer.say("who\n");
        peer.line()
    };
    let before = who(&mut over);
    who(&mut stays);
    running.reload();
    assert_ne!(who(&mut over), before);
    // Closed after the grace period, in order.
    let mut rest = Vec::new();
    stays.stream.read_to_end(&mut rest).expect("an orderly end");
    assert_eq!(rest, b"");
}

/// `context`, `buffer` and `idle` give the connection that of its own; every message is answered with the worker.
fn own(server: Server) -> Server {
    server.idle_grace(Duration::from_millis(100)).service(
        Service::text("127.0.0.1:0").handoff(true).on_message(|conn, line| {
            match line {
                b"context" => conn.set_context(1_u8),
                b"buffer" => conn.set_max_send_buffer(9_000),
                b"idle" => conn.set_idle_timeout(Some(Duration::from_secs(60))),
                _ => {}
            }
            conn.send(std::process::id().to_string());
        }),
    )
}

fn own_stays(running: &Running) {
    let mut peers = ["nothing", "context", "buffer", "idle"].map(|word| {
        let mut peer = running.connect("text");
        peer.say(format!("{word}\n"));
        (peer.line(), peer)
    });
    running.reload();
    let (before, plain) = &mut peers[0];
    plain.say("nothing\n");
    assert_ne!(plain.line(), *before);
    for (_, peer) in &mut peers[1..] {
        assert_eq!(peer.rest(), b"");
    }
}

/// Answers after a while, on a service that hands over and on one that does not; idle connections have no time.
fn works(server: Server) -> Server {
    let slow = |name: &str, over: bool| {
        Service::text("127.0.0.1:0").name(name).handoff(over).on_message(|conn, line| {
            if line == b"who" {
                conn.send(std::process::id().to_string());
                return;
            }
            note("working");
            let work = conn.work();
            Timer::after(Duration::from_millis(600), move || {
                work.connection().send("done");
            });
        })
    };
    server.idle_grace(Duration::from_millis(50)).service(slow("over", true)).service(slow("not-over", false))
}

fn work_first(running: &Running) {
    let (mut over, mut stays) = (running.connect("over"), running.connect("not-over"));
    over.say("who\n");
    let before = over.line();
    over.say("slow\n");
    stays.say("slow\n");
    running.noted_times("working", 2);
    running.reload();
    assert_eq!([over.line(), stays.line()], ["done", "done"]);
    over.say("who\n");
    assert_ne!(over.line(), before);
    assert_eq!(stays.rest(), b"");
}

fn stop_closes(running: &Running) {
    let mut peer = running.connect("http");
    ask(&mut peer, "/");
    let worker = nix::unistd::Pid::from_raw(i32::try_from(running.workers()[0]).expect("a process id"));
    nix::sys::signal::kill(worker, nix::sys::signal::Signal::SIGTERM).expect("it runs");
    assert_eq!(peer.rest(), b"");
}
