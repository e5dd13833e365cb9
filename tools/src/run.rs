//! `workerspec run`: cases against a testee.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use anyhow::Context;
use clap::{Args, ValueEnum};
use workerspec_conformance::case::Level;
use workerspec_conformance::report::{Bar, Style, console, json, junit};
use workerspec_conformance::run::{
    ExitKind, Known, Options, RunReport, SelectError, run as run_cases, select,
};
use workerspec_conformance::suites::registry;
use workerspec_conformance::testee::{TesteeFile, TesteeFileError};

use crate::output::{Output, say};

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct RunArgs {
    /// Ids, or patterns with * ? [] {} over whole ids; without one, every case
    #[arg(value_name = "ID")]
    cases: Vec<String>,

    /// The server's testee.toml; without it the reference server is judged
    #[arg(long, value_name = "FILE")]
    testee: Option<PathBuf>,

    /// Leave out cases below this level
    #[arg(long, value_name = "LEVEL")]
    level: Option<LevelArg>,

    /// Cases that share a testee run in this many threads; default two per core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,

    /// Shuffle the cases; the same number gives the same order
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Write the whole report as JSON; `-` is standard output, instead of the report for people
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Write the report as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
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
    let cases = match select(&registry, &args.cases, args.level.map(Level::from)) {
        Ok(cases) => cases,
        Err(error) => return Ok(unselected(&error)),
    };
    let (file, known) = match files(args.testee.as_deref()) {
        Ok(files) => files,
        Err(error) => return Ok(complain(ExitKind::Usage, &error)),
    };
    let reports = match Reports::open(args) {
        Ok(reports) => reports,
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
        seed: args.seed,
        known,
        interrupted,
    };
    let report = match run_cases(&options, &Bar::new()) {
        Ok(report) => report,
        Err(error) => return Ok(complain(ExitKind::Testee, &error)),
    };
    reports.publish(&report)?;
    Ok(report.exit().code())
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
        SelectError::Unknown { .. } | SelectError::Pattern { .. } => ExitKind::Usage,
    };
    complain(kind, error)
}

pub(crate) fn complain(kind: ExitKind, why: &dyn std::error::Error) -> u8 {
    eprintln!("workerspec: {why}");
    kind.code()
}

/// The reports that were asked for, open before the first case runs.
struct Reports {
    json: Option<Output>,
    junit: Option<Output>,
}

impl Reports {
    fn open(args: &RunArgs) -> Result<Self, String> {
        Ok(Self {
            json: Output::maybe("--json", args.json.as_deref())?,
            junit: Output::maybe("--junit", args.junit.as_deref())?,
        })
    }

    /// The report for people comes first: it is there even if a file can't be written any more.
    fn publish(self, report: &RunReport) -> anyhow::Result<()> {
        if !matches!(self.json, Some(Output::Standard)) {
            say(&console(report, Style::for_stdout()))?;
        }
        if let Some(output) = self.json {
            output.write(&json(report))?;
        }
        if let Some(output) = self.junit {
            output.write(&junit(report).context("write the report as JUnit XML")?)?;
        }
        Ok(())
    }
}
