//! What is reloaded under load: a testee, or in tests a server in a thread.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::load::census::{Role, Seen};
use crate::load::executions::Executions;
use crate::load::listeners::{self, Listener, Place};
use crate::testee::{
    Exit, Mode, Pid, Process, ProcessState, Release, ReloadMeans, Signal, Testee, Transport,
};

/// A worker process, named for good by its start time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worker {
    /// Process number.
    pub pid: u32,
    /// Start time in clock ticks since boot.
    pub started: u64,
}

/// How a reload was triggered.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// Just before the signal or the command.
    pub before: Instant,
    /// Just after the signal was sent, or the command had ended.
    pub after: Instant,
    /// Whether the end of the command is the end of the reload, and its status the outcome.
    pub waited: bool,
    /// Of a command: whether it ended with status 0; `None` for a signal.
    pub success: Option<bool>,
    /// Of a command: how it ended and what it wrote; empty for a signal.
    pub said: String,
}

/// Whether the workers of after a reload can be told from those of before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newcomers {
    /// Its answers tell which release gave them.
    Told,
    /// A process is there that was not there before.
    Seen,
    /// None is.
    None,
    /// The processes can't be seen from here.
    Hidden,
}

/// A server that can be reloaded.
pub trait Subject: Send + Sync {
    /// Brings a release.
    ///
    /// # Errors
    /// Why the reload could not even be asked for.
    fn reload(&self, release: &Release) -> Result<Trigger, String>;

    /// How long a reload may take until a new worker has answered.
    fn reload_timeout(&self) -> Duration;

    /// The worker processes of this moment; empty where they can't be known.
    fn workers(&self) -> Vec<Worker>;

    /// Every process of this moment; `None` where they can't be known.
    fn processes(&self) -> Option<Vec<Seen>>;

    /// Whether [`Subject::processes`] gives all of them, so that an answer of any other process is a stranger's.
    fn knows_all(&self) -> bool {
        true
    }

    /// Who else listens on the port, one line each.
    fn strangers(&self) -> Vec<String>;

    /// The sockets that listen on its ports, and who holds them; `None` where they can't be seen.
    fn listeners(&self) -> Option<Vec<Listener>> {
        None
    }

    /// How it ended, if it is gone.
    fn gone(&self) -> Option<String>;

    /// Sends a signal to one of [`Subject::workers`].
    ///
    /// # Errors
    /// It is gone, or none of ours.
    fn signal(&self, worker: Worker, signal: Signal) -> Result<(), String> {
        Err(format!("{signal} to process {}: the server's processes are not ours", worker.pid))
    }

    /// The server's own ledger of what it executed, where it keeps one.
    fn executions(&self) -> Option<Executions> {
        None
    }

    /// Kills the master.
    ///
    /// # Errors
    /// It is gone, or none of ours.
    fn kill_master(&self) -> Result<(), String> {
        Err("the server's processes are not ours".to_owned())
    }

    /// Runs a command beside the server, with sh, to its end.
    ///
    /// # Errors
    /// It could not be started, or failed.
    fn run(&self, line: &str) -> Result<(), String> {
        run(Command::new("sh").args(["-c", line]))
    }

    /// Ends a reload command that still runs, because the run was interrupted.
    fn cancel(&self) {}

    /// Whether there are workers that are none of `old`.
    fn newcomers(&self, old: &[Worker]) -> Newcomers {
        let _ = old;
        Newcomers::Told
    }
}

/// Whether this very process still runs.
pub(crate) fn is_alive(worker: Worker) -> bool {
    let found = i32::try_from(worker.pid).ok().and_then(|pid| Process::read(Pid::from_raw(pid)));
    found.is_some_and(|process| process.started == worker.started && process.state != ProcessState::Zombie)
}

impl Subject for Testee {
    fn reload(&self, release: &Release) -> Result<Trigger, String> {
        self.set_release(release).map_err(|error| error.to_string())?;
        let trigger = Testee::reload(self).map_err(|error| error.to_string())?;
        let (waited, is_command) = match self.file().reload().map(|reload| &reload.means) {
            Some(ReloadMeans::Command { waits, .. }) => (*waits, true),
            _ => (false, false),
        };
        let said = match (is_command, trigger.exit) {
            (false, _) => String::new(),
            (true, Some(exit)) => format!("{exit}; {}", trigger.output.trim_end()),
            (true, None) => format!("cut off at the timeout; {}", trigger.output.trim_end()),
        };
        Ok(Trigger {
            before: trigger.before,
            after: trigger.after,
            waited,
            success: is_command.then_some(trigger.exit == Some(Exit::Code(0))),
            said,
        })
    }

