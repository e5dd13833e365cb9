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
    place: (usize, usize),
}

/// A line of `known.toml` that is no longer true.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize)]
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
}

impl Known {
    /// Reads the file beside `testee.toml`; without one nothing is known.
    ///
    /// # Errors
    /// It is there and can't be read or used: with line, column, field and remedy.
    pub fn beside(testee_toml: &Path) -> Result<Self, TesteeFileError> {
        let path = testee_toml.with_file_name("known.toml");
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
                other => {
                    return Err(wrong(
                        entry.verdict.span(),
                        format!("`{other}` can't be known"),
                        "write fail, warn or inconclusive",
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
                place,
            });
        }
        Ok(Self { entries })
    }

    /// Turns what came as listed into `known`, and returns what is listed and no longer so.
    ///
    /// An entry is stale if it matches no case of the registry, or a case that passed.
    pub(super) fn apply(&self, registry: &[&'static Case], results: &mut [CaseResult]) -> Vec<Stale> {
        let mut stale = Vec::new();
        for entry in &self.entries {
            let line = entry.place.0;
            if !registry.iter().any(|case| entry.glob.is_match(case.id)) {
                let what = "matches no case".to_owned();
                stale.push(Stale { line, id: entry.id.clone(), what });
            }
            for result in results.iter_mut().filter(|result| entry.glob.is_match(result.case.id)) {
                if result.verdict == entry.verdict {
                    result.verdict = Verdict::Known;
                    result.reason = Some(entry.reason.clone());
                } else if result.verdict == Verdict::Pass {
                    let what = format!("{} passes, and is listed as {}", result.case.id, entry.verdict);
                    stale.push(Stale { line, id: entry.id.clone(), what });
                }
            }
        }
        stale
    }
}
