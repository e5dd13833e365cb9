//! `workerspec run`: cases against a testee.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use anyhow::Context;
use clap::{Args, ValueEnum};
use workerspec_conformance::case::Level;
use workerspec_conformance::report::{Document, DocumentError};
use workerspec_conformance::run::{ExitKind, Known, Options, Profile, SelectError, run as run_cases, select};
use workerspec_conformance::suites::registry;
use workerspec_conformance::testee::{TesteeFile, TesteeFileError};

use crate::reports::ReportArgs;

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct RunArgs {
    /// Ids, patterns with * ? [] {} over whole ids, or expressions as below; without one, every case
    #[arg(value_name = "FILTER")]
    cases: Vec<String>,

    /// The server's testee.toml; without it the reference server is judged
    #[arg(long, value_name = "FILE")]
    testee: Option<PathBuf>,

    /// Leave out cases below this level
    #[arg(long, value_name = "LEVEL")]
    level: Option<LevelArg>,

    /// Whose rules make a failure; breaking another one is a warning
    #[arg(long, value_name = "PROFILE", default_value = "all")]
    profile: ProfileArg,

    /// Run only what did not pass in that report (of `--json`)
    #[arg(long, value_name = "REPORT")]
    rerun_failed: Option<PathBuf>,

    /// Cases that share a testee run in this many threads; default two per core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,

    /// Shuffle the cases; the same number gives the same order
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Shuffle the cases by a number that the report names
    #[arg(long, conflicts_with = "seed")]
    shuffle: bool,

    /// Try a case that fails so often before it is believed; one that then passes is flaky, and fails
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=20))]
    tries: u8,

    /// Stretch all waiting, for a machine that is slow: 5x; below 1 to have a quick one fail sooner: 0.5x
    #[arg(long, value_name = "FACTOR", default_value = "1x", value_parser = factor)]
    slow_target: f64,

    #[command(flatten)]
    reports: ReportArgs,
}

/// `5x`, `2.5` …
fn factor(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('x').unwrap_or(text);
    match number.parse::<f64>() {
        Ok(factor) if (0.25..=100.0).contains(&factor) => Ok(factor),
        _ => Err("write a number from 0.25 to 100, such as 5x".to_owned()),
    }
}

/// Whose rules make a failure.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ProfileArg {
    /// Only the RFCs: for a server that is not of this model
    Rfc,
    /// The RFCs, the model and the contract
    Model,
    /// Everything, what the model itself gets wrong included
    All,
}

impl From<ProfileArg> for Profile {
    fn from(profile: ProfileArg) -> Self {
        match profile {
            ProfileArg::Rfc => Self::Rfc,
            ProfileArg::Model => Self::Model,
            ProfileArg::All => Self::All,
        }
    }
}

/// How binding a claim is.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum LevelArg {
    /// Only what must be
    Must,
    /// What must and should be
    Should,
    /// Everything
    May,
}

impl From<LevelArg> for Level {
    fn from(level: LevelArg) -> Self {
        match level {
            LevelArg::Must => Self::Must,
            LevelArg::Should => Self::Should,
            LevelArg::May => Self::May,
        }
    }
}

const AFTER_HELP: &str = "\
Examples:
  workerspec run
      every case against the reference server
  workerspec run --testee fixtures/testees/nginx/testee.toml
      nginx; what it is known to fail stands in known.toml beside testee.toml
  workerspec run http.chunk.size-wraps 'reload.*' --json report.json
      one case and a family; the whole account as JSON
  workerspec run 'suite(http) & level(must) & !tag(slow)' --html report.html
      an expression: id, suite, level, source, needs, alias and tag (bytes, isolated, last, reload, shared, slow),
      with & | ! and brackets; the report as a page
  workerspec run --rerun-failed report.json
      what did not pass the last time

Exit codes:
  0    every case that ran passed, or failed as known.toml says
  1    a case failed or was inconclusive
  2    the command line, or a file that it names, can't be used
  3    the testee could not be started, died, or is not what its file says
  4    no case ran
  5    known.toml lists what is no longer so
  6    an error of workerspec itself
  130  interrupted; the report is partial";

