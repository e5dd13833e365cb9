//! `workerspec baseline`: `known.toml` from a report.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use workerspec_conformance::report::Document;
use workerspec_conformance::run::{ExitKind, baseline as bring_in_line};

use crate::output::say;
use crate::run::complain;

/// Arguments of `baseline`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct BaselineArgs {
    /// A report of `workerspec run --json`
    report: PathBuf,

    /// The known.toml to bring in line; made if it is not there
    known: PathBuf,

    /// Only say what would change
    #[arg(long)]
    dry_run: bool,
}

const AFTER_HELP: &str = "\
Adds what failed and is not listed, and removes what is listed and passed. Everything else in the file stays as people
wrote it. An added entry says `not looked at yet`: look, and write the reason.

Example:
  workerspec run --testee my/testee.toml --json report.json
  workerspec baseline report.json my/known.toml

Exit codes:
  0  the file is in line
  2  the report or the file can't be used";

/// Brings the file in line; gives the exit code.
///
/// # Errors
/// The file can't be written.
pub(crate) fn baseline(args: &BaselineArgs) -> anyhow::Result<u8> {
    let report = match Document::read(&args.report) {
        Ok(report) => report,
        Err(error) => return Ok(complain(ExitKind::Usage, &error)),
    };
    if report.ending != "complete" {
        eprintln!(
            "workerspec: {}: the run was {}; a baseline needs a complete one",
            args.report.display(),
            report.ending
        );
        return Ok(ExitKind::Usage.code());
    }
    let path = args.known.display();
    let text = match fs::read_to_string(&args.known) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => {
            eprintln!("workerspec: {path}: can't be read: {error}");
            return Ok(ExitKind::Usage.code());
        }
    };
    let (text, change) = match bring_in_line(&text, &report) {
        Ok(changed) => changed,
        Err(error) => {
            eprintln!("workerspec: {path}: {error}");
            return Ok(ExitKind::Usage.code());
        }
    };
    if !args.dry_run && (!change.added.is_empty() || !change.removed.is_empty()) {
        fs::write(&args.known, text).with_context(|| format!("write {path}"))?;
    }
    let added = change.added.iter().map(|id| format!("added    {id}\n"));
    let removed = change.removed.iter().map(|id| format!("removed  {id}\n"));
    let lines: String = added.chain(removed).collect();
    say(&if lines.is_empty() { format!("{path} is in line\n") } else { lines })?;
    Ok(ExitKind::Ok.code())
}
