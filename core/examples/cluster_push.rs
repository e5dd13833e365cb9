//! Several programs, on one machine or on many, that push together: what is said to one of them reaches the clients of
//! all. Through a channel server that one of them runs, or through Redis.
//!
//! The first: `CHANNEL_SERVER=127.0.0.1:2206 cargo run -p workerspec-core --example cluster_push -- start`. The second, with a
//! pid file and a port of its own: `XDG_RUNTIME_DIR=$(mktemp -d) LISTEN=127.0.0.1:2347 cargo run … -- start`. Then `nc
//! 127.0.0.1 2346` and `nc 127.0.0.1 2347`: each line goes to both. Started as many times as wanted.
//!
//! `LISTEN`: the address, 127.0.0.1:2346 by default. `CHANNEL`: the channel server, 127.0.0.1:2206 by default.
//! `CHANNEL_SERVER`: run it here, at this address. `REDIS`: use this Redis in place of a channel server.

use std::cell::OnceCell;
use std::env;
use std::process::ExitCode;
use std::rc::Rc;

use workerspec_core::channel::{Channel, ChannelServer};
use workerspec_core::{Error, Server, Service};

fn main() -> ExitCode {
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:2346".to_owned());
    let node = Service::text(listen).name("node").count(2);
    let everybody = node.connections();
    let slot: Rc<OnceCell<Channel>> = Rc::default();
    let speaking = Rc::clone(&slot);
    let node = node
        .on_worker_start(move |_| -> Result<(), Error> {
            let everybody = everybody.clone();
            let channel = connect()?;
            channel.on("said", move |text| {
                everybody.broadcast(text.as_str().unwrap_or_default().to_owned());
            });
            slot.set(channel).expect("a worker starts once");
            Ok(())
        })
        .on_message(move |conn, line| {
            let Some(channel) = speaking.get() else { return };
            // This worker is subscribed too, so the line comes back by the channel like everywhere.
            if let Err(error) = channel.publish("said", &String::from_utf8_lossy(line)) {
                conn.send(format!("not published: {error}"));
            }
        });
    let mut server = Server::new();
    if let Ok(address) = env::var("CHANNEL_SERVER") {
        server = server.service(ChannelServer::new(address));
    }
    server.service(node).main()
}

fn connect() -> Result<Channel, Error> {
    if let Ok(redis) = env::var("REDIS") {
        return Channel::redis(&redis);
    }
    let here = env::var("CHANNEL").or_else(|_| env::var("CHANNEL_SERVER"));
    Channel::connect(&here.unwrap_or_else(|_| "127.0.0.1:2206".to_owned()))
}
