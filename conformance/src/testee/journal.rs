use std::fs;
use std::path::Path;

use serde::Deserialize;

/// One line of the testee's journal.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct JournalLine {
    /// What happened: `worker_start`, `connect`, `buffer_full` …
    pub event: String,
    /// The process that wrote it.
    pub pid: i32,
    /// The release of that process.
    pub release: String,
    /// The slot, in a worker with slots.
    #[serde(default)]
    pub worker: Option<i64>,
    /// The port's name, of connection events.
    #[serde(default)]
    pub port: Option<String>,
    /// The connection, unique within the process.
    #[serde(default)]
    pub conn: Option<u64>,
    /// The code of an `error`.
    #[serde(default)]
    pub code: Option<i64>,
    /// The process that has ended, of `worker_exit`.
    #[serde(default)]
    pub child: Option<i32>,
    /// Its status as of wait(2).
    #[serde(default)]
    pub status: Option<i64>,
    /// Messages accepted, of `flood`.
    #[serde(default)]
    pub sent: Option<u64>,
    /// Messages refused, of `flood`.
    #[serde(default)]
    pub refused: Option<u64>,
}

/// Every complete line; what does not parse is returned as text, and a last line without its end is
/// left for the next read.
pub(super) fn read(path: &Path) -> (Vec<JournalLine>, Vec<String>) {
    let bytes = fs::read(path).unwrap_or_default();
    let complete = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let mut lines = Vec::new();
    let mut broken = Vec::new();
    for line in bytes[..complete].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match serde_json::from_slice(line) {
            Ok(line) => lines.push(line),
            Err(_) => broken.push(String::from_utf8_lossy(line).into_owned()),
        }
    }
    (lines, broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_complete_lines_and_keeps_broken_ones_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        fs::write(
            &path,
            "{\"event\":\"flood\",\"pid\":7,\"release\":\"r1\",\"worker\":0,\"conn\":3,\"sent\":5,\"refused\":1}\nnonsense\n{\"event\":\"half",
        )
        .unwrap();
        let (lines, broken) = read(&path);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].sent, Some(5));
        assert_eq!(broken, ["nonsense"]);
        assert_eq!(read(&folder.path().join("absent")), (Vec::new(), Vec::new()));
    }
}
