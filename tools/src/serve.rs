//! `workerspec serve`: the reference server.

use std::process::ExitCode;

/// Hands the arguments that follow `serve` to the reference server; each worker runs through here again.
pub(crate) fn serve(arguments: Vec<String>) -> ExitCode {
    workerspec_reference::main(arguments.into_iter())
}
