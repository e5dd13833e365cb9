//! A variable that all workers share: each visit is counted once, whichever worker serves it.
//!
//! `cargo run -p workerspec-core --example global_counter -- start`, then `curl http://127.0.0.1:8080/` a few times.
//!
//! `LISTEN`: the address, 127.0.0.1:8080 by default. `DATA`: the server of global data, 127.0.0.1:2207 by default.

use std::cell::OnceCell;
use std::env;
use std::process::ExitCode;
use std::rc::Rc;

use workerspec_core::global_data::{GlobalData, GlobalDataServer};
use workerspec_core::protocol::http::Response;
use workerspec_core::{Server, Service, Worker};

fn main() -> ExitCode {
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let address = env::var("DATA").unwrap_or_else(|_| "127.0.0.1:2207".to_owned());
    let slot: Rc<OnceCell<GlobalData>> = Rc::default();
    let (counting, server) = (Rc::clone(&slot), GlobalDataServer::new(address.clone()));
    let counter = Service::http(listen)
        .name("counter")
        .count(2)
        .on_worker_start(move |_| {
            GlobalData::connect(&[&address]).map(|data| {
                // The first worker makes it; `add` leaves one that is there as it is.
                data.add("visits", 0, |_| ());
                slot.set(data).expect("a worker starts once");
            })
        })
        .on_message(move |conn, _| {
            let (Some(data), conn) = (counting.get(), conn.clone()) else { return };
            data.increment("visits", 1, move |count| {
                conn.send(match count {
                    Ok(count) => {
                        Response::text(format!("visit {count}, worker {}\n", Worker::current().slot()))
                    }
                    Err(error) => Response::text(format!("{error}\n")).status(503),
                });
            });
        });
    Server::new().service(server).service(counter).main()
}
