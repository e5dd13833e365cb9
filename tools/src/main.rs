//! The one binary of workerspec.

#![forbid(unsafe_code)]

mod cli;
mod keeper;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Keeper(command) => keeper::keep(command),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("workerspec: {error:#}");
            ExitCode::from(6)
        }
    }
}
