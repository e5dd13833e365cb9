//! `workerspec keeper`, hidden: the process that outlives neither the runner nor the testee.

use std::path::PathBuf;

use clap::Args;
use workerspec_conformance::testee::keeper;

/// Arguments of the keeper; written by the runner, not by people.
#[derive(Debug, Args)]
pub(crate) struct KeeperCommand {
    /// Where the command's output goes.
    #[arg(long)]
    log: PathBuf,
    /// Removed at the end.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Program and arguments.
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// Guards the command until standard input ends.
pub(crate) fn keep(command: KeeperCommand) -> anyhow::Result<u8> {
    let KeeperCommand { log, folder, command } = command;
    keeper::serve(&keeper::KeeperArgs { log, folder, command })?;
    Ok(0)
}
