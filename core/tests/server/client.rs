//! HTTP clients that lose nothing by their own fault.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use crate::harness::PATIENCE;

/// A connection that is kept open as long as the server wants.
pub(crate) struct Client {
    address: String,
    stream: Option<BufReader<TcpStream>>,
}

impl Client {
    pub(crate) fn new(address: &str) -> Self {
        Self { address: address.to_owned(), stream: None }
    }

    /// One request and its answer. A connection that the server announced to close is not used again.
    pub(crate) fn get(&mut self, path: &str) -> io::Result<String> {
        self.request(path, "keep-alive")
    }

    fn request(&mut self, path: &str, connection: &str) -> io::Result<String> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(&self.address)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_nodelay(true)?;
            self.stream = Some(BufReader::new(stream));
        }
        let stream = self.stream.as_mut().unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: {connection}\r\n\r\n");
        stream.get_mut().write_all(request.as_bytes())?;
        let (mut length, mut close, mut line) = (None, false, String::new());
        loop {
            line.clear();
            if stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let lower = line.trim().to_ascii_lowercase();
            if lower.is_empty() {
                break;
            }
            if let Some(value) = lower.strip_prefix("content-length: ") {
                length = value.parse::<usize>().ok();
            }
            close |= lower == "connection: close";
        }
        let mut body = vec![0; length.unwrap()];
        stream.read_exact(&mut body)?;
        if close {
            self.stream = None;
        }
        Ok(String::from_utf8(body).unwrap())
    }
}

/// One request on a connection of its own.
pub(crate) fn get(address: &str, path: &str) -> io::Result<String> {
    Client::new(address).request(path, "close")
}

/// Clients that ask again as soon as they are answered, until they are told to stop.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    threads: Vec<JoinHandle<io::Result<()>>>,
}

impl Load {
    /// So many clients that keep their connection, and one that takes a new one for each request.
    pub(crate) fn start(address: &str, keeping: usize) -> Self {
        let (stop, answered): (Arc<AtomicBool>, Arc<AtomicU64>) = Default::default();
        let client = |keeps: bool| {
            let (stop, answered, address) = (Arc::clone(&stop), Arc::clone(&answered), address.to_owned());
            thread::spawn(move || {
                let mut client = Client::new(&address);
                while !stop.load(Ordering::Relaxed) {
                    let answer = if keeps { client.get("/ok")? } else { get(&address, "/ok")? };
                    assert_eq!(answer, "ok");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            })
        };
        let threads = (0..keeping).map(|_| client(true)).chain([client(false)]).collect();
        Self { stop, answered, threads }
    }

    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Stops; how many were answered. A request that was not is a failure.
    pub(crate) fn finish(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap().expect("every request is answered");
        }
        self.answered.load(Ordering::Relaxed)
    }
}
