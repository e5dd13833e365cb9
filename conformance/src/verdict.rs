//! What a run of a case showed.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The classes of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The claim holds.
    Pass,
    /// A SHOULD or MAY is not kept, or a MUST in a way that is only tolerated.
    Warn,
    /// A MUST is broken.
    Fail,
    /// Broken in one try and not in another: as bad as a fail.
    Flaky,
    /// Not run: the testee lacks something.
    Skip,
    /// Run, and nothing was proved.
    Inconclusive,
    /// Ours: nothing was learnt about the server.
    Error,
    /// Listed in `known.toml`, and as listed.
    Known,
}

impl Verdict {
    /// All of them, the better ones first.
    pub const ALL: [Self; 8] = [
        Self::Pass,
        Self::Warn,
        Self::Known,
        Self::Skip,
        Self::Inconclusive,
        Self::Flaky,
        Self::Fail,
        Self::Error,
    ];

    /// Whether a run with it is not good.
    #[must_use]
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Inconclusive | Self::Flaky | Self::Fail | Self::Error)
    }

    /// The word in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Flaky => "flaky",
            Self::Skip => "skip",
            Self::Inconclusive => "inconclusive",
            Self::Error => "error",
            Self::Known => "known",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

/// What a check found, before the level of its case is weighed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// As preferred; the text says what came, and may be empty.
    Kept(String),
    /// Allowed, but not as it should be.
    Tolerated(String),
    /// None of what is acceptable.
    Broken(String),
    /// The claim could not be tried.
    Unproved(String),
}

/// Why a check could not go on: ours, never the server's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Surprise(pub String);

impl Surprise {
    /// Wraps an error with what was attempted.
    pub(crate) fn of<Error: fmt::Display>(what: &str) -> impl FnOnce(Error) -> Self {
        move |error| Self(format!("{what}: {error}"))
    }
}

/// What a check returns.
pub type Outcome = Result<Finding, Surprise>;

/// `Ok(Finding::Kept)` without words.
pub(crate) fn kept() -> Outcome {
    Ok(Finding::Kept(String::new()))
}

/// `Ok(Finding::Broken)`.
pub(crate) fn broken(what: impl Into<String>) -> Outcome {
    Ok(Finding::Broken(what.into()))
}

/// `Ok(Finding::Unproved)`.
pub(crate) fn unproved(what: impl Into<String>) -> Outcome {
    Ok(Finding::Unproved(what.into()))
}
