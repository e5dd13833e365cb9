//! An echo of datagrams.
//!
//! `cargo run -p workerspec-core --example udp_echo -- start`, then `echo hello | nc -u -w1 127.0.0.1 9292`.
//!
//! `LISTEN`: the address, 127.0.0.1:9292 by default.

use std::env;
use std::process::ExitCode;

use workerspec_core::{DatagramService, Server};

fn main() -> ExitCode {
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:9292".to_owned());
    let echo = DatagramService::udp(listen).name("udp-echo").count(2).on_message(|sender, datagram| {
        sender.send(datagram);
    });
    Server::new().service(echo).main()
}
