//! What client and server say to each other.

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

/// What a client says. Whatever does not have this form is refused: a key is text, a step a number (SF-71).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "cmd", rename_all = "snake_case")]
pub(super) enum Request {
    Get { key: String },
    Set { key: String, value: Value },
    Add { key: String, value: Value },
    Increment { key: String, step: Number },
    Cas { key: String, expect: Value, value: Value },
    Delete { key: String },
    Expire { key: String, seconds: Option<f64> },
}

impl Request {
    pub(super) fn key(&self) -> &str {
        match self {
            Self::Get { key }
            | Self::Set { key, .. }
            | Self::Add { key, .. }
            | Self::Increment { key, .. }
            | Self::Cas { key, .. }
            | Self::Delete { key }
            | Self::Expire { key, .. } => key,
        }
    }
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    Ok(Value),
    Error(String),
}
