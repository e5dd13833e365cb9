//! A connection whose reader stalls: the scene of these cases.

use std::time::{Duration, Instant};

use crate::probe::TextProbe;
use crate::run::Stage;
use crate::testee::JournalLine;
use crate::verdict::Surprise;

/// Payload octets of a flood's messages; with the LF it is 20000.
pub(super) const SIZE: usize = 19_999;
/// Bytes at which the buffer is full in these cases.
pub(super) const LIMIT: usize = 100_000;

/// A connection whose reader stalls while its worker has flooded it.
pub(super) struct Stall {
    /// Its connection.
    pub(super) probe: TextProbe,
    /// The `flood` lines of this connection. The last one was refused as a whole, if any was at all:
    /// the kernel takes no more then, and what is buffered stays.
    floods: Vec<JournalLine>,
}

/// Floods after which a server that still takes something has no limit.
const FLOODS: usize = 8;

impl Stall {
    /// Floods a narrow connection and does not read. `count` is unlike that of any other case: it is
    /// how the journal lines of this connection are found.
    pub(super) fn begin(stage: &Stage, count: u64) -> Result<Self, Surprise> {
        let mut probe = stage.narrow_text()?;
        let pid = probe.who()?.pid;
        let limited = probe.ask(format!("!buffer {LIMIT}").as_bytes())?;
        if limited != Ok(format!("buffer {LIMIT}").into_bytes()) {
            return Err(Surprise(format!("`!buffer {LIMIT}` is not obeyed: {limited:?}")));
        }
        let mut floods: Vec<JournalLine> = Vec::new();
        while floods.len() < FLOODS {
            probe.say(format!("!flood {count} {SIZE}").as_bytes())?;
            let known = floods.len();
            let patience = stage.within(Duration::from_secs(2));
            let more = stage.eventually(|| {
                let lines = stage.testee().journal().into_iter().filter(|line| is_flood(line, pid, count));
                let lines: Vec<JournalLine> = lines.collect();
                (known < lines.len() || patience <= Instant::now()).then_some(lines)
            });
            floods = more.unwrap_or_default();
            if floods.is_empty() {
                return Err(Surprise(format!("the journal has no `flood` of {count} messages by {pid}")));
            }
            if floods.len() <= known {
                // The connection may be gone: what was taken will show.
                break;
            }
            let last = &floods[floods.len() - 1];
            if last.sent == Some(0) || last.refused == Some(0) {
                break;
            }
        }
        Ok(Self { probe, floods })
    }

    /// Messages taken.
    pub(super) fn sent(&self) -> u64 {
        self.floods.iter().filter_map(|line| line.sent).sum()
    }

    /// Messages refused.
    pub(super) fn refused(&self) -> u64 {
        self.floods.iter().filter_map(|line| line.refused).sum()
    }

    /// Messages of one flood.
    fn total(&self) -> u64 {
        self.floods[0].sent.unwrap_or_default() + self.floods[0].refused.unwrap_or_default()
    }

    fn is_ours(&self, line: &JournalLine) -> bool {
        line.pid == self.floods[0].pid && line.conn == self.floods[0].conn
    }

    /// The journal lines of this connection with that event.
    pub(super) fn events(&self, stage: &Stage, event: &str) -> usize {
        stage.testee().journal().iter().filter(|line| self.is_ours(line) && line.event == event).count()
    }

    /// Waits until there are `count` such lines; how many there are at the end.
    pub(super) fn await_events(&self, stage: &Stage, event: &str, count: usize) -> usize {
        stage.eventually(|| (count <= self.events(stage, event)).then_some(()));
        self.events(stage, event)
    }

    /// Journal lines of this connection with that event, behind the last `buffer_full`.
    pub(super) fn since_full(&self, stage: &Stage, event: &str) -> usize {
        let lines: Vec<JournalLine> =
            stage.testee().journal().into_iter().filter(|line| self.is_ours(line)).collect();
        let full = lines.iter().rposition(|line| line.event == "buffer_full").unwrap_or_default();
        lines[full..].iter().filter(|line| line.event == event).count()
    }

    /// Reads what was taken: how often refusing began, or a sentence if it is not complete and in order.
    ///
    /// A server that writes from another thread may take messages again after it has refused some, so
    /// numbers may be left out; but within a flood they only rise, and there are as many as the journal says.
    pub(super) fn catch_up(&mut self) -> Result<Result<usize, String>, Surprise> {
        self.probe.raw().widen()?;
        let mut numbers: Vec<u64> = Vec::new();
        let mut again = 0;
        let mut crossings = 0;
        for place in 0..self.sent() {
            let line = match self.probe.hear()? {
                Ok(line) => line,
                Err(end) => {
                    return Ok(Err(format!(
                        "message {place} of {} did not come: {}",
                        self.sent(),
                        end.name()
                    )));
                }
            };
            match number(&line) {
                Some(number) if numbers.last().is_none_or(|last| *last < number) => numbers.push(number),
                // The next flood begins at 0 again.
                Some(number) if again < self.floods.len() - 1 => {
                    crossings += refusals(&numbers, self.total());
                    again += 1;
                    numbers = vec![number];
                }
                _ => {
                    let head = String::from_utf8_lossy(&line[..line.len().min(12)]).into_owned();
                    return Ok(Err(format!(
                        "message {place} came as \"{head}…\" with {} octets",
                        line.len()
                    )));
                }
            }
        }
        Ok(Ok(crossings + refusals(&numbers, self.total())))
    }
}

/// The number of a flood's message; `None` if it is not whole.
pub(super) fn number(line: &[u8]) -> Option<u64> {
    let (digits, dots) = line.split_at_checked(8)?;
    let whole = line.len() == SIZE && dots.iter().all(|octet| *octet == b'.');
    std::str::from_utf8(digits).ok().filter(|_| whole)?.parse().ok()
}

/// How often refusing began: runs of numbers below `count` that are missing.
fn refusals(numbers: &[u64], count: u64) -> usize {
    let taken = |number: u64| numbers.binary_search(&number).is_ok();
    (0..count).filter(|number| !taken(*number) && (*number == 0 || taken(number - 1))).count()
}

/// The journal line of a flood of that many messages.
pub(super) fn is_flood(line: &JournalLine, pid: i32, count: u64) -> bool {
    let total = line.sent.unwrap_or_default() + line.refused.unwrap_or_default();
    line.event == "flood" && line.pid == pid && total == count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_how_often_refusing_began() {
        assert_eq!(refusals(&[0, 1, 2], 3), 0);
        assert_eq!(refusals(&[0, 1, 2], 9), 1);
        assert_eq!(refusals(&[0, 1, 5, 6], 9), 2);
        assert_eq!(refusals(&[], 9), 1);
    }

    #[test]
    fn a_message_has_a_number_only_if_it_is_whole() {
        let whole = [b"00000042".as_slice(), &[b'.'; SIZE - 8]].concat();
        assert_eq!(number(&whole), Some(42));
        assert_eq!(number(&whole[1..]), None);
        assert_eq!(number(b"x"), None);
    }
}
