//! A server that runs already and that somebody else looks after: reloaded by a command or a signal, its workers found
//! by the listening socket that they hold.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::load::census::{Role, Seen};
use crate::load::listeners::{self, Listener, Place};
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
    /// Whether answers tell their release or worker, so that the processes need not be seen.
    told: bool,
    /// The process group of a reload command that runs.
    command: Mutex<Option<Pid>>,
    /// Since when nobody listens on the port any more.
    silent: Mutex<Option<Instant>>,
    /// Who was found when: a look at every process of the machine costs it something.
    found: Mutex<Option<(Instant, Vec<Seen>)>>,
}

/// How old a look at the processes may be.
const FRESH: Duration = Duration::from_millis(20);

impl Outside {
    /// A server that listens on `port` of this machine; `None` for a server elsewhere, of which only answers are seen. A
    /// reload may take as long as `timeout`. `told`: answers tell who gave them.
    pub fn new(port: Option<u16>, means: Means, timeout: Duration, told: bool) -> Outside {
        Outside {
            port,
            means,
            timeout,
            told,
            command: Mutex::new(None),
            silent: Mutex::new(None),
            found: Mutex::new(None),
        }
    }

    fn by_command(&self, line: &str) -> Result<Trigger, String> {
        let before = Instant::now();
        let mut child = Command::new("sh")
            .args(["-c", line])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: what is cut off is cut off with all that it started.
            .process_group(0)
            .spawn()
            .map_err(|error| format!("cannot start `{line}`: {error}"))?;
        let group = Pid::from_raw(child.id().cast_signed());
        *lock(&self.command) = Some(group);
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
                    // Gone between the two calls: then there is nothing to be cut off.
                    let _ = killpg(group, Signal::SIGKILL);
                    let _ = child.wait();
                    break None;
                }
                Err(error) => return Err(format!("cannot wait for `{line}`: {error}")),
            }
        };
        *lock(&self.command) = None;
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
        let mut found = lock(&self.found);
        match found.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            Some((_, holders)) => holders.clone(),
            None => {
                let holders = Self::look(port);
                *found = Some((Instant::now(), holders.clone()));
                holders
            }
        }
    }

    fn look(port: u16) -> Vec<Seen> {
        processes(port).iter().map(|(process, role)| seen(process, *role)).collect()
    }
}

/// Who holds a socket that listens on `port`: a master is a holder that others of them descend from.
fn processes(port: u16) -> Vec<(Process, Role)> {
    let found: Vec<Process> = listeners::holders(port)
        .into_iter()
        .filter_map(|pid| Process::read(Pid::from_raw(i32::try_from(pid).ok()?)))
        .collect();
    let parents: BTreeSet<i32> = found.iter().map(|process| process.parent.as_raw()).collect();
    let role = |process: &Process| {
        if parents.contains(&process.pid.as_raw()) { Role::Master } else { Role::Worker }
    };
    found
        .into_iter()
        .map(|process| {
            let role = role(&process);
            (process, role)
        })
        .collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long a port is without a listener before its server counts as gone: one that closes and listens again is down for
/// a moment, and its losses say so.
const GONE: Duration = Duration::from_secs(2);

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
        if self.told {
            // What tells workers apart in the answers need not be a process that comes and goes.
            return Vec::new();
        }
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

    fn listeners(&self) -> Option<Vec<Listener>> {
        let port = self.port?;
        Some(listeners::survey(&[("http".to_owned(), Place::Tcp(port))], &processes(port)))
    }

    fn gone(&self) -> Option<String> {
        let port = self.port?;
        let mut silent = lock(&self.silent);
        if listeners::is_listened_on(port) {
            *silent = None;
            return None;
        }
        let since = silent.get_or_insert_with(Instant::now);
        (GONE <= since.elapsed()).then(|| format!("nobody listens on port {port} any more"))
    }

    fn cancel(&self) {
        if let Some(group) = lock(&self.command).take() {
            // It may just have ended by itself.
            let _ = killpg(group, Signal::SIGKILL);
        }
    }

    fn newcomers(&self, old: &[Worker]) -> Newcomers {
        if self.told {
            return Newcomers::Told;
        }
        let now = self.workers();
        match now.iter().any(|worker| !old.contains(worker)) {
            true => Newcomers::Seen,
            false if now.is_empty() => Newcomers::Hidden,
            false => Newcomers::None,
        }
    }
}
