//! The command socket beside the pid file: commands that wait and learn how it went. One line asks; lines of progress
//! come back, the last one begins with `ok` or `failed`.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net as std_net;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, os::unix::fs::PermissionsExt};

use mio::net::{UnixListener, UnixStream};

use crate::error::Error;

/// What a command asks of the master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    Reload,
    Stop { graceful: bool },
    Status,
    Connections,
    Upgrade,
}

const REQUESTS: [(Request, &str); 6] = [
    (Request::Reload, "reload"),
    (Request::Stop { graceful: false }, "stop"),
    (Request::Stop { graceful: true }, "stop graceful"),
    (Request::Status, "status"),
    (Request::Connections, "connections"),
    (Request::Upgrade, "upgrade"),
];

impl Request {
    pub(super) fn encode(self) -> &'static str {
        let found = REQUESTS.iter().find(|(request, _)| *request == self);
        found.expect("every request has a line").1
    }

    fn decode(line: &str) -> Option<Self> {
        REQUESTS.iter().find(|(_, text)| *text == line.trim_end()).map(|(request, _)| *request)
    }
}

/// Where the master that holds `pid_file` listens for commands.
pub(super) fn socket_path(pid_file: &Path) -> PathBuf {
    let mut name = pid_file.as_os_str().to_owned();
    name.push(".sock");
    name.into()
}

/// The master's end. Dropped by its owner, its name is removed.
#[derive(Debug)]
pub(super) struct Admin {
    path: PathBuf,
    listener: UnixListener,
    owned: bool,
}

impl Admin {
    /// Listens. The caller holds the pid file's lock, so whatever lies at the path is left over.
    ///
    /// # Errors
    /// [`Error::System`], also where the path is longer than a socket address can be.
    pub(super) fn open(pid_file: &Path) -> Result<Self, Error> {
        let path = socket_path(pid_file);
        let attempt = format!("listen for commands at {} (choose a shorter pid file path?)", path.display());
        let open = || {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let listener = UnixListener::bind(&path)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
            Ok(listener)
        };
        let listener = open().map_err(Error::system(attempt))?;
        Ok(Self { path: path.clone(), listener, owned: true })
    }

    /// Takes the socket of the master before this one; it stays that one's for now.
    pub(super) fn inherit(pid_file: &Path, listener: OwnedFd) -> Self {
        let listener = UnixListener::from_std(listener.into());
        Self { path: socket_path(pid_file), listener, owned: false }
    }

    /// Whether this process answers commands, and removes the name at its end.
    pub(super) fn own(&mut self, owned: bool) {
        self.owned = owned;
    }

    pub(super) fn listener(&mut self) -> &mut UnixListener {
        &mut self.listener
    }

    /// The socket, for a master that takes over.
    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }

    /// A command that has connected, if there is one.
    pub(super) fn accept(&self) -> Option<Commander> {
        let (stream, _) = self.listener.accept().ok()?;
        Some(Commander { stream, asked: Vec::new(), unsent: Vec::new(), ending: false })
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        if self.owned {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A command that is connected to the master.
#[derive(Debug)]
pub(super) struct Commander {
    stream: UnixStream,
    asked: Vec<u8>,
    unsent: Vec<u8>,
    ending: bool,
}

/// What a commander has said so far.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Nothing,
    For(Request),
    Nonsense,
    Gone,
}

impl Commander {
    pub(super) fn stream(&mut self) -> &mut UnixStream {
        &mut self.stream
    }

    pub(super) fn hear(&mut self) -> Asked {
        let mut chunk = [0; 64];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => return Asked::Gone,
                Ok(length) => self.asked.extend_from_slice(&chunk[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Asked::Nothing,
                Err(_) => return Asked::Gone,
            }
            if self.asked.len() > 256 {
                return Asked::Nonsense;
            }
            if let Some(end) = self.asked.iter().position(|&octet| octet == b'\n') {
                let line = String::from_utf8_lossy(&self.asked[..end]).into_owned();
                self.asked.drain(..=end);
                return Request::decode(&line).map_or(Asked::Nonsense, Asked::For);
            }
        }
    }

    /// Says a line; one who does not read is not waited for. A line of progress is left out for one who has
    /// a lot to read already.
    pub(super) fn tell(&mut self, line: &str) {
        if self.unsent.len() < 64 * 1024 && !self.ending {
            self.unsent.extend_from_slice(line.as_bytes());
            self.unsent.push(b'\n');
            self.flush();
        }
    }

    /// Says the last line; the conversation ends when it is out.
    pub(super) fn answer(&mut self, line: &str) {
        self.unsent.extend_from_slice(line.as_bytes());
        self.unsent.push(b'\n');
        self.ending = true;
        self.flush();
    }

    /// Sends what the kernel takes.
    pub(super) fn flush(&mut self) {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(0) => return self.unsent.clear(),
                Ok(length) => drop(self.unsent.drain(..length)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => return self.unsent.clear(),
            }
        }
    }

    /// Whether the answer is out.
    pub(super) fn is_over(&self) -> bool {
        self.ending && self.unsent.is_empty()
    }

    /// Sends the rest, waiting for the reader for a moment: the master is about to end.
    pub(super) fn finish(mut self) {
        if self.unsent.is_empty() {
            return;
        }
        let stream = std_net::UnixStream::from(OwnedFd::from(self.stream));
        let patience = Some(Duration::from_millis(500));
        if stream.set_nonblocking(false).is_ok() && stream.set_write_timeout(patience).is_ok() {
            let _ = (&stream).write_all(&std::mem::take(&mut self.unsent));
        }
    }
}
