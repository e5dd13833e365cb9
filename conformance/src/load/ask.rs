//! One request before the load: an expectation that never holds proves nothing.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use thiserror::Error;

use crate::load::answer::{Answer, Keep, Progress};
use crate::load::mark::LOOKED_AT;
use crate::load::plain::Plain;
use crate::load::tls::Tls;
use crate::load::transcript::text;

/// Why the first answer is not the one that is expected.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AskError {
    /// Nobody answers.
    #[error("{address} does not answer: {source}")]
    Silent {
        /// Who was asked.
        address: SocketAddr,
        /// What came instead.
        source: io::Error,
    },
    /// What came is no whole answer of HTTP.
    #[error("{address} does not answer as HTTP ({why}): {answer}")]
    NotHttp {
        /// Who was asked.
        address: SocketAddr,
        /// What is wrong.
        why: String,
        /// The first octets.
        answer: String,
    },
    /// The status is another one.
    #[error(
        "{address} answers {status}, and {expected} was expected: say with --expect-status what is right; the answer: {answer}"
    )]
    Status {
        /// Who was asked.
        address: SocketAddr,
        /// The status that came.
        status: u16,
        /// The status that is right.
        expected: String,
        /// The first octets.
        answer: String,
    },
    /// A pattern finds nothing.
    #[error("{address}: nothing in the answer tells its {what}; the answer: {answer}")]
    Unmarked {
        /// Who was asked.
        address: SocketAddr,
        /// `release` or `worker`.
        what: &'static str,
        /// The first octets.
        answer: String,
    },
}

impl AskError {
    /// Whether the server is at fault, and not what is expected of it.
    pub fn is_of_server(&self) -> bool {
        matches!(self, AskError::Silent { .. } | AskError::NotHttp { .. })
    }
}

/// Asks once and holds the answer against what is expected.
///
/// # Errors
/// [`AskError`].
pub fn ask(address: SocketAddr, plain: &Plain, tls: Option<&Tls>) -> Result<(), AskError> {
    let silent = |source| AskError::Silent { address, source };
    match tls {
        Some(tls) => asked(tls.connect(address, PATIENCE).map_err(silent)?, address, plain),
        None => {
            let stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(silent)?;
            stream.set_read_timeout(Some(PATIENCE)).map_err(silent)?;
            stream.set_write_timeout(Some(PATIENCE)).map_err(silent)?;
            asked(stream, address, plain)
        }
    }
}

fn asked(mut stream: impl Read + Write, address: SocketAddr, plain: &Plain) -> Result<(), AskError> {
    let silent = |source| AskError::Silent { address, source };
    stream.write_all(&plain.octets(true)).map_err(silent)?;
    let mut answer = Answer::new();
    answer.keep(Keep::First(LOOKED_AT));
    answer.look_for(&plain.marks.fields());
    let (mut head, mut chunk) = (Vec::new(), [0; 4096]);
    let not_http = |why: String, head: &[u8]| AskError::NotHttp { address, why, answer: text(head) };
    loop {
        let length = match stream.read(&mut chunk) {
            Ok(0) => return Err(not_http("it ends early".to_owned(), &head)),
            Ok(length) => length,
            Err(source) => return Err(silent(source)),
        };
        let room = 4096usize.saturating_sub(head.len()).min(length);
        head.extend_from_slice(&chunk[..room]);
        match answer.feed(&chunk[..length]) {
            Ok(Progress::More) => {}
            Ok(Progress::Done(_)) => break,
            Err(why) => return Err(not_http(why.to_string(), &head)),
        }
    }
    let (first, last) = (*plain.statuses.start(), *plain.statuses.end());
    let status = answer.status();
    if !plain.statuses.contains(&status) {
        let expected = if first == last { first.to_string() } else { format!("{first} to {last}") };
        return Err(AskError::Status { address, status, expected, answer: text(&head) });
    }
    for (what, mark) in [("release", &plain.marks.release), ("worker", &plain.marks.worker)] {
        let Some(mark) = mark else { continue };
        let field = mark.field().and_then(|field| answer.value(field));
        if mark.find(field, answer.body()).is_none() {
            return Err(AskError::Unmarked { address, what, answer: text(&head) });
        }
    }
    Ok(())
}

/// How long the first answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
