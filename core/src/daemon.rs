//! `start -d`: the command's part. It starts the program once more, in a session of its own, and waits until that
//! serves or has failed, so that its exit code means something (SF-16).

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{Mode, umask};
use nix::unistd::pipe2;

use crate::command::exit;
use crate::error::Error;
use crate::handed::{Handed, Taken};
use crate::master::Program;
use crate::sys::inherited;

/// The variable that tells a process it is the daemon.
const VARIABLE: &str = "WORKERSPEC_CORE_DAEMON";

/// Starts the daemon and waits until it serves.
///
/// # Errors
/// [`Error::System`] where it can't be started. What it failed of itself is shown as it says it, and gives the
/// exit code.
pub(crate) fn start() -> Result<ExitCode, Error> {
    let system = || Error::system("start a daemon");
    let (report, theirs) = pipe2(OFlag::O_CLOEXEC).map_err(io::Error::from).map_err(system())?;
    let (output, stderr) = pipe2(OFlag::O_CLOEXEC).map_err(io::Error::from).map_err(system())?;
    let program = Program::this().map_err(system())?;
    let nowhere = File::options().write(true).open("/dev/null").map_err(system())?;
    let handed = Handed::default().and("report", theirs.as_fd());
    let spawn = program.spawn().env(VARIABLE, &handed.names()).detached();
    let mut child = handed.to(spawn).stdout(nowhere.into()).stderr(stderr).start().map_err(system())?;
    drop(theirs);
    // The first of two forks, which ends at once.
    child.wait().map_err(system())?;
    let said = follow(File::from(report), File::from(output)).map_err(system())?;
    let code = match said.as_str() {
        "ready" => exit::OK,
        other => other.strip_prefix("code ").and_then(|code| code.parse().ok()).unwrap_or(exit::FAILED),
    };
    Ok(ExitCode::from(code))
}

/// Passes the daemon's output on until it has reported, or is gone; the report.
fn follow(mut report: File, mut output: File) -> io::Result<String> {
    let mut talks = true;
    loop {
        let silent = PollFlags::empty();
        let mut watched = [
            PollFd::new(report.as_fd(), PollFlags::POLLIN),
            PollFd::new(output.as_fd(), if talks { PollFlags::POLLIN } else { silent }),
        ];
        match poll(&mut watched, PollTimeout::NONE) {
            Err(nix::Error::EINTR) => continue,
            other => other?,
        };
        let readable = |watched: &PollFd<'_>| watched.revents().is_some_and(|events| !events.is_empty());
        let (reported, talked) = (readable(&watched[0]), readable(&watched[1]));
        if talked && talks {
            talks = pass_on(&mut output)?;
        } else if reported {
            // One word, written at once; or the end. All that it wrote before is passed on by now.
            let mut word = [0; 64];
            let length = report.read(&mut word)?;
            return Ok(String::from_utf8_lossy(&word[..length]).into_owned());
        }
    }
}

/// Passes on what has come; false at its end.
fn pass_on(output: &mut File) -> io::Result<bool> {
    let mut chunk = [0; 4096];
    let length = output.read(&mut chunk)?;
    io::stderr().write_all(&chunk[..length])?;
    Ok(0 < length)
}

/// In the daemon: where to report. Nothing in any other process.
///
/// # Errors
/// Where what was announced is not there.
pub(crate) fn take() -> Result<Option<OwnedFd>, Error> {
    let Some(names) = inherited::take_variable(VARIABLE) else { return Ok(None) };
    // Files of a daemon are not writable for others, whoever started it (SF-20).
    umask(Mode::from_bits_truncate(0o022));
    let mut taken = Taken::take(&names).map_err(Error::system("report to the command"))?;
    taken.required("report").map(Some).map_err(Error::system("report to the command"))
}

/// Says what failed, then tells the command which exit code it is to end with.
pub(crate) fn fail(report: OwnedFd, error: &Error) -> ExitCode {
    eprintln!("error: {error}");
    let code = exit::code_of(error);
    // In one write: the command reads once.
    let _ = File::from(report).write_all(format!("code {code}").as_bytes());
    ExitCode::from(code)
}
