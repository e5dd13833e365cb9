//! The report as data: what `--json` writes, what pages are drawn from, and what is compared.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::case::Level;
use crate::probe::{Direction, Happening, Manner, Transcript, end};
use crate::run::{CaseResult, Ending, RunReport, Stale};
use crate::verdict::Verdict;

/// Version of the form below; raised when a field changes its meaning or goes.
const SCHEMA: u32 = 1;

/// A whole run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// Version of this form: 1.
    pub schema: u32,
    /// Name and version of the program that wrote it.
    pub tool: String,
    /// Name of the testee.
    pub testee: String,
    /// The first line that its version command prints.
    pub version: Option<String>,
    /// When the run began: seconds since 1970 (UTC).
    #[serde(default)]
    pub begun: f64,
    /// What shuffled the cases; 0 is the order of the registry.
    #[serde(default)]
    pub seed: u64,
    /// Whose rules made the verdicts: `rfc`, `model` or `all`.
    #[serde(default = "all")]
    pub profile: String,
    /// The status that the program ended with.
    pub exit_code: u8,
    /// `complete`, `interrupted` or `died`.
    pub ending: String,
    /// Of a testee that died: the end of its output.
    pub log: Option<String>,
    /// How long the run took.
    pub seconds: f64,
    /// What is not as `testee.toml` says.
    pub dishonest: Vec<String>,
    /// What `known.toml` lists and is no longer so.
    pub stale: Vec<Stale>,
    /// The cases, in the order of the registry.
    pub cases: Vec<CaseDocument>,
}

fn all() -> String {
    "all".to_owned()
}

fn tcp() -> String {
    "tcp".to_owned()
}

/// One case.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CaseDocument {
    /// Its id, which never changes.
    pub id: String,
    /// The first word of the id.
    #[serde(default)]
    pub suite: String,
    /// One sentence.
    pub claim: String,
    /// Who says so.
    pub source: String,
    /// How binding it is.
    pub level: Level,
    /// What came of it.
    pub verdict: Verdict,
    /// What came, or why it did not run.
    pub came: String,
    /// Every acceptable outcome in words.
    pub acceptable: Vec<String>,
    /// Of a known one: the reason in `known.toml`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub known: Option<String>,
    /// How long it took, the start of a testee of its own not included.
    pub seconds: f64,
    /// Verdicts of all tries, the last one's last, where there was more than one.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub tries: Vec<Verdict>,
    /// Unless it passed: what each connection saw, for people.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub transcripts: Vec<String>,
    /// Unless it passed: the same as data, to send again.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub connections: Vec<ConnectionDocument>,
}

/// What one connection saw.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ConnectionDocument {
    /// The port of the testee: `http`.
    pub port: String,
    /// What carried the octets: `tcp`, `unix`, `udp`, or `tls` for what went through it.
    #[serde(default = "tcp")]
    pub transport: String,
    /// When it was opened: milliseconds since the first one of its case.
    pub opened_ms: f64,
    /// In order.
    pub events: Vec<EventDocument>,
}

/// One thing that happened to a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventDocument {
    /// Microseconds since the connection was opened.
    pub at_us: u64,
    /// What.
    pub what: What,
    /// Octets, in base64.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub octets: String,
    /// Of octets: how many each write or read moved, where there was more than one.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub pieces: Vec<usize>,
    /// A remark.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub text: String,
}

/// The kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Octets from the probe to the server.
    Sent,
    /// Octets from the server to the probe.
    Received,
    /// The probe half-closed.
    SentFin,
    /// The probe reset.
    SentReset,
    /// The server closed.
    ReceivedFin,
    /// The server reset.
    ReceivedReset,
    /// Something else, in words.
    Note,
}

/// Why a report can't be read.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {why}; a report is what `workerspec run --json FILE` writes")]
pub struct DocumentError {
    path: String,
    why: String,
}

impl Document {
    /// The report as data.
    #[must_use]
    pub fn new(report: &RunReport) -> Self {
        let (ending, log) = match &report.ending {
            Ending::Complete => ("complete", None),
            Ending::Interrupted => ("interrupted", None),
            Ending::Died { log, .. } => ("died", Some(log.clone())),
        };
        Self {
            schema: SCHEMA,
            tool: concat!("workerspec ", env!("CARGO_PKG_VERSION")).to_owned(),
            testee: report.testee.clone(),
            version: report.version.clone(),
            begun: report.begun.duration_since(std::time::UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64()),
            seed: report.seed,
            profile: report.profile.name().to_owned(),
            exit_code: report.exit().code(),
            ending: ending.to_owned(),
            log,
            seconds: report.took.as_secs_f64(),
            dishonest: report.dishonest.clone(),
            stale: report.stale.clone(),
            cases: report.results.iter().map(CaseDocument::new).collect(),
        }
    }

