//! The status: what a server says of itself, against what was done to it.

mod busy;
mod count;
mod figure;
mod process;

use crate::case::Case;

/// The sections of this suite.
pub const SECTIONS: &[&[Case]] = &[process::CASES, count::CASES, busy::CASES];
