//! Server-sent events: a page that shows what anybody posts, without asking again and again.
//!
//! `cargo run -p workerspec-core --example sse -- start`, then open <http://127.0.0.1:8080/>, or `curl -N
//! http://127.0.0.1:8080/events`, and `curl -d hello http://127.0.0.1:8080/say`. Who comes back after a break, as browsers do
//! by themselves, gets what was missed.
//!
//! `LISTEN`: the address, 127.0.0.1:8080 by default.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::env;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use workerspec_core::protocol::Http;
use workerspec_core::protocol::http::{Event, Request, Response};
use workerspec_core::{Connection, Group, Server, Service, Timer};

/// How many events are kept for those who come back.
const KEPT: usize = 100;

/// Who listens, and what was said lately.
#[derive(Clone, Default)]
struct Wall {
    readers: Group<Http>,
    events: Rc<RefCell<VecDeque<(u64, String)>>>,
}

impl Wall {
    fn open(&self, conn: &Connection<Http>, request: &Request<'_>) {
        let seen = request.header("Last-Event-ID").and_then(|id| std::str::from_utf8(id).ok()?.parse().ok());
        conn.send(Response::events());
        conn.send(Event::comment("welcome").retry(Duration::from_secs(1)));
        for (id, text) in
            self.events.borrow().iter().filter(|(id, _)| seen.is_some_and(|seen: u64| seen < *id))
        {
            conn.send(Event::new(text).id(&id.to_string()));
        }
        self.readers.join(conn);
    }

    fn say(&self, text: &str) -> usize {
        let mut events = self.events.borrow_mut();
        let id = events.back().map_or(1, |(id, _)| id + 1);
        events.push_back((id, text.to_owned()));
        if KEPT < events.len() {
            events.pop_front();
        }
        drop(events);
        self.readers.broadcast(Event::new(text).id(&id.to_string()))
    }
}

fn main() -> ExitCode {
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let wall = Wall::default();
    let readers = wall.readers.clone();
    let service = Service::http(listen)
        .name("sse")
        .max_package(64 * 1024)
        .on_worker_start(move |_| {
            // Keeps connections alive through routers in between, and finds those that are gone.
            let readers = readers.clone();
            Timer::every(Duration::from_secs(15), move || {
                readers.broadcast(Event::comment("still here"));
            });
        })
        .on_message(move |conn, request| match (request.method(), request.path()) {
            ("GET", "/events") => wall.open(conn, &request),
            ("GET", "/") => drop(conn.send(PAGE)),
            ("POST", "/say") => {
                let reached = wall.say(&String::from_utf8_lossy(request.body()));
                conn.send(Response::text(format!("{reached}\n")));
            }
            _ => drop(conn.send(Response::not_found())),
        });
    Server::new().service(service).main()
}

const PAGE: &str = r#"<!doctype html><meta charset="utf-8"><title>events</title><ul id="list"></ul>
<script>
new EventSource("/events").onmessage = event => {
  const item = document.createElement("li");
  item.textContent = event.data;
  document.getElementById("list").append(item);
};
</script>
"#;
