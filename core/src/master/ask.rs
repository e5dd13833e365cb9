//! The command's end of the command socket.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::admin::{Request, socket_path};
use super::pidfile;
use crate::error::Error;
use crate::sys::pidfd::PidFd;

/// How long a stop may take before the command does more about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For a graceful stop to be done, before it is made a plain one.
    pub(crate) graceful: Duration,
    /// For a plain stop to be done, before the master is killed.
    pub(crate) plain: Duration,
}

/// A conversation with the master.
pub(crate) struct Asking {
    reader: BufReader<UnixStream>,
    pid_file: PathBuf,
}

impl Asking {
    /// Connects, and asks.
    ///
    /// # Errors
    /// [`Error::NotRunning`] where no master listens; [`Error::System`] where it cannot be talked to.
    pub(crate) fn begin(pid_file: &Path, request: Request) -> Result<Self, Error> {
        let stream = UnixStream::connect(socket_path(pid_file))
            .map_err(|_| Error::NotRunning { path: pid_file.into() })?;
        let mut asking = Self { reader: BufReader::new(stream), pid_file: pid_file.into() };
        asking.say(request)?;
        Ok(asking)
    }

    fn say(&mut self, request: Request) -> Result<(), Error> {
        let line = format!("{}\n", request.encode());
        let said = self.reader.get_mut().write_all(line.as_bytes());
        said.map_err(Error::system(format!("talk to the server behind {}", self.pid_file.display())))
    }

    /// The next line; none at the end.
    fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = String::new();
        let length = self.reader.read_line(&mut line)?;
        Ok((0 < length).then(|| line.trim_end_matches('\n').to_owned()))
    }

    /// Shows each line up to the answer; whether that is a good one. A master that is gone gives none.
    ///
    /// # Errors
    /// [`Error::System`] where it cannot be talked to.
    pub(crate) fn listen(mut self, mut show: impl FnMut(&str)) -> Result<Option<bool>, Error> {
        loop {
            let line = match self.line() {
                // A master that was killed may leave the connection reset.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => None,
                other => {
                    let attempt = || format!("talk to the server behind {}", self.pid_file.display());
                    other.map_err(|error| Error::system(attempt())(error))?
                }
            };
            let Some(line) = line else { return Ok(None) };
            match line.split_once(' ') {
                Some(("ok", text)) => {
                    show(text);
                    return Ok(Some(true));
                }
                Some(("failed", text)) => {
                    show(text);
                    return Ok(Some(false));
                }
                _ => show(&line),
            }
        }
    }

    /// Waits until the master is gone; escalates where that takes too long (CLI-14). Whether it went by itself.
    ///
    /// # Errors
    /// [`Error::System`] where it cannot be talked to, or killed.
    pub(crate) fn outlive(
        mut self,
        graceful: bool,
        patience: Patience,
        show: impl Fn(&str),
    ) -> Result<bool, Error> {
        let mut graceful = graceful;
        let mut killed = false;
        loop {
            let wait = if graceful { patience.graceful } else { patience.plain };
            let attempt = || Error::system("wait for the server");
            self.reader.get_ref().set_read_timeout(Some(wait)).map_err(attempt())?;
            match self.line() {
                Ok(None) => return Ok(!killed),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(!killed),
                Ok(Some(line)) => show(&line),
                Err(error) if is_timeout(&error) && graceful => {
                    show(&format!("still not stopped after {wait:?}: stopping it at once"));
                    graceful = false;
                    self.say(Request::Stop { graceful: false })?;
                }
                Err(error) if is_timeout(&error) && !killed => {
                    killed = true;
                    let pid = pidfile::read_pid(&self.pid_file);
                    show(&format!("still not stopped after {wait:?}: killing process {}", pid.unwrap_or(0)));
                    self.kill(pid).map_err(Error::system("kill the server"))?;
                }
                Err(error) => return Err(attempt()(error)),
            }
        }
    }

    /// Kills the master: the process that the pid file names, if it holds the file.
    fn kill(&self, pid: Option<i32>) -> io::Result<()> {
        let process = PidFd::open(pid.ok_or(io::ErrorKind::NotFound)?)?;
        // Asked after the process was taken hold of: the one that holds the lock wrote its id into the file.
        if pidfile::is_held(&self.pid_file) && pidfile::read_pid(&self.pid_file) == pid {
            process.kill()?;
        }
        Ok(())
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// Asks for a report that is one line.
///
/// # Errors
/// [`Error::NotRunning`] where no master answers; [`Error::System`] where it cannot be talked to.
pub(crate) fn request(pid_file: &Path, request: Request) -> Result<String, Error> {
    let mut answer = String::new();
    let done = Asking::begin(pid_file, request)?.listen(|line| answer = line.to_owned())?;
    match done {
        Some(true) => Ok(answer),
        Some(false) => Err(Error::Refused { reason: answer }),
        None => Err(Error::NotRunning { path: pid_file.into() }),
    }
}
