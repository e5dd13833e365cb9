//! Blocking work beside the loop.

use std::thread;
use std::time::{Duration, Instant};

use workerspec_core::{Server, Service, offload};

use crate::harness::{Case, Running};

pub(crate) const CASES: &[Case] = &[
    Case { name: "blocking_work_holds_up_nobody", serve: working, check: loop_goes_on },
    Case { name: "work_that_panics_says_so", serve: working, check: panic_is_told },
    Case { name: "more_work_than_threads_is_all_done", serve: working, check: all_is_done },
];

fn working(server: Server) -> Server {
    server.service(Service::text("127.0.0.1:0").on_message(|conn, line| {
        let (conn, line) = (conn.clone(), String::from_utf8_lossy(line).into_owned());
        if line == "echo" {
            conn.send(line);
            return;
        }
        offload(
            move || {
                let ms: u64 = line.parse().expect("on demand");
                thread::sleep(Duration::from_millis(ms));
                ms
            },
            move |done| {
                conn.send(format!("{done:?}"));
            },
        );
    }))
}

fn loop_goes_on(running: &Running) {
    let mut peer = running.connect("text");
    peer.say("2000\necho\n");
    assert_eq!((peer.line(), peer.line()), ("echo".into(), "Some(2000)".into()));
}

fn panic_is_told(running: &Running) {
    let mut peer = running.connect("text");
    peer.say("not a number\n");
    assert_eq!(peer.line(), "None");
    peer.say("1\n");
    assert_eq!(peer.line(), "Some(1)");
}

fn all_is_done(running: &Running) {
    let mut peer = running.connect("text");
    let begun = Instant::now();
    peer.say("100\n".repeat(20));
    for _ in 0..20 {
        assert_eq!(peer.line(), "Some(100)");
    }
    // Eight at a time.
    assert!(Duration::from_millis(300) <= begun.elapsed());
}
