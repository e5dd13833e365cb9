//! Who is silent, or does not come to the point, is not waited for without end.

mod deadline;
mod idle;

use crate::case::Case;

/// The sections of this suite.
pub const SECTIONS: &[&[Case]] = &[idle::CASES, deadline::CASES];
