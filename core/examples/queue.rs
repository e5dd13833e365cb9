//! Work that is handed out by a queue: each message goes to one consumer, waits while there is none, and whoever is
//! interested hears when it is done.
//!
//! `cargo run -p workerspec-core --example queue -- start`, then `nc 127.0.0.1 5678`: each line is a job, done by one of two
//! workers. More programs with more workers may be started, as in the example `cluster_push`.
//!
//! `LISTEN`: where jobs come in, 127.0.0.1:5678 by default. `CHANNEL`: the channel server of this program,
//! 127.0.0.1:2206 by default. `REDIS`: use the lists of this Redis in its place.

use std::cell::OnceCell;
use std::env;
use std::process::ExitCode;
use std::rc::Rc;

use serde_json::json;
use workerspec_core::channel::{Channel, ChannelServer};
use workerspec_core::{Error, Server, Service, Worker};

fn main() -> ExitCode {
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:5678".to_owned());
    let slot: Rc<OnceCell<Channel>> = Rc::default();
    let asking = Rc::clone(&slot);
    let front = Service::text(listen).name("front");
    let everybody = front.connections();
    let front = front
        .on_worker_start(move |_| -> Result<(), Error> {
            let (channel, everybody) = (connect()?, everybody.clone());
            channel.on("done", move |report| {
                everybody.broadcast(format!("worker {} did {}", report["by"], report["job"]));
            });
            slot.set(channel).expect("a worker starts once");
            Ok(())
        })
        .on_message(move |conn, line| {
            let Some(channel) = asking.get() else { return };
            if let Err(error) = channel.enqueue("jobs", &String::from_utf8_lossy(line)) {
                conn.send(format!("not taken: {error}"));
            }
        });
    let consumers = Service::job("consumers").count(2).on_worker_start(|_| -> Result<(), Error> {
        let channel = connect()?;
        let reporting = channel.clone();
        channel.watch("jobs", move |job| {
            // The next one is asked for when this one is done with.
            let report = json!({ "by": Worker::current().slot(), "job": job });
            if let Err(error) = reporting.publish("done", &report) {
                tracing::warn!(%error, "nobody hears of it");
            }
        });
        Ok(())
    });
    let mut server = Server::new();
    if env::var_os("REDIS").is_none() {
        server = server.service(ChannelServer::new(channel_address()));
    }
    server.service(consumers).service(front).main()
}

fn channel_address() -> String {
    env::var("CHANNEL").unwrap_or_else(|_| "127.0.0.1:2206".to_owned())
}

fn connect() -> Result<Channel, Error> {
    match env::var("REDIS") {
        Ok(redis) => Channel::redis(&redis),
        Err(_) => Channel::connect(&channel_address()),
    }
}
