//! The one binary of workerspec.

#![forbid(unsafe_code)]

mod baseline;
mod cli;
mod compare;
mod keeper;
mod liar;
mod list;
mod mix;
mod output;
mod outside;
mod reload;
mod replay;
mod reports;
mod run;
mod serve;

use std::process::ExitCode;

use clap::Parser;
use workerspec_conformance::run::ExitKind;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::List(args) => list::list(&args),
        Command::Explain(args) => list::explain(&args),
        Command::Compare(args) => compare::compare(&args),
        Command::Report(args) => compare::report(&args),
        Command::Replay(args) => replay::replay(&args),
        Command::Baseline(args) => baseline::baseline(&args),
        Command::Reload(args) => reload::reload(&args),
        Command::Serve { arguments } => return serve::serve(arguments),
        Command::Keeper(command) => keeper::keep(command),
        Command::Liar { arguments } => return liar::lie(arguments),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("workerspec: {error:#}");
            ExitCode::from(ExitKind::Ours.code())
        }
    }
}
