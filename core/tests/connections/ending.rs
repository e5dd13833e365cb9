//! Close, end, destroy, half-close (CONN-25 to CONN-32, SF-32, SF-36).

use std::net::Shutdown;
use std::time::{Duration, Instant};

use workerspec_core::{Sent, Server, Service, Timer};

use crate::harness::{Case, Running, note};

pub(crate) const CASES: &[Case] = &[
    Case { name: "close_flushes_discards_input_and_refuses", serve: closing, check: close_flushes },
    Case { name: "close_does_not_reset_what_the_peer_has_not_read", serve: closing, check: close_lingers },
    Case { name: "close_gives_up_on_a_peer_that_never_reads", serve: stuck, check: close_gives_up },
    Case { name: "end_half_closes_and_waits_for_the_peer", serve: ending, check: end_waits },
    Case { name: "end_gives_up_after_the_linger_timeout", serve: ending, check: end_gives_up },
    Case { name: "close_cuts_an_ending_short", serve: ending, check: close_after_end },
    Case { name: "destroy_drops_what_is_unsent", serve: destroying, check: destroy_drops },
    Case { name: "a_half_close_still_gets_the_whole_answer", serve: answering, check: half_close },
    Case { name: "an_incomplete_message_at_the_end_is_dropped", serve: answering, check: incomplete },
];

/// CONN-25, PIPE-5: what is pipelined behind it is discarded.
fn closing(server: Server) -> Server {
    let service = Service::text("127.0.0.1:0")
        .on_close(|conn| note(format!("close {:?}", conn.status())))
        .on_message(|conn, line| {
            note(format!("got {}", String::from_utf8_lossy(line)));
            if line == b"close" {
                conn.send(vec![b'x'; 300_000]);
                conn.close_with("bye");
                note(format!("{:?} {:?}", conn.status(), conn.send("more") == Sent::Refused));
                conn.close();
            }
        });
    server.service(service)
}

fn close_flushes(running: &Running) {
    let mut peer = running.connect("text");
    peer.say("close\npipelined\n");
    let rest = peer.rest();
    assert_eq!(rest.len(), 300_001 + 4);
    assert!(rest.ends_with(b"\nbye\n"));
    running.noted("close Closed");
    assert_eq!(running.notes(), ["got close", "Closing true", "close Closed"]);
}

fn close_lingers(running: &Running) {
    // SF-36: input that nobody reads any more must not turn the close into a reset. Thirty times, as it is a race.
    for _ in 0..30 {
        let mut peer = running.connect("text");
        peer.say("close\n");
        peer.say(vec![b'y'; 50_000]);
        assert!(peer.rest().ends_with(b"\nbye\n"));
    }
}

fn stuck(server: Server) -> Server {
    let service = Service::text("127.0.0.1:0")
        .max_send_buffer(100_000_000)
        .close_timeout(Duration::from_millis(300))
        .on_close(|conn| note(format!("close {}", 0 < conn.unsent())))
        .on_message(|conn, _| {
            conn.send(vec![b'x'; 30_000_000]);
            conn.close();
        });
    server.service(service)
}

fn close_gives_up(running: &Running) {
    // CONN-26
    let mut peer = running.connect("text");
    let begun = Instant::now();
    peer.say("go\n");
    running.noted("close true");
    assert!(Duration::from_millis(300) <= begun.elapsed());
}

/// CONN-30 to CONN-32.
fn ending(server: Server) -> Server {
    let service = Service::text("127.0.0.1:0")
        .linger_timeout(Duration::from_millis(500))
        .on_close(|_| note("close"))
        .on_message(|conn, line| {
            note(format!("got {}", String::from_utf8_lossy(line)));
            conn.end_with("end");
            conn.end();
            note(format!("{:?} {:?}", conn.status(), conn.send("more")));
            if line == b"close" {
                let conn = conn.clone();
                Timer::after(Duration::from_millis(50), move || conn.destroy());
            }
        });
    server.service(service)
}

fn end_waits(running: &Running) {
    let mut peer = running.connect("text");
    peer.say("end\n");
    assert_eq!(peer.rest(), b"end\n");
    // Our side is read to its end, and still nothing is closed over there.
    peer.say("ignored\n");
    assert_eq!(running.notes(), ["got end", "Ending Refused"]);
    let begun = Instant::now();
    drop(peer);
    running.noted("close");
    assert!(begun.elapsed() < Duration::from_millis(400), "it waited in spite of the peer's end");
    assert_eq!(running.notes(), ["got end", "Ending Refused", "close"]);
}

fn end_gives_up(running: &Running) {
    let mut peer = running.connect("text");
    let begun = Instant::now();
    peer.say("end\n");
    running.noted("close");
    assert!(Duration::from_millis(500) <= begun.elapsed());
}

fn close_after_end(running: &Running) {
    let mut peer = running.connect("text");
    let begun = Instant::now();
    peer.say("close\n");
    running.noted("close");
    assert!(begun.elapsed() < Duration::from_millis(450));
}

/// CONN-28.
fn destroying(server: Server) -> Server {
    let service = Service::text("127.0.0.1:0")
        .max_send_buffer(100_000_000)
        .on_close(|_| note("close"))
        .on_message(|conn, _| {
            conn.send(vec![b'x'; 50_000_000]);
            conn.destroy();
            conn.destroy();
            note(format!("{:?} {:?}", conn.status(), conn.send("more")));
        });
    server.service(service)
}

fn destroy_drops(running: &Running) {
    let mut peer = running.connect("text");
    peer.say("go\n");
    running.noted("Closed Refused");
    let mut got = Vec::new();
    // An end or a reset: what the kernel had taken comes, and no more.
    let _ = std::io::Read::read_to_end(&mut peer.stream, &mut got);
    assert!(got.len() < 50_000_000);
    assert_eq!(running.notes(), ["close", "Closed Refused"]);
}

fn answering(server: Server) -> Server {
    let service = Service::text("127.0.0.1:0")
        .max_send_buffer(100_000_000)
        .on_close(|_| note("close"))
        .on_message(|conn, line| {
            note("got a line");
            conn.send(line.repeat(1_000_000));
        });
    server.service(service)
}

fn half_close(running: &Running) {
    // SF-32: 8,000,001 octets to a client that has ended its side.
    let mut peer = running.connect("text");
    peer.say("12345678\n");
    peer.stream.shutdown(Shutdown::Write).expect("it is connected");
    assert_eq!(peer.rest().len(), 8_000_001);
    running.noted("close");
}

fn incomplete(running: &Running) {
    // PIPE-8
    let mut peer = running.connect("text");
    peer.say("no line end");
    peer.stream.shutdown(Shutdown::Write).expect("it is connected");
    assert_eq!(peer.rest(), b"");
    running.noted("close");
    assert_eq!(running.notes(), ["close"]);
}
