use crate::case::{Case, Need, Source};
use crate::probe::TextProbe;
use crate::run::Stage;
use crate::testee::{Capability, JournalLine};
use crate::verdict::{Finding, Outcome, Surprise, broken, kept, unproved};

const NEEDS: [Need; 3] =
    [Need::Can(Capability::Text), Need::Can(Capability::SendBuffer), Need::Can(Capability::Journal)];

/// BUF-2 to BUF-6.
pub(super) const CASES: &[Case] = &[
    act! {
        "buffer.limit.takes-whole", Must, Source::Model("BUF-3");
        claim: "A message must be taken whole as long as the buffer is below its limit.";
        reading: "A limit of 1000 bytes and one message of 400000: the buffer is empty, so it is taken.";
        needs: [NEEDS[0], NEEDS[1], NEEDS[2]]; Shared; seconds: 8;
        accepts: ["the message arrives whole, and none was refused"]; aliases: [];
        run: takes_whole
    },
    act! {
        "buffer.limit.refuses-when-full", Must, Source::Model("BUF-4");
        claim: "A message must be refused whole and reported while the buffer is full, and the connection must stay.";
        reading: "Each refused message is one `error` with code 2; what was taken arrives complete, then the connection works on.";
        needs: [NEEDS[0], NEEDS[1], NEEDS[2]]; Shared; seconds: 8;
        accepts: ["taken messages arrive in order, refused ones not at all, each of them reported once"]; aliases: [];
        run: refuses_when_full
    },
    act! {
        "buffer.full.once", Must, Source::Model("BUF-5");
        claim: "A full buffer must be reported once per crossing of its limit.";
        reading: "Messages that are refused while it is full don't report it again.";
        needs: [NEEDS[0], NEEDS[1], NEEDS[2]]; Shared; seconds: 8;
        accepts: ["one `buffer_full`"]; aliases: [];
        run: full_once
    },
    act! {
        "buffer.drain.once", Must, Source::Model("BUF-6");
        claim: "A buffer that became empty again must be reported once, and not before.";
        reading: "No `buffer_drain` while the reader stalls; one after it has read everything.";
        needs: [NEEDS[0], NEEDS[1], NEEDS[2]]; Shared; seconds: 8;
        accepts: ["no `buffer_drain` while the reader stalls, one after it caught up"]; aliases: [];
        run: drain_once
    },
    act! {
        "buffer.order.behind-buffered", Must, Source::Model("BUF-2");
        claim: "What is sent while output is buffered must arrive behind it.";
        reading: "The answer to a line that was sent during the stall comes after every message that was taken.";
        needs: [NEEDS[0], NEEDS[1], NEEDS[2]]; Shared; seconds: 8;
        accepts: ["every taken message in order, then the answer"]; aliases: [];
        run: behind_buffered
    },
    act! {
        "buffer.stall.others-served", Must, Source::Model("BUF-2");
        claim: "A reader that stalls must hold up no other connection of its worker.";
        reading: "A second connection of the same worker is answered while the first one's buffer is full.";
        needs: [NEEDS[0], NEEDS[1], NEEDS[2]]; Shared; seconds: 8;
        accepts: ["the other connection is answered"]; aliases: [];
        run: others_served
    },
];

/// Payload octets of a flood's messages; with the LF it is 20000.
const SIZE: usize = 19_999;
/// Bytes at which the buffer is full in these cases.
const LIMIT: usize = 100_000;

/// A connection whose reader stalls while its worker has flooded it.
struct Stall {
    probe: TextProbe,
    /// The `flood` lines of this connection. The last one was refused as a whole, if any was at all:
    /// the kernel takes no more then, and what is buffered stays.
    floods: Vec<JournalLine>,
}

/// Floods after which a server that still takes something has no limit.
const FLOODS: usize = 8;

