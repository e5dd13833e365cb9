use serde::Deserialize;

/// What the status command prints, as far as the contract asks for it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Status {
    /// The master.
    pub pid: i32,
    /// Every worker.
    pub workers: Vec<WorkerStatus>,
}

/// A worker in the status.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct WorkerStatus {
    /// Its process.
    pub pid: i32,
    /// Its slot.
    pub slot: i64,
    /// Connections that are open.
    pub connections: i64,
    /// Messages received since its start.
    pub total_request: i64,
    /// Sends that failed or were refused since its start.
    pub send_fail: i64,
    /// Timers pending.
    pub timers: i64,
    /// Null or false where it is not busy.
    busy: serde_json::Value,
}

impl WorkerStatus {
    /// Its loop has not turned for half a second.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        !matches!(self.busy, serde_json::Value::Null | serde_json::Value::Bool(false))
    }
}

impl Status {
    /// The last line of a command's output that is one JSON object.
    ///
    /// # Errors
    /// There is none; in words.
    pub(super) fn parse(output: &str) -> Result<Self, String> {
        let start =
            output.find('{').ok_or_else(|| format!("the status command prints no JSON: {output:?}"))?;
        serde_json::from_str(output[start..].trim())
            .map_err(|error| format!("the status is none: {error}: {output:?}"))
    }
}
