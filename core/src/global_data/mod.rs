//! Variables that workers and programs share (GDATA-1 to GDATA-13).
//!
//! A [`GlobalDataServer`] is a service of one process that holds the values in memory; a [`GlobalData`] is a worker's
//! way to them.
//!
//! ```no_run
//! use workerspec_core::global_data::{GlobalData, GlobalDataServer};
//! use workerspec_core::{Server, Service};
//!
//! let counter = Service::text("127.0.0.1:5678").count(4).on_worker_start(|_| {
//!     GlobalData::connect(&["127.0.0.1:2207"]).map(|data| {
//!         data.add("visitors", 0, |_| ());
//!         data.increment("visitors", 1, |count| println!("{count:?}"));
//!     })
//! });
//! Server::new().service(GlobalDataServer::new("127.0.0.1:2207")).service(counter).main();
//! ```
//!
//! On the wire: frames that hold JSON. A request is `{"cmd": C, "key": TEXT}` with `C` one of `get`, `delete`; `set`, `add`
//! (with `"value"`); `increment` (with `"step"`); `cas` (with `"expect"` and `"value"`); `expire` (with `"seconds"`, or
//! without to keep it). An answer is `{"ok": VALUE}` or `{"error": TEXT}`, in the order of the requests; after an error of
//! the protocol the connection is closed. A frame that holds `ping` is not answered.

mod client;
mod request;
mod server;
mod store;

pub use client::{GlobalData, GlobalDataError};
pub use server::GlobalDataServer;
