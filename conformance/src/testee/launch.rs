use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::process::Process;
use super::release::Release;

/// How to start a testee, besides what its file says.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Worker processes. At least 1; 2 unless something else is asked for.
    pub workers: usize,
    /// One listening socket per worker instead of one shared.
    pub reuse_port: bool,
    /// The workerspec program: it guards the testee, and `{workerspec}` stands for it.
    pub program: PathBuf,
    /// What the release file says at the start.
    pub release: Release,
    /// Variables of the contract that not every start has, such as `WORKERSPEC_USER`. Default: none.
    pub variables: Vec<(String, String)>,
    /// Whether the testee is asked to journal what it executes. Default: not.
    pub executions: bool,
    /// What is done to the folder before the start. Default: nothing.
    pub prepare: Prepare,
}

/// What is done to the folder of a run before its start: it gets the paths of the pid file and of the unix
/// socket.
#[derive(Clone, Default)]
pub struct Prepare(Option<Arc<Preparation>>);

type Preparation = dyn Fn(&Path, &Path) -> io::Result<()> + Send + Sync;

impl Prepare {
    /// Does that.
    pub fn with(does: impl Fn(&Path, &Path) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(does)))
    }

    pub(super) fn run(&self, pid_file: &Path, socket: &Path) -> io::Result<()> {
        self.0.as_ref().map_or(Ok(()), |does| does(pid_file, socket))
    }
}

impl fmt::Debug for Prepare {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Prepare").field(&self.0.is_some()).finish()
    }
}

impl Launch {
    /// Two workers on a shared listener, with release `r0` that comes up.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            workers: 2,
            reuse_port: false,
            program: program.into(),
            release: Release::up("r0"),
            variables: Vec::new(),
            executions: false,
            prepare: Prepare::default(),
        }
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this status.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl fmt::Display for Exit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(out, "exit status {code}"),
            Self::Signal(number) => match Signal::try_from(*number) {
                Ok(signal) => write!(out, "killed by {signal}"),
                Err(_) => write!(out, "killed by signal {number}"),
            },
        }
    }
}

/// A reload that was asked for.
#[derive(Clone, Debug)]
pub struct ReloadTrigger {
    /// Just before the signal was sent or the command started.
    pub before: Instant,
    /// Just after the signal was sent or the command ended.
    pub after: Instant,
    /// Of a command: how it ended; `None` if it was cut off at the reload's timeout.
    pub exit: Option<Exit>,
    /// Of a command: the last lines that it wrote.
    pub output: String,
}

/// How a testee went.
#[derive(Clone, Debug)]
pub struct Stopped {
    /// How the master ended; `None` if it had to be killed.
    pub exit: Option<Exit>,
    /// Something was still there at the stop's timeout and had to be killed.
    pub killed: bool,
    /// From the signal to the end of the master, or to the timeout.
    pub took: Duration,
    /// Processes that outlived the master.
    pub left_behind: Vec<Process>,
    /// The end of its output.
    pub log: String,
}
