//! The line that answers `/load/ID`: who answered, and proof that the request arrived whole.

use thiserror::Error;

use crate::load::identity::{IdText, Identity};
use crate::load::mark::Marks;
use crate::load::request::{EMPTY_SUM, Sum, fnv};

/// The releases of a run, oldest first, and which of them was asked for last.
#[derive(Debug, Clone)]
pub struct Releases {
    names: Vec<String>,
    current: usize,
    marks: Marks,
    /// Names that answers told of releases and workers, and the release that each belongs to.
    told: Vec<Told>,
}

#[derive(Debug, Clone)]
struct Told {
    release: bool,
    name: Vec<u8>,
    index: usize,
}

impl Releases {
    /// The releases in the order in which the run brings them; the first is what the server starts with.
    pub fn new(names: Vec<String>) -> Releases {
        Releases { names, current: 0, marks: Marks::default(), told: Vec::new() }
    }

    /// Releases that answers tell by these marks, under names of their own.
    pub(crate) fn marked(self, marks: Marks) -> Releases {
        Releases { marks, ..self }
    }

    /// The marks to look for.
    pub(crate) fn marks(&self) -> &Marks {
        &self.marks
    }

    /// Who gave an answer that names its release, its worker, or both. A name that was never told before belongs to the
    /// release that was asked for last. `None`: it names nothing.
    pub(crate) fn attribute(&mut self, release: Option<&[u8]>, worker: Option<&[u8]>) -> Option<Receipt> {
        let pid = worker.map_or(0, |name| number(name).unwrap_or_else(|| fnv(EMPTY_SUM, name)));
        let index = match (release, worker) {
            (Some(name), _) => self.told(true, name),
            (None, Some(name)) => self.told(false, name),
            (None, None) => return None,
        };
        Some(Receipt { release: index, pid })
    }

    fn told(&mut self, release: bool, name: &[u8]) -> usize {
        // The newest are looked at first, as they answer most.
        if let Some(told) = self.told.iter().rev().find(|told| told.release == release && told.name == name) {
            return told.index;
        }
        // A server that gives each answer a name of its own tells nothing, and shall not fill the memory.
        if self.told.len() < 10_000 {
            self.told.push(Told { release, name: name.to_vec(), index: self.current });
        }
        self.current
    }

    /// Makes the release at `index` the current one, because the reload to it is about to be triggered.
    pub fn aim(&mut self, index: usize) {
        self.current = index;
    }

    /// Index of the release that was asked for last.
    pub fn current(&self) -> usize {
        self.current
    }

    /// Names, oldest first.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Who an answer of the contract says that it is, by its header fields or in its `!who`.
    pub(crate) fn receipt(&self, release: &[u8], pid: &[u8]) -> Result<Receipt, Forged> {
        let release = self.find(release).ok_or(Forged::Release)?;
        Ok(Receipt { release, pid: number(pid).ok_or(Forged::Form)? })
    }

    /// Reads `{"pid":4711,"release":"r7","worker":0}`.
    pub(crate) fn who(&self, message: &[u8]) -> Result<Receipt, Forged> {
        #[derive(serde::Deserialize)]
        struct Who {
            pid: u32,
            release: String,
        }
        let who: Who = serde_json::from_slice(message).map_err(|_| Forged::Form)?;
        let release = self.find(who.release.as_bytes()).ok_or(Forged::Release)?;
        Ok(Receipt { release, pid: who.pid })
    }

    /// Index of the release of this name; the newest are looked at first, as they answer most.
    fn find(&self, name: &[u8]) -> Option<usize> {
        let newest_first = (0..=self.current.min(self.names.len() - 1)).rev();
        newest_first
            .chain(self.current + 1..self.names.len())
            .find(|index| self.names[*index].as_bytes() == name)
    }
}

/// What a right answer says of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// Index of the release that answered.
    pub(crate) release: usize,
    /// Process that answered.
    pub(crate) pid: u32,
}

/// What the answer to a request must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expectation {
    /// Identity of the request.
    pub(crate) id: IdText,
    /// Run of the request, to tell the answer to another request from plain nonsense.
    pub(crate) run: u32,
    /// Length and sum of its body.
    pub(crate) sum: Sum,
    /// What is right.
    pub(crate) wanted: Wanted,
}

/// What a right answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The line of the contract.
    Line,
    /// A status from the first to the last; nothing else is known.
    Plain(u16, u16),
    /// `slept MS`.
    Slept(u32),
    /// So many digits.
    Digits(u64),
    /// 101.
    Upgrade,
    /// A stream that goes on.
    Stream,
    /// The message with the identity, as it was sent.
    Echo,
    /// The answer to `!who`.
    Who,
}

