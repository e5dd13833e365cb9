//! `workerspec list` and `workerspec explain`: the cases themselves.

use std::path::PathBuf;

use clap::Args;
use workerspec_conformance::report::{explain as explain_case, list_json, list_table};
use workerspec_conformance::run::{ExitKind, select};
use workerspec_conformance::suites::registry;

use crate::output::say;
use crate::run::{complain, files, unselected};

const EXAMPLES: &str = "\
Examples:
  workerspec list 'suite(http) & level(must)'
      the cases that a filter of `workerspec run` chooses
  workerspec list --testee fixtures/testees/nginx/testee.toml
      which of them would be skipped with nginx, and why";

/// Arguments of `list`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ListArgs {
    /// Ids, patterns with * ? [] {} over whole ids, or filters as of `run`; without one, every case
    #[arg(value_name = "ID")]
    cases: Vec<String>,

    /// Says what would be skipped with that testee.toml, and why
    #[arg(long, value_name = "FILE")]
    testee: Option<PathBuf>,

    /// A JSON array with source, needs and aliases instead of a table
    #[arg(long)]
    json: bool,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Ids, or patterns with * ? [] {} over whole ids
    #[arg(value_name = "ID", required = true)]
    cases: Vec<String>,
}

/// Prints the cases.
pub(crate) fn list(args: &ListArgs) -> anyhow::Result<u8> {
    let cases = match select(&registry(), &args.cases, None) {
        Ok(cases) => cases,
        Err(error) => return Ok(unselected(&error)),
    };
    let testee = match args.testee.as_deref().map(|path| files(Some(path))).transpose() {
        Ok(files) => files.map(|(file, _)| file),
        Err(error) => return Ok(complain(ExitKind::Usage, &error)),
    };
    let testee = testee.as_ref();
    say(&if args.json { list_json(&cases, testee) } else { list_table(&cases, testee) })?;
    Ok(0)
}

/// Prints all there is to know of some cases.
pub(crate) fn explain(args: &ExplainArgs) -> anyhow::Result<u8> {
    let cases = match select(&registry(), &args.cases, None) {
        Ok(cases) => cases,
        Err(error) => return Ok(unselected(&error)),
    };
    let pages: Vec<String> = cases.iter().map(|case| explain_case(case)).collect();
    say(&pages.join("\n"))?;
    Ok(0)
}
