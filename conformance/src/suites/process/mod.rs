//! The life of the processes: workers, stop, the master's death, a second start.

mod command;
mod descriptor;
mod ending;
mod exit;
mod master;
mod pid_file;
mod residue;
mod signal;
mod start;
mod stop;
mod user;
mod worker;

use crate::case::Case;

pub(in crate::suites) use worker::slots;

/// The sections of this suite.
pub const SECTIONS: &[&[Case]] = &[
    worker::CASES,
    signal::CASES,
    exit::CASES,
    stop::CASES,
    ending::CASES,
    start::CASES,
    user::CASES,
    master::CASES,
    pid_file::CASES,
    command::CASES,
    descriptor::CASES,
    residue::CASES,
];
