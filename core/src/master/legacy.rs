//! Listening sockets and more that a master starts with: from the service manager, or from the master before it.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use serde::{Deserialize, Serialize};

use crate::control::Control;
use crate::error::Error;
use crate::handed::{Handed, Taken};
use crate::listen::{Giver, Listeners};
use crate::service::Settings;
use crate::sys::inherited;
use crate::sys::spawn::Spawn;

/// The variable that tells a process it is to take over from a master.
const VARIABLE: &str = "WORKERSPEC_CORE_UPGRADE";

/// What a master leaves to the one that takes over.
#[derive(Debug, Serialize, Deserialize)]
struct Testament {
    daemon: bool,
    /// Name and address of each service, in order.
    services: Vec<(String, String)>,
    descriptors: String,
}

/// The same, as the heir holds it.
#[derive(Debug)]
pub(crate) struct Legacy {
    pub(super) daemon: bool,
    pub(super) control: Control,
    pub(super) stderr: OwnedFd,
    pub(super) pid_file: OwnedFd,
    pub(super) admin: OwnedFd,
    pub(super) sockets: Sockets,
}

/// Sockets of services, by their name and address.
#[derive(Debug)]
pub(super) struct Sockets(Vec<((String, String), Vec<OwnedFd>)>);

/// Names of descriptors.
const CONTROL: &str = "control";
const STDERR: &str = "stderr";
const PID_FILE: &str = "pid-file";
const ADMIN: &str = "admin";

/// What the heir gets, in the master before it.
#[derive(Debug)]
pub(super) struct Estate<'a> {
    pub(super) daemon: bool,
    pub(super) control: BorrowedFd<'a>,
    pub(super) stderr: BorrowedFd<'a>,
    pub(super) pid_file: BorrowedFd<'a>,
    pub(super) admin: BorrowedFd<'a>,
    pub(super) services: Vec<(&'a Settings, Option<&'a Listeners>)>,
}

impl<'a> Estate<'a> {
    /// Gives all of it to a program that is about to be started.
    pub(super) fn to(self, spawn: Spawn<'a>) -> Spawn<'a> {
        let mut handed = Handed::default()
            .and(CONTROL, self.control)
            .and(STDERR, self.stderr)
            .and(PID_FILE, self.pid_file)
            .and(ADMIN, self.admin);
        for (number, (_, listeners)) in self.services.iter().enumerate() {
            for socket in listeners.iter().flat_map(|listeners| listeners.sockets()) {
                handed = handed.and(format!("listener-{number}"), socket);
            }
        }
        let testament = Testament {
            daemon: self.daemon,
            services: self
                .services
                .iter()
                .map(|(settings, _)| (settings.name.clone(), settings.address.clone()))
                .collect(),
            descriptors: handed.names(),
        };
        let text = serde_json::to_string(&testament).expect("strings and numbers have a JSON form");
        handed.to(spawn.env(VARIABLE, &text))
    }
}

impl Legacy {
    /// Whether this process is to take over from a master.
    ///
    /// # Errors
    /// Where what was announced is not there.
    pub(crate) fn take() -> Result<Option<Self>, Error> {
        let Some(text) = inherited::take_variable(VARIABLE) else { return Ok(None) };
        Self::read(&text).map(Some).map_err(Error::system("take over from the running master"))
    }

    fn read(text: &str) -> io::Result<Self> {
        let testament: Testament = serde_json::from_str(text)?;
        let mut taken = Taken::take(&testament.descriptors)?;
        let sockets = |(number, service)| (service, taken.all(&format!("listener-{number}")));
        let services = testament.services.into_iter().enumerate().map(sockets).collect();
        Ok(Self {
            daemon: testament.daemon,
            control: Control::inherited(taken.required(CONTROL)?),
            stderr: taken.required(STDERR)?,
            pid_file: taken.required(PID_FILE)?,
            admin: taken.required(ADMIN)?,
            sockets: Sockets(services),
        })
    }
}

impl Sockets {
    /// The sockets of a service, each once.
    fn of(&mut self, settings: &Settings) -> Vec<OwnedFd> {
        let wanted =
            |(name, address): &(String, String)| *name == settings.name && *address == settings.address;
        let found = self.0.iter().position(|(service, _)| wanted(service));
        found.map_or_else(Vec::new, |index| self.0.remove(index).1)
    }
}

/// The sockets that a service manager opened for the services (sd_listen_fds(3)): by name where a name is that of a
/// service, else in order.
///
/// # Errors
/// Where what was announced is not there.
pub(super) fn activated(services: &[Settings]) -> Result<Vec<Vec<OwnedFd>>, Error> {
    let mut sockets: Vec<Vec<OwnedFd>> = services.iter().map(|_| Vec::new()).collect();
    let (pid, count) = (inherited::take_variable("LISTEN_PID"), inherited::take_variable("LISTEN_FDS"));
    let names = inherited::take_variable("LISTEN_FDNAMES").unwrap_or_default();
    let meant = pid.and_then(|pid| pid.parse().ok()) == Some(std::process::id());
    let Some(count) = count.filter(|_| meant).and_then(|count| count.parse::<usize>().ok()) else {
        return Ok(sockets);
    };
    let names: Vec<&str> = names.split(':').collect();
    let numbered: Vec<String> = (0..count).map(|index| index.to_string()).collect();
    let mut taken =
        Taken::take(&numbered.join(",")).map_err(Error::system("take the service manager's sockets"))?;
    let mut in_order = (0..services.len()).filter(|service| services[*service].listens());
    for (index, number) in numbered.iter().enumerate() {
        let socket = taken.required(number).map_err(Error::system("take the service manager's sockets"))?;
        let named = |service: &Settings| names.get(index).is_some_and(|name| *name == service.name);
        match services.iter().position(named).or_else(|| in_order.next()) {
            Some(service) => sockets[service].push(socket),
            None => tracing::warn!(fd = 3 + index, "a socket of the service manager fits no service"),
        }
    }
    Ok(sockets)
}

/// Opens or takes over the sockets of all services.
///
/// # Errors
/// Where one can't be opened, or does not fit.
pub(super) fn listeners(
    services: &[Settings],
    left: Option<Sockets>,
) -> Result<Vec<Option<Listeners>>, Error> {
    let giver = if left.is_some() { Giver::Predecessor } else { Giver::Manager };
    let inherited = match left {
        Some(mut left) => services.iter().map(|settings| left.of(settings)).collect(),
        None => activated(services)?,
    };
    let open = |(settings, sockets): (&Settings, Vec<OwnedFd>)| match (settings.listens(), sockets.is_empty())
    {
        (false, _) => Ok(None),
        (true, true) => Listeners::open(settings).map(Some),
        (true, false) => Listeners::inherited(settings, sockets, giver).map(Some),
    };
    services.iter().zip(inherited).map(open).collect()
}
