//! What a server does with output that a slow reader does not take: BUF-2 to BUF-6.

mod full;
mod stall;

use crate::case::Case;

/// The sections of this suite.
pub const SECTIONS: &[&[Case]] = &[full::CASES];
