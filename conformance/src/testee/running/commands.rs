//! Commands beside a testee that runs: those of its command line, further starts, its version.

use std::path::Path;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::Testee;
use crate::testee::beside::Beside;
use crate::testee::command::Verb;
use crate::testee::error::TesteeError;
use crate::testee::folder::{RELEASE_FILE, environment, placeholders, write_certificate, write_templates};
use crate::testee::keeper::KeeperLink;
use crate::testee::launch::Exit;
use crate::testee::placeholder::Placeholders;
use crate::testee::status::Status;

impl Testee {
    /// Runs a command of the command line to its end. `None` if it still ran at the deadline; it is killed
    /// then, with all that it started.
    ///
    /// # Errors
    /// The file has no such command, or it can't be executed.
    pub fn command(&self, verb: Verb, deadline: Instant) -> Result<(Option<Exit>, String), TesteeError> {
        let command = self.words(verb)?;
        self.run(&command, deadline)
    }

    /// The status, as the status command prints it.
    ///
    /// # Errors
    /// There is no such command, it fails, or what it prints is no status; in words.
    pub fn status(&self, deadline: Instant) -> Result<Status, String> {
        let (exit, output) = self.command(Verb::Status, deadline).map_err(|error| error.to_string())?;
        match exit {
            Some(Exit::Code(0)) => Status::parse(&output),
            Some(exit) => Err(format!("the status command: {exit}; it says {output:?}")),
            None => Err("the status command does not end".to_owned()),
        }
    }

    /// Starts a command of the command line, which may stay.
    ///
    /// # Errors
    /// As [`Testee::command`].
    pub fn begin(&self, verb: Verb, deadline: Instant) -> Result<Beside, TesteeError> {
        let command = self.words(verb)?;
        let placeholders = self.placeholders.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.begin_in(self.folder.path(), &placeholders, &command, deadline)
    }

    /// Starts the start command once more in the same folder, and does not wait for it.
    ///
    /// # Errors
    /// When it can't be executed.
    pub fn begin_start(&self, deadline: Instant) -> Result<Beside, TesteeError> {
        let placeholders = self.placeholders.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.begin_in(self.folder.path(), &placeholders, &self.file.command, deadline)
    }

    fn words(&self, verb: Verb) -> Result<Vec<String>, TesteeError> {
        let name = || self.file.name.clone();
        if matches!(verb, Verb::Stop | Verb::StopGraceful | Verb::Restart) {
            self.dismissed.store(true, Ordering::Relaxed);
        }
        self.file.commands.get(&verb).cloned().ok_or_else(|| TesteeError::NoCommand { name: name(), verb })
    }

    /// Starts the start command once more, with the same pid file, ports and folder, and waits for its
    /// end. `None` if it still ran at the deadline; it is killed then.
    ///
    /// # Errors
    /// When it can't be executed.
    pub fn start_again(&self, deadline: Instant) -> Result<(Option<Exit>, String), TesteeError> {
        self.run(&self.file.command, deadline)
    }

    /// Starts the start command once more, on the same ports but in a folder of its own, so with a pid
    /// file of its own. As [`Testee::start_again`].
    ///
    /// # Errors
    /// When it can't be executed.
    pub fn start_beside(&self, deadline: Instant) -> Result<(Option<Exit>, String), TesteeError> {
        let (beside, placeholders) = self.folder_beside()?;
        self.run_in(beside.path(), &placeholders, &self.file.command, deadline)
    }

    /// Starts the start command once more, on the same ports but in a folder of its own, which stays until
    /// the testee is dropped; and does not wait for it.
    ///
    /// # Errors
    /// When it can't be executed.
    pub fn begin_beside(&self, deadline: Instant) -> Result<Beside, TesteeError> {
        let (folder, placeholders) = self.folder_beside()?;
        self.begin_in(&folder.keep(), &placeholders, &self.file.command, deadline)
    }

    /// A folder within that of the run, ready for a start.
    fn folder_beside(&self) -> Result<(TempDir, Placeholders), TesteeError> {
        let beside = tempfile::Builder::new()
            .prefix("beside-")
            .tempdir_in(self.folder.path())
            .map_err(TesteeError::system("can't make a folder for a second start"))?;
        write_certificate(beside.path()).map_err(TesteeError::system("can't write a certificate"))?;
        self.launch
            .release
            .write(&beside.path().join(RELEASE_FILE))
            .map_err(TesteeError::system("can't write the release file"))?;
        let placeholders = placeholders(&self.file, &self.launch, beside.path(), &self.ports);
        write_templates(&self.file, &placeholders)?;
        Ok((beside, placeholders))
    }

    /// Runs a command of the file beside the testee, in its environment.
    pub(super) fn run(
        &self,
        command: &[String],
        deadline: Instant,
    ) -> Result<(Option<Exit>, String), TesteeError> {
        let placeholders = self.placeholders.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.run_in(self.folder.path(), &placeholders, command, deadline)
    }

    fn run_in(
        &self,
        folder: &Path,
        placeholders: &Placeholders,
        command: &[String],
        deadline: Instant,
    ) -> Result<(Option<Exit>, String), TesteeError> {
        let beside = self.begin_in(folder, placeholders, command, deadline)?;
        let exit = beside.wait_exit(deadline);
        Ok((exit, beside.end()))
    }

    fn begin_in(
        &self,
        folder: &Path,
        placeholders: &Placeholders,
        command: &[String],
        deadline: Instant,
    ) -> Result<Beside, TesteeError> {
        let words: Vec<String> = command.iter().map(|word| placeholders.render(word)).collect();
        let env = environment(&self.file, &self.launch, folder, &self.ports, placeholders);
        let log = tempfile::Builder::new()
            .prefix("command-")
            .suffix(".log")
            .tempfile_in(self.folder.path())
            .map_err(TesteeError::system("can't make a log for the command"))?;
        let keeper = KeeperLink::start(&self.launch.program, log.path(), None, folder, env, &words)
            .map_err(TesteeError::system("can't start a keeper"))?;
        let pid = keeper.wait_started(deadline).map_err(|reason| TesteeError::NotStarted {
            name: self.file.name.clone(),
            command: words.join(" "),
            reason,
            path: self.file.path.display().to_string(),
        })?;
        Ok(Beside { keeper, pid, log })
    }

    /// The first line that the version command prints; `None` if the file names none or it fails.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        if self.file.version.is_empty() {
            return None;
        }
        let (_, output) = self.run(&self.file.version, Instant::now() + Duration::from_secs(5)).ok()?;
        output.lines().next().map(str::to_owned)
    }
}
