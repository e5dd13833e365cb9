//! An echo of websocket over TLS, with compression for those who offer it.
//!
//! A certificate for `localhost` as in the example `https`. Then `CERT=cert.pem KEY=key.pem cargo run -p workerspec-core
//! --example wss -- start` and `wscat --ca cert.pem -c wss://localhost:4432`.
//!
//! `LISTEN`: the address, 127.0.0.1:4432 by default. `CERT`, `KEY`: PEM files, `cert.pem` and `key.pem` by default. They
//! are read anew by a reload.

use std::env;
use std::process::ExitCode;

use workerspec_core::{Server, Service, Tls};

fn main() -> ExitCode {
    let setting = |name, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
    let echo = Service::websocket(setting("LISTEN", "127.0.0.1:4432"))
        .name("wss")
        .tls(Tls::from_pem(setting("CERT", "cert.pem"), setting("KEY", "key.pem")))
        .deflate(true)
        .on_message(|conn, message| {
            conn.send(message);
        });
    Server::new().service(echo).main()
}
