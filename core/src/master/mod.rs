//! The master: owns the listening sockets, starts workers and replaces them. It never accepts, and it
//! has one thread.
//!
//! [`state`] decides; [`run`] is the loop, `hear` what comes in, `act` what is to be done.

mod act;
mod admin;
mod ask;
mod handoff;
mod hear;
mod heir;
mod inquiry;
mod legacy;
mod log;
mod notify;
mod outcome;
mod output;
mod pidfile;
mod report;
mod run;
mod spawn;
mod state;
mod status;

pub(crate) use admin::Request;
pub(crate) use ask::{Asking, Patience, request};
pub(crate) use legacy::Legacy;
pub(crate) use run::{Config, MasterCallbacks, Mode, run};
pub(crate) use spawn::Program;
pub(crate) use state::Timing;

#[cfg(test)]
mod handover;
#[cfg(test)]
mod walk;
