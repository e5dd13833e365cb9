//! A login by a form, remembered by a cookie and a session in a file that all workers share.
//!
//! `PASSWORD=secret cargo run -p workerspec-core --example session -- start`, then open <http://127.0.0.1:8080/>, or
//! `curl -c jar -b jar -d user=ann -d password=secret http://127.0.0.1:8080/login` and `curl -c jar -b jar
//! http://127.0.0.1:8080/`.
//!
//! `LISTEN`: the address, 127.0.0.1:8080 by default. `SESSIONS`: their folder, `sessions` by default. `PASSWORD`: that of
//! every user.

use std::env;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use workerspec_core::protocol::http::session::Sessions;
use workerspec_core::protocol::http::{Cookie, Request, Response, SameSite};
use workerspec_core::{Server, Service, Timer};

fn main() -> ExitCode {
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let Ok(password) = env::var("PASSWORD") else {
        eprintln!("error: set PASSWORD");
        return ExitCode::FAILURE;
    };
    // Lax: another site cannot post in the name of a visitor. With TLS, `secure` belongs here too.
    let cookie = Cookie::new("visit", "").path("/").http_only().same_site(SameSite::Lax);
    let folder = env::var_os("SESSIONS").unwrap_or_else(|| "sessions".into());
    let sessions = match Sessions::new(folder) {
        Ok(sessions) => sessions.lifetime(Duration::from_secs(3600)).cookie(cookie),
        Err(error) => {
            eprintln!("error: the folder of sessions: {error}");
            return ExitCode::FAILURE;
        }
    };
    let old = sessions.clone();
    let service = Service::http(listen)
        .name("session")
        .count(2)
        .on_worker_start(move |worker| {
            if worker.slot() == 0 {
                let old = old.clone();
                Timer::every(Duration::from_secs(600), move || {
                    if let Err(error) = old.collect() {
                        tracing::warn!(%error, "old sessions stay");
                    }
                });
            }
        })
        .on_message(move |conn, request| {
            conn.send(answer(&sessions, &password, &request).unwrap_or_else(|error| {
                tracing::error!(%error, "sessions cannot be read or stored");
                Response::new(500)
            }));
        });
    Server::new().service(service).main()
}

fn answer(sessions: &Sessions, password: &str, request: &Request<'_>) -> io::Result<Response> {
    let mut session = sessions.open(request)?;
    let response = match (request.method(), request.path()) {
        ("GET", "/") => match session.get("user").map(str::to_owned) {
            None => Response::html(LOGIN),
            Some(user) => {
                // Changed under a lock, whichever worker it is: no visit is missed.
                let visits = session.update(|data| {
                    let visits =
                        data.get("visits").and_then(|visits| visits.parse().ok()).unwrap_or(0u64) + 1;
                    data.insert("visits".to_owned(), visits.to_string());
                    visits
                })?;
                Response::text(format!("hello {user}, visit {visits}\n"))
            }
        },
        ("POST", "/login") => {
            let form = request.form();
            let user = form.get("user").filter(|user| !user.is_empty());
            let (Some(user), true) = (user, form.get("password") == Some(password)) else {
                return Ok(Response::text("wrong user or password\n").status(403));
            };
            session.set("user", user);
            // A new id for a new role: one that was known before is worth nothing now (SF-59).
            session.regenerate()?;
            Response::new(303).header("Location", "/")
        }
        ("POST", "/logout") => {
            session.flush();
            Response::new(303).header("Location", "/")
        }
        _ => Response::not_found(),
    };
    session.close(response)
}

const LOGIN: &str = r#"<!doctype html><meta charset="utf-8"><title>login</title>
<form method="post" action="/login">
<input name="user" placeholder="user"> <input name="password" type="password"> <button>Log in</button>
</form>
"#;
