//! Files with their names, stored in a folder: that of the environment variable `UPLOADS`, or `uploads`.
//! `cargo run -p workerspec-core --example file_transfer -- start`
//!
//! `LISTEN`: the address, 127.0.0.1:5684 by default.

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use workerspec_core::{Server, Service};

#[path = "protocols/file_transfer.rs"]
mod file_transfer;

use file_transfer::{FileTransfer, store};

fn main() -> ExitCode {
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:5684".to_owned());
    let folder = env::var_os("UPLOADS").map_or_else(|| PathBuf::from("uploads"), PathBuf::from);
    let service = Service::new(listen, FileTransfer).on_message(move |conn, upload| {
        match store(&folder, &upload) {
            Ok(path) => conn.send(format!("{} bytes stored as {}", upload.data.len(), path.display())),
            Err(error) => conn.close_with(format!("not stored: {error}")),
        };
    });
    Server::new().service(service).main()
}
