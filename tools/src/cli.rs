//! The command line.

use clap::{Parser, Subcommand};

use crate::baseline::BaselineArgs;
use crate::compare::{CompareArgs, ReportsArgs};
use crate::keeper::KeeperCommand;
use crate::list::{ExplainArgs, ListArgs};
use crate::reload::ReloadArgs;
use crate::replay::ReplayArgs;
use crate::run::RunArgs;

/// Proves that a master/worker server does what it promises.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run cases against a server and say which promises it keeps
    Run(RunArgs),
    /// List the cases
    List(ListArgs),
    /// Explain one case: claim, source, reading, bytes, acceptable outcomes
    Explain(ExplainArgs),
    /// Reload a server under load and account for every request
    Reload(Box<ReloadArgs>),
    /// Compare two reports: what is broken, what is fixed
    Compare(CompareArgs),
    /// Draw the reports of several servers side by side
    Report(ReportsArgs),
    /// Send the octets of a recorded case once more
    Replay(ReplayArgs),
    /// Bring a known.toml in line with a report
    Baseline(BaselineArgs),
    /// The reference server; `serve help` shows its own arguments
    #[command(disable_help_flag = true)]
    Serve {
        /// Handed to the server as they are
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Guards a testee
    #[command(hide = true)]
    Keeper(KeeperCommand),
    /// A server that keeps every rule but one
    #[command(hide = true, disable_help_flag = true)]
    Liar {
        /// Handed to the liar as they are
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

const EXAMPLES: &str = "\
Examples:
  workerspec run                                  the reference server, every case
  workerspec run --testee my/testee.toml 'http.*' a server of yours, the HTTP cases
  workerspec explain http.chunk.size-wraps        what one case sends and accepts
  workerspec reload                               the reference server, reloaded under load";
