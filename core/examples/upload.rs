//! Files from a browser's form, stored in a folder.
//!
//! `cargo run -p workerspec-core --example upload -- start`, then open <http://127.0.0.1:8080/>, or `curl -F file=@photo.jpg
//! http://127.0.0.1:8080/`.
//!
//! `LISTEN`: the address, 127.0.0.1:8080 by default. `UPLOADS`: the folder, `uploads` by default; made where it is missing.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;
use workerspec_core::protocol::http::{Part, Request, Response};
use workerspec_core::{Server, Service};

/// Bytes of the largest form. A request is held in memory until it is whole.
const MAX_FORM: usize = 32 * 1024 * 1024;

fn main() -> ExitCode {
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let folder = env::var_os("UPLOADS").map_or_else(|| PathBuf::from("uploads"), PathBuf::from);
    if let Err(error) = fs::create_dir_all(&folder) {
        eprintln!("error: the folder {}: {error}", folder.display());
        return ExitCode::FAILURE;
    }
    let service = Service::http(listen).name("upload").count(2).max_package(MAX_FORM).on_message(
        move |conn, request| {
            conn.send(match request.method() {
                "GET" | "HEAD" => Response::html(FORM),
                "POST" => take(&folder, &request),
                _ => Response::new(405).header("Allow", "GET, HEAD, POST"),
            });
        },
    );
    Server::new().service(service).main()
}

fn take(folder: &Path, request: &Request<'_>) -> Response {
    let form = match request.multipart() {
        Ok(form) => form,
        Err(error) => return Response::text(format!("{error}\n")).status(400),
    };
    let note = form.get("note").map(|part| part.text().into_owned());
    // An input without a choice comes as a file without a name.
    let files = form.parts().iter().filter(|part| part.file_name().is_some_and(|name| !name.is_empty()));
    let stored: io::Result<Vec<_>> = files
        .map(|part| {
            let name = store(folder, part)?;
            Ok(json!({ "from": part.file_name(), "stored": name, "bytes": part.body().len() }))
        })
        .collect();
    match stored {
        Ok(files) => Response::new(201)
            .header("Content-Type", "application/json")
            .body(json!({ "note": note, "files": files }).to_string().into_bytes()),
        Err(error) => {
            tracing::error!(%error, "an upload cannot be stored");
            Response::text("not stored\n").status(500)
        }
    }
}

/// Stores a file under a name of our own: the client's could be a path, hidden, or taken (MULTI-1).
fn store(folder: &Path, part: &Part<'_>) -> io::Result<String> {
    let extension = part.file_name().and_then(|name| Path::new(name).extension()?.to_str());
    let plain =
        extension.filter(|text| text.len() <= 8 && text.bytes().all(|octet| octet.is_ascii_alphanumeric()));
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let name = format!("{:032x}.{}", u128::from_be_bytes(random), plain.unwrap_or("bin"));
    let mut file = OpenOptions::new().write(true).create_new(true).open(folder.join(&name))?;
    file.write_all(part.body())?;
    Ok(name)
}

const FORM: &str = r#"<!doctype html><meta charset="utf-8"><title>upload</title>
<form method="post" enctype="multipart/form-data">
<input type="file" name="file" multiple> <input name="note" placeholder="a note"> <button>Send</button>
</form>
"#;