impl Stall {
    /// Floods a narrow connection and does not read. `count` is unlike that of any other case: it is
    /// how the journal lines of this connection are found.
    fn begin(stage: &Stage, count: u64) -> Result<Self, Surprise> {
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
            floods = stage
                .eventually(|| {
                    let lines =
                        stage.testee().journal().into_iter().filter(|line| is_flood(line, pid, count));
                    Some(lines.collect::<Vec<_>>()).filter(|lines| known < lines.len())
                })
                .ok_or_else(|| {
                    Surprise(format!("the journal has no `flood` of {count} messages by {pid}"))
                })?;
            let last = &floods[floods.len() - 1];
            if last.sent == Some(0) || last.refused == Some(0) {
                break;
            }
        }
        Ok(Self { probe, floods })
    }

    fn sent(&self) -> u64 {
        self.floods.iter().filter_map(|line| line.sent).sum()
    }

    fn refused(&self) -> u64 {
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
    fn events(&self, stage: &Stage, event: &str) -> usize {
        stage.testee().journal().iter().filter(|line| self.is_ours(line) && line.event == event).count()
    }

    /// Waits until there are `count` such lines; how many there are at the end.
    fn await_events(&self, stage: &Stage, event: &str, count: usize) -> usize {
        stage.eventually(|| (count <= self.events(stage, event)).then_some(()));
        self.events(stage, event)
    }

    /// Journal lines of this connection with that event, behind the last `buffer_full`.
    fn since_full(&self, stage: &Stage, event: &str) -> usize {
        let lines: Vec<JournalLine> =
            stage.testee().journal().into_iter().filter(|line| self.is_ours(line)).collect();
        let full = lines.iter().rposition(|line| line.event == "buffer_full").unwrap_or_default();
        lines[full..].iter().filter(|line| line.event == event).count()
    }

    /// Reads what was taken: how often refusing began, or a sentence if it is not complete and in order.
    ///
    /// A server that writes from another thread may take messages again after it has refused some, so
    /// numbers may be left out; but within a flood they only rise, and there are as many as the journal says.
    fn catch_up(&mut self) -> Result<Result<usize, String>, Surprise> {
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
fn number(line: &[u8]) -> Option<u64> {
    let (digits, dots) = line.split_at_checked(8)?;
    let whole = line.len() == SIZE && dots.iter().all(|octet| *octet == b'.');
    std::str::from_utf8(digits).ok().filter(|_| whole)?.parse().ok()
}

/// How often refusing began: runs of numbers below `count` that are missing.
fn refusals(numbers: &[u64], count: u64) -> usize {
    let taken = |number: u64| numbers.binary_search(&number).is_ok();
    (0..count).filter(|number| !taken(*number) && (*number == 0 || taken(number - 1))).count()
}

fn is_flood(line: &JournalLine, pid: i32, count: u64) -> bool {
    let total = line.sent.unwrap_or_default() + line.refused.unwrap_or_default();
    line.event == "flood" && line.pid == pid && total == count
}

/// What can't be judged if the kernel took everything.
const SWALLOWED: &str = "the kernel took the whole flood: nothing was left to buffer";

fn takes_whole(stage: &Stage) -> Outcome {
    let mut probe = stage.narrow_text()?;
    let pid = probe.who()?.pid;
    let limited = probe.ask(b"!buffer 1000")?;
    if limited != Ok(b"buffer 1000".to_vec()) {
        return Err(Surprise(format!("`!buffer 1000` is not obeyed: {limited:?}")));
    }
    probe.say(b"!flood 1 400000")?;
    probe.raw().widen()?;
    match probe.hear()? {
        Ok(line) if line.len() == 400_000 => {}
        Ok(line) => return broken(format!("{} of 400000 octets came", line.len())),
        Err(end) => return broken(format!("the message did not come: {}", end.name())),
    }
    let flood = stage.eventually(|| stage.testee().journal().into_iter().find(|line| is_flood(line, pid, 1)));
    match flood.and_then(|line| line.refused) {
        Some(0) => kept(),
        refused => broken(format!("it arrived, but the journal says refused: {refused:?}")),
    }
}

fn refuses_when_full(stage: &Stage) -> Outcome {
    let mut stall = Stall::begin(stage, 401)?;
    if stall.refused() == 0 {
        return match stall.sent() * (SIZE as u64 + 1) {
            // More than any socket buffer takes with so narrow a reader: buffered without a limit.
            bytes if 7_000_000 < bytes => broken(format!("{bytes} bytes were taken with a limit of {LIMIT}")),
            _ => unproved(SWALLOWED),
        };
    }
    let errors = stall.await_events(stage, "error", stall.refused() as usize);
    if errors as u64 != stall.refused() {
        return broken(format!("{} messages were refused and {errors} errors reported", stall.refused()));
    }
    if let Err(problem) = stall.catch_up()? {
        return broken(problem);
    }
    match stall.probe.ask(b"still there")? {
        Ok(line) if line == b"still there" => kept(),
        Ok(line) => broken(format!(
            "a message came that was refused: \"{}…\"",
            String::from_utf8_lossy(&line[..line.len().min(12)])
        )),
        Err(end) => broken(format!("the connection did not survive: {}", end.name())),
    }
}

fn full_once(stage: &Stage) -> Outcome {
    let mut stall = Stall::begin(stage, 402)?;
    if stall.refused() == 0 {
        return unproved(SWALLOWED);
    }
    // The `flood` lines are written behind those of their sends, so they are all there.
    let reported = stall.events(stage, "buffer_full");
    let crossings = match stall.catch_up()? {
        Ok(crossings) => crossings,
        Err(problem) => return broken(problem),
    };
    // Where refusing began more than once, the limit may have been crossed in between without it.
    match reported {
        reported if (crossings..crossings * 2).contains(&reported) => kept(),
        reported => {
            broken(format!("`buffer_full` was reported {reported} times; refusing began {crossings} times"))
        }
    }
}

fn drain_once(stage: &Stage) -> Outcome {
    let mut stall = Stall::begin(stage, 403)?;
    if stall.refused() == 0 {
        return unproved(SWALLOWED);
    }
    if stall.since_full(stage, "buffer_drain") != 0 {
        return broken("`buffer_drain` was reported behind `buffer_full` while the reader stalled");
    }
    if let Err(problem) = stall.catch_up()? {
        return broken(problem);
    }
    stage.eventually(|| (stall.since_full(stage, "buffer_drain") != 0).then_some(()));
    // A second report would have to come before the answer to this.
    let fence = stall.probe.ask(b"fence")?;
    match (fence, stall.since_full(stage, "buffer_drain")) {
        (Ok(_), 1) => kept(),
        (Err(end), _) => broken(format!("the connection did not survive: {}", end.name())),
        (Ok(_), count) => broken(format!("`buffer_drain` was reported {count} times, not once")),
    }
}

fn behind_buffered(stage: &Stage) -> Outcome {
    let mut stall = Stall::begin(stage, 404)?;
    if stall.refused() == 0 {
        return unproved(SWALLOWED);
    }
    // Read until the buffer has room again: an answer to a full one would be refused.
    stall.probe.raw().widen()?;
    let half = stall.sent() / 2;
    let mut asked = false;
    for number in 0..stall.sent() {
        if number == half {
            stall.probe.say(b"behind")?;
            asked = true;
        }
        match stall.probe.hear()? {
            Ok(line) if self::number(&line).is_some() => {}
            Ok(line) if line == b"behind" => {
                return broken(format!("the answer overtook {} messages", stall.sent() - number));
            }
            Ok(_) => return broken(format!("message {number} is not one that is due")),
            Err(end) => return broken(format!("message {number} did not come: {}", end.name())),
        }
    }
    if !asked {
        stall.probe.say(b"behind")?;
    }
    match stall.probe.hear()? {
        Ok(line) if line == b"behind" => kept(),
        Ok(_) => broken("something else came behind the messages"),
        Err(end) => Ok(Finding::Broken(format!("the answer did not come: {}", end.name()))),
    }
}

fn others_served(stage: &Stage) -> Outcome {
    let mut other = stage.text()?;
    let pid = other.who()?.pid;
    let mut narrow = None;
    for _ in 0..32 {
        let mut probe = stage.narrow_text()?;
        if probe.who()?.pid == pid {
            narrow = Some(probe);
            break;
        }
    }
    let Some(mut stalled) = narrow else {
        return unproved("no two of 32 connections came to one worker");
    };
    stalled.ask(format!("!buffer {LIMIT}").as_bytes())?.map_err(|end| Surprise(end.name().to_owned()))?;
    stalled.say(format!("!flood 405 {SIZE}").as_bytes())?;
    stage
        .eventually(|| stage.testee().journal().into_iter().find(|line| is_flood(line, pid, 405)))
        .ok_or_else(|| Surprise("the journal has no `flood` of 405 messages".to_owned()))?;
    match other.ask(b"meanwhile")? {
        Ok(line) if line == b"meanwhile" => kept(),
        Ok(line) => broken(format!("\"{}\" and not \"meanwhile\"", String::from_utf8_lossy(&line))),
        Err(end) => broken(format!("not answered: {}", end.name())),
    }
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
