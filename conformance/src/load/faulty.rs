//! Servers with one fault each, in threads: what the driver's tests are held against.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use socket2::SockRef;

use crate::load::request::{EMPTY_SUM, fnv};

/// What the server does with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Answers rightly.
    Answer,
    /// Answers rightly in chunks.
    AnswerChunked,
    /// Announces to close with a right answer, and closes.
    Announce,
    /// Announces to close, but holds the connection open.
    AnnounceAndHold,
    /// Answers rightly and closes without a word.
    AnswerAndClose,
    /// Closes without an octet of answer.
    Close,
    /// Resets without an octet of answer.
    Reset,
    /// Closes within the answer.
    Truncate,
    /// Answers another request of the same run.
    Swap,
    /// Says that the body was longer than it was.
    WrongLength,
    /// Says that the body had another sum than it had.
    WrongSum,
    /// Answers with this status.
    Status(u16),
    /// Answers nothing and waits.
    Stall,
    /// Sends something more after a right answer.
    SayMore,
}

/// Number of the connection and of the request on it, both from 0, to what is done.
pub(crate) type Rule = dyn Fn(usize, usize) -> Act + Send + Sync;

/// A server that acts by a rule, until it is dropped.
pub(crate) struct Faulty {
    pub(crate) address: SocketAddr,
    /// Number in the name of the release that it reports.
    pub(crate) release: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
}

impl Faulty {
    pub(crate) fn start(rule: impl Fn(usize, usize) -> Act + Send + Sync + 'static) -> Faulty {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (over, release) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let rule: Arc<Rule> = Arc::new(rule);
        let (ends, named) = (Arc::clone(&over), Arc::clone(&release));
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                if ends.load(SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { return };
                let (rule, named, ends) = (Arc::clone(&rule), Arc::clone(&named), Arc::clone(&ends));
                // A connection that the client ends is over; nobody asks how.
                thread::spawn(move || serve(stream, number, &*rule, &named, &ends).ok());
            }
        });
        Faulty { address, release, over }
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.over.store(true, SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    mut stream: TcpStream,
    number: usize,
    rule: &Rule,
    release: &AtomicUsize,
    over: &AtomicBool,
) -> io::Result<()> {
    for ordinal in 0.. {
        let Some(request) = Request::read(&mut stream)? else { return Ok(()) };
        let release = release.load(SeqCst);
        let right = request.receipt(release, 0, 0);
        match rule(number, ordinal) {
            Act::Answer if request.last => {
                stream.write_all(&answer("Connection: close\r\n", &right))?;
                return Ok(());
            }
            Act::Answer => stream.write_all(&answer("", &right))?,
            Act::AnswerChunked => {
                let (one, two) = right.split_at(5);
                let chunks = format!("{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n", one.len(), two.len());
                let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
                stream.write_all((head.to_owned() + &chunks).as_bytes())?;
            }
            Act::Announce => return stream.write_all(&answer("Connection: close\r\n", &right)),
            Act::AnnounceAndHold => {
                stream.write_all(&answer("Connection: close\r\n", &right))?;
                wait(over);
                return Ok(());
            }
            Act::AnswerAndClose => return stream.write_all(&answer("", &right)),
            Act::Close => return Ok(()),
            Act::Reset => return SockRef::from(&stream).set_linger(Some(Duration::ZERO)),
            Act::Truncate => {
                let whole = answer("", &right);
                return stream.write_all(&whole[..whole.len() - 3]);
            }
            Act::Swap => {
                let other = right.replacen("-0 ", "-1 ", 1);
                stream.write_all(&answer("", &other))?;
            }
            Act::WrongLength => stream.write_all(&answer("", &request.receipt(release, 1, 0)))?,
            Act::WrongSum => stream.write_all(&answer("", &request.receipt(release, 0, 1)))?,
            Act::Status(status) => {
                let text = format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n");
                stream.write_all(text.as_bytes())?;
            }
            Act::Stall => {
                wait(over);
                return Ok(());
            }
            Act::SayMore => {
                let mut octets = answer("", &right);
                octets.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
                stream.write_all(&octets)?;
                wait(over);
                return Ok(());
            }
        }
    }
    Ok(())
}

fn wait(over: &AtomicBool) {
    while !over.load(SeqCst) {
        thread::sleep(Duration::from_millis(5));
    }
}

fn answer(fields: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

struct Request {
    id: String,
    body: Vec<u8>,
    last: bool,
}

impl Request {
    /// One request; `None` at the end of the connection.
    fn read(stream: &mut TcpStream) -> io::Result<Option<Request>> {
        let mut octets = Vec::new();
        let mut buffer = [0; 8192];
        loop {
            let head = octets.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(head) = head {
                let text = String::from_utf8_lossy(&octets[..head]).into_owned();
                let length = text
                    .lines()
                    .find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok())
                    .unwrap_or(0usize);
                if head + 4 + length <= octets.len() {
                    let target = text.split(' ').nth(1).unwrap_or_default();
                    return Ok(Some(Request {
                        id: target.trim_start_matches("/load/").to_owned(),
                        body: octets[head + 4..].to_vec(),
                        last: text.contains("\r\nConnection: close"),
                    }));
                }
            }
            match stream.read(&mut buffer)? {
                0 => return Ok(None),
                count => octets.extend_from_slice(&buffer[..count]),
            }
        }
    }

    fn receipt(&self, release: usize, more: usize, damage: u32) -> String {
        let (pid, length) = (std::process::id(), self.body.len() + more);
        let sum = fnv(EMPTY_SUM, &self.body) ^ damage;
        format!("{} r{release} {pid} {length} {sum:08x}\n", self.id)
    }
}
