//! What client and server say to each other.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a client says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Request {
    Subscribe {
        channels: Vec<String>,
    },
    Unsubscribe {
        channels: Vec<String>,
    },
    Publish {
        channels: Vec<String>,
        data: Value,
    },
    Watch {
        channels: Vec<String>,
    },
    Unwatch {
        channels: Vec<String>,
    },
    Enqueue {
        channels: Vec<String>,
        data: Value,
    },
    /// One message more, of each of these queues; of all that are watched where none is named (CHAN-6).
    Reserve {
        channels: Option<Vec<String>>,
    },
    Done {
        id: u64,
    },
    /// It is not wanted after all: somebody else may have it.
    Back {
        id: u64,
    },
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Delivery {
    Event {
        channel: String,
        data: Value,
    },
    Queue {
        channel: String,
        data: Value,
        id: u64,
    },
    /// A message was not taken into this queue: too much is waiting.
    Refused {
        channel: String,
    },
}

/// A message as a frame's payload.
pub(super) fn encode(message: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(message).expect("strings, numbers and JSON values have a JSON form")
}
