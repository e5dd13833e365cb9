//! Where the report of a reload goes.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use workerspec_conformance::load::{Console, Progress, Report, junit};
use workerspec_conformance::report::{reload_markdown, reload_page};

use super::args::ReloadArgs;
use crate::output::{Output, say};

/// Where the reports go, besides standard output.
pub(super) struct Outputs {
    json: Option<Output>,
    junit: Option<Output>,
    html: Option<Output>,
    markdown: Option<File>,
}

impl Outputs {
    /// Opens all, before anything is started.
    pub(super) fn open(args: &ReloadArgs) -> Result<Outputs, String> {
        let append = |path: &PathBuf| {
            let file = OpenOptions::new().append(true).create(true).open(path);
            file.map_err(|error| format!("--markdown {}: can't be written: {error}", path.display()))
        };
        Ok(Outputs {
            json: Output::maybe("--json", args.json.as_deref())?,
            junit: Output::maybe("--junit", args.junit.as_deref())?,
            html: Output::maybe("--html", args.html.as_deref())?,
            markdown: args.markdown.as_ref().map(append).transpose()?,
        })
    }

    /// The line of progress, and the lines for programs where they are wanted.
    pub(super) fn progress(args: &ReloadArgs, reloads: usize) -> Result<Progress, String> {
        let progress = Progress::new(reloads);
        let Some(path) = &args.jsonl else { return Ok(progress) };
        let file = File::create(path)
            .map_err(|error| format!("--jsonl {}: can't be written: {error}", path.display()))?;
        Ok(progress.lines(Box::new(file)))
    }
}

/// Writes every report.
///
/// # Errors
/// A file can't be written.
pub(super) fn publish(outputs: Outputs, report: &Report, exit_code: u8) -> anyhow::Result<()> {
    // The report for people comes first: it is there even if a file can't be written any more.
    if !matches!(outputs.json, Some(Output::Standard)) && !matches!(outputs.junit, Some(Output::Standard)) {
        say(&Console(report).to_string())?;
    }
    if let Some(mut file) = outputs.markdown {
        file.write_all(reload_markdown(report).as_bytes()).context("write the report as Markdown")?;
    }
    if let Some(output) = outputs.junit {
        output.write(&junit(report).map_err(anyhow::Error::msg)?)?;
    }
    if let Some(output) = outputs.html {
        output.write(&reload_page(report, Some(exit_code)))?;
    }
    match outputs.json {
        Some(output) => {
            let text = serde_json::to_string_pretty(report).context("write the report as JSON")?;
            output.write(&(text + "\n"))
        }
        None => Ok(()),
    }
}
