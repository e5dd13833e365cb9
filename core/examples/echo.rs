//! An echo server of newline-framed text: `cargo run -p workerspec-core --example echo -- start`.

use std::process::ExitCode;

use workerspec_core::{Server, Service};

fn main() -> ExitCode {
    let echo = Service::text("127.0.0.1:5678")
        .name("echo")
        .count(4) // worker processes
        .on_connect(|conn| println!("{} has come", conn.peer_address()))
        .on_message(|conn, line| {
            conn.send(line); // Sent, Queued or Refused
        })
        .on_close(|conn| println!("{} has gone", conn.peer_address()));
    Server::new().service(echo).main() // start | stop | restart | reload | status | connections | upgrade
}
