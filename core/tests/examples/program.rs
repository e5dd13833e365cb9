//! An example that runs, and what is to be seen of it.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// How long a test waits for what has to come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// An example in a folder of its own, which is its working folder too; stopped by [`stop`](Self::stop), or killed when it
/// is dropped.
pub(crate) struct Program {
    name: &'static str,
    folder: TempDir,
    child: Child,
    log: Arc<Lines>,
}

impl Program {
    /// Starts it with `LISTEN` on a free port and waits until it serves.
    pub(crate) fn start(name: &'static str, settings: &[(&str, &str)]) -> Self {
        Self::start_in(tempfile::tempdir().expect("a temporary folder"), name, settings)
    }

    /// Starts it in a folder in which something is prepared.
    pub(crate) fn start_in(folder: TempDir, name: &'static str, settings: &[(&str, &str)]) -> Self {
        let mut child = command(folder.path(), name, settings).spawn().expect("it can be executed");
        let log = Lines::of(child.stderr.take().expect("it is piped"));
        let program = Self { name, folder, child, log };
        program.log.wait_for("running");
        program
    }

    /// Starts one that cannot serve: its exit code and what it says.
    pub(crate) fn refused(name: &'static str, settings: &[(&str, &str)]) -> (Option<i32>, String) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut child = command(folder.path(), name, settings).spawn().expect("it can be executed");
        let said = Lines::of(child.stderr.take().expect("it is piped"));
        let status = ended(&mut child, PATIENCE);
        if status.is_none() {
            let _ = child.kill();
            let _ = child.wait();
        }
        said.wait_for_end();
        (status.and_then(|status| status.code()), said.all())
    }

    /// The address of a service.
    pub(crate) fn address(&self, service: &str) -> String {
        let line = self.log.wait_for_all(&["listening", &format!("service=\"{service}\"")]);
        let rest = line.split("address=").nth(1).expect("the line tells it");
        rest.split(' ').next().expect("split gives one at least").trim_matches('"').to_owned()
    }

    pub(crate) fn log(&self) -> &Lines {
        &self.log
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Stops it as an operator does: it has to end in order and to leave no process behind.
    pub(crate) fn stop(mut self) {
        signal(&self.child, Signal::SIGTERM);
        let status = ended(&mut self.child, PATIENCE);
        assert_eq!(status.and_then(|status| status.code()), Some(0), "{} did not stop in order", self.name);
        // Workers that the master reaped are gone from the table of processes.
        assert_eq!(processes_of(self.folder.path()), Vec::<i32>::new(), "{} left processes", self.name);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("--- log of {}\n{}", self.name, self.log.all());
        }
        if self.child.try_wait().ok().flatten().is_none() {
            // The workers leave with their master (SF-12).
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn command(folder: &Path, name: &str, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(path(name));
    command
        .arg("start")
        .env_clear()
        .env("LISTEN", "127.0.0.1:0")
        .env("XDG_RUNTIME_DIR", folder)
        .envs(settings.iter().copied())
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Sends a signal to a child that was not waited for, so that its number is still its own.
pub(crate) fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).expect("a process id");
    kill(Pid::from_raw(pid), signal).expect("it is ours");
}

/// How a child ended, if it does in time.
pub(crate) fn ended(child: &mut Child, within: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + within;
    loop {
        let status = child.try_wait().expect("it is ours");
        if status.is_some() || deadline <= Instant::now() {
            return status;
        }
        thread::sleep(Duration::from_millis(5));
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

/// Beside this program's folder, where cargo puts examples.
fn path(name: &str) -> PathBuf {
    let own = env::current_exe().expect("this program has a path");
    let target = own.parent().and_then(Path::parent).expect("it lies in deps");
    let path = target.join("examples").join(name);
    assert!(
        path.is_file(),
        "{} is missing: `cargo build -p workerspec-core --examples` first",
        path.display()
    );
    path
}

/// The processes that were started with this folder.
fn processes_of(folder: &Path) -> Vec<i32> {
    let mark = format!("XDG_RUNTIME_DIR={}", folder.display());
    let marked = |pid: &i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|&octet| octet == 0).any(|setting| setting == mark.as_bytes())
    };
    let all = fs::read_dir("/proc").expect("Linux").flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(marked).collect()
}

/// Lines that a process writes.
#[derive(Default)]
pub(crate) struct Lines {
    state: Mutex<(Vec<String>, bool)>,
    more: Condvar,
}

impl Lines {
    pub(crate) fn of(from: impl std::io::Read + Send + 'static) -> Arc<Self> {
        let lines = Arc::new(Self::default());
        let writing = Arc::clone(&lines);
        thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                writing.state.lock().expect("nothing panics under it").0.push(line);
                writing.more.notify_all();
            }
            writing.state.lock().expect("nothing panics under it").1 = true;
            writing.more.notify_all();
        });
        lines
    }

    /// Waits for a line that holds `text`.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) -> String {
        self.wait_for_all(&[text])
    }

    /// Waits for a line that holds all of them.
    #[track_caller]
    pub(crate) fn wait_for_all(&self, texts: &[&str]) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(line) = state.0.iter().find(|line| texts.iter().all(|text| line.contains(text))) {
                return line.clone();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!state.1 && !left.is_zero(), "no line with {texts:?} in:\n{}", state.0.join("\n"));
            state = self.more.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// How many lines hold `text` by now.
    pub(crate) fn count(&self, text: &str) -> usize {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.iter().filter(|line| line.contains(text)).count()
    }

    /// Waits until nothing more can come.
    fn wait_for_end(&self) {
        until("the end of the output", || self.state.lock().unwrap_or_else(PoisonError::into_inner).1);
    }

    pub(crate) fn all(&self) -> String {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0.join("\n")
    }
}
