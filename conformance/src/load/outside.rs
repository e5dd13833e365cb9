//! A server that runs already and that somebody else looks after: reloaded by a command or a signal, its workers found
//! by the listening socket that they hold.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::load::census::{Role, Seen};
use crate::load::listeners;
use crate::load::subject::{Newcomers, Subject, Trigger, Worker, seen};
use crate::testee::{Process, Release};

/// How it is reloaded.
#[derive(Debug, Clone)]
pub enum Means {
    /// A command line for `sh -c`. It must end with status 0.
    Command(String),
    /// A signal to the process whose number the file holds.
    Signal(Signal, PathBuf),
}

/// A server that runs already.
#[derive(Debug)]
pub struct Outside {
    port: Option<u16>,
    means: Means,
    timeout: Duration,
    /// Who was found when: a look at every process of the machine costs it something.
    found: Mutex<Option<(Instant, Vec<Seen>)>>,
}

/// How old a look at the processes may be.
const FRESH: Duration = Duration::from_millis(20);

impl Outside {
    /// A server that listens on `port` of this machine; `None` for a server elsewhere, of which only answers are seen. A
    /// reload may take as long as `timeout`.
    pub fn new(port: Option<u16>, means: Means, timeout: Duration) -> Outside {
        Outside { port, means, timeout, found: Mutex::new(None) }
    }

    fn by_command(&self, line: &str) -> Result<Trigger, String> {
        let before = Instant::now();
        let mut child = Command::new("sh")
            .args(["-c", line])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start `{line}`: {error}"))?;
        let readers = [
            child.stdout.take().map(|pipe| thread::spawn(move || tail(pipe))),
            child.stderr.take().map(|pipe| thread::spawn(move || tail(pipe))),
        ];
        let deadline = before + self.timeout;
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break Some(status),
                Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(5)),
                Ok(None) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    break None;
                }
                Err(error) => return Err(format!("cannot wait for `{line}`: {error}")),
            }
        };
        let after = Instant::now();
        // What it started may go on and hold the pipes: what was read by then is enough.
        let said = match status {
            Some(status) => {
                let texts = readers.into_iter().flatten().filter(|reader| reader.is_finished());
                let text: String = texts.filter_map(|reader| reader.join().ok()).collect();
                format!("{status}; {}", text.trim_end())
            }
            None => format!("`{line}` was cut off after {:.0} s", self.timeout.as_secs_f64()),
        };
        let success = status.is_some_and(|status| status.success());
        if !success {
            return Err(format!("the reload command failed: {said}"));
        }
        Ok(Trigger { before, after, waited: false, success: Some(true), said })
    }

    fn by_signal(signal: Signal, path: &PathBuf) -> Result<Trigger, String> {
        let text =
            fs::read_to_string(path).map_err(|error| format!("pid file {}: {error}", path.display()))?;
        let pid: i32 = text
            .split_whitespace()
            .next()
            .and_then(|word| word.parse().ok())
            .filter(|pid| 0 < *pid)
            .ok_or_else(|| format!("pid file {}: {:?} is no process id", path.display(), text.trim()))?;
        let before = Instant::now();
        kill(Pid::from_raw(pid), signal)
            .map_err(|error| format!("cannot send {signal} to process {pid}: {error}"))?;
        Ok(Trigger { before, after: Instant::now(), waited: false, success: None, said: String::new() })
    }

    /// Those who hold the listening socket.
    fn holders(&self) -> Vec<Seen> {
        let Some(port) = self.port else { return Vec::new() };
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        match found.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            Some((_, holders)) => holders.clone(),
            None => {
                let holders = Self::look(port);
                *found = Some((Instant::now(), holders.clone()));
                holders
            }
        }
    }

    /// A master is a holder that others of them descend from.
    fn look(port: u16) -> Vec<Seen> {
        let found: Vec<Process> = listeners::holders(port)
            .into_iter()
            .filter_map(|pid| Process::read(Pid::from_raw(i32::try_from(pid).ok()?)))
            .collect();
        let parents: BTreeSet<i32> = found.iter().map(|process| process.parent.as_raw()).collect();
        let role = |process: &Process| {
            if parents.contains(&process.pid.as_raw()) { Role::Master } else { Role::Worker }
        };
        found.iter().map(|process| seen(process, role(process))).collect()
    }
}

/// The last of what comes.
fn tail(mut pipe: impl Read) -> String {
    let (mut all, mut chunk) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = pipe.read(&mut chunk) {
        all.extend_from_slice(&chunk[..length]);
        let surplus = all.len().saturating_sub(4096);
        all.drain(..surplus);
    }
    String::from_utf8_lossy(&all).into_owned()
}

impl Subject for Outside {
    fn reload(&self, _: &Release) -> Result<Trigger, String> {
        match &self.means {
            Means::Command(line) => self.by_command(line),
            Means::Signal(signal, path) => Self::by_signal(*signal, path),
        }
    }

    fn reload_timeout(&self) -> Duration {
        self.timeout
    }

    fn workers(&self) -> Vec<Worker> {
        let holders = self.holders();
        let workers = holders.iter().filter(|seen| seen.role == Role::Worker);
        workers.map(|seen| Worker { pid: seen.pid, started: seen.started }).collect()
    }

    fn processes(&self) -> Option<Vec<Seen>> {
        Some(self.holders()).filter(|holders| !holders.is_empty())
    }

    /// A worker that has left the port still answers, and is not seen here any more.
    fn knows_all(&self) -> bool {
        false
    }

    fn strangers(&self) -> Vec<String> {
        Vec::new()
    }

    fn gone(&self) -> Option<String> {
        None
    }

    fn newcomers(&self, old: &[Worker]) -> Newcomers {
        let now = self.workers();
        match now.iter().any(|worker| !old.contains(worker)) {
            true => Newcomers::Seen,
            false if now.is_empty() => Newcomers::Hidden,
            false => Newcomers::None,
        }
    }
}
