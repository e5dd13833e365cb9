//! The command socket beside the pid file: `reload` and `stop` as commands that wait and learn how it
//! went. One line asks; lines of progress come back, the last one begins with `ok` or `failed`.

use std::io::{self, BufRead, BufReader, Read, Write};
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
}

impl Request {
    fn encode(self) -> &'static str {
        match self {
            Self::Reload => "reload\n",
            Self::Stop { graceful: false } => "stop\n",
            Self::Stop { graceful: true } => "stop graceful\n",
        }
    }

    fn decode(line: &str) -> Option<Self> {
        Some(match line.trim_end() {
            "reload" => Self::Reload,
            "stop" => Self::Stop { graceful: false },
            "stop graceful" => Self::Stop { graceful: true },
            _ => return None,
        })
    }
}

/// Where the master that holds `pid_file` listens for commands.
pub(crate) fn socket_path(pid_file: &Path) -> PathBuf {
    let mut name = pid_file.as_os_str().to_owned();
    name.push(".sock");
    name.into()
}

/// The master's end. Dropped, its name is removed.
#[derive(Debug)]
pub(super) struct Admin {
    path: PathBuf,
    listener: UnixListener,
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
        Ok(Self { path: path.clone(), listener })
    }

    pub(super) fn listener(&mut self) -> &mut UnixListener {
        &mut self.listener
    }

    /// A command that has connected, if there is one.
    pub(super) fn accept(&self) -> Option<Commander> {
        self.listener.accept().ok().map(|(stream, _)| Commander { stream, asked: Vec::new() })
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// A command that is connected to the master.
#[derive(Debug)]
pub(super) struct Commander {
    stream: UnixStream,
    asked: Vec<u8>,
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

    /// Says a line; one who does not read is not waited for.
    pub(super) fn tell(&mut self, line: &str) {
        let _ = self.stream.write_all(format!("{line}\n").as_bytes());
    }
}

/// The command's end: asks, shows each line, and tells whether it went well. It ends when the master
/// says so or is gone; for a stop, gone is what was asked for.
///
/// # Errors
/// [`Error::NotRunning`] where no master listens; [`Error::System`] where it cannot be talked to.
pub(crate) fn request(
    pid_file: &Path,
    request: Request,
    patience: Option<Duration>,
    mut show: impl FnMut(&str),
) -> Result<bool, Error> {
    let path = socket_path(pid_file);
    let mut stream =
        std_net::UnixStream::connect(&path).map_err(|_| Error::NotRunning { path: pid_file.into() })?;
    let talk = || Error::system(format!("talk to the server at {}", path.display()));
    stream.set_read_timeout(patience).map_err(talk())?;
    stream.write_all(request.encode().as_bytes()).map_err(talk())?;
    for line in BufReader::new(stream).lines() {
        let line = line.map_err(talk())?;
        match line.split_once(' ') {
            Some(("ok", text)) => {
                show(text);
                return Ok(true);
            }
            Some(("failed", text)) => {
                show(text);
                return Ok(false);
            }
            _ => show(&line),
        }
    }
    let stopped = matches!(request, Request::Stop { .. });
    if !stopped {
        show("the server is gone without an answer");
    }
    Ok(stopped)
}
