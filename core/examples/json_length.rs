//! JSON with its length before it. `cargo run -p workerspec-core --example json_length -- start`
//!
//! `LISTEN`: the address, 127.0.0.1:5682 by default.

use std::env;
use std::process::ExitCode;

use workerspec_core::{Server, Service};

#[path = "protocols/json_length.rs"]
mod json_length;

use json_length::JsonLength;

fn main() -> ExitCode {
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:5682".to_owned());
    let service = Service::new(listen, JsonLength).on_message(|conn, value| match value {
        Ok(value) => {
            conn.send(serde_json::json!({ "got": value }));
        }
        Err(error) => {
            conn.close_with(serde_json::json!({ "error": error.to_string() }));
        }
    });
    Server::new().service(service).main()
}