impl Expectation {
    /// Reads the body of an answer: `ID RELEASE PID LENGTH`, optionally ` SUM`, and a newline.
    ///
    /// # Errors
    /// [`Forged`] says what is wrong with it.
    pub(crate) fn check(&self, body: &[u8], releases: &Releases) -> Result<Receipt, Forged> {
        let line = body.strip_suffix(b"\n").unwrap_or(body);
        let mut words = line.split(|octet| *octet == b' ');
        let id = words.next().unwrap_or_default();
        if id != self.id {
            return Err(if Identity::is_of_run(id, self.run) { Forged::Other } else { Forged::Form });
        }
        let (Some(release), Some(pid), Some(length)) = (words.next(), words.next(), words.next()) else {
            return Err(Forged::Form);
        };
        let (sum, after) = (words.next(), words.next());
        if after.is_some() {
            return Err(Forged::Form);
        }
        let pid = number(pid).ok_or(Forged::Form)?;
        if number(length).ok_or(Forged::Form)? != self.sum.length {
            return Err(Forged::Length);
        }
        if let Some(sum) = sum
            && hexadecimal(sum).ok_or(Forged::Form)? != self.sum.fnv
        {
            return Err(Forged::Sum);
        }
        let release = releases.find(release).ok_or(Forged::Release)?;
        Ok(Receipt { release, pid })
    }
}

/// What is wrong with a complete answer of status 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub(crate) enum Forged {
    /// It answers another request of this run.
    #[error("the answer belongs to another request of this run")]
    Other,
    /// It is not a line of the contract for this request.
    #[error("the body is not `ID RELEASE PID LENGTH [SUM]` with the request's ID")]
    Form,
    /// The server took a body of another length than was sent.
    #[error("the length of the request's body is wrong")]
    Length,
    /// The server took a body of other content than was sent.
    #[error("the sum of the request's body is wrong")]
    Sum,
    /// It names a release that this run never brought.
    #[error("the release is none of this run")]
    Release,
}

fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || 9 < digits.len() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    if digits.len() != 8 {
        return None;
    }
    digits.iter().try_fold(0, |sum, digit| Some(sum * 16 + char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expectation() -> Expectation {
        Expectation {
            id: *b"5f3a9c01-b-00001f-000a2b-0",
            run: 0x5f3a_9c01,
            sum: Sum { length: 6, fnv: 0xbf9c_f968 },
            wanted: Wanted::Line,
        }
    }

    #[track_caller]
    fn check(body: &str) -> Result<Receipt, Forged> {
        let releases = Releases::new(vec!["r0".to_owned(), "r1".to_owned()]);
        expectation().check(body.as_bytes(), &releases)
    }

    #[test]
    fn takes_the_line_with_and_without_a_sum() {
        let right = Ok(Receipt { release: 1, pid: 4711 });
        assert_eq!(check("5f3a9c01-b-00001f-000a2b-0 r1 4711 6 bf9cf968\n"), right);
        assert_eq!(check("5f3a9c01-b-00001f-000a2b-0 r1 4711 6\n"), right);
        assert_eq!(check("5f3a9c01-b-00001f-000a2b-0 r1 4711 6"), right);
    }

    #[test]
    fn a_name_belongs_to_the_release_in_whose_time_it_was_told_first() {
        let mut releases = Releases::new(vec!["r0".to_owned(), "r1".to_owned()]);
        let of = |releases: &mut Releases, release: Option<&str>, worker: Option<&str>| {
            let receipt = releases.attribute(release.map(str::as_bytes), worker.map(str::as_bytes));
            receipt.map(|receipt| (receipt.release, receipt.pid))
        };
        assert_eq!(of(&mut releases, Some("a"), Some("77")), Some((0, 77)));
        releases.aim(1);
        assert_eq!(of(&mut releases, Some("a"), None), Some((0, 0)));
        assert_eq!(of(&mut releases, Some("b"), None), Some((1, 0)));
        assert_eq!(of(&mut releases, None, Some("78")), Some((1, 78)));
        assert_eq!(of(&mut releases, None, None), None);
    }

    #[test]
    fn names_what_is_wrong() {
        assert_eq!(check("5f3a9c01-b-00001f-000a2c-0 r1 4711 6\n"), Err(Forged::Other));
        assert_eq!(check("00000000-b-00001f-000a2b-0 r1 4711 6\n"), Err(Forged::Form));
        assert_eq!(check("hello\n"), Err(Forged::Form));
        assert_eq!(check(""), Err(Forged::Form));
        assert_eq!(check("5f3a9c01-b-00001f-000a2b-0 r1 4711 7\n"), Err(Forged::Length));
        assert_eq!(check("5f3a9c01-b-00001f-000a2b-0 r1 4711 6 bf9cf969\n"), Err(Forged::Sum));
        assert_eq!(check("5f3a9c01-b-00001f-000a2b-0 r7 4711 6\n"), Err(Forged::Release));
        assert_eq!(check("5f3a9c01-b-00001f-000a2b-0 r1 4711 6 bf9cf968 x\n"), Err(Forged::Form));
        assert_eq!(check("5f3a9c01-b-00001f-000a2b-0 r1 99999999999 6\n"), Err(Forged::Form));
    }
}
