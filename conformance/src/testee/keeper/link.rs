use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::Pid;

use super::message::Message;
use super::serve::LAST_WORD;
use crate::testee::launch::Exit;

/// The runner's end of a keeper. Dropped, it ends the keeper and with it all that the keeper guards.
#[derive(Debug)]
pub(in crate::testee) struct KeeperLink {
    keeper: Child,
    heard: Arc<(Mutex<Heard>, Condvar)>,
}

/// What the keeper has told so far.
#[derive(Clone, Debug, Default)]
struct Heard {
    started: Option<i32>,
    failed: Option<String>,
    exited: Option<(Exit, Instant)>,
    hung_up: bool,
}

/// How long a keeper may take to kill everything. It needs milliseconds; a process in an
/// uninterruptible wait may need longer.
const FAREWELL: Duration = Duration::from_secs(5);

impl KeeperLink {
    /// Starts `program keeper … -- command`.
    ///
    /// # Errors
    /// When the keeper itself can't be executed.
    pub(in crate::testee) fn start(
        program: &Path,
        log: &Path,
        folder: Option<&Path>,
        current: &Path,
        env: impl IntoIterator<Item = (String, String)>,
        command: &[String],
    ) -> io::Result<Self> {
        let mut spawn = Command::new(program);
        spawn.arg("keeper").arg("--log").arg(log);
        if let Some(folder) = folder {
            spawn.arg("--folder").arg(folder);
        }
        spawn.arg("--").args(command).envs(env).current_dir(current);
        // Not in the runner's group: Ctrl-C on the terminal is the runner's affair.
        spawn.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut keeper = spawn.spawn()?;
        let output = keeper.stdout.take().expect("standard output is piped");
        let heard = Arc::new((Mutex::new(Heard::default()), Condvar::new()));
        let listener = Arc::clone(&heard);
        thread::spawn(move || listen(BufReader::new(output), &listener));
        Ok(Self { keeper, heard })
    }

    /// The keeper's own process: the root of all that it guards.
    pub(in crate::testee) fn pid(&self) -> Pid {
        Pid::from_raw(self.keeper.id() as i32)
    }

    /// The process of the command.
    ///
    /// # Errors
    /// What the keeper said about a command that can't be executed, or that it hung up.
    pub(in crate::testee) fn wait_started(&self, deadline: Instant) -> Result<Pid, String> {
        let heard = self.wait(deadline, |heard| heard.started.is_some() || heard.failed.is_some());
        match (heard.started, heard.failed) {
            (Some(pid), _) => Ok(Pid::from_raw(pid)),
            (None, Some(reason)) => Err(reason),
            (None, None) if heard.hung_up => Err("the keeper ended without a word".to_owned()),
            (None, None) => Err("the keeper is silent".to_owned()),
        }
    }

    /// How the process of the command ended, and when, if it did.
    pub(in crate::testee) fn exited(&self) -> Option<(Exit, Instant)> {
        lock(&self.heard.0).exited
    }

    /// Waits for the end of the process of the command.
    pub(in crate::testee) fn wait_exit(&self, deadline: Instant) -> Option<(Exit, Instant)> {
        self.wait(deadline, |heard| heard.exited.is_some()).exited
    }

    fn wait(&self, deadline: Instant, enough: impl Fn(&Heard) -> bool) -> Heard {
        let (state, changed) = &*self.heard;
        let mut heard = lock(state);
        while !enough(&heard) && !heard.hung_up {
            let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
            else {
                break;
            };
            heard = changed.wait_timeout(heard, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        heard.clone()
    }
}

impl Drop for KeeperLink {
    fn drop(&mut self) {
        if let Some(mut pipe) = self.keeper.stdin.take() {
            // It may be gone already.
            let _ = pipe.write_all(LAST_WORD);
        }
        let deadline = Instant::now() + FAREWELL;
        // Its end of the pipe closes when it is gone: no need to poll for that.
        self.wait(deadline, |heard| heard.hung_up);
        if !lock(&self.heard.0).hung_up {
            let _ = self.keeper.kill();
        }
        let _ = self.keeper.wait();
    }
}

fn listen(output: impl BufRead, heard: &(Mutex<Heard>, Condvar)) {
    let (state, changed) = heard;
    for line in output.lines().map_while(Result::ok) {
        let mut heard = lock(state);
        match Message::parse(&line) {
            Some(Message::Started(pid)) => heard.started = Some(pid),
            Some(Message::Failed(reason)) => heard.failed = Some(reason),
            Some(Message::Exited(exit)) => heard.exited = Some((exit, Instant::now())),
            None => {}
        }
        changed.notify_all();
    }
    lock(state).hung_up = true;
    changed.notify_all();
}

/// A thread that panicked while it held the lock has changed nothing halfway: each change is one store.
fn lock<Value>(mutex: &Mutex<Value>) -> MutexGuard<'_, Value> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
