//! XML behind a header of ten digits. `cargo run -p workerspec-core --example xml_fixed -- start`
//!
//! `LISTEN`: the address, 127.0.0.1:5683 by default.

use std::env;
use std::process::ExitCode;

use workerspec_core::{Server, Service};

#[path = "protocols/xml_fixed.rs"]
mod xml_fixed;

use xml_fixed::XmlFixed;

fn main() -> ExitCode {
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:5683".to_owned());
    let service = Service::new(listen, XmlFixed).on_message(|conn, xml| {
        conn.send(format!("<?xml version=\"1.0\"?>\n<received bytes=\"{}\"/>", xml.len()));
    });
    Server::new().service(service).main()
}
