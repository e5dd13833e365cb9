//! Workers that are replaced after a number of requests, against what leaks slowly; no request notices.
//!
//! `cargo run -p workerspec-core --example max_requests -- start`, then `curl http://127.0.0.1:8080/` until the number of
//! the process changes.
//!
//! `LISTEN`: the address, 127.0.0.1:8080 by default. `MAX`: the requests of a worker, 1000 by default; up to a tenth more
//! by chance, so that workers do not all go at once.

use std::cell::Cell;
use std::env;
use std::process::{ExitCode, id};

use workerspec_core::protocol::http::Response;
use workerspec_core::{Server, Service};

fn main() -> ExitCode {
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let Ok(max) = env::var("MAX").map_or(Ok(1000), |text| text.parse::<u64>()) else {
        eprintln!("error: MAX is a number of requests");
        return ExitCode::FAILURE;
    };
    let served = Cell::new(0u64);
    let service = Service::http(listen).name("site").count(2).max_requests_spread(max, max / 10).on_message(
        move |conn, _| {
            served.set(served.get() + 1);
            conn.send(Response::text(format!("process {}, request {}\n", id(), served.get())));
        },
    );
    Server::new().service(service).main()
}
