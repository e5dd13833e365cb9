use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::exchange::Exchange;
use super::knock::Knock;
use super::need::Need;
use super::talk::Talk;
use crate::run::Stage;
use crate::testee::{Capability, TesteeFile};
use crate::verdict::Outcome;

/// One claim about a server and the way to try it. Every field has to be given.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// A slug chosen by hand, never reused: `http.chunk.size-wraps`.
    pub id: &'static str,
    /// One sentence.
    pub claim: &'static str,
    /// Who says so.
    pub source: Source,
    /// How binding it is.
    pub level: Level,
    /// How we read the rule, where it can be read in more than one way.
    pub reading: &'static str,
    /// What the testee has to offer.
    pub needs: &'static [Need],
    /// Whether other cases may use the same testee meanwhile.
    pub sharing: Sharing,
    /// Ids of the same check elsewhere.
    pub aliases: &'static [&'static str],
    /// What it may take, start of the testee not included. Default by the macros: 5 s.
    pub budget: Duration,
    /// How it is tried.
    pub check: Check,
}

/// Where a rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Number of the RFC and section.
    Rfc(u16, &'static str),
    /// A rule of docs/model.md.
    Model(&'static str),
    /// A failure mode of docs/reload.md.
    Reload(&'static str),
    /// A section of docs/testee-contract.md.
    Contract(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rfc(number, section) => write!(out, "RFC {number} section {section}"),
            Self::Model(id) => write!(out, "docs/model.md {id}"),
            Self::Reload(id) => write!(out, "docs/reload.md {id}"),
            Self::Contract(section) => write!(out, "docs/testee-contract.md, {section}"),
        }
    }
}

/// How binding a claim is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Not kept: fail.
    Must,
    /// Not kept: warn.
    Should,
    /// Not kept: warn; mostly there to record what a server does.
    May,
}

impl Level {
    /// The word of RFC 2119.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
        }
    }
}

/// Whether a case can run beside others on one testee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// It disturbs nobody.
    Shared,
    /// It sends signals, reloads or harms: a fresh testee of its own.
    Isolated,
    /// It looks what the others have left behind: on the shared testee, after all of them.
    Last,
}

/// How a case is tried.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// Bytes out, one of a list of answers back.
    Exchange(Exchange),
    /// Frames out, one of a list of replies back.
    Talk(Talk),
    /// An opening handshake out, one of a list of welcomes back.
    Knock(Knock),
    /// A function, and in words what it accepts.
    Act {
        /// Every acceptable outcome.
        acceptable: &'static [&'static str],
        /// Tries the claim.
        act: fn(&Stage) -> Outcome,
    },
}

impl Case {
    /// The first word of its id.
    #[must_use]
    pub fn suite(&self) -> &'static str {
        self.id.split('.').next().unwrap_or_default()
    }

    /// What the testee lacks for this case, if anything.
    #[must_use]
    pub fn lacks(&self, file: &TesteeFile) -> Option<String> {
        let missing: Vec<String> =
            self.needs.iter().filter(|need| !need.met(file)).map(Need::to_string).collect();
        (!missing.is_empty()).then(|| missing.join(", "))
    }

    /// Whether it needs that capability.
    #[must_use]
    pub fn needs(&self, capability: Capability) -> bool {
        self.needs.contains(&Need::Can(capability))
    }

    /// Every acceptable outcome in words.
    #[must_use]
    pub fn acceptable(&self) -> Vec<String> {
        match self.check {
            Check::Exchange(exchange) => exchange.accept.iter().map(ToString::to_string).collect(),
            Check::Talk(talk) => talk.accept.iter().map(ToString::to_string).collect(),
            Check::Knock(knock) => knock.accept.iter().map(ToString::to_string).collect(),
            Check::Act { acceptable, .. } => acceptable.iter().map(ToString::to_string).collect(),
        }
    }
}
