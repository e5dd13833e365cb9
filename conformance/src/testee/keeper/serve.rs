use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::Pid;

use super::log::pump;
use super::message::Message;
use crate::testee::launch::Exit;
use crate::testee::process::descendants;

/// What the keeper is to run, and where.
#[derive(Clone, Debug)]
pub struct KeeperArgs {
    /// Where standard output and standard error of the command go.
    pub log: PathBuf,
    /// Removed at the end, unless the runner said that it does that itself.
    pub folder: Option<PathBuf>,
    /// Program and arguments.
    pub command: Vec<String>,
}

enum Event {
    RunnerGone { cleans_up: bool },
    Exited(Pid, Exit),
    NoneLeft,
}

/// Runs a command and guards all that it forks, until standard input ends.
///
/// # Errors
/// When this process can't be made what a keeper has to be. A command that can't be started is no
/// error here: it is reported to the runner.
pub fn serve(args: &KeeperArgs) -> io::Result<()> {
    // Ends with its runner, not with the terminal. A handler and not SIG_IGN: what is ignored would
    // stay ignored in the testee.
    let ignored = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&ignored))?;
    }
    prctl::set_child_subreaper(true)?;

    let (events, inbox) = mpsc::channel();
    let Some((program, arguments)) = args.command.split_first() else {
        tell(&Message::Failed("no command".to_owned()));
        return Ok(());
    };
    let (output, input) = io::pipe()?;
    let spawned = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(input.try_clone()?)
        .stderr(input)
        .process_group(0)
        .spawn();
    let child = match spawned {
        Ok(child) => Pid::from_raw(child.id() as i32),
        Err(error) => {
            tell(&Message::Failed(error.to_string()));
            return Ok(());
        }
    };
    tell(&Message::Started(child.as_raw()));

    let log = args.log.clone();
    let pump = thread::spawn(move || pump(output, &log));
    let reaped = events.clone();
    thread::spawn(move || reap(&reaped));
    thread::spawn(move || watch_runner(&events));

    let mut none_left = false;
    let cleans_up = loop {
        match inbox.recv() {
            Ok(Event::Exited(pid, exit)) if pid == child => tell(&Message::Exited(exit)),
            Ok(Event::Exited(..)) => {}
            Ok(Event::NoneLeft) => none_left = true,
            Ok(Event::RunnerGone { cleans_up }) => break cleans_up,
            Err(_) => break false,
        }
    };
    // Whoever forks faster than we look is found in the next round: orphans come to us, so an empty
    // round that the reaper confirms means that nobody is left.
    while !none_left {
        for process in descendants(Pid::this()) {
            // It may be gone already; the reaper tells.
            let _ = kill(process.pid, Signal::SIGKILL);
        }
        match inbox.recv_timeout(Duration::from_millis(5)) {
            Ok(Event::NoneLeft) | Err(RecvTimeoutError::Disconnected) => none_left = true,
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
        }
    }
    // Nobody holds the other end any more: what was written last is in the log when this returns. A
    // log that can't be written has ended the thread already, and there is nobody to tell.
    let _ = pump.join();
    match &args.folder {
        Some(folder) if !cleans_up => fs::remove_dir_all(folder),
        _ => Ok(()),
    }
}

/// Tells the runner; if it is gone, standard input ends as well and that is where we notice.
fn tell(message: &Message) {
    let mut out = io::stdout();
    let _ = writeln!(out, "{message}").and_then(|()| out.flush());
}

/// Reaps everything that comes to us, until there is nothing left to reap.
fn reap(events: &Sender<Event>) {
    loop {
        let event = match wait() {
            Ok(WaitStatus::Exited(pid, code)) => Event::Exited(pid, Exit::Code(code)),
            Ok(WaitStatus::Signaled(pid, signal, _)) => Event::Exited(pid, Exit::Signal(signal as i32)),
            Err(Errno::ECHILD) => Event::NoneLeft,
            Ok(_) | Err(_) => continue,
        };
        let last = matches!(event, Event::NoneLeft);
        if events.send(event).is_err() || last {
            return;
        }
    }
}

/// Waits for the end of standard input. What the runner writes before says that it cleans up itself.
fn watch_runner(events: &Sender<Event>) {
    let mut words = Vec::new();
    let _ = io::stdin().lock().take(64).read_to_end(&mut words);
    let _ = events.send(Event::RunnerGone { cleans_up: words == LAST_WORD });
}

/// What a runner that ends in order writes before it closes the pipe.
pub(super) const LAST_WORD: &[u8] = b"end\n";
