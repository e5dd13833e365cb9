//! What else happens while a reload is under way.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

/// Something that happens at a chosen moment of every reload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disturbance {
    /// What.
    pub kind: Kind,
    /// How long after the trigger.
    pub after: Duration,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The next reload is triggered, while this one is under way.
    Again,
    /// A release that can't come up is brought, while this one is under way.
    Broken,
    /// A worker is killed, one of before if there is one. What it takes along is told apart.
    KillWorker,
    /// A worker is stopped for [`STOPPED`], and goes on.
    StopWorker,
    /// The master is killed: nothing of the server may live on.
    KillMaster,
    /// A command is run by sh; the variables of the contract and `WORKERSPEC_MASTER` are set.
    Command(String),
}

/// How long a worker is stopped.
pub(crate) const STOPPED: Duration = Duration::from_millis(300);

/// One that happened.
#[derive(Debug, Clone, JsonSchema, Serialize)]
pub struct Disturbed {
    /// What.
    pub kind: String,
    /// When.
    #[serde(rename = "at_seconds", serialize_with = "crate::load::report::seconds")]
    #[schemars(with = "f64")]
    pub at: Duration,
    /// The process that it struck.
    pub pid: Option<u32>,
    /// Why it could not be done, if so.
    pub error: Option<String>,
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Again => out.write_str("again"),
            Kind::Broken => out.write_str("broken"),
            Kind::KillWorker => out.write_str("kill-worker"),
            Kind::StopWorker => out.write_str("stop-worker"),
            Kind::KillMaster => out.write_str("kill-master"),
            Kind::Command(line) => write!(out, "command:{line}"),
        }
    }
}

impl FromStr for Disturbance {
    type Err = String;

    /// `KIND`, `KIND@MILLISECONDS` or `command:LINE`.
    fn from_str(text: &str) -> Result<Disturbance, String> {
        if let Some(line) = text.strip_prefix("command:") {
            return Ok(Disturbance { kind: Kind::Command(line.to_owned()), after: SOON });
        }
        let (name, after) = text.split_once('@').unwrap_or((text, "50"));
        let after = after.trim_end_matches("ms").parse().map_err(|_| {
            format!("`{text}` has no time: write such as kill-worker@100, in milliseconds after the trigger")
        })?;
        let kind = match name {
            "again" | "reload" => Kind::Again,
            "broken" => Kind::Broken,
            "kill-worker" => Kind::KillWorker,
            "stop-worker" => Kind::StopWorker,
            "kill-master" => Kind::KillMaster,
            _ => {
                return Err(format!(
                    "`{name}` is no disturbance; there are again, broken, kill-worker, stop-worker, kill-master and command:LINE"
                ));
            }
        };
        Ok(Disturbance { kind, after: Duration::from_millis(after) })
    }
}

/// When it happens where nothing else is said.
const SOON: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disturbance_has_a_kind_and_a_moment() {
        let read =
            |text: &str| text.parse::<Disturbance>().map(|found| (found.kind, found.after.as_millis()));
        assert_eq!(read("kill-worker"), Ok((Kind::KillWorker, 50)));
        assert_eq!(read("stop-worker@120"), Ok((Kind::StopWorker, 120)));
        assert_eq!(read("command:kill -USR2 1"), Ok((Kind::Command("kill -USR2 1".into()), 50)));
        assert!(read("earthquake").is_err_and(|why| why.contains("kill-master")));
        assert!(read("again@soon").is_err());
    }
}
