//! Starting a server under test, and looking at it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::client;
use crate::program::VARIABLE;

/// How long anything may take that is expected to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A server in a folder of its own; dropped, it is stopped and, if need be, killed.
pub(crate) struct Running {
    pub(crate) folder: TempDir,
    options: String,
    /// The master, where it was started in the foreground.
    pub(crate) child: Option<Child>,
    pub(crate) log: Arc<Lines>,
    pub(crate) http: String,
}

impl Running {
    /// Starts a server in the foreground and waits until it serves.
    pub(crate) fn start(options: &str) -> Self {
        let mut server = Self::prepare(options);
        let mut start = server.command("start");
        server.launch(start.stderr(Stdio::piped()));
        server.log.wait_for("running");
        server.find_port();
        server
    }

    /// A folder with the program in it, and nothing started.
    pub(crate) fn prepare(options: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Workers of another user look into it.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        fs::hard_link(std::env::current_exe().unwrap(), folder.path().join("server"))
            .or_else(|_| fs::copy(std::env::current_exe().unwrap(), folder.path().join("server")).map(drop))
            .unwrap();
        let options = format!("folder={} {options}", folder.path().display());
        Self { folder, options, child: None, log: Arc::default(), http: String::new() }
    }

    /// Starts what `command` describes as the master.
    pub(crate) fn launch(&mut self, command: &mut Command) {
        let mut child = spawn(command);
        let stderr = child.stderr.take().unwrap();
        let log = Arc::clone(&self.log);
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                log.push(line);
            }
            log.end();
        });
        self.child = Some(child);
    }

    pub(crate) fn find_port(&mut self) {
        let status = self.status();
        self.http = status["services"][0]["listening"].as_str().unwrap().to_owned();
    }

    pub(crate) fn program(&self) -> PathBuf {
        self.folder.path().join("server")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with `arguments`, as an operator starts it.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        self.command_of(&self.program(), arguments)
    }

    pub(crate) fn command_of(&self, program: &Path, arguments: &str) -> Command {
        let mut command = Command::new(program);
        command.args(arguments.split_whitespace()).env(VARIABLE, &self.options).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &str) -> Output {
        output(&mut self.command(arguments))
    }

    pub(crate) fn status(&self) -> Value {
        let output = self.run("status --json");
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The process ids of the workers that serve.
    pub(crate) fn workers(&self) -> Vec<i32> {
        let status = self.status();
        let workers = status["workers"].as_array().unwrap();
        let serving = workers.iter().filter(|worker| worker["state"] == "serving");
        serving.map(|worker| worker["pid"].as_i64().unwrap() as i32).collect()
    }

    pub(crate) fn get(&self, path: &str) -> String {
        client::get(&self.http, path).unwrap()
    }

    pub(crate) fn pid(&self) -> i32 {
        self.child.as_ref().unwrap().id() as i32
    }

    pub(crate) fn journal(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("journal")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Changes the program's options from its next start on.
    pub(crate) fn change(&self, options: &str) {
        fs::write(self.path("options"), options).unwrap();
    }

    /// Puts a script in the program's place, as a deployment does: by renaming.
    pub(crate) fn replace_program(&self, script: &str) {
        let new = self.path("new");
        {
            let _alone = FORK.lock().unwrap_or_else(PoisonError::into_inner);
            fs::write(&new, script).unwrap();
            fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::rename(&new, self.program()).unwrap();
    }

    /// The exit code of the master, when it has ended.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        let mut child = self.child.take().unwrap();
        let mut code = None;
        until("the master ends", || {
            code = child.try_wait().unwrap();
            code.is_some()
        });
        code.unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Through the binary of the tests: the program may have been replaced.
        let stop = self.command_of(&std::env::current_exe().unwrap(), "stop");
        let mut stop = stop;
        let _ = output(&mut stop);
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
        if thread::panicking() {
            eprintln!("--- log\n{}\n--- journal\n{}", self.log.all(), self.journal().join("\n"));
        }
    }
}

/// Lines that come from a process.
#[derive(Default)]
pub(crate) struct Lines {
    state: Mutex<(Vec<String>, bool)>,
    more: Condvar,
}

impl Lines {
    fn push(&self, line: String) {
        self.state.lock().unwrap().0.push(line);
        self.more.notify_all();
    }

    fn end(&self) {
        self.state.lock().unwrap().1 = true;
        self.more.notify_all();
    }

    /// Waits for a line that holds `text`.
    pub(crate) fn wait_for(&self, text: &str) -> String {
        self.wait_for_nth(1, text)
    }

    pub(crate) fn wait_for_nth(&self, nth: usize, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.state.lock().unwrap();
        loop {
            if let Some(line) = state.0.iter().filter(|line| line.contains(text)).nth(nth - 1) {
                return line.clone();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!state.1 && !left.is_zero(), "no {text:?} in:\n{}", state.0.join("\n"));
            state = self.more.wait_timeout(state, left).unwrap().0;
        }
    }

    pub(crate) fn all(&self) -> String {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0.join("\n")
    }
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it did not happen in time: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Held while a program is written and while one is started: a child that is forked meanwhile would
/// hold the file open for writing, and what is open for writing can't be executed.
static FORK: Mutex<()> = Mutex::new(());

pub(crate) fn spawn(command: &mut Command) -> Child {
    let _alone = FORK.lock().unwrap_or_else(PoisonError::into_inner);
    command.spawn().unwrap()
}

pub(crate) fn output(command: &mut Command) -> Output {
    spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped())).wait_with_output().unwrap()
}

/// Both outputs of a command.
pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub(crate) fn alive(pid: i32) -> bool {
    // A zombie is dead.
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    state.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

pub(crate) fn signal(pid: i32, signal: nix::sys::signal::Signal) {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal).unwrap();
}
