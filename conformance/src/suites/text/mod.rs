//! Newline-framed text: TEXT-1 to TEXT-6, and what the model promises of any connection.

mod framing;
mod life;
mod limit;

use crate::case::Case;

pub(in crate::suites) use life::two_of_one_worker;

/// The sections of this suite.
pub const SECTIONS: &[&[Case]] = &[framing::CASES, limit::CASES, life::CASES];
