//! The judge: drives any master/worker server from outside and says which promises it keeps.
//!
//! A server plugs in by one file, `testee.toml` ([`testee`]). The judge never links the server that
//! it judges: both meet only in sockets, signals, exit codes and files.

#![forbid(unsafe_code)]

pub mod case;
pub mod load;
pub mod probe;
pub mod replay;
pub mod report;
pub mod run;
pub mod suites;
pub mod testee;
pub mod verdict;
