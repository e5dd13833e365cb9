//! `workerspec compare` and `workerspec report`: several reports side by side.

use std::path::PathBuf;

use clap::Args;
use workerspec_conformance::report::{
    Comparison, Document, DocumentError, matrix_markdown, matrix_page, matrix_table, reload_markdown,
    reload_page, run_markdown, run_page,
};
use workerspec_conformance::run::ExitKind;

use crate::output::{Output, say};
use crate::run::complain;

/// Arguments of `compare`.
#[derive(Debug, Args)]
#[command(after_help = COMPARE_HELP)]
pub(crate) struct CompareArgs {
    /// The older report, of `workerspec run --json`
    old: PathBuf,

    /// The newer one
    new: PathBuf,

    /// Print the changes as JSON
    #[arg(long)]
    json: bool,
}

const COMPARE_HELP: &str = "\
Examples:
  workerspec compare main.json branch.json
      what is broken, fixed or changed since

Exit codes:
  0  nothing got worse
  1  a case that was not bad is
  2  a report can't be read";

/// Arguments of `report`.
#[derive(Debug, Args)]
#[command(after_help = REPORT_HELP)]
pub(crate) struct ReportsArgs {
    /// Reports of `workerspec run --json`, one for each implementation; or one of `workerspec reload --json`
    #[arg(value_name = "REPORT", required = true)]
    reports: Vec<PathBuf>,

    /// Write one page: of one report the page of that run, of several a matrix
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Write a table as Markdown
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

const REPORT_HELP: &str = "\
Examples:
  workerspec report nginx.json workerman.json reference.json --html matrix.html
      which of them keeps what
  workerspec report run.json --html run.html
      the page of a run that was written as JSON only";

/// Prints what differs; gives the exit code.
///
/// # Errors
/// What is a fault of workerspec itself.
pub(crate) fn compare(args: &CompareArgs) -> anyhow::Result<u8> {
    let both = Document::read(&args.old).and_then(|old| Ok((old, Document::read(&args.new)?)));
    let (old, new) = match both {
        Ok(both) => both,
        Err(error) => return Ok(complain(ExitKind::Usage, &error)),
    };
    let comparison = Comparison::new(&old, &new);
    let text = match args.json {
        true => format!("{}\n", serde_json::to_string_pretty(&comparison)?),
        false => comparison.text(),
    };
    say(&text)?;
    Ok(if comparison.is_worse() { ExitKind::Failed } else { ExitKind::Ok }.code())
}

/// Writes the reports side by side; gives the exit code.
///
/// # Errors
/// What is a fault of workerspec itself.
pub(crate) fn report(args: &ReportsArgs) -> anyhow::Result<u8> {
    if let Some(reload) = args.reports.iter().find_map(|path| Document::of_reload(path)) {
        return report_of_reload(args, &reload);
    }
    let read: Result<Vec<Document>, DocumentError> =
        args.reports.iter().map(|path| Document::read(path)).collect();
    let documents = match read {
        Ok(documents) => documents,
        Err(error) => return Ok(complain(ExitKind::Usage, &error)),
    };
    let (html, markdown) = match outputs(args) {
        Ok(outputs) => outputs,
        Err(error) => return Ok(usage(&error)),
    };
    if html.is_none() && markdown.is_none() {
        say(&matrix_table(&documents))?;
    }
    if let Some(output) = html {
        output.write(&match documents.as_slice() {
            [one] => run_page(one),
            _ => matrix_page(&labelled(&args.reports, &documents)),
        })?;
    }
    if let Some(output) = markdown {
        output.write(&match documents.as_slice() {
            [one] => run_markdown(one),
            many => matrix_markdown(many),
        })?;
    }
    Ok(ExitKind::Ok.code())
}

/// A reload under load is drawn alone: there is nothing to put beside it.
fn report_of_reload(args: &ReportsArgs, report: &serde_json::Value) -> anyhow::Result<u8> {
    if 1 < args.reports.len() {
        return Ok(usage("a report of a reload is drawn alone; give one"));
    }
    let (html, markdown) = match outputs(args) {
        Ok(outputs) => outputs,
        Err(error) => return Ok(usage(&error)),
    };
    if html.is_none() && markdown.is_none() {
        say(&reload_markdown(report))?;
    }
    if let Some(output) = html {
        output.write(&reload_page(report, None))?;
    }
    if let Some(output) = markdown {
        output.write(&reload_markdown(report))?;
    }
    Ok(ExitKind::Ok.code())
}

fn outputs(args: &ReportsArgs) -> Result<(Option<Output>, Option<Output>), String> {
    Ok((
        Output::maybe("--html", args.html.as_deref())?,
        Output::maybe("--markdown", args.markdown.as_deref())?,
    ))
}

fn usage(why: &str) -> u8 {
    eprintln!("workerspec: {why}");
    ExitKind::Usage.code()
}

/// Two runs of one testee are told apart by their files.
fn labelled(paths: &[PathBuf], documents: &[Document]) -> Vec<(Option<String>, Document)> {
    let twice = |name: &str| 1 < documents.iter().filter(|document| document.testee == name).count();
    let label = |(path, document): (&PathBuf, &Document)| {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        (stem.filter(|_| twice(&document.testee)), document.clone())
    };
    paths.iter().zip(documents).map(label).collect()
}
