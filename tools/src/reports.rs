//! The reports of a run: which were asked for, and where they go.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use workerspec_conformance::report::{
    Bar, Capture, Document, Lines, Style, console, junit, run_markdown, run_page,
};
use workerspec_conformance::run::{Audience, Progress, RunReport};

use crate::output::{Output, say};

/// Where reports go; `-` is standard output, instead of the report for people.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reports")]
pub(crate) struct ReportArgs {
    /// Write the whole report as JSON; `-` is standard output, instead of the report for people
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Write each result as a line of JSON when it is there
    #[arg(long, value_name = "FILE")]
    jsonl: Option<PathBuf>,

    /// Write the report as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Write the report as one page with transcripts and a filter
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Write a summary as Markdown, for the summary of a CI job
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,

    /// Write what every connection sent and received as packets (pcapng)
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
}

/// Reports that are written at the end. Open before the first case runs.
pub(crate) struct Reports {
    json: Option<Output>,
    junit: Option<Output>,
    html: Option<Output>,
    markdown: Option<Output>,
    lines_on_stdout: bool,
}

impl ReportArgs {
    /// Opens them all, and what is told while the cases run.
    ///
    /// # Errors
    /// A file can't be written: the option and the reason.
    pub(crate) fn open(&self) -> Result<(Reports, Audience), String> {
        let reports = Reports {
            json: Output::maybe("--json", self.json.as_deref())?,
            junit: Output::maybe("--junit", self.junit.as_deref())?,
            html: Output::maybe("--html", self.html.as_deref())?,
            markdown: Output::maybe("--markdown", self.markdown.as_deref())?,
            lines_on_stdout: self.jsonl.as_ref().is_some_and(|path| path.as_os_str() == "-"),
        };
        let mut audience: Vec<Box<dyn Progress>> = vec![Box::new(Bar::new())];
        if let Some(output) = Output::maybe("--jsonl", self.jsonl.as_deref())? {
            audience.push(Box::new(Lines::new(output.live())));
        }
        if let Some(output) = Output::maybe("--pcap", self.pcap.as_deref())? {
            let capture = Capture::new(output.live()).map_err(|error| format!("--pcap: {error}"))?;
            audience.push(Box::new(capture));
        }
        Ok((reports, Audience(audience)))
    }
}

impl Reports {
    /// The report for people comes first: it is there even if a file can't be written any more.
    ///
    /// # Errors
    /// A report can't be written.
    pub(crate) fn publish(self, report: &RunReport) -> anyhow::Result<()> {
        let Self { json, junit: xml, html, markdown, lines_on_stdout } = self;
        let instead = [&json, &xml, &html, &markdown].iter().any(|one| matches!(one, Some(Output::Standard)));
        if !instead && !lines_on_stdout {
            say(&console(report, Style::for_stdout()))?;
        }
        let document = Document::new(report);
        if let Some(output) = json {
            output.write(&document.text())?;
        }
        if let Some(output) = xml {
            output.write(&junit(report).context("write the report as JUnit XML")?)?;
        }
        if let Some(output) = html {
            output.write(&run_page(&document))?;
        }
        if let Some(output) = markdown {
            output.write(&run_markdown(&document))?;
        }
        Ok(())
    }
}
