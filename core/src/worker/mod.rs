//! The life of a worker process: start, ready, accept, drain, exit.

mod accept;
mod birth;
mod exit;
mod handle;
mod identity;
mod life;
mod row;
mod run;
mod serving;

pub(crate) use accept::{Acceptor, Listener};
pub(crate) use birth::{Birth, VARIABLE};
pub use exit::WorkerExit;
pub use handle::Worker;
pub(crate) use identity::Identity;
pub(crate) use row::{ConnectionRow, read_rows};
pub(crate) use run::serve;
pub(crate) use serving::{Door, Drain, Handover, OnStart, OnWorker, Serving};
