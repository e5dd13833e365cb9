//! A web site over TLS: the files of a folder, and a small API beside them.
//!
//! A certificate for `localhost`: `openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost -addext
//! subjectAltName=DNS:localhost -keyout key.pem -out cert.pem`. Then `CERT=cert.pem KEY=key.pem cargo run -p
//! workerspec-core --example https -- start` and `curl --cacert cert.pem https://localhost:4431/`. The API keeps notes:
//! `curl --cacert cert.pem -d 'buy milk' https://localhost:4431/api/notes`, and the same without `-d` lists them.
//!
//! `LISTEN`: the address, 127.0.0.1:4431 by default. `ROOT`: the folder, `public` by default. `CERT`, `KEY`: PEM files.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::env;
use std::process::ExitCode;

use serde_json::{Value, json};
use workerspec_core::protocol::http::{Request, Response, WebRoot};
use workerspec_core::{Server, Service, Tls};

/// The most notes that are kept; older ones go.
const MAX_NOTES: usize = 100;

fn main() -> ExitCode {
    let setting = |name, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
    let root = setting("ROOT", "public");
    let site = match WebRoot::new(&root) {
        Ok(site) => site,
        Err(error) => {
            eprintln!("error: the folder {root}: {error}; set ROOT");
            return ExitCode::FAILURE;
        }
    };
    let tls = Tls::from_pem(setting("CERT", "cert.pem"), setting("KEY", "key.pem")).alpn(&["http/1.1"]);
    let notes = RefCell::new(VecDeque::new());
    let service = Service::http(setting("LISTEN", "127.0.0.1:4431"))
        .name("https")
        .tls(tls)
        .max_package(64 * 1024)
        .on_message(move |conn, request| {
            conn.send(match request.path() {
                "/api/notes" => api(&mut notes.borrow_mut(), &request),
                _ => site.respond(&request),
            });
        });
    Server::new().service(service).main()
}

/// The notes are this worker's: several workers would keep them in a database, or share them by global data.
fn api(notes: &mut VecDeque<String>, request: &Request<'_>) -> Response {
    match (request.method(), std::str::from_utf8(request.body())) {
        ("GET" | "HEAD", _) => json_of(200, &json!(notes)),
        ("POST", Ok(note)) => {
            notes.push_back(note.to_owned());
            if MAX_NOTES < notes.len() {
                notes.pop_front();
            }
            json_of(201, &json!({ "notes": notes.len() }))
        }
        ("POST", Err(_)) => json_of(400, &json!({ "error": "a note is UTF-8 text" })),
        _ => json_of(405, &json!({ "error": "GET or POST" })).header("Allow", "GET, HEAD, POST"),
    }
}

fn json_of(status: u16, value: &Value) -> Response {
    Response::new(status).header("Content-Type", "application/json").body(value.to_string().into_bytes())
}
