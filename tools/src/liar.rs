//! `workerspec liar`, hidden: a server that keeps every rule but one.

use std::process::ExitCode;

/// Hands the arguments that follow `liar` to it.
pub(crate) fn lie(arguments: Vec<String>) -> ExitCode {
    workerspec_liars::main(arguments.into_iter())
}