    fn reload_timeout(&self) -> Duration {
        self.file().reload().map_or(Duration::from_secs(30), |reload| reload.timeout)
    }

    fn workers(&self) -> Vec<Worker> {
        let master = chief(self);
        let tree = self.tree();
        let is_worker =
            |process: &&Process| process.parent == master && process.state != ProcessState::Zombie;
        tree.iter()
            .filter(is_worker)
            .map(|process| Worker { pid: number(process), started: process.started })
            .collect()
    }

    fn processes(&self) -> Option<Vec<Seen>> {
        let master = chief(self);
        let tree = self.tree();
        let living = tree.iter().filter(|process| process.state != ProcessState::Zombie);
        Some(living.map(|process| seen(process, role(process, master))).collect())
    }

    fn strangers(&self) -> Vec<String> {
        let Some(address) = self.address("http") else { return Vec::new() };
        let pids: Vec<u32> = self.tree().iter().map(number).collect();
        listeners::strangers(address.port(), &pids)
    }

    fn listeners(&self) -> Option<Vec<Listener>> {
        let place = |name: &String| match self.socket(name) {
            Some(path) => Some((name.clone(), Place::Unix(path))),
            None if self.file().transport(name) == Transport::Udp => None,
            None => Some((name.clone(), Place::Tcp(self.address(name)?.port()))),
        };
        let ports: Vec<(String, Place)> = self.file().ports().iter().filter_map(place).collect();
        let master = chief(self);
        let tree = self.tree();
        let living = tree.into_iter().filter(|process| process.state != ProcessState::Zombie);
        let processes: Vec<(Process, Role)> = living
            .map(|process| {
                let role = role(&process, master);
                (process, role)
            })
            .collect();
        Some(listeners::survey(&ports, &processes))
    }

    fn signal(&self, worker: Worker, signal: Signal) -> Result<(), String> {
        if !is_alive(worker) {
            return Err(format!("process {} is gone", worker.pid));
        }
        let pid = Pid::from_raw(worker.pid.cast_signed());
        Testee::signal(self, pid, signal).map_err(|error| error.to_string())
    }

    fn executions(&self) -> Option<Executions> {
        Executions::read(&self.pid_file().with_file_name(JOURNAL))
    }

    fn kill_master(&self) -> Result<(), String> {
        Testee::signal(self, chief(self), Signal::SIGKILL).map_err(|error| error.to_string())
    }

    fn run(&self, line: &str) -> Result<(), String> {
        let mut command = Command::new("sh");
        command.args(["-c", line]).env("WORKERSPEC_PID_FILE", self.pid_file());
        run(command.env("WORKERSPEC_MASTER", chief(self).to_string()))
    }

    fn gone(&self) -> Option<String> {
        let exit = self.exited()?;
        // After an upgrade another process is the master.
        let master = chief(self);
        let lives =
            self.tree().iter().any(|process| process.pid == master && process.state != ProcessState::Zombie);
        (!lives).then(|| exit.to_string())
    }
}

fn role(process: &Process, master: Pid) -> Role {
    match process.pid {
        pid if pid == master => Role::Master,
        _ if process.parent == master => Role::Worker,
        _ => Role::Other,
    }
}

/// The master: the process of the start command, or after an upgrade the one that its pid file names.
fn chief(testee: &Testee) -> Pid {
    if testee.exited().is_none() {
        return testee.master();
    }
    let named = fs::read_to_string(testee.pid_file()).ok().and_then(|text| text.trim().parse().ok());
    named.map_or(testee.master(), Pid::from_raw)
}

/// The journal's name in the folder of a run.
const JOURNAL: &str = "journal.jsonl";

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim_end())),
    }
}

/// A process as the census takes it.
pub(crate) fn seen(process: &Process, role: Role) -> Seen {
    Seen {
        pid: number(process),
        started: process.started,
        role,
        resident: process.resident_bytes,
        descriptors: process.descriptors,
    }
}

fn number(process: &Process) -> u32 {
    process.pid.as_raw().unsigned_abs()
}

/// Whether a release is meant to serve.
pub(crate) fn comes_up(mode: Mode) -> bool {
    matches!(mode, Mode::Up | Mode::Slow(_))
}
