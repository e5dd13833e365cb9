//! Length-prefixed frames: rules FRAME-1 to FRAME-6 of docs/model.md.

mod framing;
mod life;
mod limit;

use crate::case::Case;

/// The cases, by section.
pub const SECTIONS: &[&[Case]] = &[framing::CASES, limit::CASES, limit::BAD_LENGTHS, life::CASES];
