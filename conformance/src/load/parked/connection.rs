//! One parked connection: says the first part, waits, says the rest, and finds what became of it. It blocks, in a thread of
//! its own.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::load::answer::{Answer, Keep, Progress};
use crate::load::messages::{Came, Messages, closing};
use crate::load::parked::outcome::Outcome;
use crate::load::parked::state::{Answers, ID, State};

/// A connection in its state.
pub(super) struct Parked {
    stream: TcpStream,
    /// What came and is not used yet.
    came: Vec<u8>,
    messages: Option<Messages>,
}

/// How reading ended without an answer.
enum Lack {
    /// By a FIN, after so many octets.
    Fin(usize),
    /// By a reset, after so many octets.
    Reset(usize),
    /// By a WebSocket's Close.
    Close(u16),
    /// By the deadline.
    Late,
    /// By something that is no answer.
    Wrong,
}

/// What an answer says.
struct Said {
    release: Option<String>,
    closing: bool,
}

impl Parked {
    /// Opens a connection and brings it into the state.
    pub(super) fn park(address: SocketAddr, state: &State, patience: Duration) -> io::Result<Parked> {
        let mut stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(patience))?;
        stream.write_all(&state.before)?;
        let mut parked = Parked { stream, came: Vec::new(), messages: None };
        if state.answers_before != Answers::None {
            let deadline = Instant::now() + patience;
            parked.answer(state.answers_before, deadline).map_err(|_| io::ErrorKind::InvalidData)?;
        }
        Ok(parked)
    }

    /// Says the rest, and waits for the answer. `new` is the release that the reload brought.
    pub(super) fn go_on(mut self, state: &State, new: &str, patience: Duration) -> Outcome {
        let before = self.peek();
        let mut sent = true;
        if before.is_none() || !state.idle {
            // What fails here is found by reading: an answer may have come before the end.
            sent = self.stream.write_all(&state.after).is_ok();
        }
        let deadline = Instant::now() + patience;
        let mut last = Err(Lack::Late);
        let answers = 1 + usize::from(state.name == "a request behind it");
        let is_handshake = state.name == "half a handshake";
        if is_handshake && let Err(lack) = self.answer(Answers::Upgrade, deadline) {
            return lack.outcome(state, before.is_some());
        }
        for _ in 0..answers {
            last = self.answer(state.answers_after(), deadline);
            if last.is_err() {
                break;
            }
        }
        match last {
            Ok(said) => match (said.release.as_deref(), said.closing) {
                (None, _) => Outcome::Wrong,
                (Some(release), true) if release == new => Outcome::NewClosing,
                (Some(release), false) if release == new => Outcome::New,
                (Some(_), true) => Outcome::OldClosing,
                (Some(_), false) => Outcome::Old,
            },
            Err(lack) => lack.outcome(state, before.is_some() || !sent),
        }
    }

    /// Whether an end, or something else, can be read already; `None` if nothing can.
    fn peek(&mut self) -> Option<()> {
        let mut octet = [0];
        self.stream.set_nonblocking(true).ok()?;
        let found = self.stream.peek(&mut octet);
        let _ = self.stream.set_nonblocking(false);
        match found {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            _ => Some(()),
        }
    }

    /// More octets; their number.
    fn read(&mut self, deadline: Instant, so_far: usize) -> Result<usize, Lack> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || self.stream.set_read_timeout(Some(left)).is_err() {
            return Err(Lack::Late);
        }
        let mut chunk = [0; 4096];
        match self.stream.read(&mut chunk) {
            Ok(0) => Err(Lack::Fin(so_far)),
            Ok(length) => {
                self.came.extend_from_slice(&chunk[..length]);
                Ok(length)
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                Err(Lack::Late)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(0),
            Err(_) => Err(Lack::Reset(so_far)),
        }
    }

    fn answer(&mut self, how: Answers, deadline: Instant) -> Result<Said, Lack> {
        match how {
            Answers::Http | Answers::Upgrade => self.http(how == Answers::Upgrade, deadline),
            Answers::Line | Answers::Frame | Answers::Message => {
                let make = || match how {
                    Answers::Line => Messages::lines(),
                    Answers::Frame => Messages::frames(),
                    _ => Messages::websocket(),
                };
                self.messages.get_or_insert_with(make);
                self.message(deadline)
            }
            Answers::None => Err(Lack::Wrong),
        }
    }

    fn http(&mut self, upgrade: bool, deadline: Instant) -> Result<Said, Lack> {
        let mut answer = Answer::new();
        answer.keep(Keep::First(4096));
        answer.look_for(&["workerspec-release".to_owned()]);
        if upgrade {
            answer.expect_upgrade();
        }
        let mut so_far = 0;
        loop {
            let came = std::mem::take(&mut self.came);
            match answer.feed(&came) {
                Ok(Progress::Done(used)) => {
                    self.came = came[used..].to_vec();
                    break;
                }
                Ok(Progress::More) => so_far += came.len(),
                Err(_) => return Err(Lack::Wrong),
            }
            self.read(deadline, so_far)?;
        }
        if upgrade {
            let said = Said { release: None, closing: false };
            return if answer.status() == 101 { Ok(said) } else { Err(Lack::Wrong) };
        }
        let field =
            answer.value("workerspec-release").map(|value| String::from_utf8_lossy(value).into_owned());
        // Of `/load/ID` the line itself tells, so that a server without the fields can be asked.
        let line = String::from_utf8_lossy(answer.body()).into_owned();
        let told = line.strip_prefix(ID).and_then(|rest| rest.split(' ').nth(1)).map(str::to_owned);
        let release = told.or(field.filter(|_| line.starts_with("slept ")));
        let release = release.filter(|_| answer.status() == 200);
        Ok(Said { release, closing: answer.announces_close() })
    }

    fn message(&mut self, deadline: Instant) -> Result<Said, Lack> {
        loop {
            let came = std::mem::take(&mut self.came);
            let Some(messages) = &mut self.messages else { return Err(Lack::Wrong) };
            messages.push(&came);
            match messages.next() {
                Ok(Some(Came::Message(message))) => {
                    let who: Result<serde_json::Value, _> = serde_json::from_slice(&message);
                    let release = who.ok().and_then(|who| Some(who.get("release")?.as_str()?.to_owned()));
                    return Ok(Said { release, closing: false });
                }
                Ok(Some(Came::Close(code))) => {
                    // The peer may be gone; then nobody waits for it.
                    let _ = self.stream.write_all(&closing(code));
                    return Err(Lack::Close(code));
                }
                Ok(Some(Came::Ping(pong))) => drop(self.stream.write_all(&pong)),
                Ok(None) => {
                    let so_far = messages.left();
                    self.read(deadline, so_far)?;
                }
                Err(_) => return Err(Lack::Wrong),
            }
        }
    }
}

impl Lack {
    /// What it means; `early` if the end was there before the rest was said.
    fn outcome(&self, state: &State, early: bool) -> Outcome {
        let unharmed = early && state.idle && state.port != "websocket";
        match self {
            Lack::Fin(0) if unharmed => Outcome::ClosedIdle,
            Lack::Reset(0) if unharmed => Outcome::ResetIdle,
            Lack::Fin(0) => Outcome::Closed,
            Lack::Reset(0) => Outcome::Reset,
            Lack::Fin(_) | Lack::Reset(_) => Outcome::Truncated,
            Lack::Close(1001 | 1012) => Outcome::Goodbye,
            Lack::Close(_) => Outcome::Closed,
            Lack::Late => Outcome::Stuck,
            Lack::Wrong => Outcome::Wrong,
        }
    }
}
