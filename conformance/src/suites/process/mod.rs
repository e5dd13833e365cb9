//! The life of the processes: workers, stop, the master's death, a second start.

mod residue;
mod start;
mod stop;
mod worker;

use crate::case::Case;

pub(in crate::suites) use worker::slots;

/// The sections of this suite.
pub const SECTIONS: &[&[Case]] = &[worker::CASES, stop::CASES, start::CASES, residue::CASES];
