//! Timers: when they fire, how often, and who deletes them.

mod after;
mod alarm;
mod cancel;
mod every;

use crate::case::Case;

/// The sections of this suite.
pub const SECTIONS: &[&[Case]] = &[after::CASES, every::CASES, cancel::CASES];
