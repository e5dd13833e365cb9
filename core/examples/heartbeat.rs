//! Connections that must prove to be alive and known: who does not log in in time is closed, and who says nothing for a
//! while too.
//!
//! `PASSWORD=secret cargo run -p workerspec-core --example heartbeat -- start`, then `nc 127.0.0.1 5678`: `login secret`
//! within 30 seconds, then `ping` at least every 55.
//!
//! `LISTEN`: the address, 127.0.0.1:5678 by default. `PASSWORD`: what has to be known. `LOGIN` and `IDLE`: the two
//! deadlines in whole milliseconds, 30000 and 55000 by default.

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use workerspec_core::{Server, Service};

/// What is kept with a connection that has logged in.
struct Known;

fn main() -> ExitCode {
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:5678".to_owned());
    let (Ok(password), Some(login), Some(idle)) =
        (env::var("PASSWORD"), milliseconds("LOGIN", 30_000), milliseconds("IDLE", 55_000))
    else {
        eprintln!("error: set PASSWORD; LOGIN and IDLE are whole milliseconds");
        return ExitCode::FAILURE;
    };
    let service = Service::text(listen)
        .name("heartbeat")
        // HEART-2: anything that comes counts as a sign of life. Closed for silence, a client connects again.
        .idle_timeout(idle)
        // AUTH-1: the deadline belongs to the connection and goes with it.
        .on_connect(move |conn| conn.set_deadline(Some(login)))
        .on_message(move |conn, line| {
            let known = conn.context(|_: &mut Known| ()).is_some();
            match line {
                b"ping" if known => {
                    conn.send("pong");
                }
                [b'l', b'o', b'g', b'i', b'n', b' ', told @ ..] if told == password.as_bytes() => {
                    conn.set_deadline(None);
                    conn.set_context(Known);
                    conn.send("welcome");
                }
                _ if known => {
                    conn.send("say ping");
                }
                // One guess for each connection.
                _ => {
                    conn.close_with("log in first");
                }
            }
        });
    Server::new().service(service).main()
}

fn milliseconds(name: &str, default: u64) -> Option<Duration> {
    match env::var(name) {
        Ok(text) => text.parse().ok().map(Duration::from_millis),
        Err(_) => Some(Duration::from_millis(default)),
    }
}
