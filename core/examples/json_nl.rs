//! JSON lines: one JSON value in each line. `cargo run -p workerspec-core --example json_nl -- start`
//!
//! `LISTEN`: the address, 127.0.0.1:5681 by default.

use std::env;
use std::process::ExitCode;

use workerspec_core::{Server, Service};

#[path = "protocols/json_nl.rs"]
mod json_nl;

use json_nl::JsonNl;

fn main() -> ExitCode {
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:5681".to_owned());
    let service = Service::new(listen, JsonNl::default()).on_message(|conn, value| match value {
        Ok(value) => {
            conn.send(serde_json::json!({ "got": value }));
        }
        Err(error) => {
            conn.close_with(serde_json::json!({ "error": error.to_string() }));
        }
    });
    Server::new().service(service).main()
}
