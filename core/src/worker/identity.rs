//! The user and group that a service's workers run as (MASTER-10). It fails closed: a worker that could
//! not become who it should be does not serve (SF-23).

use std::ffi::CString;

use nix::unistd::{
    Gid, Group, Uid, User, getresgid, getresuid, initgroups, setgroups, setresgid, setresuid, setuid,
};

use crate::error::Error;
use crate::service::Settings;

/// Whom to become: looked up before anything is given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    uid: Uid,
    gid: Gid,
    /// For the supplementary groups; without a user there are none.
    user: Option<CString>,
}

impl Identity {
    /// Whom the service names; none where it names nobody.
    ///
    /// # Errors
    /// [`Error::Misuse`] where the user or group is not known, or this process may not become it.
    pub(crate) fn of(settings: &Settings) -> Result<Option<Self>, Error> {
        let misuse = |what: String| Error::Misuse { service: settings.name.clone(), what };
        let user = settings.user.as_deref().map(|name| find_user(name).map_err(misuse)).transpose()?;
        let group = settings.group.as_deref().map(|name| find_group(name).map_err(misuse)).transpose()?;
        let (uid, gid, user) = match (user, group) {
            (None, None) => return Ok(None),
            (Some(user), group) => {
                let name =
                    CString::new(user.name.clone()).map_err(|_| misuse("user name with NUL".into()))?;
                (user.uid, group.unwrap_or(user.gid), Some(name))
            }
            (None, Some(gid)) => (Uid::effective(), gid, None),
        };
        let identity = Self { uid, gid, user };
        let already = uid == Uid::effective() && gid == Gid::effective();
        if !Uid::effective().is_root() && !already {
            return Err(misuse(format!("cannot become {identity}: only root can; start it as root")));
        }
        Ok(Some(identity))
    }

    /// The numbers of user and group, for a file that it is to own.
    pub(crate) fn numbers(&self) -> (u32, u32) {
        (self.uid.as_raw(), self.gid.as_raw())
    }

    /// Becomes it, for good, and verifies that.
    ///
    /// # Errors
    /// [`Error::System`] where the kernel refuses any step, or root could be had back.
    pub(crate) fn assume(&self) -> Result<(), Error> {
        let system =
            |error: nix::Error| Error::System { attempt: format!("become {self}"), source: error.into() };
        if Uid::effective().is_root() {
            // Groups first: afterwards there is no right to change them.
            match &self.user {
                Some(user) => initgroups(user, self.gid).map_err(system)?,
                None => setgroups(&[self.gid]).map_err(system)?,
            }
            setresgid(self.gid, self.gid, self.gid).map_err(system)?;
            setresuid(self.uid, self.uid, self.uid).map_err(system)?;
        }
        let (users, groups) = (getresuid().map_err(system)?, getresgid().map_err(system)?);
        let is_all = [users.real, users.effective, users.saved].iter().all(|uid| *uid == self.uid)
            && [groups.real, groups.effective, groups.saved].iter().all(|gid| *gid == self.gid);
        if !is_all || (!self.uid.is_root() && setuid(Uid::from_raw(0)).is_ok()) {
            return Err(system(nix::Error::EPERM));
        }
        Ok(())
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "user {} and group {}", self.uid, self.gid)
    }
}

fn find_user(name: &str) -> Result<User, String> {
    let found = match name.parse() {
        Ok(uid) => User::from_uid(Uid::from_raw(uid)),
        Err(_) => User::from_name(name),
    };
    found.ok().flatten().ok_or_else(|| format!("user {name} is not known; name one that exists"))
}

fn find_group(name: &str) -> Result<Gid, String> {
    if let Ok(gid) = name.parse() {
        return Ok(Gid::from_raw(gid));
    }
    let found = Group::from_name(name).ok().flatten().map(|group| group.gid);
    found.ok_or_else(|| format!("group {name} is not known; name one that exists"))
}
