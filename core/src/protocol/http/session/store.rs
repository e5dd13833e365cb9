//! The folder that sessions are kept in.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use nix::fcntl::{Flock, FlockArg};

use super::data::{self, Data};
use super::id::Id;
use super::visit::Session;
use crate::protocol::http::{Cookie, Request};
use crate::reactor;

/// Where sessions are kept, and how they are told to clients. Workers only.
///
/// A clone is the same place.
#[derive(Debug, Clone)]
pub struct Sessions {
    pub(super) place: Rc<Place>,
}

#[derive(Debug, Clone)]
pub(super) struct Place {
    folder: PathBuf,
    lifetime: Duration,
    cookie: Cookie,
}

impl Sessions {
    /// Sessions in that folder, which is made where it is missing, for its owner alone. Its workers share it,
    /// and nothing else should be in it.
    ///
    /// # Errors
    /// Where the folder cannot be made.
    pub fn new(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let cookie = Cookie::new("PHPSID", "").path("/").http_only();
        Ok(Self { place: Rc::new(Place { folder, lifetime: Duration::from_secs(1440), cookie }) })
    }

    /// How long a session lasts after its last change. Default 1,440 s (SESS-5).
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        Rc::make_mut(&mut self.place).lifetime = lifetime;
        self
    }

    /// The cookie that tells the id: its name and attributes; its value is not looked at (SESS-2). Default:
    /// `PHPSID`, for all paths, not for scripts, until the browser is closed.
    #[must_use]
    pub fn cookie(mut self, cookie: Cookie) -> Self {
        Rc::make_mut(&mut self.place).cookie = cookie;
        self
    }

    /// The session of a request; a new one, of which nothing is stored before something is set, where the
    /// request tells none that is known and not too old (SESS-1, SF-59).
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn open(&self, request: &Request<'_>) -> io::Result<Session> {
        let told = request.cookie(self.place.cookie.name()).and_then(Id::read);
        if let Some(id) = told
            && let Some(data) = self.place.load(&id, reactor::wall())?
        {
            return Ok(Session::known(self.clone(), id, data));
        }
        Ok(Session::new(self.clone(), Id::random()?))
    }

    /// Removes the sessions that are too old; how many they were. To be called by a timer now and then: a session
    /// that is asked for again is looked at anyway (SESS-5).
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn collect(&self) -> io::Result<usize> {
        let now = reactor::wall();
        let _lock = self.place.lock()?;
        let mut removed = 0;
        for entry in fs::read_dir(&self.place.folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with("session_") && self.place.is_old(&path, now)? {
                fs::remove_file(&path)?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

impl Place {
    /// The cookie that tells `id`.
    pub(super) fn cookie(&self, id: &Id) -> Cookie {
        self.cookie.clone().value(id.to_string())
    }

    /// Changes what is stored under `id`, alone among all workers, and gives what is stored then. Without data,
    /// nothing is (SESS-4). A session that is `known` and not there any more has ended meanwhile: it stays so.
    pub(super) fn change<R>(
        &self,
        id: &Id,
        known: bool,
        change: impl FnOnce(&mut Data) -> R,
    ) -> io::Result<(Data, R)> {
        let _lock = self.lock()?;
        let stored = self.load(id, reactor::wall())?;
        let ended = known && stored.is_none();
        let before = stored.unwrap_or_default();
        let mut data = before.clone();
        let result = change(&mut data);
        if ended {
            data.clear();
        }
        if data.is_empty() {
            remove(&self.path(id))?;
        } else if data != before {
            self.store(id, &data)?;
        }
        Ok((data, result))
    }

    /// Starts the lifetime anew.
    pub(super) fn touch(&self, id: &Id) -> io::Result<()> {
        match OpenOptions::new().write(true).open(self.path(id)) {
            Ok(file) => file.set_modified(reactor::wall()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(super) fn remove(&self, id: &Id) -> io::Result<()> {
        let _lock = self.lock()?;
        remove(&self.path(id))
    }

    fn load(&self, id: &Id, now: SystemTime) -> io::Result<Option<Data>> {
        let path = self.path(id);
        if self.is_old(&path, now)? {
            return Ok(None);
        }
        match fs::read(&path) {
            Ok(octets) => Ok(Some(data::read(&octets))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Written beside, then put in place: who reads meanwhile sees the one or the other.
    fn store(&self, id: &Id, data: &Data) -> io::Result<()> {
        let beside = self.folder.join(format!("writing_{id}"));
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(data::write(data).as_bytes())?;
        fs::rename(beside, self.path(id))
    }

    /// Whether what is there was last changed too long ago. What is not there is not old.
    fn is_old(&self, path: &Path, now: SystemTime) -> io::Result<bool> {
        match fs::metadata(path).and_then(|facts| facts.modified()) {
            Ok(changed) => Ok(now.duration_since(changed).is_ok_and(|age| self.lifetime < age)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// One lock for the folder: it is held for the time of reading and writing a small file.
    fn lock(&self) -> io::Result<Flock<File>> {
        let path = self.folder.join("lock");
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
        Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, error)| error.into())
    }

    fn path(&self, id: &Id) -> PathBuf {
        self.folder.join(format!("session_{id}"))
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
