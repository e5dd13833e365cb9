//! The command line.

use clap::{Parser, Subcommand};

use crate::keeper::KeeperCommand;

/// Proves that a master/worker server does what it promises.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Guards a testee.
    #[command(hide = true)]
    Keeper(KeeperCommand),
}
