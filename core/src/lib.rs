//! Under construction in this commit only.
