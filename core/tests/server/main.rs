//! Servers built on core as an operator meets them: real processes, signals, commands, exit codes. This binary is
//! the tests, and, where a variable says so, the server that they start.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod client;
mod commands;
mod harness;
mod logs;
mod program;
mod staff;
mod status;
mod supervision;
mod systemd;
mod upgrade;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    if let Ok(options) = std::env::var(program::VARIABLE) {
        return program::main(&options);
    }
    let lists = [
        staff::TESTS,
        supervision::TESTS,
        status::TESTS,
        commands::TESTS,
        logs::TESTS,
        systemd::TESTS,
        upgrade::TESTS,
    ];
    let trials = lists.into_iter().flatten().map(|(name, test)| {
        Trial::test(*name, move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

/// The tests of a file, by name.
type Tests = &'static [(&'static str, fn())];

/// Lists tests under the names of their functions.
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        pub(crate) const TESTS: crate::Tests = &[$((stringify!($name), $name)),*];
    };
}
use tests;
