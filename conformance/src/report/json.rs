use serde::Serialize;

use crate::case::Level;
use crate::run::{Ending, RunReport, Stale};
use crate::verdict::Verdict;

/// Version of the form below; raised when a field changes its meaning or goes.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Json<'report> {
    schema: u32,
    tool: &'static str,
    testee: &'report str,
    version: Option<&'report str>,
    exit_code: u8,
    ending: &'static str,
    log: Option<&'report str>,
    seconds: f64,
    dishonest: &'report [String],
    stale: &'report [Stale],
    cases: Vec<JsonCase<'report>>,
}

#[derive(Serialize)]
struct JsonCase<'report> {
    id: &'static str,
    claim: &'static str,
    source: String,
    level: Level,
    verdict: Verdict,
    came: &'report str,
    acceptable: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<&'report str>,
    seconds: f64,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    transcripts: &'report [String],
}

/// The whole report as one JSON document with a final newline.
#[must_use]
pub fn json(report: &RunReport) -> String {
    let (ending, log) = match &report.ending {
        Ending::Complete => ("complete", None),
        Ending::Interrupted => ("interrupted", None),
        Ending::Died { log, .. } => ("died", Some(log.as_str())),
    };
    let cases = report.results.iter().map(|result| JsonCase {
        id: result.case.id,
        claim: result.case.claim,
        source: result.case.source.to_string(),
        level: result.case.level,
        verdict: result.verdict,
        came: &result.message,
        acceptable: result.case.acceptable(),
        known: result.reason.as_deref(),
        seconds: result.took.as_secs_f64(),
        transcripts: &result.evidence,
    });
    let document = Json {
        schema: SCHEMA,
        tool: concat!("workerspec ", env!("CARGO_PKG_VERSION")),
        testee: &report.testee,
        version: report.version.as_deref(),
        exit_code: report.exit().code(),
        ending,
        log,
        seconds: report.took.as_secs_f64(),
        dishonest: &report.dishonest,
        stale: &report.stale,
        cases: cases.collect(),
    };
    let mut text = serde_json::to_string_pretty(&document).expect("the report has no map with odd keys");
    text.push('\n');
    text
}
