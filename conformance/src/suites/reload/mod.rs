//! A graceful reload loses nothing: each rule tried on its own, without load.

mod broken_release;
mod connection;
mod continuity;
mod replacement;
mod scene;

use crate::case::Case;

/// The sections of this suite.
pub const SECTIONS: &[&[Case]] =
    &[replacement::CASES, connection::CASES, broken_release::CASES, continuity::CASES];
