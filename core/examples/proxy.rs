//! A TCP proxy: each connection gets one of its own to the target, and bytes are piped both ways, as fast as the slower
//! side takes them.
//!
//! `TO=127.0.0.1:5678 cargo run -p workerspec-core --example proxy -- start`, with the example `echo` as the target for
//! instance, then `nc 127.0.0.1 1080`.
//!
//! `LISTEN`: the address, 127.0.0.1:1080 by default. `TO`: the target, 127.0.0.1:5678 by default.

use std::env;
use std::process::ExitCode;

use workerspec_core::{Client, Server, Service};

fn main() -> ExitCode {
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:1080".to_owned());
    let to = env::var("TO").unwrap_or_else(|_| "127.0.0.1:5678".to_owned());
    let proxy = Service::tcp(listen).name("proxy").count(2).on_connect(move |near| {
        let client = Client::tcp(&to)
            .on_error(|far, error| tracing::warn!(target = %far.peer_address(), %error, "the target failed"));
        match client.connect() {
            Ok(link) => {
                let far = link.connection();
                // What comes before the target is there waits in its send buffer. Each closes with the other.
                near.pipe(&far, |bytes| bytes.to_vec());
                far.pipe(near, |bytes| bytes.to_vec());
            }
            Err(error) => {
                tracing::error!(%error, "cannot connect");
                near.close();
            }
        }
    });
    Server::new().service(proxy).main()
}
