//! Servers in processes of their own, and what they note.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use workerspec_core::{Command as Verb, Server};

/// How long a test waits for what has to come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

const CASE: &str = "WORKERSPEC_TEST_CASE";
const FOLDER: &str = "WORKERSPEC_TEST_FOLDER";

/// A server and what is to be seen of it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Adds the services.
    pub(crate) serve: fn(Server) -> Server,
    pub(crate) check: fn(&Running),
}

/// Runs as the server of a case, if this process was started as one.
pub(crate) fn serve(cases: &[&'static Case]) -> Option<ExitCode> {
    let name = env::var(CASE).ok()?;
    let case =
        cases.iter().find(|case| case.name == name).expect("a case starts this program with its own name");
    let server = Server::new()
        .pid_file(folder().join("pid"))
        .boot_timeout(Duration::from_secs(10))
        .idle_grace(Duration::from_millis(200))
        .drain_timeout(Duration::from_secs(5));
    // CLI-19: the command comes from the program and not from its arguments.
    Some((case.serve)(server).run(Verb::Start { daemon: false, quiet: true }))
}

/// The folder of the case, for its server.
pub(crate) fn folder() -> PathBuf {
    env::var_os(FOLDER).expect("set by the case").into()
}

/// Writes a line that the case can [wait for](Running::note).
pub(crate) fn note(line: impl AsRef<str>) {
    let path = folder().join("notes");
    let mut file =
        OpenOptions::new().create(true).append(true).open(path).expect("the folder is the case's own");
    // One write, so that lines of several processes stay whole.
    file.write_all(format!("{}\n", line.as_ref()).as_bytes()).expect("there is room for a line");
}

/// Runs a case.
pub(crate) fn run(case: &'static Case) {
    let running = Running::start(case);
    (case.check)(&running);
}

/// A server that runs; dropped, it is stopped.
pub(crate) struct Running {
    folder: TempDir,
    child: Child,
    log: Receiver<String>,
    addresses: Vec<(String, String)>,
}

impl Running {
    fn start(case: &Case) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut child = Command::new(env::current_exe().expect("this program has a path"))
            .env(CASE, case.name)
            .env(FOLDER, folder.path())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("this program starts");
        let stderr = child.stderr.take().expect("it is piped");
        let (lines, log) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    return;
                }
            }
        });
        let mut running = Self { folder, child, log, addresses: Vec::new() };
        running.wait_until_running();
        running
    }

    fn wait_until_running(&mut self) {
        let mut seen = Vec::new();
        loop {
            let line = match self.log.recv_timeout(PATIENCE) {
                Ok(line) => line,
                Err(_) => panic!("the server did not come up: {seen:#?}"),
            };
            if line.contains("listening") {
                let field = |name: &str| {
                    let rest = line.split(&format!("{name}=")).nth(1)?;
                    rest.split(' ').next().map(|value| value.trim_matches('"').to_owned())
                };
                self.addresses.extend(field("service").zip(field("address")));
            }
            if line.ends_with("running") {
                return;
            }
            seen.push(line);
        }
    }

    /// The address of a service.
    pub(crate) fn address(&self, service: &str) -> &str {
        let found = self.addresses.iter().find(|(name, _)| name == service);
        &found.unwrap_or_else(|| panic!("no service {service} among {:?}", self.addresses)).1
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A connection to a service.
    pub(crate) fn connect(&self, service: &str) -> Peer {
        let stream = TcpStream::connect(self.address(service)).expect("it listens");
        Peer::new(stream)
    }

    /// All lines that were noted so far.
    pub(crate) fn notes(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder().join("notes")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Waits until `line` was noted `times` times.
    pub(crate) fn noted_times(&self, line: &str, times: usize) {
        self.wait(&format!("{line:?} {times} times"), |notes| {
            times <= notes.iter().filter(|noted| *noted == line).count()
        });
    }

    /// Waits until `line` was noted.
    pub(crate) fn noted(&self, line: &str) {
        self.noted_times(line, 1);
    }

    /// Waits until a line that begins with `start` was noted, and gives its rest.
    pub(crate) fn note(&self, start: &str) -> String {
        self.wait(&format!("{start:?}…"), |notes| notes.iter().any(|noted| noted.starts_with(start)));
        let found = self.notes().into_iter().find_map(|noted| noted.strip_prefix(start).map(str::to_owned));
        found.expect("waited for")
    }

    fn wait(&self, what: &str, done: impl Fn(&[String]) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let notes = self.notes();
            if done(&notes) {
                return;
            }
            assert!(Instant::now() < deadline, "not noted: {what} among {notes:#?}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Reloads, and waits until all workers are others.
    pub(crate) fn reload(&self) {
        let before = self.workers();
        self.ask_to_reload();
        self.reloaded(&before);
    }

    /// Has the master reload, and does not wait.
    pub(crate) fn ask_to_reload(&self) {
        let master = i32::try_from(self.child.id()).expect("a process id");
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(master), nix::sys::signal::Signal::SIGUSR1)
            .expect("it runs");
    }

    /// Waits until none of these workers is left.
    pub(crate) fn reloaded(&self, before: &[u32]) {
        let deadline = Instant::now() + PATIENCE;
        while self.workers().iter().any(|pid| before.contains(pid)) {
            assert!(Instant::now() < deadline, "workers {before:?} are still there");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The process ids of the workers.
    pub(crate) fn workers(&self) -> Vec<u32> {
        let path = format!("/proc/{0}/task/{0}/children", self.child.id());
        let text = fs::read_to_string(path).expect("the master runs");
        text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        // Not reaped yet, so the number is still its own.
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM);
        let _ = self.child.wait();
        if thread::panicking() {
            let log: Vec<String> = self.log.try_iter().collect();
            eprintln!("log: {log:#?}\nnotes: {:#?}", self.notes());
        }
    }
}

/// The client's end of a connection.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
}

impl Peer {
    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a positive timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a positive timeout");
        Self { stream }
    }

    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("the server reads");
    }

    /// The next line, without its end.
    pub(crate) fn line(&mut self) -> String {
        let (mut line, mut octet) = (Vec::new(), [0]);
        while self.stream.read_exact(&mut octet).is_ok() && octet[0] != b'\n' {
            line.push(octet[0]);
        }
        String::from_utf8_lossy(&line).into_owned()
    }

    /// Exactly that many bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).expect("the server sends that many");
        bytes
    }

    /// What comes until the server's end; panics on a reset.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).expect("the server ends in order");
        rest
    }
}
