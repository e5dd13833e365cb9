//! The one binary of workerspec.
fn main() {}
