//! Servers built on core as an operator meets them: real processes, signals, commands, exit codes. This binary is
//! the tests, and, where a variable says so, the server that they start.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod client;
mod commands;
mod harness;
mod logs;
mod model;
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
        model::TESTS,
        systemd::TESTS,
        upgrade::TESTS,
    ];
    let is_root = nix::unistd::Uid::effective().is_root();
    let trials = lists.into_iter().flatten().map(|(name, test)| {
        let trial = Trial::test(*name, move || {
            test();
            Ok(())
        });
        trial.with_ignored_flag(!is_root && NEED_ROOT.contains(name))
    });
    let mut arguments = Arguments::from_args();
    // They mostly wait, each for a server of its own.
    arguments.test_threads = arguments.test_threads.or(Some(8));
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// What starts workers as another user, which only root can.
const NEED_ROOT: [&str; 5] = [
    "workers_have_the_rights_of_their_user_alone",
    "an_unknown_user_keeps_the_server_from_starting",
    "a_booting_worker_dies_with_the_master",
    "workers_of_another_user_write_the_log",
    "a_log_that_is_full_is_rotated_and_no_line_is_lost",
];

/// The tests of a file, by name.
type Tests = &'static [(&'static str, fn())];

/// Lists tests under the names of their functions.
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        pub(crate) const TESTS: crate::Tests = &[$((stringify!($name), $name)),*];
    };
}
use tests;
