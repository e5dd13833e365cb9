//! A graceful reload loses nothing: each rule tried on its own, without load.

mod bodies;
mod broken_release;
mod collision;
mod connection;
mod continuity;
mod exempt;
mod leftover;
mod order;
mod protocols;
mod replacement;
mod scene;
mod trigger;
mod unbroken;

use crate::case::Case;

/// The sections of this suite.
pub const SECTIONS: &[&[Case]] = &[
    replacement::CASES,
    connection::CASES,
    protocols::CASES,
    bodies::CASES,
    broken_release::CASES,
    continuity::CASES,
    order::CASES,
    collision::CASES,
    trigger::CASES,
    unbroken::CASES,
    leftover::CASES,
    exempt::CASES,
];
