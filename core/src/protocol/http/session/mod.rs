//! Sessions: what is remembered of a visitor between requests (SESS-1 to SESS-5).
//!
//! ```no_run
//! use workerspec_core::Service;
//! use workerspec_core::protocol::http::session::Sessions;
//! use workerspec_core::protocol::http::Response;
//!
//! # fn main() -> std::io::Result<()> {
//! let sessions = Sessions::new("sessions")?;
//! let _service = Service::http("127.0.0.1:8080").on_message(move |conn, request| {
//!     let answer = sessions.open(&request).and_then(|mut session| {
//!         session.set("user", "ann");
//!         session.close(Response::text("hello"))
//!     });
//!     conn.send(answer.unwrap_or_else(|_| Response::new(500)));
//! });
//! # Ok(())
//! # }
//! ```
//!
//! Each session is a file, shared by all workers. Changes are made to what the file holds at that moment, under a
//! lock, and the file is replaced as a whole: two requests that change different names lose nothing, and
//! [`Session::update`] is for values that depend on what was there. An id that this server did not make is never
//! taken (SF-59), so nobody can be talked into using a known one.

mod data;
mod id;
mod store;
mod visit;

pub use store::Sessions;
pub use visit::Session;
