//! Publish, subscribe and queues across workers and programs (CHAN-1 to CHAN-11).
//!
//! A [`ChannelServer`] is a service like any other, of one process; each worker that wants to speak to others holds a
//! [`Channel`], the client. Over a Redis server, [`Channel::redis`] does the same for several machines.
//!
//! ```no_run
//! use workerspec_core::channel::{Channel, ChannelServer};
//! use workerspec_core::{Server, Service};
//!
//! let chat = Service::websocket("127.0.0.1:2346").count(4);
//! let everybody = chat.connections();
//! let chat = chat
//!     .on_worker_start(move |_| {
//!         let everybody = everybody.clone();
//!         Channel::connect("127.0.0.1:2206").map(|channel| {
//!             channel.on("said", move |text| {
//!                 everybody.broadcast(text.to_string());
//!             });
//!         })
//!     });
//! Server::new().service(ChannelServer::new("127.0.0.1:2206")).service(chat).main();
//! ```
//!
//! On the wire: frames that hold JSON. A client says `{"type": T, "channels": [NAME, …]}` with `T` one of `subscribe`,
//! `unsubscribe`, `watch`, `unwatch`, `reserve`, or, with `"data": VALUE` besides, `publish` and `enqueue`; and
//! `{"type": "done", "id": N}` for a message of a queue that was dealt with, or `back` for one that was not. The server says
//! `{"type": "event", "channel": NAME, "data": VALUE}`, the same with `queue` and an `id`, and
//! `{"type": "refused", "channel": NAME}` where a queue is full. An empty frame keeps a connection alive. What is none of
//! these is ignored (CHAN-3).
//!
//! Events are delivered at most once, to whoever subscribes at that moment. A message of a queue goes to one consumer; if
//! that goes away before it is done with it, to another.

mod bus;
mod client;
mod hub;
mod message;
mod redis;
mod server;

pub use client::Channel;
pub use server::ChannelServer;
