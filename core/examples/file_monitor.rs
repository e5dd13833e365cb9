//! Reloading by itself when something changes, for development: the page, or the program when it is built again.
//!
//! `cargo run -p workerspec-core --example file_monitor -- start`, then change `pages/index.html` and look at
//! <http://127.0.0.1:8080/>: each worker reads the page once, when it starts.
//!
//! `LISTEN`: the address, 127.0.0.1:8080 by default. `PAGES`: the folder of `index.html`, `pages` by default.

use std::cell::RefCell;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;

use workerspec_core::protocol::http::Response;
use workerspec_core::{FileMonitor, Server, Service};

fn main() -> ExitCode {
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let pages = env::var_os("PAGES").map_or_else(|| PathBuf::from("pages"), PathBuf::from);
    let page: Rc<RefCell<String>> = Rc::default();
    let (read, index) = (Rc::clone(&page), pages.join("index.html"));
    let site = Service::http(listen)
        .name("site")
        .on_worker_start(move |_| {
            // An error keeps the worker from serving: a reload is rolled back, and the old page stays.
            fs::read_to_string(&index).map(|text| *read.borrow_mut() = text)
        })
        .on_message(move |conn, _| {
            conn.send(Response::html(page.borrow().clone()));
        });
    let program = env::current_exe().unwrap_or_default();
    let monitor = FileMonitor::new([pages, program]).extensions(["html", ""]);
    Server::new().service(site).service(monitor).main()
}
