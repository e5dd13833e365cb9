//! A small, complete reference of the master/worker server model that Workerman made popular: a master
//! that owns the listening sockets and supervises, workers that accept, read, call the application and
//! write, and a reload that replaces the workers one by one and drops nothing.
//!
//! ```no_run
//! use std::process::ExitCode;
//! use workerspec_core::{Server, Service};
//!
//! fn main() -> ExitCode {
//!     let echo = Service::text("127.0.0.1:5678")
//!         .name("echo")
//!         .count(4) // worker processes
//!         .on_connect(|conn| println!("{} has come", conn.peer_address()))
//!         .on_message(|conn, line| {
//!             conn.send(line); // Sent, Queued or Refused
//!         })
//!         .on_close(|conn| println!("{} has gone", conn.peer_address()));
//!     Server::new().service(echo).main() // start | stop | restart | reload | status | connections | upgrade
//! }
//! ```
//!
//! # Reading order
//!
//! 1. [`Service`] and [`Server`]: what a program declares.
//! 2. [`Connection`]: the handle that callbacks get, keep, and send on.
//! 3. [`protocol`]: bytes in, messages out, without a socket in sight; [`protocol::Text`],
//!    [`protocol::Frame`] and [`protocol::Http`], and the trait for a protocol of one's own.
//! 4. `reactor`, `worker`, `master` (private): the loop, the life of a worker, and the state machine
//!    that reloads.
//!
//! The ids in brackets (`BUF-3`, `SF-5`, `I2` …) name rules of the model; `docs/model.md` and
//! `docs/reload.md` of the repository list them.
//!
//! The crate is for Linux, 5.10 and later.

#![deny(unsafe_code)]

pub mod channel;
mod command;
mod connection;
mod control;
mod daemon;
mod datagram;
mod error;
mod file_monitor;
pub mod global_data;
mod handed;
mod listen;
mod logging;
mod master;
mod offload;
pub mod protocol;
mod reactor;
mod server;
mod service;
mod status;
#[expect(unsafe_code, reason = "the system calls that have no safe wrapper; nothing else may use unsafe")]
mod sys;
mod tally;
mod transport;
mod worker;

pub use command::{Command, NoCommand, exit};
pub use connection::{Client, Connection, ConnectionError, Connections, Group, Link, Sent, Status, Work};
pub use datagram::{DatagramService, Datagrams, DatagramsTo, Sender};
pub use error::Error;
pub use file_monitor::FileMonitor;
pub use logging::LogLevel;
pub use offload::offload;
pub use reactor::Timer;
pub use server::Server;
pub use service::{AnyService, Service, StartResult, Unheard};
pub use transport::{Address, Tls, Trust};
pub use worker::{Worker, WorkerExit};

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
