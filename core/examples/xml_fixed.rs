//! XML behind a header of ten digits. `cargo run -p workerspec-core --example xml_fixed -- start`

use std::process::ExitCode;

use workerspec_core::{Server, Service};

#[path = "protocols/xml_fixed.rs"]
mod xml_fixed;

use xml_fixed::XmlFixed;

fn main() -> ExitCode {
    let service = Service::new("127.0.0.1:5683", XmlFixed).on_message(|conn, xml| {
        conn.send(format!("<?xml version=\"1.0\"?>\n<received bytes=\"{}\"/>", xml.len()));
    });
    Server::new().service(service).main()
}
