//! A graceful reload loses nothing: each rule tried on its own, without load.

mod bodies;
mod broken_release;
mod connection;
mod continuity;
mod control;
mod exempt;
mod protocols;
mod replacement;
mod scene;

use crate::case::Case;

/// The sections of this suite.
pub const SECTIONS: &[&[Case]] = &[
    replacement::CASES,
    connection::CASES,
    protocols::CASES,
    bodies::CASES,
    broken_release::CASES,
    continuity::CASES,
    control::CASES,
    exempt::CASES,
];