    /// Reads what [`Document::text`] wrote.
    ///
    /// # Errors
    /// The file can't be read, or is something else: with path and reason.
    pub fn read(path: &Path) -> Result<Self, DocumentError> {
        let wrong = |why: String| DocumentError { path: path.display().to_string(), why };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(format!("can't be read: {error}")))?;
        let document: Self =
            serde_json::from_str(&text).map_err(|error| wrong(format!("is no report of a run: {error}")))?;
        match document.schema {
            SCHEMA => Ok(document),
            other => Err(wrong(format!("has form {other}, and this program knows {SCHEMA}"))),
        }
    }

    /// Whether a file is what `workerspec reload --json` wrote, which is another form; then its data.
    #[must_use]
    pub fn of_reload(path: &Path) -> Option<serde_json::Value> {
        let report: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
        let is = report["format"].as_str().is_some_and(|format| format.starts_with("workerspec-reload/"));
        is.then_some(report)
    }

    /// The whole as one JSON document with a final newline.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("the report has no map with odd keys");
        text.push('\n');
        text
    }

    /// The case with that id.
    #[must_use]
    pub fn case(&self, id: &str) -> Option<&CaseDocument> {
        self.cases.iter().find(|case| case.id == id)
    }
}

/// The JSON Schema of [`Document`], with a final newline.
#[must_use]
pub fn schema() -> String {
    let mut text = serde_json::to_string_pretty(&schemars::schema_for!(Document)).expect("a schema is data");
    text.push('\n');
    text
}

impl CaseDocument {
    /// The result of one case as data.
    #[must_use]
    pub fn new(result: &CaseResult) -> Self {
        let first = result.evidence.iter().map(Transcript::begun).min();
        let connection = |transcript: &Transcript| {
            let since = first.map_or_else(Default::default, |first| transcript.begun() - first);
            ConnectionDocument {
                port: transcript.port().to_owned(),
                transport: transcript.transport().name().to_owned(),
                opened_ms: since.as_micros() as f64 / 1e3,
                events: events(transcript),
            }
        };
        Self {
            id: result.case.id.to_owned(),
            suite: result.case.suite().to_owned(),
            claim: result.case.claim.to_owned(),
            source: result.case.source.to_string(),
            level: result.case.level,
            verdict: result.verdict,
            came: result.message.clone(),
            acceptable: result.case.acceptable(),
            known: result.reason.clone(),
            seconds: result.took.as_secs_f64(),
            tries: result.tries.clone(),
            transcripts: result.evidence.iter().map(Transcript::render).collect(),
            connections: result.evidence.iter().map(connection).collect(),
        }
    }
}

impl CaseDocument {
    /// Leaves out what its connections saw.
    pub(super) fn forget_evidence(&mut self) {
        self.transcripts.clear();
        self.connections.clear();
    }
}

impl EventDocument {
    /// The octets; none if they are not well written.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        BASE64.decode(&self.octets).unwrap_or_default()
    }
}

fn events(transcript: &Transcript) -> Vec<EventDocument> {
    let event = |what, at_us| EventDocument {
        at_us,
        what,
        octets: String::new(),
        pieces: Vec::new(),
        text: String::new(),
    };
    let document = |entry: crate::probe::Entry| {
        let at_us = u64::try_from(entry.at.as_micros()).unwrap_or(u64::MAX);
        match entry.what {
            Happening::Bytes(direction, bytes, pieces) => {
                let what = match direction {
                    Direction::Sent => What::Sent,
                    Direction::Received => What::Received,
                };
                let pieces = match pieces.as_slice() {
                    [_] => Vec::new(),
                    many => many.iter().map(|piece| piece.octets).collect(),
                };
                EventDocument { octets: BASE64.encode(bytes), pieces, ..event(what, at_us) }
            }
            Happening::End(direction, manner) => {
                let what = match (direction, manner) {
                    (Direction::Sent, Manner::Closed) => What::SentFin,
                    (Direction::Sent, Manner::Reset) => What::SentReset,
                    (Direction::Received, Manner::Closed) => What::ReceivedFin,
                    (Direction::Received, Manner::Reset) => What::ReceivedReset,
                };
                EventDocument { text: end(direction, manner).to_owned(), ..event(what, at_us) }
            }
            Happening::Event(text) => EventDocument { text, ..event(What::Note, at_us) },
        }
    };
    transcript.entries().into_iter().map(document).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `WORKERSPEC_UPDATE=1 cargo test` writes it anew.
    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schema/run.json"));
        if std::env::var_os("WORKERSPEC_UPDATE").is_some() {
            std::fs::write(path, schema()).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == schema(), "{} is out of date: WORKERSPEC_UPDATE=1 cargo test", path.display());
    }

    #[test]
    fn what_is_no_report_is_said_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.json");
        let why = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Document::read(&path).unwrap_err().to_string()
        };
        assert!(why("{").contains("r.json: is no report of a run: EOF"));
        assert!(why("[]").contains("is no report of a run"));
        assert!(Document::read(folder.path()).unwrap_err().to_string().contains("can't be read"));
    }
}