/// Runs the cases and prints the report; gives the exit code.
///
/// # Errors
/// What is a fault of workerspec itself.
pub(crate) fn run(args: &RunArgs) -> anyhow::Result<u8> {
    let registry = registry();
    let filters = match filters(args) {
        Ok(filters) => filters,
        Err(error) => return Ok(complain(ExitKind::Usage, &error)),
    };
    let Some(filters) = filters else {
        eprintln!("workerspec: every case of that report passed");
        return Ok(ExitKind::NothingRan.code());
    };
    let cases = match select(&registry, &filters, args.level.map(Level::from)) {
        Ok(cases) => cases,
        Err(error) => return Ok(unselected(&error)),
    };
    let (file, known) = match files(args.testee.as_deref()) {
        Ok(files) => files,
        Err(error) => return Ok(complain(ExitKind::Usage, &error)),
    };
    let (reports, audience) = match args.reports.open() {
        Ok(opened) => opened,
        Err(error) => {
            eprintln!("workerspec: {error}");
            return Ok(ExitKind::Usage.code());
        }
    };
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&interrupted)).context("watch for an interrupt")?;
    }
    let cores = thread::available_parallelism().map_or(2, usize::from);
    let options = Options {
        file,
        program: std::env::current_exe().context("find the program's own path")?,
        registry,
        cases,
        jobs: args.jobs.map_or(cores * 2, usize::from),
        seed: if args.shuffle { any_seed() } else { args.seed },
        profile: args.profile.into(),
        tries: usize::from(args.tries),
        slowness: args.slow_target,
        known,
        interrupted,
    };
    let report = match run_cases(&options, &audience) {
        Ok(report) => report,
        Err(error) => return Ok(complain(ExitKind::Testee, &error)),
    };
    reports.publish(&report)?;
    Ok(report.exit().code())
}

/// What was asked for, or what did not pass before; `None` if that is nothing.
fn filters(args: &RunArgs) -> Result<Option<Vec<String>>, DocumentError> {
    let Some(path) = &args.rerun_failed else { return Ok(Some(args.cases.clone())) };
    let report = Document::read(path)?;
    let chosen = registry();
    // A case that is gone since can't be run again.
    let failed: Vec<String> = report
        .cases
        .into_iter()
        .filter(|case| case.verdict.is_bad() && chosen.iter().any(|known| known.id == case.id))
        .map(|case| case.id)
        .collect();
    if failed.is_empty() {
        return Ok(None);
    }
    Ok(Some(match args.cases.is_empty() {
        true => failed,
        // Both: what was asked for, of what failed.
        false => vec![format!("({}) & ({})", args.cases.join(" | "), failed.join(" | "))],
    }))
}

/// A number that differs from run to run; never 0, which keeps the order.
fn any_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id()) >> 32 | 1
}

/// The testee's file and what is known of it.
///
/// # Errors
/// Either can't be read or used.
pub(crate) fn files(testee: Option<&Path>) -> Result<(TesteeFile, Known), TesteeFileError> {
    match testee {
        Some(path) => Ok((TesteeFile::read(path)?, Known::beside(path)?)),
        None => {
            let here = Path::new("fixtures/testees/reference");
            Ok((TesteeFile::parse(REFERENCE, &here.join("testee.toml"), here)?, Known::default()))
        }
    }
}

/// The reference server's file, which the program carries.
const REFERENCE: &str = include_str!("../../fixtures/testees/reference/testee.toml");

/// A literal id that does not exist is a usage error; a pattern that matches nothing means that
/// nothing ran.
pub(crate) fn unselected(error: &SelectError) -> u8 {
    let kind = match error {
        SelectError::NoMatch { .. } => ExitKind::NothingRan,
        SelectError::Unknown { .. } | SelectError::Filter { .. } => ExitKind::Usage,
    };
    complain(kind, error)
}

pub(crate) fn complain(kind: ExitKind, why: &dyn std::error::Error) -> u8 {
    eprintln!("workerspec: {why}");
    kind.code()
}
