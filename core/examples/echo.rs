//! An echo server of newline-framed text: `cargo run -p workerspec-core --example echo -- start`, then `nc 127.0.0.1 5678`.
//!
//! `LISTEN`: the address, 127.0.0.1:5678 by default.

use std::env;
use std::process::ExitCode;

use workerspec_core::{Server, Service};

fn main() -> ExitCode {
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:5678".to_owned());
    let echo = Service::text(listen)
        .name("echo")
        .count(4) // worker processes
        .on_connect(|conn| println!("{} has come", conn.peer_address()))
        .on_message(|conn, line| {
            conn.send(line); // Sent, Queued or Refused
        })
        .on_close(|conn| println!("{} has gone", conn.peer_address()));
    Server::new().service(echo).main() // start | stop | restart | reload | status | connections | upgrade
}
