use std::path::Path;

use globset::{Glob, GlobMatcher};
use serde::Deserialize;
use toml::Spanned;

use super::outcome::CaseResult;
use crate::case::Case;
use crate::testee::TesteeFileError;
use crate::verdict::Verdict;

/// `known.toml`: what the server is known not to keep.
#[derive(Clone, Debug, Default)]
pub struct Known {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    id: String,
    glob: GlobMatcher,
    verdict: Verdict,
    reason: String,
    /// Whether it may pass as well: what comes is a matter of luck.
    sometimes: bool,
    place: (usize, usize),
}

/// A line of `known.toml` that is no longer true.
#[derive(
    Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize, Deserialize, schemars::JsonSchema,
)]
#[error("known.toml:{line}: {id}: {what}")]
pub struct Stale {
    /// Where it stands.
    pub line: usize,
    /// Its id or glob.
    pub id: String,
    /// What is no longer true.
    pub what: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    known: Vec<RawEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    id: Spanned<String>,
    verdict: Spanned<String>,
    reason: Spanned<String>,
    #[serde(default)]
    sometimes: bool,
}

impl Known {
    /// Reads the file beside `testee.toml`; without one nothing is known. A further testee of the same folder, such as
    /// `testee-gthread.toml`, may have one of its own, `known-gthread.toml`; else that of all counts.
    ///
    /// # Errors
    /// It is there and can't be read or used: with line, column, field and remedy.
    pub fn beside(testee_toml: &Path) -> Result<Self, TesteeFileError> {
        let name = testee_toml.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let own = testee_toml.with_file_name(name.replacen("testee", "known", 1));
        let is_own = name.starts_with("testee-") && own.exists();
        let path = if is_own { own } else { testee_toml.with_file_name("known.toml") };
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text, &path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(TesteeFileError::whole(&path, format!("can't be read: {error}"), "")),
        }
    }

    /// Checks the text of a file.
    ///
    /// # Errors
    /// As [`Known::beside`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, TesteeFileError> {
        let raw: Raw = toml::from_str(text).map_err(|error| TesteeFileError::syntax(path, text, &error))?;
        let wrong =
            |span, message: String, remedy: &str| TesteeFileError::value(path, text, span, message, remedy);
        let mut entries = Vec::new();
        for entry in raw.known {
            let verdict = match entry.verdict.get_ref().as_str() {
                "fail" => Verdict::Fail,
                "warn" => Verdict::Warn,
                "inconclusive" => Verdict::Inconclusive,
                // Such as a server that serves one connection at a time, where the case needs two.
                "error" => Verdict::Error,
                other => {
                    return Err(wrong(
                        entry.verdict.span(),
                        format!("`{other}` can't be known"),
                        "write fail, warn, inconclusive or error",
                    ));
                }
            };
            if entry.reason.get_ref().trim().is_empty() {
                return Err(wrong(entry.reason.span(), "the reason is empty".to_owned(), "say why"));
            }
            let glob = Glob::new(entry.id.get_ref())
                .map_err(|error| {
                    wrong(entry.id.span(), error.kind().to_string(), "an id, or a pattern with *")
                })?
                .compile_matcher();
            let place = crate::testee::line_and_column(text, entry.id.span().start);
            entries.push(Entry {
                id: entry.id.into_inner(),
                glob,
                verdict,
                reason: entry.reason.into_inner(),
                sometimes: entry.sometimes,
                place,
            });
        }
        Ok(Self { entries })
    }

    /// Whether that result is as listed.
    pub(super) fn lists(&self, result: &CaseResult) -> bool {
        self.entry(result).is_some()
    }

    /// Turns a result that came as listed into `known`.
    pub(super) fn recognise(&self, result: &mut CaseResult) {
        if let Some(entry) = self.entry(result) {
            result.reason = Some(entry.reason.clone());
            result.verdict = Verdict::Known;
        }
    }

    fn entry(&self, result: &CaseResult) -> Option<&Entry> {
        // What is listed as broken may break now and then only.
        let verdict = if result.verdict == Verdict::Flaky { Verdict::Fail } else { result.verdict };
        self.entries.iter().find(|entry| entry.verdict == verdict && entry.glob.is_match(result.case.id))
    }

    /// What is listed and no longer so: an entry that matches no case of the registry, or one that passed and is not
    /// said to do so sometimes.
    pub(super) fn stale(&self, registry: &[&'static Case], results: &[CaseResult]) -> Vec<Stale> {
        let mut stale = Vec::new();
        for entry in &self.entries {
            let mut add = |what| stale.push(Stale { line: entry.place.0, id: entry.id.clone(), what });
            if !registry.iter().any(|case| entry.glob.is_match(case.id)) {
                add("matches no case".to_owned());
            }
            let passed = |result: &&CaseResult| {
                !entry.sometimes && result.verdict == Verdict::Pass && entry.glob.is_match(result.case.id)
            };
            for result in results.iter().filter(passed) {
                add(format!("{} passes, and is listed as {}", result.case.id, entry.verdict));
            }
        }
        stale
    }
}
