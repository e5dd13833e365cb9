//! The master: owns the listening sockets, starts workers and replaces them. It never accepts, and it
//! has one thread.
//!
//! [`state`] decides, [`run`] acts.

mod admin;
mod outcome;
mod output;
mod pidfile;
mod report;
mod run;
mod spawn;
mod state;

pub(crate) use admin::{Request, request};

pub(crate) use run::{Config, run};
pub(crate) use state::Timing;

#[cfg(test)]
mod walk;
