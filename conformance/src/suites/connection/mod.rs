//! Connections, whatever is spoken on them: order, buffers, pauses, and every way to end.

mod ending;
mod flow;
mod life;

use crate::case::Case;

/// The sections of this suite; those of the send buffer are beside it.
pub const SECTIONS: &[&[Case]] = &[flow::CASES, ending::CASES, life::CASES];
