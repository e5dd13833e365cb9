//! Connections in chosen states at the instant of one reload: the fate matrix, and the freeze-frame.
//!
//! [`state`] says what is said before the reload and after it, [`connection`] does so and finds the fate, [`matrix`] parks
//! several in each state, [`freeze`] fills the accept queue while the workers stand still.

mod connection;
mod freeze;
mod matrix;
mod outcome;
mod state;

pub use freeze::{FreezeReport, freeze};
pub use matrix::{CellReport, MatrixReport, matrix};
