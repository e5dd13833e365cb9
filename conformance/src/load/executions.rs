//! The server's own ledger: which requests it began to work on and which it finished, from its journal. Only this tells a
//! request that never ran from one whose answer was lost, and only this sees one that ran twice.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::load::identity::IdText;

/// How often each request was begun and finished.
#[derive(Debug, Clone, Default)]
pub struct Executions(HashMap<IdText, Count>);

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
        let found = Executions::parse(BufReader::new(File::open(path).ok()?));
        (!found.0.is_empty()).then_some(found)
    }

    /// A journal may be longer than this machine's memory, so it is taken line by line.
    fn parse(mut journal: impl BufRead) -> Executions {
        #[derive(Deserialize)]
        struct Line<'a> {
            event: &'a str,
            id: &'a str,
        }
        let mut counts: HashMap<IdText, Count> = HashMap::new();
        let mut octets = Vec::new();
        while let Ok(1..) = journal.read_until(b'\n', &mut octets) {
            // Lines of other events have no id, and the last one may be incomplete.
            if let Ok(line) = serde_json::from_slice::<Line<'_>>(&octets)
                && let Ok(id) = IdText::try_from(line.id.as_bytes())
            {
                let count = counts.entry(id).or_default();
                match line.event {
                    "execute" => count.begun += 1,
                    "executed" => count.finished += 1,
                    _ => {}
                }
            }
            octets.clear();
        }
        Executions(counts)
    }

    /// What became of the request with this identity on the server.
    pub(crate) fn of(&self, id: &IdText) -> Execution {
        match self.0.get(id) {
            None => Execution::NeverStarted,
            Some(count) if 1 < count.begun => Execution::ExecutedTwice,
            Some(count) if 0 < count.finished => Execution::FinishedUnanswered,
            Some(_) => Execution::Started,
        }
    }

    pub(crate) fn report(&self) -> ExecutionsReport {
        let mut twice: Vec<&IdText> =
            self.0.iter().filter(|(_, count)| 1 < count.begun).map(|(id, _)| id).collect();
        twice.sort();
        ExecutionsReport {
            started: self.0.values().filter(|count| 0 < count.begun).count(),
            finished: self.0.values().filter(|count| 0 < count.finished).count(),
            twice: twice.len(),
            twice_ids: twice
                .into_iter()
                .take(20)
                .map(|id| String::from_utf8_lossy(id).into_owned())
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ran_is_told_from_what_did_not() {
        let id = |letter: &str| format!("5f3a9c01-b-00001f-00000{letter}-0");
        let line = |event: &str, letter: &str| {
            format!("{{\"event\":\"{event}\",\"pid\":1,\"id\":\"{}\"}}\n", id(letter))
        };
        let text = [
            line("execute", "a"),
            line("executed", "a"),
            line("execute", "b"),
            line("execute", "c"),
            line("execute", "c"),
            "{\"event\":\"worker_start\",\"pid\":1}\n{\"event\":\"exec".to_owned(),
        ];
        let found = Executions::parse(text.concat().as_bytes());
        let told = ["a", "b", "c", "d"].map(|letter| {
            found.of(&IdText::try_from(id(letter).as_bytes()).expect("the length of an identity"))
        });
        use Execution::{ExecutedTwice, FinishedUnanswered, NeverStarted, Started};
        assert_eq!(told, [FinishedUnanswered, Started, ExecutedTwice, NeverStarted]);
        let report = found.report();
        assert_eq!((report.started, report.finished, report.twice), (3, 1, 1));
    }
}
