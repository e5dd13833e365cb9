//! The server's own ledger: which requests it began to work on and which it finished, from its journal. Only this tells a
//! request that never ran from one whose answer was lost, and only this sees one that ran twice.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How often each request was begun and finished.
#[derive(Debug, Clone, Default)]
pub struct Executions(HashMap<String, Count>);

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    begun: u32,
    finished: u32,
}

/// What the server's ledger says of a request that the client lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Execution {
    /// The server has no ledger.
    Unknown,
    /// It was never begun: repeating it is safe.
    NeverStarted,
    /// It was begun and not finished.
    Started,
    /// It was finished, and its answer was lost.
    FinishedUnanswered,
    /// It was begun more than once.
    ExecutedTwice,
}

/// The ledger in a report.
#[derive(Debug, Clone, JsonSchema, Serialize)]
pub struct ExecutionsReport {
    /// Requests that were begun.
    pub started: usize,
    /// Requests that were finished.
    pub finished: usize,
    /// Requests that were begun more than once (RL-19).
    pub twice: usize,
    /// The first of them.
    pub twice_ids: Vec<String>,
}

impl Executions {
    /// Reads a journal; `None` where it tells of no execution.
    pub(crate) fn read(path: &Path) -> Option<Executions> {
        let text = fs::read_to_string(path).ok()?;
        let found = Executions::parse(&text);
        (!found.0.is_empty()).then_some(found)
    }

    fn parse(text: &str) -> Executions {
        #[derive(Deserialize)]
        struct Line {
            event: String,
            id: String,
        }
        let mut counts: HashMap<String, Count> = HashMap::new();
        // Lines of other events have no id, and the last one may be incomplete.
        for line in text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
            let count = counts.entry(line.id).or_default();
            match line.event.as_str() {
                "execute" => count.begun += 1,
                "executed" => count.finished += 1,
                _ => {}
            }
        }
        Executions(counts)
    }

    /// What became of the request with this identity on the server.
    pub(crate) fn of(&self, id: &str) -> Execution {
        match self.0.get(id) {
            None => Execution::NeverStarted,
            Some(count) if 1 < count.begun => Execution::ExecutedTwice,
            Some(count) if 0 < count.finished => Execution::FinishedUnanswered,
            Some(_) => Execution::Started,
        }
    }

    pub(crate) fn report(&self) -> ExecutionsReport {
        let mut twice: Vec<&String> =
            self.0.iter().filter(|(_, count)| 1 < count.begun).map(|(id, _)| id).collect();
        twice.sort();
        ExecutionsReport {
            started: self.0.values().filter(|count| 0 < count.begun).count(),
            finished: self.0.values().filter(|count| 0 < count.finished).count(),
            twice: twice.len(),
            twice_ids: twice.into_iter().take(20).cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ran_is_told_from_what_did_not() {
        let line = |event: &str, id: &str| format!("{{\"event\":\"{event}\",\"pid\":1,\"id\":\"{id}\"}}\n");
        let text = [
            line("execute", "a"),
            line("executed", "a"),
            line("execute", "b"),
            line("execute", "c"),
            line("execute", "c"),
            "{\"event\":\"worker_start\",\"pid\":1}\n{\"event\":\"exec".to_owned(),
        ];
        let found = Executions::parse(&text.concat());
        let told = ["a", "b", "c", "d"].map(|id| found.of(id));
        use Execution::{ExecutedTwice, FinishedUnanswered, NeverStarted, Started};
        assert_eq!(told, [FinishedUnanswered, Started, ExecutedTwice, NeverStarted]);
        let report = found.report();
        assert_eq!((report.started, report.finished, report.twice), (3, 1, 1));
    }
}
